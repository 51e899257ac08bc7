"""What is too much for memory: an iterable in parts, and a sequence that lies on the disk."""

from __future__ import annotations

import itertools
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, cast, overload

__all__ = ["Spool", "in_parts"]

Item = TypeVar("Item")

PART = 500
"""Items that a spool writes and reads at once."""


def in_parts(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Yield the items in lists of `size`, the last one shorter."""
    iterator = iter(items)
    while part := list(itertools.islice(iterator, size)):
        yield part


class Spool(Sequence[Item]):
    """A sequence of records of one dataclass, of which only the last few lie in memory.

    The others lie in a file without a name, which ends with the process. It can be read as often as wanted; records
    come back equal, not identical.

    Args:
        kind: the dataclass.
        folder: where the file lies; where that cannot be written, the system's folder for temporary files.
    """

    def __init__(self, kind: type[Item], folder: Path | None = None) -> None:
        self._kind = kind
        self._pack = attrgetter(*(field.name for field in fields(cast("Any", kind))))
        self._folder = folder
        self._file: Any = None
        self._ends = [0]
        self._last: list[Item] = []
        self._page: tuple[int, list[Item]] = (-1, [])

    def append(self, item: Item) -> None:
        """Add a record at the end."""
        self._last.append(item)
        if len(self._last) == PART:
            self._write()

    def extend(self, items: Iterable[Item]) -> None:
        """Add records at the end."""
        for item in items:
            self.append(item)

    def __len__(self) -> int:
        return (len(self._ends) - 1) * PART + len(self._last)

    def __iter__(self) -> Iterator[Item]:
        for number in range(len(self._ends) - 1):
            yield from self._read(number)
        yield from self._last

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Item, ...]: ...
    def __getitem__(self, index: int | slice) -> Item | tuple[Item, ...]:
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number, at = divmod(range(len(self))[index], PART)
        if number == len(self._ends) - 1:
            return self._last[at]
        if self._page[0] != number:
            self._page = (number, self._read(number))
        return self._page[1][at]

    def _write(self) -> None:
        if self._file is None:
            self._file = _nameless(self._folder)
        self._file.seek(self._ends[-1])
        # Of plain tuples: a frozen record with slots would be taken apart and put together in Python, field by field.
        self._file.write(pickle.dumps([self._pack(item) for item in self._last], pickle.HIGHEST_PROTOCOL))
        self._ends.append(self._file.tell())
        self._last = []

    def _read(self, number: int) -> list[Item]:
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        rows = pickle.loads(self._file.read(end - start))  # noqa: S301 - no one else can reach a file without a name
        return [self._kind(*row) for row in rows]


def _nameless(folder: Path | None) -> Any:
    try:
        return tempfile.TemporaryFile(dir=folder)
    except OSError:
        return tempfile.TemporaryFile()
