"""What is left to do, handed out in chunks; knows who is to blame when a process dies, and nothing of processes.

A chunk that was being worked on when its process died is suspect: each of its items is tried again alone. What dies
`ATTEMPTS` times is given up. Chunks that only waited behind it go back without blame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Generic, TypeVar

__all__ = ["ATTEMPTS", "Chunk", "Queue"]

ATTEMPTS = 3
"""How often an item may be worked on by a process that dies."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Chunk(Generic[Item]):
    """Items that one worker takes at once, with their numbers in the queue; `suspect` after a process died at them."""

    numbers: tuple[int, ...]
    items: tuple[Item, ...]
    suspect: bool = False


class Queue(Generic[Item]):
    """The work of one stage.

    Args:
        units: items that stay together (the questions about one sample), in the order wanted.
        size: items per chunk, at most unless one unit is larger.
    """

    def __init__(self, units: Sequence[Sequence[Item]], size: int) -> None:
        self._size = size
        self._items = [item for unit in units for item in unit]
        self._units: deque[tuple[int, ...]] = deque()
        start = 0
        for unit in units:
            self._units.append(tuple(range(start, start + len(unit))))
            start += len(unit)
        self._suspects: deque[int] = deque()
        self._deaths: dict[int, int] = {}
        self._left = len(self._items)
        self._waiting = len(self._items)

    def resize(self, size: int) -> None:
        """Make the chunks that are not taken yet of another size."""
        self._size = size

    @property
    def left(self) -> int:
        """Items that are not finished: waiting or being worked on."""
        return self._left

    @property
    def waiting(self) -> int:
        """Items that nobody works on."""
        return self._waiting

    def take(self, workers: int, *, idle: bool = True) -> Chunk[Item] | None:
        """Hand out the next chunk; smaller ones towards the end, so that all workers end together.

        Args:
            workers: how many share the work.
            idle: whether the worker has nothing else. Suspects go to idle workers only: if one kills its process just
                after another item was finished, that item's result can be lost on its way, and would share the blame.
        """
        if self._suspects and idle:
            return self._chunk((self._suspects.popleft(),), suspect=True)
        size = min(self._size, ceil(self._waiting / max(1, workers)))
        numbers: tuple[int, ...] = ()
        while self._units and (not numbers or len(numbers) + len(self._units[0]) <= size):
            numbers += self._units.popleft()
        return self._chunk(numbers) if numbers else None

    def finished(self, chunk: Chunk[Item]) -> None:
        """Count a chunk whose results are there."""
        self._left -= len(chunk.items)

    def requeue(self, chunk: Chunk[Item]) -> None:
        """Take back a chunk that was not begun."""
        self._waiting += len(chunk.items)
        if chunk.suspect:
            self._suspects.appendleft(chunk.numbers[0])
        else:
            self._units.appendleft(chunk.numbers)

    def worker_lost(self, chunk: Chunk[Item]) -> list[Item]:
        """Take back a chunk whose process died; returns the items that are given up now."""
        given_up = []
        for number in reversed(chunk.numbers):
            self._deaths[number] = self._deaths.get(number, 0) + 1
            if self._deaths[number] >= ATTEMPTS:
                given_up.append(self._items[number])
                self._left -= 1
            else:
                self._suspects.appendleft(number)
                self._waiting += 1
        return given_up[::-1]

    def _chunk(self, numbers: tuple[int, ...], *, suspect: bool = False) -> Chunk[Item]:
        self._waiting -= len(numbers)
        return Chunk(numbers, tuple(self._items[number] for number in numbers), suspect)
