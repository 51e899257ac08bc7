"""Money: what is spent, what open requests may still cost, and the limit that both stay below."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Budget"]

_ROUNDING = 1e-9


class Budget:
    """Counts money against a limit; safe to use from several threads.

    Args:
        limit: None for no limit.
        spent: what counts already.
    """

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        self.limit = limit
        self.spent = spent
        self.open = 0
        self._held = 0.0
        self._lock = threading.Lock()

    def affords(self, amount: float) -> bool:
        """Whether so much more fits beside what is spent and held back."""
        return self.limit is None or self.spent + self._held + amount <= self.limit + _ROUNDING

    def spend(self, amount: float) -> None:
        """Count what was charged."""
        with self._lock:
            self.spent += amount

    @contextmanager
    def held(self, amount: float) -> Iterator[bool]:
        """Hold back what an open request may cost; False, and nothing held, where it does not fit."""
        with self._lock:
            fits = self.affords(amount)
            if fits:
                self.open += 1
                self._held += amount
        try:
            yield fits
        finally:
            if fits:
                with self._lock:
                    self.open -= 1
                    self._held -= amount
