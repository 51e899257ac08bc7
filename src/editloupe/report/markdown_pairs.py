"""What a study's pairs show, as Markdown."""

from __future__ import annotations

from collections.abc import Iterator

from editloupe.report.markdown_cells import plain, row
from editloupe.report.pair_sentences import pair_remarks
from editloupe.report.ranking import Ranking
from editloupe.report.words import number, signed, words
from editloupe.results import Language

__all__ = ["ranking_markdown"]


def ranking_markdown(ranking: Ranking, language: Language) -> Iterator[str]:
    """The ranking with the matrix of wins, and under them what is to be known."""
    text = words(language)
    columns = [text["rank"], text["editor"], text["rating"], text["interval"], text["pair_share"], "n", text["failed"]]
    yield f"## {text['ranking_by_pairs']}"
    yield ""
    yield row(columns)
    yield row(["---:", "---", *["---:"] * 5])
    for editor in ranking.editors:
        best, worst = editor.ranks
        yield row(
            [
                str(best) if best == worst else f"{best}–{worst}",
                plain(editor.name),
                f"**{signed(editor.rating)}**",
                "–" if editor.ci95 is None else f"{signed(editor.ci95[0])} – {signed(editor.ci95[1])}",
                _percent(editor.share),
                str(editor.n),
                str(editor.failed),
            ]
        )
    names = [editor.name for editor in ranking.editors]
    yield ""
    yield f"{text['matrix_reads']}:"
    yield ""
    yield row(["", *(plain(name) for name in names)])
    yield row(["---", *["---:"] * len(names)])
    for name in names:
        cells = []
        for other in names:
            against = None if name == other else ranking.against(name, other)
            cells.append(_percent(None if against is None else against.won))
        yield row([plain(name), *cells])
    yield ""
    for sentence in pair_remarks(ranking, language):
        yield f"- {plain(sentence, 2000)}"
    yield ""


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{number(100 * value, 0)} %"
