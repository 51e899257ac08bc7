"""The decision: pass, fail, or undecided, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from editloupe.errors import ConfigError
from editloupe.gate.evidence import Drop, Evidence, Side, gather
from editloupe.statistics.noninferiority import FEWEST_DIFFERING, MeanBounds, mean_bounds

__all__ = ["Decision", "Outcome", "decide"]

Outcome = Literal["pass", "fail", "undecided"]

CONFIRMED = 2
"""So many draws of the judge have to show a disaster: one may be the judge's own."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What a gate says.

    Attributes:
        outcome: ``pass``: the candidate's mean is surely not lower by the margin, and no sample is a disaster;
            ``fail``: it surely is lower by more, or a disaster is confirmed; ``undecided``: the evidence tells neither.
        reason: in one sentence.
        base, candidate: editors.
        margin: how much lower the candidate's mean may be, in points of the scale.
        disaster: a fall of one sample by more than this is one; None where there is no such rule.
        evidence: sample by sample.
        worst, best: bounds of the mean difference, with all that the judge could not score counted as bad, or as good,
            for the candidate as the scale allows.
        disasters: confirmed ones.
        unconfirmed: falls as large that were seen once only.
    """

    outcome: Outcome
    reason: str
    base: Side
    candidate: Side
    margin: float
    disaster: float | None
    evidence: Evidence
    worst: MeanBounds
    best: MeanBounds
    disasters: tuple[Drop, ...]
    unconfirmed: tuple[Drop, ...]

    def as_json(self) -> dict[str, Any]:
        """The object that ``--json`` writes, floats rounded to 6 decimals."""
        evidence = self.evidence
        whole = {
            "outcome": self.outcome,
            "reason": self.reason,
            "base": {"study": self.base.study, "editor": self.base.editor},
            "candidate": {"study": self.candidate.study, "editor": self.candidate.editor},
            "margin": self.margin,
            "disaster": self.disaster,
            "judge_signature": self.base.results.judge.signature,
            "rubric": self.base.results.rubric,
            "samples": evidence.samples,
            "candidate_failed": evidence.candidate_failed,
            "base_failed": evidence.base_failed,
            "both_failed": evidence.both_failed,
            "unscored": evidence.unscored,
            "same_pictures": evidence.same_pictures,
            "worst_case": asdict(self.worst),
            "best_case": asdict(self.best),
            "disasters": [asdict(drop) for drop in self.disasters],
            "unconfirmed": [asdict(drop) for drop in self.unconfirmed],
        }
        rounded: dict[str, Any] = _rounded(whole)
        return rounded


def decide(
    base: Side, candidate: Side, *, margin: float, disaster: float | None = None, metric: str | None = None
) -> Decision:
    """Decide whether the candidate may take the base's place.

    Two hypotheses about the true mean difference are tested, each at 2.5 % (one-sided): that it is below the margin,
    which a pass refutes, and that it is not, which a fail refutes. What is missing counts against the outcome: an edit
    that the candidate did not make is the worst score, and both outcomes have to hold whatever the judge would have
    said where it said nothing (the worst-case bounds of Manski, *Nonparametric Bounds on Treatment Effects*, American
    Economic Review 80, 1990).

    Args:
        base, candidate: editors of one study, or of two.
        margin: how much lower the candidate's mean may be, in points of the scale; above 0.
        disaster: a fall of one sample by more than this fails the candidate, once two draws of the judge show it or
            the edit was not made at all; None where single samples do not matter.
        metric: one of the rubric's; the overall score where None.

    Raises:
        ConfigError: a margin or disaster that cannot be.
        DataError: the two cannot be compared; see `gather`.
    """
    evidence = gather(base, candidate, metric)
    span = evidence.span
    for name, value in (("margin", margin), ("disaster", disaster)):
        if value is not None and not 0 < value < span:
            raise ConfigError(f"{name} is {value:g}; it has to lie between 0 and {span:g}, the length of the scale")
    worst = mean_bounds(evidence.worst, evidence.clusters, span)
    best = mean_bounds(evidence.best, evidence.clusters, span)
    large = [] if disaster is None else [drop for drop in evidence.drops if drop.size > disaster]
    disasters = tuple(drop for drop in large if disaster is not None and _confirmed(drop, disaster))
    unconfirmed = tuple(drop for drop in large if drop not in disasters)
    outcome, reason = _outcome(evidence, worst, best, margin, disasters, unconfirmed)
    return Decision(outcome, reason, base, candidate, margin, disaster, evidence, worst, best, disasters, unconfirmed)


def _confirmed(drop: Drop, disaster: float) -> bool:
    """A failed edit was tried several times already; a score has to be as low in a second draw."""
    return bool(drop.failed) or sum(fall > disaster for fall in drop.draws) >= CONFIRMED


def _outcome(
    evidence: Evidence,
    worst: MeanBounds,
    best: MeanBounds,
    margin: float,
    disasters: Sequence[Drop],
    unconfirmed: Sequence[Drop],
) -> tuple[Outcome, str]:
    if disasters:
        return "fail", f"{len(disasters)} of {evidence.samples} samples are disasters, such as {disasters[0].sample!r}"
    believed = best.differing >= FEWEST_DIFFERING
    if believed and best.high is not None and best.high < -margin:
        return "fail", f"the mean is lower by more than {margin:g}: at least {-best.high:.2f} points"
    if unconfirmed:
        return "undecided", (
            f"{len(unconfirmed)} samples fall so far that they may be disasters, such as {unconfirmed[0].sample!r}, "
            "but no second draw of the judge shows it; ask the judge at least twice (judge.draws: 2)"
        )
    if evidence.same_pictures:
        return "pass", "both editors made the same picture of every sample"
    if worst.low is not None and worst.low > -margin:
        return "pass", f"the mean is not lower by {margin:g}: at most {max(0.0, -worst.low):.2f} points"
    if worst.low is None:
        return "undecided", "no sample has an edit of the base; there is nothing to decide on"
    scored = evidence.worst == evidence.best
    complete = mean_bounds(evidence.worst[scored], evidence.clusters[scored], evidence.span)
    if complete.low is not None and complete.low > -margin:
        return "undecided", (
            f"the judge has no score on {evidence.unscored} of {evidence.samples} samples, and they could hide a loss; "
            "try them again (--retry-failed)"
        )
    if worst.differing < FEWEST_DIFFERING:
        return "undecided", (
            f"too few samples: the two differ on {worst.differing} source images, and below {FEWEST_DIFFERING} the "
            "mean difference is hardly known"
        )
    return "undecided", f"too few samples for a margin of {margin:g}"


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, dict):
        return {name: _rounded(part) for name, part in value.items()}
    return [_rounded(part) for part in value] if isinstance(value, (list, tuple)) else value
