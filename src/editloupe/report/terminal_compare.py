"""What `editloupe compare` prints: one plain sentence, then a table of 80 columns."""

from __future__ import annotations

from collections.abc import Mapping

from rich import box
from rich.table import Table
from rich.text import Text

from editloupe.report.comparisons import Comparison
from editloupe.report.short_names import cut, short_names
from editloupe.report.terminal import LONGEST
from editloupe.report.words import number, one_line, signed
from editloupe.results import Results
from editloupe.statistics.paired import ALPHA, FEWEST

__all__ = ["compare_sentences", "compare_table"]


NAME = 34
"""Cells of each of two names in one line of 80."""

LABEL = 18
"""Cells that a category has beside the numbers in 80 columns."""


def compare_sentences(comparison: Comparison) -> list[str]:
    """Say what the comparison shows, what it could have shown, and what was left out."""
    paired, (a, b) = comparison.paired, (one_line(comparison.a, LONGEST), one_line(comparison.b, LONGEST))
    missing = comparison.only_a + comparison.only_b + comparison.neither
    left_out = (
        f"{missing} samples are left out for want of a score: only {a} has one on {comparison.only_a}, "
        f"only {b} on {comparison.only_b}, neither on {comparison.neither}"
    )
    if paired.difference is None:
        return [f"{a} and {b} have no sample on which both have a score", left_out]
    if too_few := _few_samples(comparison, a, b):
        return [too_few, left_out] if missing else [too_few]
    if comparison.significant and paired.difference < 0:
        return compare_sentences(comparison.turned)  # the better one first
    ends = "" if paired.ci95 is None else f"95 % {signed(paired.ci95[0])} to {signed(paired.ci95[1])}, "
    p = _p(paired.p)
    facts = f"{ends}p {p if p.startswith('<') else f'= {p}'}, {paired.n} samples"
    if comparison.significant:
        sentences = [f"{a} is better than {b} by {paired.difference:.2f} points ({facts})"]
    else:
        sentences = [f"no difference shown between {a} and {b}: {signed(paired.difference)} points ({facts})"]
        if paired.ci95 is not None and not paired.ci95[0] <= 0 <= paired.ci95[1]:
            sentences.append(
                "the interval leaves 0 out, but so few source images differ that chance could do this; "
                "here p is the one to trust"
            )
        if paired.clusters < FEWEST:
            sentences.append(
                f"with {paired.clusters} source images p cannot fall below {ALPHA:g}, whatever the difference; "
                f"{FEWEST} are the least"
            )
        if paired.detectable is not None:
            sentences.append(
                f"with these {paired.n} samples a true difference of {paired.detectable:.2f} points would have been "
                "seen about four times in five"
            )
    return [*sentences, left_out] if missing else sentences


def _few_samples(comparison: Comparison, a: str, b: str) -> str:
    """What one sample, one source image, or equal scores everywhere have to say; empty where there is more."""
    paired = comparison.paired
    difference = signed(paired.difference)
    if paired.n == 1:
        return (
            f"only one sample has a score of both {a} and {b}, {difference} points there: a single sample shows "
            "nothing about the editors"
        )
    if paired.tie == paired.n:
        return f"{a} and {b} have equal scores on all {paired.n} samples"
    if paired.clusters == 1:
        return (
            f"all {paired.n} samples of {a} and {b} share one source image, so there is neither an interval nor p: "
            f"{difference} points"
        )
    return ""


def compare_table(
    results: Results, overall: Comparison, categories: Mapping[str, Comparison], *, whole: bool = False
) -> Table:
    """Overall and by category, 80 columns wide.

    Args:
        results: of the study, for the categories' labels and order.
        overall: of all samples.
        categories: by category id.
        whole: with names as long as they are; else so short that the table has 80 columns.
    """
    short = short_names([overall.a, overall.b], NAME)
    a, b = (one_line(name, LONGEST) if whole else short[name] for name in (overall.a, overall.b))
    view = Table(
        box=box.SIMPLE_HEAD, width=None if whole else 80, pad_edge=False, collapse_padding=True, title_justify="left"
    )
    view.title = Text(f"A = {a}   B = {b}", "dim")
    view.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    for column in ("A - B", "95 % interval", "p", "p corr.", "detect.", "win/tie/loss"):
        view.add_column(column, justify="right", no_wrap=True)
    view.add_row(*_cells("overall", overall, "bold"))
    view.add_section()
    for category in results.benchmark.categories:
        if len(categories) > 1 and category.id in categories:
            label = one_line(category.label, LONGEST) if whole else cut(category.label, LABEL)
            view.add_row(*_cells(label, categories[category.id], ""))
    return view


def _cells(label: str, comparison: Comparison, style: str) -> tuple[Text, ...]:
    paired = comparison.paired
    ends = "–" if paired.ci95 is None else f"{signed(paired.ci95[0])} {signed(paired.ci95[1])}"
    corrected = "" if style else _p(comparison.p_corrected)  # the two that were asked for are one comparison
    clear = comparison.significant_corrected if corrected else comparison.significant
    return (
        Text(label, style),
        Text(signed(paired.difference), "bold green" if clear else style),
        Text(ends, "dim"),
        Text(_p(paired.p)),
        Text(corrected),
        Text(number(paired.detectable)),
        Text(f"{paired.win}/{paired.tie}/{paired.loss}"),
    )


def _p(value: float | None) -> str:
    if value is None:
        return "–"
    return "< 0.001" if value < 0.001 else f"{value:.3f}"
