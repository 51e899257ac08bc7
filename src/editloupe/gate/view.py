"""A decision as lines for the terminal and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from editloupe.gate.decision import Decision
from editloupe.gate.evidence import Drop
from editloupe.report.words import number, one_line, signed

__all__ = ["gate_markdown", "gate_sentences"]

SHOWN = 5
"""Disasters that are named one by one."""


def gate_sentences(decision: Decision) -> list[str]:
    """The decision first, then what it stands on, then what is missing."""
    base, candidate = one_line(decision.base.editor), one_line(decision.candidate.editor)
    return [
        f"{decision.outcome}: {decision.reason}",
        f"{candidate} minus {base}: {_bounded(decision)}",
        *_reach(decision),
        *_missing(decision),
        *(_told(drop, "disaster") for drop in decision.disasters[:SHOWN]),
        *(_told(drop, "unconfirmed") for drop in decision.unconfirmed[:SHOWN]),
    ]


def gate_markdown(decision: Decision) -> str:
    """A heading with the outcome, the reason, and a table."""
    evidence = decision.evidence
    rows = [
        ("base", f"{decision.base.editor} ({decision.base.study})"),
        ("candidate", f"{decision.candidate.editor} ({decision.candidate.study})"),
        ("mean difference", _bounded(decision)),
        ("margin", number(decision.margin)),
        ("samples", str(evidence.samples)),
        ("candidate's edits that failed", str(evidence.candidate_failed)),
        ("left out: no edit of the base", str(evidence.base_failed + evidence.both_failed)),
        ("not scored by the judge", str(evidence.unscored)),
        *([("disasters", str(len(decision.disasters)))] if decision.disaster is not None else []),
        ("judge", decision.base.results.judge.name),
    ]
    lines = [
        f"### Gate: {decision.outcome}",
        "",
        _cell(decision.reason),
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {_cell(value)} |" for name, value in rows),
    ]
    drops = [*decision.disasters, *decision.unconfirmed][:SHOWN]
    if drops:
        lines += ["", "| sample | base | candidate |", "|---|---|---|"]
        lines += [f"| {_cell(drop.sample)} | {drop.base:.2f} | {_candidate(drop)} |" for drop in drops]
    return "\n".join(lines) + "\n"


def _bounded(decision: Decision) -> str:
    worst, best = decision.worst, decision.best
    if worst.mean is None or best.mean is None:
        return "not known"
    mean = signed(worst.mean) if worst.mean == best.mean else f"{signed(worst.mean)} to {signed(best.mean)}"
    samples = f"{worst.n} samples of {worst.clusters} source images"
    return f"{mean} points, bounds {signed(worst.low)} and {signed(best.high)}, margin {decision.margin:g}, {samples}"


def _reach(decision: Decision) -> Iterator[str]:
    """With how good a candidate such a gate can be expected to pass."""
    reach = decision.worst.reach
    if decision.outcome == "undecided" and reach is not None:
        spare = reach - decision.margin
        needed = f"better by {spare:.2f}" if spare > 0 else f"worse by at most {-spare:.2f}"
        yield f"with so many samples a candidate that is truly {needed} passes four times in five"


def _missing(decision: Decision) -> Iterator[str]:
    evidence = decision.evidence
    base, candidate = one_line(decision.base.editor), one_line(decision.candidate.editor)
    if evidence.candidate_failed:
        yield (
            f"{candidate} did not make {evidence.candidate_failed} edits that {base} made; each counts as the worst "
            "score"
        )
    if evidence.base_failed or evidence.both_failed:
        yield (
            f"left out: {evidence.base_failed} samples that only {base} failed to edit, and "
            f"{evidence.both_failed} that both failed to edit"
        )
    if evidence.unscored:
        yield f"the judge could not score {evidence.unscored} samples; either outcome has to hold whatever it had said"


def _told(drop: Drop, what: str) -> str:
    return f"{what}: {one_line(drop.sample)}: {drop.base:.2f} -> {_candidate(drop)}"


def _candidate(drop: Drop) -> str:
    return f"no edit ({drop.failed})" if drop.candidate is None else f"{drop.candidate:.2f}"


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")
