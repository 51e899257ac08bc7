"""One verdict: what one metric of the rubric says about one edit, or why it says nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from editloupe.records import Failure

__all__ = ["Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One (editor, sample, metric); every applicable one exists, so that n + failed adds up.

    Attributes:
        editor, sample: names.
        category: the English category id.
        groups: further ways to group (``language``, ``difficulty``, ...).
        metric: of the rubric.
        score: None where it failed.
        failure: why there is no score; of whatever stage it happened in.
        reply: the judge's words, also where they could not be read.
        labels: for answers by choice: probability of each label.
        cluster: what makes verdicts dependent: the digest of the source images, or the sample's id.
        image: the edited image, relative to the study folder, ``/`` between parts.
        sources: the source images, likewise.
        instruction: what the editor was told.
        judge: the judge's name.
        digest: SHA-256 of the edited image's file.
        draw: which of several edits of the sample.
        draws: what each draw of the judge gave, where it was asked several times; `score` is their mean.
    """

    editor: str
    sample: str
    category: str
    metric: str
    score: float | None
    cluster: str
    instruction: str
    judge: str
    failure: Failure | None = None
    reply: str | None = None
    labels: Mapping[str, float] | None = None
    image: str | None = None
    sources: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    draw: int = 0
    digest: str | None = None
    draws: tuple[float | None, ...] = ()

    @property
    def words(self) -> str | None:
        """The judge's words, wherever they were kept."""
        if self.reply is not None or self.failure is None:
            return self.reply
        return self.failure.reply
