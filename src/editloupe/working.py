"""What this process works on at the moment: an editor says it at each step, whoever shows progress reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Working", "listening", "now", "say"]


@dataclass(frozen=True, slots=True)
class Working:
    """A sample (the first of its batch) and the step of it that is done; `steps` is 0 where there are none."""

    sample: str
    step: int = 0
    steps: int = 0

    def __str__(self) -> str:
        return f"{self.sample} step {self.step}/{self.steps}" if self.steps else self.sample


_now: list[Working] = []
_listeners: list[Callable[[Working], None]] = []


def say(sample: str, step: int = 0, steps: int = 0) -> None:
    """Say what is being worked on."""
    working = Working(sample, step, steps)
    _now[:] = [working]
    for listener in _listeners:
        listener(working)


def now() -> Working | None:
    """What was said last."""
    return _now[0] if _now else None


@contextmanager
def listening(listener: Callable[[Working], None]) -> Iterator[None]:
    """Call `listener` each time something is said."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
        _now.clear()
