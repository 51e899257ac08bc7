"""`scores.csv`: one row per edit, metrics as columns, safe to open in a spreadsheet."""

from __future__ import annotations

import codecs
import csv
import io
import unicodedata

from editloupe.results import Results, Verdict

__all__ = ["scores_csv"]

# What spreadsheets take for the beginning of a formula (OWASP, "CSV Injection",
# https://owasp.org/www-community/attacks/CSV_Injection); full-width and small forms count as what they stand for.
_FORMULA = frozenset("=+-@\u2212")
_BREAKS = ("\t", "\r", "\n")


def scores_csv(results: Results) -> bytes:
    """Return the bytes of ``scores.csv``: a score is a number, a missing one an empty cell.

    UTF-8 with the mark in front by which spreadsheets know it; without it, Excel takes Chinese for another encoding.
    """
    rows: dict[tuple[str, str, int], dict[str, Verdict]] = {}
    for verdict in results.verdicts:
        rows.setdefault((verdict.editor, verdict.sample, verdict.draw), {})[verdict.metric] = verdict
    groups = sorted({group for verdict in results.verdicts for group in verdict.groups})
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")  # RFC 4180; and the writer quotes what is part of it
    head = ["editor", "sample", "draw", "category", *groups, *results.metrics, "overall", "failure_stage", "failure"]
    writer.writerow([_cell(name) for name in head])
    for (editor, sample, draw), verdicts in rows.items():
        first = next(iter(verdicts.values()))
        failure = next((verdict.failure for verdict in verdicts.values() if verdict.failure is not None), None)
        scores = [verdicts[metric].score if metric in verdicts else None for metric in results.metrics]
        cells: list[str | float | None] = [
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
        writer.writerow([_cell(cell) for cell in cells])
    return codecs.BOM_UTF8 + text.getvalue().encode("utf-8", "replace")


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
