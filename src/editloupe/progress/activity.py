"""What this process works on at the moment: an editor says it at each step, whoever shows progress reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

__all__ = ["Activity", "current", "report", "subscribe"]


@dataclass(frozen=True, slots=True)
class Activity:
    """A sample (the first of its batch) and the step of it that is done; `steps` is 0 where there are none."""

    sample: str
    step: int = 0
    steps: int = 0

    def __str__(self) -> str:
        return f"{self.sample} step {self.step}/{self.steps}" if self.steps else self.sample


_now: list[Activity] = []
_listeners: list[Callable[[Activity], None]] = []


def report(sample: str, step: int = 0, steps: int = 0) -> None:
    """Say what is being worked on."""
    activity = Activity(sample, step, steps)
    _now[:] = [activity]
    for listener in _listeners:
        listener(activity)


def current() -> Activity | None:
    """What was said last."""
    return _now[0] if _now else None


@contextmanager
def subscribe(listener: Callable[[Activity], None]) -> Iterator[None]:
    """Call `listener` each time something is said."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
        _now.clear()
