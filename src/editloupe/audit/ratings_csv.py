"""Ratings by people from a spreadsheet: a row per edit, with the columns `editor`, `sample` and `score`."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from editloupe.audit.rating import Rating, Ratings
from editloupe.errors import DataError

__all__ = ["read_csv"]

NEEDED = ("editor", "sample", "score")
OPTIONAL = ("rater", "flag", "image")


def read_csv(path: Path) -> list[Ratings]:
    """Read one file, in UTF-8, with commas, semicolons or tabs.

    Scores are on the study's scale; an empty one says nothing. Each name in a column `rater` is a rater of its own;
    rows without one belong to a rater who is called after the file. Of several rows of one rater about one edit the
    last one counts.

    Raises:
        DataError: it cannot be read, a column is missing or not known, or a value in a row cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        at = datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    except FileNotFoundError as error:
        raise DataError(f"there is no file of ratings {str(path)!r}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read as text in UTF-8: {error}") from error
    head = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=head.count), strict=True)
    columns = [str(name).strip().lower() for name in rows.fieldnames or ()]
    rows.fieldnames = columns
    lacking = [name for name in NEEDED if name not in columns]
    unknown = [name for name in columns if name not in (*NEEDED, *OPTIONAL)]
    if lacking or unknown or len(set(columns)) < len(columns):
        raise DataError(
            f"{str(path)!r} has the columns {', '.join(columns) or 'none'}; it needs {', '.join(NEEDED)}, and may have "
            f"{', '.join(OPTIONAL)}"
        )
    by_rater: dict[str, list[Rating]] = {}
    try:
        for row in rows:
            rater = (row.get("rater") or "").strip() or path.stem
            by_rater.setdefault(rater, []).append(_rating(row, at, f"{str(path)!r}, line {rows.line_num}"))
    except csv.Error as error:
        raise DataError(f"{str(path)!r}, line {rows.line_num}: {error}") from error
    return [
        Ratings(editloupe="ratings 1", rater=rater, low=None, high=None, ratings=tuple(ratings))
        for rater, ratings in by_rater.items()
    ]


def _rating(row: dict[str, str | None], at: datetime, line: str) -> Rating:
    if None in row or None in row.values():
        raise DataError(f"{line}: the row has more or fewer cells than the head of the table")
    cells = {name: (value or "").strip() for name, value in row.items() if name != "rater"}
    try:
        return Rating.model_validate({name: value for name, value in cells.items() if value} | {"at": at})
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        raise DataError(f"{line}: {name} is {cells.get(name, '')[:60]!r}: {str(first['msg']).lower()}") from error
