"""The rows of a JSONL, JSON, CSV or TSV file, with the place of what cannot be read."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from editloupe.benchmarks import json_stream
from editloupe.benchmarks.columns import IMAGE_COLUMNS, INSTRUCTION_COLUMNS, chosen, wanted
from editloupe.benchmarks.empty_cells import is_unnamed
from editloupe.benchmarks.table_text import broken, lines
from editloupe.errors import DataError

__all__ = ["EXTENSIONS", "check_extension", "rows"]

_DELIMITERS = {".csv": ",", ".tsv": "\t"}
_JSON_LINES = (".jsonl", ".ndjson")
_OTHER_DELIMITERS = (",", ";", "\t", "|")
EXTENSIONS = (*_JSON_LINES, ".json", *_DELIMITERS)
"""Of the files whose rows are read here."""

_WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".ods", ".numbers")


def check_extension(path: Path, others: tuple[str, ...] = ()) -> None:
    """Refuse a file whose extension does not say how to read it.

    Args:
        path: the file.
        others: further extensions that the caller reads.

    Raises:
        DataError: the extension is none of these.
    """
    known = (*EXTENSIONS, *others)
    suffix = path.suffix.lower()
    if suffix in _WORKBOOKS:
        raise DataError(
            f"{str(path)!r} is a spreadsheet's own format, {path.suffix!r}; a table is one of {', '.join(known)}: "
            "save it as 'CSV UTF-8'"
        )
    if suffix not in known:
        raise DataError(f"{str(path)!r} has the extension {path.suffix!r}; a table is one of {', '.join(known)}")


def rows(path: Path, encoding: str | None = None) -> Iterator[Mapping[str, Any] | str]:
    """Yield each row by its columns' names, or a string that says why this one row cannot be used.

    Columns without a name are left out.

    Args:
        path: the file.
        encoding: of its text; what its first bytes tell where None, else UTF-8.

    Raises:
        DataError: the file cannot be read, a line is broken, or a needed column is missing.
    """
    suffix = path.suffix.lower()
    try:
        if suffix == ".json":
            yield from _listed_rows(path)
        elif suffix in _DELIMITERS:
            yield from _csv_rows(path, _DELIMITERS[suffix], encoding)
        else:
            yield from _json_rows(path, encoding)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from error


def _listed_rows(path: Path) -> Iterator[Mapping[str, Any] | str]:
    for key, item in json_stream.items(path):
        if not isinstance(item, dict):
            yield f"is {item!r:.60}, not an object"
        else:
            yield _named(item if key is None or "category" in item else {"category": key, **item})


def _json_rows(path: Path, encoding: str | None) -> Iterator[Mapping[str, Any] | str]:
    for number, offset, line in lines(path, encoding):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            at = offset + len(line[: error.pos].encode())
            raise broken(path, number, at, error.msg) from error
        except (RecursionError, ValueError) as error:  # nested too deeply, or a number of thousands of digits
            raise broken(path, number, offset, str(error)) from error
        yield _named(row) if isinstance(row, dict) else f"is {row!r:.60}, not an object"


def _csv_rows(path: Path, delimiter: str, encoding: str | None) -> Iterator[Mapping[str, Any] | str]:
    number = offset = 0  # of the line that the csv module read last

    def read() -> Iterator[str]:
        nonlocal number, offset
        for number, offset, line in lines(path, encoding):  # noqa: B007 - they are kept for the message
            yield line

    text = read()
    first, stated = _first_line(text)
    delimiter = stated or _delimiter(first, delimiter)
    reader = csv.reader(itertools.chain([first], text), delimiter=delimiter, strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if header is None:
                header = _header(path, cells)
                continue
            while len(cells) > len(header) and not cells[-1].strip():
                cells.pop()  # a spreadsheet's empty columns at the end
            if len(cells) != len(header):
                yield f"has {len(cells)} cells where the header has {len(header)}"
            else:
                yield _named(dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise broken(path, number, offset, str(error)) from error
    if header is None:
        raise DataError(f"{str(path)!r} is empty; its first line names the columns")


def _first_line(text: Iterator[str]) -> tuple[str, str]:
    """The first line that holds anything, and the delimiter that Excel's line ``sep=;`` before it states."""
    stated = ""
    for line in text:
        plain = line.strip().strip('"')
        if not stated and len(plain) == 5 and plain.lower().startswith("sep="):
            stated = plain[-1]
        elif line.strip("\r\n") == "sep=\t":
            stated = "\t"
        elif plain:
            return line, stated
    return "", stated


def _delimiter(first: str, usual: str) -> str:
    """What separates the cells: the usual character of the extension unless another one finds the columns."""
    for delimiter in (usual, *_OTHER_DELIMITERS):
        cells = [cell.strip() for row in csv.reader([first], delimiter=delimiter) for cell in row]
        if _complete(cells):
            return delimiter
    return usual


def _complete(header: list[str]) -> bool:
    return chosen(INSTRUCTION_COLUMNS, header) is not None and chosen(IMAGE_COLUMNS, header) is not None


def _header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    double = {name for name in header if header.count(name) > 1 and not is_unnamed(name)}
    if double:
        raise DataError(f"{str(path)!r} names the column {min(double)!r} twice")
    if not _complete(header):
        raise DataError(
            f"{str(path)!r} needs the columns 'image' and 'instruction', or others of their usual names: "
            f"{wanted(name for name in header if name)}"
        )
    return header


def _named(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in row.items() if not is_unnamed(name)}
