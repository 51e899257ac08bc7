"""A lane to one server: how many questions may be open there, when the next one may go, and what it has learned."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from editloupe.batching import Ceiling
from editloupe.judges.wire.troubles import Trouble

__all__ = ["Lane"]

log = logging.getLogger(__name__)

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 60.0
LONGEST_WAIT = 600.0
"""Seconds that a server may ask us to wait; a question that would have to wait longer fails, for the next run."""
DOWN = 8
"""Questions in a row that used up all their retries; from then on each is tried once until one goes well."""
UNHEEDED = 2
"""Retries of a question whose answer was not what was asked: no waiting helps there."""


class Lane:
    """One server.

    Args:
        client: of the openai package, without retries of its own.
        name: for the log.
        concurrency: questions that may be open; fewer after the server pushed back, creeping up again.
        retries: per question.
    """

    def __init__(self, client: Any, name: str, *, concurrency: int, retries: int) -> None:
        self.client = client
        self.name = name
        self.open = 0
        self.schema = True
        self.limit_name = "max_tokens"
        self.heeded = False
        self._schema_taken = False
        self._retries = retries
        self._ceiling = Ceiling(concurrency)
        self._changed = asyncio.Condition()
        self._quiet_until = 0.0
        self._lowered = 0.0
        self._strikes = 0

    @property
    def down(self) -> bool:
        """Whether the server seems to be gone."""
        return self._strikes >= DOWN

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait until a question may be sent; yields the time at which it is."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.open < self._ceiling.now)
            self.open += 1
        try:
            while (left := self._quiet_until - time.monotonic()) > 0:  # noqa: ASYNC110 - a time is waited for
                await asyncio.sleep(left + random.uniform(0, 0.1))
            yield time.monotonic()
        finally:
            async with self._changed:
                self.open -= 1
                self._changed.notify_all()

    def went_well(self) -> None:
        """Count a usable reply."""
        self.heeded = True
        self._strikes = 0
        self._ceiling.went_well(self.open + 1)  # this one has left its slot already

    def pause(self, trouble: Trouble, attempt: int, sent: float) -> float | None:
        """Take a trouble in and say how long to wait before the same question goes again; None to give it up.

        Args:
            trouble: what happened.
            attempt: how often this question has been sent.
            sent: when it was sent.
        """
        allowed = UNHEEDED if trouble.unheeded else 0 if self.down else self._retries
        if not trouble.unheeded:
            self._back_off(trouble, sent)
        wait = trouble.after
        if wait is None:
            wait = 0.0 if trouble.unheeded else min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (attempt - 1))
            wait *= random.uniform(0.5, 1.0)
        if attempt > allowed or wait > LONGEST_WAIT:
            self._gave_up(trouble)
            return None
        return wait

    def refused_schema(self) -> None:
        """A question went well without `response_format` that had been refused with it."""
        if self.schema and not self._schema_taken:
            self.schema = False
            log.warning("%s refuses response_format; asking without it from now on", self.name)

    def took_schema(self) -> None:
        """A question went well with `response_format`: a later refusal is about that question."""
        self._schema_taken = True

    @property
    def doubts_schema(self) -> bool:
        """Whether a refusal may be due to `response_format`."""
        return self.schema and not self._schema_taken

    def other_limit_name(self) -> None:
        """Call the limit of new tokens as newer hosted models want it."""
        if self.limit_name == "max_tokens":
            self.limit_name = "max_completion_tokens"
            log.warning("%s wants max_completion_tokens instead of max_tokens", self.name)

    def _back_off(self, trouble: Trouble, sent: float) -> None:
        now = time.monotonic()
        if trouble.after is not None and trouble.after <= LONGEST_WAIT:
            self._quiet_until = max(self._quiet_until, now + trouble.after)
        if sent < self._lowered:  # sent before the ceiling fell: this push-back is old news
            return
        self._lowered = now
        before = self._ceiling.now
        self._ceiling.too_much(self.open + 1)
        if self._ceiling.now < before:
            log.warning("%s: %s; at most %d questions at a time now", self.name, trouble.kind, self._ceiling.now)

    def _gave_up(self, trouble: Trouble) -> None:
        if trouble.unheeded:
            return
        self._strikes += 1
        if self._strikes == DOWN:
            log.warning("%s seems to be gone (%s); each question is tried once until one goes well", self.name, trouble)
