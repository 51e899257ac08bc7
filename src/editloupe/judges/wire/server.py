"""One server: how many questions may be open there, when the next one may go, and what has been learned about it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from editloupe.batching import Ceiling
from editloupe.remote.errors import RequestError
from editloupe.remote.retry import LONGEST_WAIT, pause_before

__all__ = ["Server"]

log = logging.getLogger(__name__)

DOWN = 8
"""Questions in a row that used up all their retries; from then on each is tried once until one goes well."""
NONCOMPLIANT_RETRIES = 2
"""Retries of a question whose answer was not what was asked: no waiting helps there."""


class Server:
    """A server that questions are sent to.

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
        self.complied = False
        self.largest_taken = 0
        self._schema_taken = False
        self._retries = retries
        self._ceiling = Ceiling(concurrency)
        self._changed = asyncio.Condition()
        self._waiting = 0
        self._quiet_until = 0.0
        self._lowered = 0.0
        self._strikes = 0
        self._troubled: set[int] = set()
        self._counted: set[int] = set()

    @property
    def down(self) -> bool:
        """Whether the server seems to be gone."""
        return self._strikes >= DOWN

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[float]:
        """Wait until a question may be sent; yields the time at which it is."""
        async with self._changed:
            self._waiting += 1
            try:
                await self._changed.wait_for(lambda: self.open < self._ceiling.now)
            finally:
                self._waiting -= 1
            self.open += 1
        try:
            while (left := self._quiet_until - time.monotonic()) > 0:  # noqa: ASYNC110 - a time is waited for
                await asyncio.sleep(left + random.uniform(0, 0.1))
            yield time.monotonic()
        finally:
            async with self._changed:
                self.open -= 1
                self._changed.notify_all()

    @property
    def counts_thoughts(self) -> bool:
        """Whether the server's limit of new tokens counts thoughts as well, as `max_completion_tokens` does."""
        return self.limit_name == "max_completion_tokens"

    def went_well(self, size: int) -> None:
        """Count a usable reply to a request of so many bytes."""
        self.complied = True
        self.largest_taken = max(self.largest_taken, size)
        self._strikes = 0
        self._troubled.clear()
        # Where others wait for a slot, the ceiling is what holds them; this one has left its own slot already.
        self._ceiling.went_well(self._ceiling.now if self._waiting else self.open + 1)

    def pause(self, error: RequestError, question: int, attempt: int, sent: float) -> float | None:
        """Take an error in and say how long to wait before the same question goes again; None to give it up.

        Args:
            error: what happened.
            question: which one, by its index.
            attempt: how often this question has been sent.
            sent: when it was sent.
        """
        if not error.again:
            return None
        allowed = NONCOMPLIANT_RETRIES if error.noncompliant else 0 if self.down else self._retries
        if not error.noncompliant:
            self._back_off(error, question, sent)
        wait = pause_before(error, attempt, allowed)
        if wait is None:
            self._gave_up(error)
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
        """Send the token limit as `max_completion_tokens`, as newer hosted models require."""
        if self.limit_name == "max_tokens":
            self.limit_name = "max_completion_tokens"
            log.warning("%s wants max_completion_tokens instead of max_tokens", self.name)

    def _back_off(self, error: RequestError, question: int, sent: float) -> None:
        """Lower the number of open questions: once per question, so that one that always fails slows no others.

        A server that says it has too much to do is believed at once. For an outage two questions have to fail without a
        success in between: one alone may hold a picture that this server cannot take.
        """
        now = time.monotonic()
        if error.after is not None and error.after <= LONGEST_WAIT:
            self._quiet_until = max(self._quiet_until, now + error.after)
        if question in self._counted:
            return
        self._troubled.add(question)
        if not error.push_back and len(self._troubled) < 2:
            return
        self._counted |= self._troubled
        if sent < self._lowered:  # sent before the ceiling fell: this push-back is old news
            return
        self._lowered = now
        before = self._ceiling.now
        self._ceiling.too_much(self.open + 1)
        if self._ceiling.now < before:
            log.warning("%s: %s; at most %d questions at a time now", self.name, error.kind, self._ceiling.now)

    def _gave_up(self, error: RequestError) -> None:
        if error.noncompliant:
            return
        self._strikes += 1
        if self._strikes == DOWN:
            log.warning("%s seems to be gone (%s); each question is tried once until one goes well", self.name, error)
