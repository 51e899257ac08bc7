"""Two judges on the same work, as a table for the terminal and Markdown for a page."""

from __future__ import annotations

from dataclasses import asdict
from statistics import median

from rich import box
from rich.table import Table

from editloupe.bench.records import ComparedRow, Comparison

__all__ = ["comparison_markdown", "comparison_table", "comparison_workload"]

_HEADINGS = ("work", "questions", "s", "other s", "ratio", "in rounds", "equal", "largest diff.", "tokens", "load")


def comparison_table(comparison: Comparison) -> Table:
    """The rows; the ratio is the other's seconds over the judge's, so more than 1 means that the judge is faster."""
    view = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in _HEADINGS:
        view.add_column(heading, justify="left" if heading == "work" else "right", no_wrap=heading != "work")
    for row in comparison.rows:
        view.add_row(*_cells(row))
    return view


def comparison_workload(comparison: Comparison) -> str:
    """What was measured and where, then what the columns mean."""
    facts = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in asdict(comparison.workload).items())
    work = comparison.workload
    meaning = (
        f"ratio: seconds of {work.against} over those of {work.judge}, medians; who begins alternates, and every round "
        "has new pictures. tokens: of a prompt and of all replies, judge/other where they differ. load: the machine's "
        "load average before each round."
    )
    return f"{facts}\n\n{meaning}"


def comparison_markdown(comparison: Comparison) -> str:
    """The workload, then the rows."""
    lines = [
        comparison_workload(comparison),
        "",
        f"| {' | '.join(_HEADINGS)} |",
        f"|{'---|' * len(_HEADINGS)}",
        *(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in _cells(row))} |" for row in comparison.rows),
    ]
    return "\n".join(lines) + "\n"


def _cells(row: ComparedRow) -> tuple[str, ...]:
    if row.failure is not None:
        blanks = ("–",) * (len(_HEADINGS) - 2)
        return (f"{row.name}: not measured: {row.failure}", str(row.questions), *blanks)
    differences = [measured.largest_difference for measured in row.rounds if measured.largest_difference is not None]
    loads = [measured.load for measured in row.rounds if measured.load is not None]
    prompts = _either(
        median(measured.prompt_tokens for measured in row.rounds),
        median(measured.other_prompt_tokens for measured in row.rounds),
    )
    written = _either(
        median(measured.reply_tokens for measured in row.rounds),
        median(measured.other_reply_tokens for measured in row.rounds),
    )
    return (
        row.name,
        str(row.questions),
        f"{row.seconds:.2f}",
        f"{row.other_seconds:.2f}",
        f"{row.ratio:.2f}x",
        f"{min(row.ratios):.2f}-{max(row.ratios):.2f}",
        f"{100 * min(measured.identical for measured in row.rounds):.0f} %",
        f"{max(differences):.0e}" if differences else "–",
        f"{prompts} + {written}",
        f"{min(loads):.1f}-{max(loads):.1f}" if loads else "–",
    )


def _either(value: float, other: float) -> str:
    return f"{value:g}" if value == other else f"{value:g}/{other:g}"
