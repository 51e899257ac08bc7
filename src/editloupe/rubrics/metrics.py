"""The scores of a rubric: those that are read from a reply, and those that follow from others."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from editloupe.records import Sample
from editloupe.rubrics.combine import FORMULAS
from editloupe.rubrics.conditions import Data, Limited
from editloupe.rubrics.parts import Part

__all__ = ["Derived", "DerivedCase", "Metric", "ScaleCase"]


class ScaleCase(Limited):
    """Another scale for some samples.

    Attributes:
        values: the score that each allowed reply stands for: ``{0: 1, 1: 5}``.
    """

    values: Mapping[float, float] = Field(min_length=2)


class Metric(Limited):
    """One thing that is scored.

    Attributes:
        default: whether it is asked when the config names no metrics.
        question: which question it is read from; metrics with the same one share its reply. Its own by default.
        context: which context of the texts that question has; those with the same one share their computation.
        key, index: where the score stands in the reply's JSON object: under the key, or there in a list at this place.
        low, high: the ends of its scale.
        whole: whether only whole numbers are on it.
        words: a scale of words instead of numbers: ``{"no": 0, "yes": 1}``.
        scales: other scales for some samples; the first one that applies counts.
    """

    default: bool = True
    question: str = ""
    context: str = "pair"
    key: str = "score"
    index: int | None = Field(default=None, ge=0)
    low: float = 0.0
    high: float = 10.0
    whole: bool = False
    words: Mapping[str, float] = Field(default_factory=dict)
    scales: tuple[ScaleCase, ...] = ()

    @property
    def worst(self) -> float:
        """The score that a failure stands for in ``mean_if_failures_worst``."""
        return self.low

    def part(self, sample: Sample, *, length: int, alone: bool) -> Part:
        """How this score of this sample is read from a reply.

        Args:
            sample: whose edit it is about.
            length: how long the list is that the question asks for.
            alone: whether the reply holds nothing but this score.
        """
        values = next((one.values for one in self.scales if one.applies(sample)), {})
        ends = (min(values), max(values)) if values else (self.low, self.high)
        return Part(self.key, self.index, length, *ends, self.whole, self.words, values, alone)


class DerivedCase(Limited):
    """One way to derive a score.

    Attributes:
        formula: its name in `combine.FORMULAS`.
        of: the scores that it takes, in order; those that do not apply to a sample are left out, where the formula
            takes any number.
    """

    formula: str
    of: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> DerivedCase:
        if self.formula not in FORMULAS:
            raise ValueError(f"no formula is called {self.formula!r}; there are: {', '.join(FORMULAS)}")
        takes = FORMULAS[self.formula].takes
        if takes is not None and takes != len(self.of):
            raise ValueError(f"the formula {self.formula!r} takes {takes} scores, not {len(self.of)}")
        return self


class Derived(Data):
    """A score that follows from others of the same edit.

    Attributes:
        low, high: the ends of its scale.
        cases: the first one that applies to a sample counts; where none does, neither does this score.
    """

    low: float = 0.0
    high: float = 10.0
    cases: tuple[DerivedCase, ...] = Field(min_length=1)

    @property
    def worst(self) -> float:
        """The score that a failure stands for in ``mean_if_failures_worst``."""
        return self.low

    @property
    def inputs(self) -> set[str]:
        """Every score that some case takes."""
        return {name for case in self.cases for name in case.of}

    def case(self, sample: Sample) -> DerivedCase | None:
        """The case of a sample."""
        return next((case for case in self.cases if case.applies(sample)), None)
