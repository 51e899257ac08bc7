"""Many questions to a few servers at once: each ends as exactly one reply or failure, none is asked after success."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from editloupe.errors import ConfigError, StudyStopped, failure_from
from editloupe.judges.wire.bill import Bill, ceiling_of
from editloupe.judges.wire.keys import scrubbed, without
from editloupe.judges.wire.lanes import Lane
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.reply import read_completion, usage_of
from editloupe.judges.wire.request import Pictures, body_of, messages_of
from editloupe.judges.wire.troubles import Trouble, translated
from editloupe.records import Failure, Question, Reply

__all__ = ["Answered", "Asking"]

Answered = tuple[int, Reply | Failure, float]

AHEAD = 4
"""Questions per lane that are prepared while all its slots are taken, so that a slot never waits for an encoder."""


class Asking:
    """One run of questions.

    Args:
        options: the judge's.
        lanes: to the servers.
        questions: all of them, in the order wanted.
        samples: of each question, the name of its sample; equal names go to one server.
        bill: where tokens are counted.
        key: the API key, to keep it out of what is returned.
    """

    def __init__(
        self,
        options: WireOptions,
        lanes: Sequence[Lane],
        questions: Sequence[Question],
        samples: Sequence[str],
        bill: Bill,
        key: str | None,
    ) -> None:
        self._options = options
        self._lanes = lanes
        self._questions = questions
        self._bill = bill
        self._key = key
        self._pictures = Pictures(options.image)
        groups: dict[str, deque[int]] = {}
        for index, sample in enumerate(samples):
            groups.setdefault(sample, deque()).append(index)
        self._groups = deque(groups.values())
        self._own: dict[int, deque[int]] = {id(lane): deque() for lane in lanes}
        self._left = len(questions)
        self._stopped = False

    @property
    def _ceiling(self) -> tuple[int, int]:
        return ceiling_of(self._questions[0], self._options)

    async def run(self, emit: Callable[[Answered], None]) -> None:
        """Ask everything; `emit` takes each answer as it arrives.

        Raises:
            ConfigError: the servers do not do what the config asks of them.
            StudyStopped: the next question could lead beyond `max_cost`.
        """
        try:
            async with asyncio.TaskGroup() as group:
                for lane in self._lanes:
                    for _ in range(min(self._options.concurrency + AHEAD, len(self._questions))):
                        group.create_task(self._work(lane, emit))
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            if isinstance(first, ConfigError):
                raise ConfigError(without(self._key, str(first))) from None
            raise first from None
        if self._stopped:
            raise StudyStopped(
                f"stopped at judge.max_cost: {self._bill.spent} of {self._options.max_cost:g} are spent, "
                f"{self._left} questions are not asked",
                setting=f"judge.max_cost={self._bill.enough(self._ceiling, self._left)}",
            )

    async def _work(self, lane: Lane, emit: Callable[[Answered], None]) -> None:
        while await self._affordable():
            index = self._next(lane)
            if index is None:
                return
            question = self._questions[index]
            self._left -= 1
            expected = ceiling_of(question, self._options)
            started = time.perf_counter()
            with self._bill.reserved(*expected):
                outcome = await self._outcome(lane, question)
            emit((index, scrubbed(self._key, outcome), time.perf_counter() - started))

    async def _affordable(self) -> bool:
        """Wait until the next question surely fits the limit; False where it cannot any more."""
        while not self._stopped and self._left:
            if self._bill.affords(self._ceiling):
                return True
            if not self._bill.open:
                self._stopped = True
            await asyncio.sleep(0.02)  # answers of open questions free what was held back for them
        return False

    def _next(self, lane: Lane) -> int | None:
        """The lane's next question: of the samples it has begun, else of the next sample that nobody has."""
        own = self._own[id(lane)]
        if not own:
            if not self._groups or (lane.down and any(not one.down for one in self._lanes)):
                return None
            own.extend(self._groups.popleft())
        return own.popleft()

    async def _outcome(self, lane: Lane, question: Question) -> Reply | Failure:
        try:
            return await self._ask(lane, question)
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not take other questions with it
            return failure_from(error, "judge")

    async def _ask(self, lane: Lane, question: Question) -> Reply:
        messages = await asyncio.to_thread(messages_of, question, self._pictures, prefill=self._options.prefill)
        for attempt in itertools.count(1):
            sent = time.monotonic()
            try:
                async with lane.slot() as sent:
                    reply = await self._once(lane, question, messages)
            except Exception as error:
                trouble = translated(error)
                if not isinstance(trouble, Trouble):
                    raise
                self._set_up_is_wrong(lane, question, trouble, attempt)
                pause = lane.pause(trouble, attempt, sent) if trouble.again else None
                if pause is None:
                    raise trouble from None
            else:
                lane.went_well()
                return reply
            await asyncio.sleep(pause)
        raise AssertionError

    async def _once(self, lane: Lane, question: Question, messages: list[dict[str, Any]]) -> Reply:
        """Send a question; a refusal of how it is put leads to another way of putting it, once and for all."""
        import openai

        started = time.perf_counter()
        schema, limit_name = lane.schema and self._options.json_schema, lane.limit_name
        for _ in range(3):
            body = body_of(question, messages, self._options, schema=schema, limit_name=limit_name)
            try:
                async with asyncio.timeout(self._options.timeout):
                    completion = await lane.client.chat.completions.create(**body)
                break
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                if "max_completion_tokens" in str(error) and limit_name == "max_tokens":
                    limit_name = "max_completion_tokens"
                elif "response_format" in body and lane.doubts_schema:
                    schema = False
                else:
                    raise
        self._bill.add(*usage_of(completion))
        reply = read_completion(completion, question, self._options, time.perf_counter() - started)
        if limit_name != lane.limit_name:
            lane.other_limit_name()
        if "response_format" in body:
            lane.took_schema()
        elif not schema and self._options.json_schema:
            lane.refused_schema()
        return reply

    def _set_up_is_wrong(self, lane: Lane, question: Question, trouble: Trouble, attempt: int) -> None:
        """Raise for what would hit every question alike, as long as this server has never given a usable answer."""
        if trouble.status == 401:
            raise ConfigError(f"{lane.name} does not accept the key (judge.api_key_env): {trouble}")
        if lane.heeded:
            return
        if trouble.status == 404:
            raise ConfigError(f"{lane.name} knows no model {self._options.model!r} at this address: {trouble}")
        words = str(trouble)
        if question.answer.mode == "choice" and trouble.kind == "bad-request":
            if any(word in words for word in ("continue_final_message", "add_generation_prompt", "prefill")):
                raise ConfigError(f"{lane.name} takes no beginning of the answer: set judge.prefill to false ({words})")
            if "logprobs" in words:
                raise ConfigError(
                    f"{lane.name} gives no {self._options.top_logprobs} alternatives per token: lower "
                    f"judge.top_logprobs, or set judge.answer to text ({words})"
                )
        if trouble.unheeded and (attempt > 2 or not trouble.again):
            raise ConfigError(f"{lane.name}: {words}")
