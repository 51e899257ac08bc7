"""What a study's pairs show, in the terminal: the ranking, the matrix, and what is to be known about both."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from editloupe.report.ranking import Against, RankedEditor, Ranking
from editloupe.report.short_names import short_names
from editloupe.report.terminal import LONGEST, NAME
from editloupe.report.words import number, one_line, signed, words
from editloupe.results import Language

__all__ = ["against_sentence", "matrix_table", "ranking_table"]

WIDEST = 8
"""Editors whose matrix fits into 80 columns."""


def ranking_table(ranking: Ranking, language: Language, *, whole: bool = False) -> Table:
    """The editors, best first, 80 columns wide.

    Args:
        ranking: of the study.
        language: of the words.
        whole: with names as long as they are.
    """
    text = words(language)
    short = {} if whole else short_names([editor.name for editor in ranking.editors], NAME)
    view = Table(box=box.SIMPLE_HEAD, width=None if whole else 80, pad_edge=False, title_justify="left")
    view.title = Text(text["ranking_by_pairs"], "dim")
    view.add_column(text["rank"], justify="right", no_wrap=True)
    view.add_column(text["editor"], ratio=1, overflow="ellipsis", no_wrap=True)
    for column in ("rating", "interval", "pair_share"):
        view.add_column(text[column], justify="right", no_wrap=True)
    view.add_column("n", justify="right", no_wrap=True)
    view.add_column(text["failed"], justify="right", no_wrap=True)
    for editor in ranking.editors:
        view.add_row(
            Text(_ranks(editor)),
            Text(short.get(editor.name) or one_line(editor.name, LONGEST), "bold"),
            Text(signed(editor.rating), "bold"),
            Text("–" if editor.ci95 is None else f"{signed(editor.ci95[0])} – {signed(editor.ci95[1])}", "dim"),
            Text(_percent(editor.share)),
            Text(str(editor.n)),
            Text(str(editor.failed), "bold red" if editor.failed else "dim"),
        )
    return view


def matrix_table(ranking: Ranking, language: Language) -> Table | None:
    """Who wins how often against whom, ties as half; None where there are too many editors for a screen."""
    names = [editor.name for editor in ranking.editors]
    if len(names) > WIDEST:
        return None
    short = short_names(names, NAME)
    view = Table(box=box.SIMPLE_HEAD, width=80, pad_edge=False, title_justify="left")
    view.title = Text(words(language)["matrix_reads"], "dim")
    view.add_column("", ratio=1, overflow="ellipsis", no_wrap=True)
    for index in range(len(names)):
        view.add_column(str(index + 1), justify="right", no_wrap=True)
    for index, name in enumerate(names):
        cells = [_cell(ranking.against(name, other)) if other != name else Text("·", "dim") for other in names]
        view.add_row(Text(f"{index + 1} {short[name]}"), *cells)
    return view


def against_sentence(against: Against) -> str:
    """What the pairs of two editors show, in one line."""
    a, b = one_line(against.a, LONGEST), one_line(against.b, LONGEST)
    if against.shares is None or against.net is None:
        return f"pairs: no pair of {a} and {b} has an outcome; {against.failed} failed"
    if against.settled < 0:
        return against_sentence(against.turned)
    p = "no p" if against.p is None else "p < 0.001" if against.p < 0.001 else f"p = {against.p:.3f}"
    ends = "" if against.ci95 is None else f", 95 % {signed(against.ci95[0])} to {signed(against.ci95[1])}"
    facts = f"net {signed(against.net)}{ends}, {p}, {against.n} pairs, {against.failed} failed"
    shares = "{:.0f} % to {:.0f} %, {:.0f} % ties".format(*(100 * share for share in against.shares))
    if against.settled:
        return f"pairs: {a} is preferred to {b}, {shares} ({facts})"
    return f"pairs: no preference shown between {a} and {b}: {shares} ({facts})"


def _ranks(editor: RankedEditor) -> str:
    best, worst = editor.ranks
    return str(best) if best == worst else f"{best}–{worst}"


def _cell(against: Against | None) -> Text:
    if against is None or against.won is None:
        return Text("–", "dim")
    style = {1: "bold green", -1: "red"}.get(against.settled, "")
    return Text(_percent(against.won), style)


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{number(100 * value, 0)} %"
