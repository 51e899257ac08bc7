"""`scores.csv`: one row per edit, metrics as columns, safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import unicodedata
from collections.abc import Iterable, Iterator

from editloupe.results import Results, Verdict

__all__ = ["scores_csv"]

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection",
# https://owasp.org/www-community/attacks/CSV_Injection); full-width and small forms count as what they stand for.
_FORMULA = frozenset("=+-@\u2212")
_BREAKS = ("\t", "\r", "\n")


def scores_csv(results: Results) -> Iterator[bytes]:
    """Yield ``scores.csv`` line by line: a score is a number, a missing one an empty cell.

    UTF-8 with the mark in front by which spreadsheets know it; without it, Excel takes Chinese for another encoding.
    """
    groups = sorted({group for verdict in results.verdicts for group in verdict.groups})
    head = ["editor", "sample", "draw", "category", *groups, *results.metrics, "overall", "failure_stage", "failure"]
    yield codecs.BOM_UTF8 + _line(head)
    for (editor, sample, draw), about_one_edit in itertools.groupby(results.verdicts, _edit):
        verdicts = {verdict.metric: verdict for verdict in about_one_edit}
        first = next(iter(verdicts.values()))
        failure = next((verdict.failure for verdict in verdicts.values() if verdict.failure is not None), None)
        scores = [verdicts[metric].score if metric in verdicts else None for metric in results.metrics]
        yield _line(
            [
                editor,
                sample,
                draw,
                first.category,
                *(first.groups.get(group) for group in groups),
                *scores,
                results.overall.get((editor, sample)),
                failure.stage if failure is not None else None,
                failure.kind if failure is not None else None,
            ]
        )


def _edit(verdict: Verdict) -> tuple[str, str, int]:
    return verdict.editor, verdict.sample, verdict.draw


def _line(cells: Iterable[str | float | None]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerow([_cell(cell) for cell in cells])  # RFC 4180
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: str | float | None) -> str | float | None:
    """Text that a spreadsheet would run gets a leading apostrophe; numbers stay numbers."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return f"'{text}" if text.startswith(_BREAKS) or _begins_formula(text) else text


def _begins_formula(text: str) -> bool:
    """Whether the first character that can be seen begins a formula; some programs strip what stands before it."""
    seen = next(
        (
            character
            for character in text
            if not character.isspace() and unicodedata.category(character) not in ("Cc", "Cf")
        ),
        "",
    )
    return unicodedata.normalize("NFKC", seen) in _FORMULA
