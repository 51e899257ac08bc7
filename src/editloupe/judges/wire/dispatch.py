"""Many questions to a few servers at once: each ends as exactly one reply or failure, none is asked after success."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from editloupe.errors import ConfigError, StudyStopped, failure_from
from editloupe.judges.wire.forecast import ceiling_of
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.reply import read_completion, usage_of
from editloupe.judges.wire.request import Pictures, body_of, messages_of, size_of
from editloupe.judges.wire.server import Server
from editloupe.judges.wire.setup import Answered, FirstAnswers, Outcome, set_up_error, too_large
from editloupe.records import Question, Reply
from editloupe.remote.errors import RequestError, translated
from editloupe.remote.redaction import redacted, redacted_outcome
from editloupe.remote.usage import Usage

__all__ = ["Dispatcher"]

AHEAD = 4
"""Questions per server that are prepared while all its slots are taken, so that a slot never waits for an encoder."""


class Dispatcher:
    """One run of questions.

    Args:
        options: the judge's.
        servers: where they may go.
        questions: all of them, in the order wanted.
        samples: of each question, the name of its sample; equal names go to one server.
        usage: where tokens are counted.
        key: the API key, to keep it out of what is returned.
        proven: whether what cannot be read is handed on from the first answer.
    """

    def __init__(
        self,
        options: WireOptions,
        servers: Sequence[Server],
        questions: Sequence[Question],
        samples: Sequence[str],
        usage: Usage,
        key: str | None,
        *,
        proven: bool = False,
    ) -> None:
        self._options = options
        self._servers = servers
        self._questions = questions
        self._usage = usage
        self._key = key
        self._pictures = Pictures(options.image)
        groups: dict[str, deque[int]] = {}
        for index, sample in enumerate(samples):
            groups.setdefault(sample, deque()).append(index)
        self._groups = deque(groups.values())
        self._own: dict[int, deque[int]] = {id(server): deque() for server in servers}
        self._first = {id(server): FirstAnswers(server.name, options, proven) for server in servers}
        self._left = len(questions)
        self._stopped = False

    async def run(self, emit: Callable[[Answered], None]) -> None:
        """Ask everything; `emit` takes each answer as it arrives.

        Raises:
            ConfigError: the servers do not do what the config asks of them.
            StudyStopped: the next question could lead beyond `max_cost`.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for server in self._servers:
                    for _ in range(min(self._options.concurrency + AHEAD, len(self._questions))):
                        group.create_task(self._work(server, emit))
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            if isinstance(first, ConfigError):
                raise ConfigError(redacted(self._key, str(first))) from None
            raise first from None
        for answers in self._first.values():
            for answered in answers.held_back():
                emit(answered)
        if self._stopped:
            raise StudyStopped(
                f"stopped at judge.max_cost: {self._usage.spent} of {self._options.max_cost:g} are spent, "
                f"{self._left} questions are not asked",
                setting=f"judge.max_cost={self._usage.enough(self._most(self._questions[0]), self._left)}",
            )

    async def _work(self, server: Server, emit: Callable[[Answered], None]) -> None:
        while await self._affordable():
            index = self._next(server)
            if index is None:
                return
            question = self._questions[index]
            self._left -= 1
            started = time.perf_counter()
            with self._usage.held(self._most(question)):
                outcome, error = await self._outcome(server, index, question)
            answered = (index, redacted_outcome(self._key, outcome), time.perf_counter() - started)
            for ready in self._first[id(server)].take(answered, error):
                emit(ready)

    async def _affordable(self) -> bool:
        """Wait until the next question surely fits the limit; False where it cannot any more."""
        while not self._stopped and self._left:
            if self._usage.affords(self._most(self._questions[0])):
                return True
            if not self._usage.open:
                self._stopped = True
            await asyncio.sleep(0.02)  # answers of open questions free what was held back for them
        return False

    def _most(self, question: Question) -> tuple[int, int]:
        """(prompt, reply) tokens that a question may need."""
        thinks = any(server.counts_thoughts for server in self._servers)
        return ceiling_of(question, self._options, thinks=thinks)

    def _next(self, server: Server) -> int | None:
        """The server's next question: of the samples it has begun, else of the next sample that nobody has."""
        own = self._own[id(server)]
        if not own:
            if not self._groups or (server.down and any(not other.down for other in self._servers)):
                return None
            own.extend(self._groups.popleft())
        return own.popleft()

    async def _outcome(self, server: Server, index: int, question: Question) -> tuple[Outcome, RequestError | None]:
        """What becomes of a question, and the server's error where that is the reason."""
        try:
            return await self._ask(server, index, question), None
        except ConfigError:
            raise
        except RequestError as error:
            return replace(failure_from(error, "judge"), reply=error.reply), error
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not take other questions with it
            return failure_from(error, "judge"), None

    async def _ask(self, server: Server, index: int, question: Question) -> Reply:
        messages = await asyncio.to_thread(messages_of, question, self._pictures, prefill=self._options.prefill)
        size = size_of(messages)
        for attempt in itertools.count(1):
            sent = time.monotonic()
            try:
                async with server.slot() as sent:
                    reply = await self._once(server, question, messages)
            except Exception as raised:
                error = translated(raised)
                if not isinstance(error, RequestError):
                    raise
                error = too_large(error, server)
                wrong = set_up_error(server, self._options, question, error, attempt)
                if wrong is not None:
                    raise wrong from None
                pause = server.pause(error, index, attempt, sent)
                if pause is None:
                    raise error from None
            else:
                server.went_well(size)
                return reply
            await asyncio.sleep(pause)
        raise AssertionError

    async def _once(self, server: Server, question: Question, messages: list[dict[str, Any]]) -> Reply:
        """Send a question; a refusal of how it is put leads to another way of putting it, once and for all."""
        import openai

        started = time.perf_counter()
        schema, limit_name = server.schema and self._options.json_schema, server.limit_name
        for _ in range(3):
            body = body_of(question, messages, self._options, schema=schema, limit_name=limit_name)
            try:
                async with asyncio.timeout(self._options.timeout):
                    completion = await server.client.chat.completions.create(**body)
                break
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if "max_completion_tokens" in str(error) and limit_name == "max_tokens":
                    limit_name = "max_completion_tokens"
                elif "response_format" in body and server.doubts_schema:
                    schema = False
                else:
                    raise
        if limit_name != server.limit_name:
            server.other_limit_name()
        self._usage.add(*usage_of(completion))
        reply = read_completion(completion, question, self._options, time.perf_counter() - started)
        if "response_format" in body:
            server.took_schema()
        elif not schema and self._options.json_schema:
            server.refused_schema()
        return reply
