"""What people said about edits, checked: the form of every file of ratings."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Rating", "Ratings"]


class Rating(BaseModel):
    """What one person said about one edit.

    Attributes:
        editor, sample: which edit.
        image: SHA-256 of the edited image that the person saw; None where it is not known.
        score: on the file's scale; None where the edit was only flagged.
        flag: what is wrong with the edit or its sample, in the person's words; empty where nothing is.
        blind: whether the person saw neither the editor's name nor the judge's score.
        at: when.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    editor: str
    sample: str
    image: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    score: float | None = Field(default=None, allow_inf_nan=False)
    flag: str = ""
    blind: bool = False
    at: datetime

    @property
    def moment(self) -> float:
        """Seconds since the epoch; a time without a zone is local."""
        return self.at.timestamp()


class Ratings(BaseModel):
    """One file: the ratings of one person.

    Attributes:
        editloupe: ``ratings 1``, the format.
        signature: of the study whose report the person saw.
        rater: a name, or empty.
        low, high: the ends of the scale; None means the study's own.
        ratings: in any order; of several about one edit the latest counts.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    editloupe: Literal["ratings 1"]
    signature: str = ""
    rater: str = ""
    low: float | None = Field(default=0.0, allow_inf_nan=False)
    high: float | None = Field(default=10.0, allow_inf_nan=False)
    ratings: tuple[Rating, ...]

    @model_validator(mode="after")
    def _on_the_scale(self) -> Self:
        if self.low is None or self.high is None:
            return self
        if not self.low < self.high:
            raise ValueError(f"low is {self.low:g} and high is {self.high:g}; low has to be below high")
        for rating in self.ratings:
            if rating.score is not None and not self.low <= rating.score <= self.high:
                raise ValueError(
                    f"the score of {rating.editor!r} on {rating.sample!r} is {rating.score:g}; "
                    f"the file's scale goes from {self.low:g} to {self.high:g}"
                )
        return self
