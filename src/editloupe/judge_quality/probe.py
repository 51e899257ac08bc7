"""How far two judges agree on the same questions, and the object that ``probe.json`` holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from editloupe.judge_quality.stored import record_from, stored

__all__ = ["Probe", "ProbedJudge", "ScorePair"]


@dataclass(frozen=True, slots=True)
class ProbedJudge:
    """One of the two judges, and the mode it answered in."""

    name: str
    signature: str
    mode: str


@dataclass(frozen=True, slots=True)
class ScorePair:
    """What both judges gave for one metric of one edit; None where one gave no score."""

    editor: str
    sample: str
    metric: str
    scores: tuple[float | None, float | None]


@dataclass(frozen=True, slots=True)
class Probe:
    """How far two judges agree.

    Attributes:
        signature: of the study's numbers.
        judges: the study's own, and the other one.
        questions: how many scores were asked for.
        compared: how many there are from both.
        equal: share of equal ones among those; None where there are none, as the three that follow.
        mean_difference, largest_difference: absolute, in points of the scale.
        bias: the mean of the second minus the first.
        unreadable: how many scores are missing, by judge.
        pairs: all of them.
    """

    signature: str
    judges: tuple[ProbedJudge, ProbedJudge]
    questions: int
    compared: int
    equal: float | None
    mean_difference: float | None
    largest_difference: float | None
    bias: float | None
    unreadable: tuple[int, int]
    pairs: tuple[ScorePair, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``probe.json`` holds."""
        return stored(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the record of the object that ``probe.json`` holds.

        Raises:
            ValueError: it is no probe.
        """
        return record_from(cls, data)
