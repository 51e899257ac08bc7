"""Two judges on the same work, as a table for the terminal and Markdown for a page."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from rich import box
from rich.table import Table

from editloupe.bench.records import ComparedRow, Comparison

__all__ = ["comparison_markdown", "comparison_table", "comparison_workload"]

_HEADINGS = ("work", "questions", "s", "other s", "ratio", "in rounds", "equal", "largest diff.", "tokens", "load")


def comparison_table(found: Comparison) -> Table:
    """The rows; the ratio is the other's seconds over the judge's, so more than 1 means that the judge is faster."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        view.add_column(heading, justify="left" if heading == "work" else "right", no_wrap=heading != "work")
    for row in found.rows:
        view.add_row(*_cells(row))
    return view


def comparison_workload(found: Comparison) -> str:
    """What was measured and where, then what the columns mean."""
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(found.workload).items())
    work = found.workload
    meaning = (
        f"ratio: seconds of {work.against} over those of {work.judge}, medians; who begins alternates, and every round "
        "has new pictures. tokens: of a prompt and of all replies, judge/other where they differ. load: the machine's "
        "load average before each round."
    )
    return f"{facts}\n\n{meaning}"


def comparison_markdown(found: Comparison) -> str:
    """The workload, then the rows."""
    lines = [
        comparison_workload(found),
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in _cells(row))} |" for row in found.rows),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: ComparedRow) -> tuple[str, ...]:
    if row.failure is not None:
        blanks = ("–",) * (len(_HEADINGS) - 2)
        return (f"{row.name}: not measured: {row.failure}", str(row.questions), *blanks)
    differences = [one.largest_difference for one in row.rounds if one.largest_difference is not None]
    loads = [one.load for one in row.rounds if one.load is not None]
    prompts = _either(
        median(one.prompt_tokens for one in row.rounds), median(one.other_prompt_tokens for one in row.rounds)
    )
    written = _either(
        median(one.reply_tokens for one in row.rounds), median(one.other_reply_tokens for one in row.rounds)
    )
    return (
        row.name,
        str(row.questions),
        f"{row.seconds:.2f}",
        f"{row.other_seconds:.2f}",
        f"{row.ratio:.2f}x",
        f"{min(row.ratios):.2f}-{max(row.ratios):.2f}",
        f"{100 * min(one.identical for one in row.rounds):.0f} %",
        f"{max(differences):.0e}" if differences else "–",
        f"{prompts} + {written}",
        f"{min(loads):.1f}-{max(loads):.1f}" if loads else "–",
    )


def _either(one: float, other: float) -> str:
    return f"{one:g}" if one == other else f"{one:g}/{other:g}"
