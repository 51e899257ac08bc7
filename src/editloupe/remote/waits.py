"""How long a service asks to be left alone: in its headers or in the body of its error, in any of the usual forms."""

from __future__ import annotations

import email.utils
import math
import re
import time
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["asked_wait", "seconds_of"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PIECE = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")
_DURATION = re.compile(rf"(?:{_PIECE.pattern}\s*)+")
_SENTENCE = re.compile(r"(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?\s*(?:ms|s|m|h)?)(?!\w|\.\d)", re.IGNORECASE)
_WORDS = {"milliseconds": "ms", "seconds": "s", "second": "s", "minutes": "m", "minute": "m"}
_EPOCH = 1e9
"""A number of seconds above this is a point in time, not a wait."""


def asked_wait(headers: Mapping[str, str], body: Any = None) -> float | None:
    """Seconds that a service asks for; None where it names none.

    Looked for, in this order: ``retry-after-ms`` and ``Retry-After`` (a number, a duration such as ``1.5s``, a date),
    the ``x-ratelimit-reset...`` headers, Google's ``RetryInfo`` in the body, and a sentence such as "try again in 2s".

    Args:
        headers: of the answer, their names in any case.
        body: of the answer, decoded from JSON where it is JSON.
    """
    lower = {name.lower(): value for name, value in headers.items()}
    milliseconds = seconds_of(lower.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    for name in ("retry-after", "x-retry-after"):
        wait = seconds_of(lower.get(name, ""))
        if wait is not None:
            return wait
    wait = _reset(lower)
    return wait if wait is not None else _in_body(body)


def seconds_of(text: str) -> float | None:
    """Seconds out of a number, a duration (``1m30s``, ``250ms``), a date or a point in time; else None."""
    text = text.strip()
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if math.isfinite(number):
        if number > _EPOCH:
            number = (number / 1000 if number > _EPOCH * 1000 else number) - time.time()
        return max(0.0, number)
    if _DURATION.fullmatch(text):
        return sum(float(amount) * _UNITS[unit] for amount, unit in _PIECE.findall(text))
    try:
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return None


def _reset(headers: Mapping[str, str]) -> float | None:
    """Until the exhausted limit is reset; the shortest one where the headers do not say which is exhausted."""
    waits: dict[str, float] = {}
    for name, value in headers.items():
        if "ratelimit-reset" in name:
            wait = seconds_of(value)
            if wait is not None:
                waits[name] = wait
    exhausted = [wait for name, wait in waits.items() if headers.get(name.replace("-reset", "-remaining")) == "0"]
    return max(exhausted) if exhausted else min(waits.values(), default=None)


def _in_body(body: Any) -> float | None:
    for value in _values(body, "retryDelay", "retry_after", "retryAfter"):
        text = _seconds_and_nanos(value) if isinstance(value, Mapping) else str(value)
        wait = seconds_of(text)
        if wait is not None:
            return wait
    for value in _values(body, "message"):
        match = _SENTENCE.search(_abbreviated(value)) if isinstance(value, str) else None
        if match:
            return seconds_of(match[1])
    return None


def _seconds_and_nanos(value: Mapping[str, Any]) -> str:
    try:
        return str(float(value.get("seconds", 0)) + float(value.get("nanos", 0)) / 1e9)
    except (TypeError, ValueError):
        return ""


def _abbreviated(text: str) -> str:
    for word, unit in _WORDS.items():
        text = re.sub(rf"\s*\b{word}\b", unit, text)
    return text


def _values(body: Any, *names: str, depth: int = 8) -> Iterator[Any]:
    """What stands under one of the names anywhere in a JSON value."""
    if depth == 0:
        return
    if isinstance(body, Mapping):
        for name, value in body.items():
            if name in names:
                yield value
            yield from _values(value, *names, depth=depth - 1)
    elif isinstance(body, list):
        for value in body:
            yield from _values(value, *names, depth=depth - 1)
