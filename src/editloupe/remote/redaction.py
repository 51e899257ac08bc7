"""Keys blotted out of every text that could be kept: a service may repeat them in its errors."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from editloupe.records import Failure, Reply

__all__ = ["redacted", "redacted_outcome"]

Outcome = TypeVar("Outcome")


def redacted(key: str | None, text: str) -> str:
    """The text without the key."""
    return text.replace(key, "***") if key else text


def redacted_outcome(key: str | None, outcome: Outcome) -> Outcome:
    """A reply or failure without the key in any of its texts; anything else as it is."""
    if key is None:
        return outcome
    if isinstance(outcome, Reply):
        thoughts = None if outcome.thoughts is None else redacted(key, outcome.thoughts)
        return replace(outcome, text=redacted(key, outcome.text), thoughts=thoughts)
    if isinstance(outcome, Failure):
        reply = None if outcome.reply is None else redacted(key, outcome.reply)
        message, traceback = redacted(key, outcome.message), redacted(key, outcome.traceback)
        return replace(outcome, message=message, traceback=traceback, reply=reply)
    return outcome
