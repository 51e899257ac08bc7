"""A cache that drops what was used least recently, bounded by bytes; what is missing is computed once, whoever asks."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from typing import Generic, TypeVar

__all__ = ["ByteLRU"]

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class ByteLRU(Generic[Key, Value]):
    """The values used last, up to a number of bytes; safe to use from several threads.

    Args:
        room: bytes.
        size: of a value, in bytes.
    """

    def __init__(self, room: int, size: Callable[[Value], int]) -> None:
        self._room = room
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._making: dict[Key, Future[Value]] = {}
        self._used = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, which now counts as used, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and drop those not used for longest where there is no room."""
        with self._lock:
            self._keep(key, value)

    def get_or_make(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value, made where there is none; a thread that finds another one at it waits for the result.

        Raises:
            Exception: whatever `make` raises, to everybody who waited for it; nothing is kept then.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            waiting = self._making.get(key)
            if waiting is None:
                mine: Future[Value] = Future()
                self._making[key] = mine
        if waiting is not None:
            return waiting.result()
        try:
            value = make()
        except BaseException as error:
            with self._lock:
                del self._making[key]
            mine.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            self._keep(key, value)
        mine.set_result(value)
        return value

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._values.clear()
            self._used = 0

    def _keep(self, key: Key, value: Value) -> None:
        if key in self._values:
            return
        self._values[key] = value
        self._used += self._size(value)
        while self._used > self._room and len(self._values) > 1:
            _, dropped = self._values.popitem(last=False)
            self._used -= self._size(dropped)
