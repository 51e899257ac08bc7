"""Annotation files: small JSON whose keys must not vanish, and fields whose type must be right.

Python's own reader keeps the last of two equal keys and says nothing about the first, so objects are read as pairs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from editloupe.benchmarks.empty_cells import is_empty
from editloupe.benchmarks.json_break import find_break
from editloupe.errors import DataError, ItemError

__all__ = ["flag", "keyed_items", "listed_items", "names", "need_object", "words"]


class _Object(dict[str, Any]):
    """A JSON object that remembers all its pairs."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.pairs = pairs


def keyed_items(path: Path) -> list[tuple[str, Any]]:
    """The (key, item) pairs of a file that holds one object, equal keys included.

    Raises:
        DataError: it cannot be read, is no JSON (with the byte where it breaks), or holds something else.
    """
    value = _read(path)
    if not isinstance(value, _Object):
        raise DataError(f"{str(path)!r} holds {_kind(value)}; expected an object with one annotation per key")
    return value.pairs


def listed_items(path: Path) -> list[Any]:
    """The items of a file that holds one list.

    Raises:
        DataError: as for `keyed_items`.
    """
    value = _read(path)
    if not isinstance(value, list):
        raise DataError(f"{str(path)!r} holds {_kind(value)}; expected a list of annotations")
    return value


def need_object(item: Any) -> Mapping[str, Any]:
    """Return an annotation that is an object.

    Raises:
        ItemError: it is something else.
    """
    if not isinstance(item, Mapping):
        raise ItemError(f"the annotation is {item!r:.60}, not an object", kind="bad-sample")
    return item


def words(item: Mapping[str, Any], name: str) -> str:
    """A text field, stripped; empty where its cell is.

    Raises:
        ItemError: it is something else.
    """
    value = item.get(name)
    if is_empty(value):
        return ""
    if not isinstance(value, str):
        raise ItemError(f"{name!r} is {value!r:.60}, not text", kind="bad-sample")
    return value.strip()


def names(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """A field with one file's name or a list of them; empty where it is absent.

    Raises:
        ItemError: it is something else.
    """
    value = item.get(name)
    several: list[Any] = value if isinstance(value, list) else [] if is_empty(value) else [value]
    if not all(isinstance(text, str) and text.strip() for text in several):
        raise ItemError(f"{name!r} is {value!r:.60}, neither a file's name nor a list of them", kind="bad-sample")
    return tuple(text.strip() for text in several)


def flag(value: Any) -> bool:
    """A mark that published files write as ``true``, ``"True"`` or 1, and leave out or empty where it is not set."""
    if is_empty(value):
        return False
    if isinstance(value, str):
        return value.strip().lower() not in ("false", "0", "no")
    return bool(value)


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"), object_pairs_hook=_Object)
    except OSError as error:
        raise DataError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        offset, reason = find_break(path) or (0, str(error))
        raise DataError(f"{str(path)!r} is broken JSON at byte {offset}: {reason}") from error


def _kind(value: Any) -> str:
    kinds = ((_Object, "an object"), (list, "a list"), (str, "a text"), (type(None), "null"))
    return next((name for kind, name in kinds if isinstance(value, kind)), "a number or a word")
