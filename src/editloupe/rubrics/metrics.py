"""The scores of a rubric that are read from a reply."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from editloupe.records import Sample
from editloupe.rubrics.conditions import Conditional
from editloupe.rubrics.parts import Part

__all__ = ["Metric", "ScaleCase"]


class ScaleCase(Conditional):
    """Another scale for some samples.

    Attributes:
        values: the score that each allowed reply stands for: ``{0: 1, 1: 5}``.
    """

    values: Mapping[float, float] = Field(min_length=2)


class Metric(Conditional):
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
        values = next((scale.values for scale in self.scales if scale.applies(sample)), {})
        ends = (min(values), max(values)) if values else (self.low, self.high)
        return Part(self.key, self.index, length, *ends, self.whole, self.words, values, alone)
