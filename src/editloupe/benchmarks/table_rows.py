"""The rows of a JSONL, CSV or TSV file, with the place of what cannot be read."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from editloupe.errors import DataError

__all__ = ["IMAGE_COLUMNS", "check_extension", "rows"]

IMAGE_COLUMNS = ("image", "images", "source", "sources")
"""The names that the column of images may have."""

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_BOM = "\ufeff"


def check_extension(path: Path) -> None:
    """Refuse a file whose extension does not say how to read it.

    Raises:
        DataError: the extension is none of the four.
    """
    known = (*_JSON_LINES, *_DELIMITERS)
    if path.suffix.lower() not in known:
        raise DataError(f"{str(path)!r} has the extension {path.suffix!r}; a table is one of {', '.join(known)}")


def rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    """Yield each row by its columns' names, or a string that says why this one row cannot be used.

    Raises:
        DataError: the file cannot be read, a line is broken, or a needed column is missing.
    """
    delimiter = _DELIMITERS.get(path.suffix.lower())
    try:
        yield from _json_rows(path) if delimiter is None else _csv_rows(path, delimiter)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from error


def _json_rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    for number, offset, line in _lines(path):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            at = offset + len(line[: error.pos].encode())
            raise _broken(path, number, at, error.msg) from error
        except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
            raise _broken(path, number, offset, str(error)) from error
        yield row if isinstance(row, dict) else f"is {row!r:.60}, not an object"


def _csv_rows(path: Path, delimiter: str) -> Iterator[Mapping[str, Any] | str]:
    number = offset = 0  # of the line that the csv module read last

    def lines() -> Iterator[str]:
        nonlocal number, offset
        for number, offset, line in _lines(path):  # noqa: B007 - they are kept for the message
            yield line

    reader = csv.reader(lines(), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(path, cells)
            elif len(cells) != len(header):
                yield f"has {len(cells)} cells where the header has {len(header)}"
            else:
                yield dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise _broken(path, number, offset, str(error)) from error
    if header is None:
        raise DataError(f"{str(path)!r} is empty; its first line names the columns")


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    double = {name for name in header if header.count(name) > 1}
    if double:
        raise DataError(f"{str(path)!r} names the column {min(double)!r} twice")
    if "instruction" not in header or not set(IMAGE_COLUMNS) & set(header):
        raise DataError(f"{str(path)!r} needs the columns 'image' and 'instruction'; its first line names {header!r}")
    return header


def _lines(path: Path) -> Iterator[tuple[int, int, str]]:
    """Yield (number from 1, byte offset, text) of each line."""
    offset = 0
    with path.open("rb") as file:
        for number, raw in enumerate(file, 1):
            try:
                line = raw.decode()
            except UnicodeDecodeError as error:
                raise _broken(path, number, offset + error.start, f"not UTF-8 ({error.reason})") from error
            if number == 1 and line.startswith(_BOM):
                yield number, len(_BOM.encode()), line.removeprefix(_BOM)
            else:
                yield number, offset, line
            offset += len(raw)


def _broken(path: Path, number: int, offset: int, reason: str) -> DataError:
    return DataError(f"{str(path)!r} is broken at line {number}, byte {offset}: {reason}")
