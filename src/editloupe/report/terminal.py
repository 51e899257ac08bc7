"""The leaderboard in the terminal, 80 columns wide."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from editloupe.report.remarks import too_few, warnings_of
from editloupe.report.short_names import cut, short_names
from editloupe.report.tables import Tables
from editloupe.report.words import interval, number, one_line, rank_range, words
from editloupe.results import Results, Scale
from editloupe.statistics.summary import Estimate

__all__ = ["leaderboard_table", "noise_sentences", "print_table"]

MAX_ROWS = 40
"""Categories are shown as long as the table stays within about one screen."""

BAR = 12

LONGEST = 1_000
"""Cells of a name where nothing is to be cut: more is no name."""

WIDEST = 10_000

NAME = 22
"""Cells that a name has beside the numbers in 80 columns."""


def print_table(table: Table) -> None:
    """Print to standard output; where that is no terminal, the table is as wide as what it holds and nothing is cut."""
    console = Console()
    if not console.is_terminal:
        table.width = None
        console = Console(width=Console(width=WIDEST).measure(table).maximum)
        if table.title:  # rich would break it where the columns end
            console.print(table.title, soft_wrap=True)
            table.title = None
    console.print(table)


def leaderboard_table(tables: Tables, *, whole: bool = False) -> Table:
    """Make the table that a run ends with: overall, then categories, best editor first.

    A rank such as 1–2 says that the paired comparisons leave both open.

    Args:
        tables: of the study.
        whole: with names as long as they are; else so short that the table has 80 columns.
    """
    results = tables.results
    text = words(results.language)
    comparisons = tables.comparisons if len(tables.ranked) > 1 else None
    categories = results.benchmark.categories
    detailed = len(categories) > 1 and len(tables.ranked) * (1 + len(categories)) <= MAX_ROWS
    short = {} if whole else short_names([standing.editor.name for standing in tables.ranked], NAME)
    view = Table(
        box=box.SIMPLE_HEAD, width=None if whole else 80, pad_edge=False, title=_title(results), title_justify="left"
    )
    if comparisons is not None:
        view.add_column(text["rank"], justify="right", no_wrap=True)
    view.add_column(text["editor"], ratio=1, overflow="ellipsis", no_wrap=True)
    view.add_column("", width=BAR, no_wrap=True)
    view.add_column(text["mean"], justify="right", no_wrap=True)
    view.add_column(text["interval"], justify="right", no_wrap=True)
    view.add_column("n", justify="right", no_wrap=True)
    view.add_column(text["failed"], justify="right", no_wrap=True)
    for standing in tables.ranked:
        rank: tuple[Text, ...] = ()
        if comparisons is not None:
            rank = (Text(rank_range(comparisons, standing.editor.name)),)
        name = Text(short.get(standing.editor.name) or one_line(standing.editor.name, LONGEST), "bold")
        view.add_row(*rank, *_cells(name, standing.overall, results.scale, "bold"))
        if detailed:
            for category in categories:
                label = one_line(category.label, LONGEST) if whole else cut(category.label, NAME - 2)
                cells = _cells(Text(f"  {label}", "dim"), standing.categories[category.id], results.scale, "")
                view.add_row(*(Text() for _ in rank), *cells)
            view.add_section()
    if comparisons is not None and (remark := too_few(comparisons, results.language)):
        view.caption, view.caption_justify = Text(remark, "dim"), "left"
    return view


def noise_sentences(tables: Tables) -> list[str]:
    """Name the editors whose order in the table says nothing, one line for each group of neighbours."""
    text, comparisons = words(tables.results.language), tables.comparisons
    groups = [comparisons.editors[first : last + 1] for first, last in comparisons.cliques]
    return [f"≈ {', '.join(one_line(name, LONGEST) for name in names)}: {text['within_noise']}" for names in groups]


def _title(results: Results) -> Text:
    title = Text()
    for warning in warnings_of(results):
        title.append(f"{warning}\n", "bold yellow")
    return title.append(f"{one_line(results.heading, 60)} · {one_line(results.judge.name, 60)}", "dim")


def _cells(name: Text, estimate: Estimate, scale: Scale, style: str) -> tuple[Text, ...]:
    return (
        name,
        Text(_bar(estimate.mean, scale), "cyan"),
        Text(number(estimate.mean), style),
        Text(interval(estimate), "dim"),
        Text(str(estimate.n)),
        Text(str(estimate.failed), "bold red" if estimate.failed else "dim"),
    )


def _bar(mean: float | None, scale: Scale) -> str:
    """A bar in eighths of a character."""
    if mean is None or scale.high <= scale.low:
        return ""
    eighths = round(BAR * 8 * min(1.0, max(0.0, (mean - scale.low) / (scale.high - scale.low))))
    whole, part = divmod(eighths, 8)
    return "█" * whole + ("▏▎▍▌▋▊▉"[part - 1] if part else "")
