"""When a request is sent again: one rule for every client, growing pauses at random, what a service asks for first."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from editloupe.remote.errors import RequestError

__all__ = ["pause_before", "with_retries", "with_retries_async"]

FIRST_PAUSE = 0.5
"""Seconds, at most, before the second attempt; doubled for each that follows."""
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 600.0
"""Seconds that a service may ask us to wait; what would have to wait longer fails, for the next run."""

Result = TypeVar("Result")


def pause_before(error: RequestError, attempt: int, retries: int) -> float | None:
    """Seconds to wait before a request goes again; None to give it up.

    Pauses are drawn at random, so that many requests that failed together do not come back together.

    Args:
        error: of the last attempt.
        attempt: how often the request has been sent.
        retries: how often it may be sent again.
    """
    if not error.again or attempt > retries:
        return None
    if error.after is not None:
        return error.after if error.after <= LONGEST_WAIT else None
    if error.noncompliant:  # waiting does not help there
        return 0.0
    return min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 30)) * random.uniform(0.5, 1.0)


def with_retries(send: Callable[[], Result], retries: int) -> Result:
    """Call `send` until it succeeds or its error stays.

    Raises:
        RequestError: of the last attempt.
    """
    from tenacity import Retrying

    return Retrying(**_rule(retries))(send)


async def with_retries_async(send: Callable[[], Awaitable[Result]], retries: int) -> Result:
    """Await `send` until it succeeds or its error stays.

    Raises:
        RequestError: of the last attempt.
    """
    from tenacity import AsyncRetrying

    return await AsyncRetrying(**_rule(retries))(send)


def _rule(retries: int) -> dict[str, Any]:
    """The rule in the library's own words."""
    from tenacity import RetryCallState, retry_if_exception_type

    def pause(state: RetryCallState) -> float | None:
        error = state.outcome.exception() if state.outcome is not None else None
        assert isinstance(error, RequestError)
        return pause_before(error, state.attempt_number, retries)

    return {
        "retry": retry_if_exception_type(RequestError),
        "stop": lambda state: pause(state) is None,
        "wait": lambda state: pause(state) or 0.0,
        "reraise": True,
    }
