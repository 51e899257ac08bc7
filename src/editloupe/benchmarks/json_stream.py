"""The items of a JSON file of any size, one at a time.

ijson's C backend is its default wherever it is installed. It scans an unfinished string again from its beginning for
each further piece it is fed, so the pieces are 1 MiB: measured with 2 MB strings, 64 KiB pieces gave 220 MB/s, 1 MiB
pieces 1,400 MB/s.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import ijson

from editloupe.benchmarks.json_break import find_break
from editloupe.errors import DataError

__all__ = ["items"]

_PIECE = 1 << 20
_WHOLE = 256 << 20
_BOM = b"\xef\xbb\xbf"

_Events: TypeAlias = Iterator[tuple[str, Any]]


def items(path: Path) -> Iterator[tuple[str | None, Any]]:
    """Yield (key, item) of a list of items (key None) or of an object whose values are lists of items.

    Raises:
        DataError: the file cannot be read, is no JSON (with the byte where it breaks), or has another shape.
    """
    done = 0
    try:
        with path.open("rb") as file:
            if file.read(len(_BOM)) != _BOM:
                file.seek(0)
            for item in _items(ijson.basic_parse(file, buf_size=_PIECE), path, file):
                yield item
                done += 1
    except (ijson.JSONError, UnicodeDecodeError) as error:
        whole = _with_nan(path)
        if whole is None:
            raise DataError(_message(path, error)) from error
        yield from itertools.islice(whole, done, None)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from error


def _with_nan(path: Path) -> list[tuple[str | None, Any]] | None:
    """The items of a file that is JSON but for ``NaN``, which pandas and Python write for an empty cell, or None.

    A parser of streams does not take that word; such files name their images rather than hold them, and are small.
    """
    broken = find_break(path)
    if broken is None or path.stat().st_size > _WHOLE:
        return None
    with path.open("rb") as file:
        file.seek(broken[0])
        if not file.read(9).startswith((b"NaN", b"Infinity", b"-Infinity")):
            return None
    try:
        value = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    if isinstance(value, list):
        return [(None, item) for item in value]
    if isinstance(value, dict) and all(isinstance(part, list) for part in value.values()):
        return [(key, item) for key, part in value.items() for item in part]
    return None


def _items(events: _Events, path: Path, file: BinaryIO) -> Iterator[tuple[str | None, Any]]:
    event, _ = next(events)
    if event == "start_array":
        yield from ((None, item) for item in _array(events))
    elif event == "start_map":
        for opening, key in events:
            if opening == "end_map":
                break
            event, _ = next(events)
            if event != "start_array":
                raise DataError(
                    f"{str(path)!r} holds an object whose {key[:60]!r} is {_name(event)}; "
                    "expected a list of samples, or an object with a list of samples per category"
                )
            yield from ((key, item) for item in _array(events))
    else:
        raise DataError(
            f"{str(path)!r} holds {_name(event)} at byte {_start(file)}; "
            "expected a list of samples, or an object with a list of samples per category"
        )
    for _ in events:  # ijson looks at what follows, and complains about it, only when asked
        pass


def _array(events: _Events) -> Iterator[Any]:
    for event, value in events:
        if event == "end_array":
            return
        yield _value(events, event, value)


def _value(events: _Events, event: str, value: Any) -> Any:
    builder = ijson.ObjectBuilder()
    depth = 0
    while True:
        # ijson's own floats would come with an integer overflow above 64 bits, so it hands us decimals
        builder.event(event, float(value) if isinstance(value, Decimal) else value)
        depth += (event in ("start_map", "start_array")) - (event in ("end_map", "end_array"))
        if not depth:
            return builder.value
        event, value = next(events)


def _name(event: str) -> str:
    return {"start_map": "an object", "null": "null"}.get(event, f"a {event}")


def _start(file: BinaryIO) -> int:
    file.seek(0)
    head = file.read(_PIECE)
    return len(head) - len(head.removeprefix(_BOM).lstrip(b" \t\r\n"))


def _message(path: Path, error: Exception) -> str:
    broken = find_break(path)
    if broken is None:  # something that only ijson objects to, such as a number out of all bounds
        return f"{str(path)!r} cannot be read as JSON: {str(error).splitlines()[0]}"
    offset, reason = broken
    return f"{str(path)!r} is broken JSON at byte {offset}: {reason}"
