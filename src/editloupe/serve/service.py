"""The service without HTTP: items in, answers out, every failure a value in its place."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from editloupe.config.parts import StudyConfig
from editloupe.errors import EditloupeError, ItemError, failure_from
from editloupe.planning import make_judge
from editloupe.records import Failure, Question
from editloupe.serve.batcher import Batcher, Outcome
from editloupe.serve.canary import ask_canary
from editloupe.serve.decision_messages import DecisionRequest
from editloupe.serve.decisions import answers_of, plan_decisions
from editloupe.serve.limits import Limits
from editloupe.serve.measures import Measures
from editloupe.serve.messages import NAME, failure_answer, item_from
from editloupe.serve.recall import Recall
from editloupe.serve.scorer import PlannedItem, Scorer
from editloupe.serve.weights import file_digest

__all__ = ["Service", "TooManyQuestions"]

log = logging.getLogger(__name__)

DECODERS = min(8, 1 + (os.cpu_count() or 1))
"""Threads that decode pictures and plan questions beside the model's."""


class TooManyQuestions(Exception):  # noqa: N818 - what is wrong, told in its name
    """One request holds more questions than the queue."""

    def __init__(self, count: int, limit: int) -> None:
        super().__init__(f"the items make {count} questions; at most {limit} can wait at once: send fewer items")


class Service:
    """A judge, its rubric, a queue and, where asked for, a ledger; a context manager.

    Args:
        config: whose judge and rubric are served.
        limits: of requests.
        wait: seconds that a question waits for others while the model is free.
        recall: what was answered before; nothing is kept without it. The caller closes it.

    Attributes:
        measures: what `/metrics` tells.
        scorer: plans and reads.
        batcher: asks.
    """

    def __init__(
        self,
        config: StudyConfig,
        *,
        limits: Limits,
        wait: float = 0.02,
        recall: Recall | None = None,
    ) -> None:
        self.config = config
        self.limits = limits
        self.measures = Measures()
        self._recall = recall
        self._canary = "the canary question has not been answered yet"
        self._draining = False
        with ExitStack() as stack:
            self.judge = stack.enter_context(make_judge(config))
            self.scorer = Scorer(config, self.judge, file_digest if recall is None else recall.digest)
            self._pool = stack.enter_context(ThreadPoolExecutor(DECODERS, "decode"))
            self.batcher = stack.enter_context(
                Batcher(
                    self.judge,
                    config.judge,
                    wait=wait,
                    limit=limits.queue,
                    measures=self.measures,
                    keep=self._keep,
                )
            )
            self._open = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def not_ready(self) -> str:
        """Why no request should be sent here now; empty where one may be."""
        if self._draining:
            return "the service is about to end"
        if self.batcher.running_for > self.limits.deadline:
            return f"a batch has been running for {self.batcher.running_for:.0f} s"
        return self._canary or self.batcher.trouble

    async def watch(self) -> None:
        """Load the judge by a canary question, and ask it again while there is trouble: nobody else is let in then."""
        pause = 1.0
        while not self._draining:
            if not self._canary and not self.batcher.trouble:
                pause = 1.0
            else:
                loop = asyncio.get_running_loop()
                self._canary = await loop.run_in_executor(self._pool, ask_canary, self.config, self.batcher)
                if self._canary:
                    log.warning("not ready: %s; it is asked again in %.0f s", self._canary, pause)
                    pause = min(60.0, 2 * pause)
            await asyncio.sleep(pause)

    def drain(self) -> None:
        """Take nothing more; what was accepted is answered."""
        self._draining = True
        self.batcher.close()

    async def score(
        self, items: Sequence[Any], parts: Mapping[str, bytes], *, seconds: float | None = None, reply: bool = False
    ) -> list[dict[str, Any]]:
        """Score items; a cancelled call takes back what has not begun.

        Args:
            items: as they came; one that is wrong fails alone.
            parts: of the multipart body.
            seconds: after which what is missing is a failure; the limit's where None.
            reply: whether the judge's words are wanted.

        Returns:
            One answer per item, in order.

        Raises:
            TooManyQuestions: it would have no room even if it were empty.
            Full: the queue has no room now.
            Closing: the service ends.
        """
        ends = time.monotonic() + min(seconds or self.limits.deadline, self.limits.deadline)
        loop = asyncio.get_running_loop()
        planned = await asyncio.gather(*(loop.run_in_executor(self._pool, self._planned, raw, parts) for raw in items))
        ready = [item for item in planned if isinstance(item, PlannedItem)]
        outcomes = await self._replies([(plan.key, plan.question) for item in ready for plan in item.plans], ends)
        return [self._answer(raw, item, outcomes, reply=reply) for raw, item in zip(items, planned, strict=True)]

    async def decide(self, request: DecisionRequest) -> dict[str, Any]:
        """Answer typed questions; a cancelled call takes back what has not begun.

        Raises:
            ItemError: the request cannot be asked; or a question failed in a way that may pass another time.
            TooManyQuestions, Full, Closing: as for `score`.
        """
        ends = time.monotonic() + self.limits.deadline
        loop = asyncio.get_running_loop()
        signature = self.scorer.judge_signature
        decisions = await loop.run_in_executor(self._pool, plan_decisions, request, signature, self.limits)
        outcomes = await self._replies([(decision.key, decision.question) for decision in decisions], ends)
        for outcome in outcomes.values():
            if isinstance(outcome, Failure):
                self.measures.failures.labels(outcome.kind).inc()
                if outcome.retryable:  # nothing in the schema could say so of one answer
                    raise ItemError(outcome.message, kind=outcome.kind, retryable=True)
        mass = self.config.judge.min_label_mass
        return answers_of(decisions, outcomes, self.judge.name, min_label_mass=mass)

    async def _replies(self, questions: Sequence[tuple[str, Question]], ends: float) -> dict[str, Outcome]:
        """The outcomes of questions, from the ledger or the model; `ends` is the deadline on the monotonic clock."""
        known = await asyncio.get_running_loop().run_in_executor(self._pool, self._known, [key for key, _ in questions])
        asked = [(key, question) for key, question in questions if key not in known]
        if len({key for key, _ in asked}) > self.limits.queue:
            raise TooManyQuestions(len(asked), self.limits.queue)
        futures = self.batcher.submit(asked) if asked else []
        try:
            if futures:
                waiting = [asyncio.wrap_future(future) for future in futures]
                await asyncio.wait(waiting, timeout=max(0.0, ends - time.monotonic()))
        finally:
            self.batcher.forget(futures)
        return {**known, **{key: _outcome(future) for (key, _), future in zip(asked, futures, strict=True)}}

    def _planned(self, raw: Any, parts: Mapping[str, bytes]) -> PlannedItem | Failure:
        try:
            return self.scorer.plan(item_from(raw), parts, self.limits)
        except EditloupeError as error:
            return failure_from(error, "sample")
        except Exception as error:  # noqa: BLE001 - one item, whatever it holds, fails alone
            return Failure("sample", type(error).__name__, f"the item cannot be asked about: {type(error).__name__}")

    def _known(self, keys: Sequence[str]) -> dict[str, Outcome]:
        if self._recall is None or not keys:
            return {}
        replies = self._recall.find(list(dict.fromkeys(keys)))
        self.measures.questions.labels("ledger").inc(len(replies))
        return dict(replies)

    def _keep(self, replies: Sequence[tuple[str, Any]]) -> None:
        if self._recall is not None:
            refused = self._recall.refused
            self._recall.record(replies)
            self.measures.unrecorded.inc(self._recall.refused - refused)

    def _answer(
        self, raw: Any, planned: PlannedItem | Failure, outcomes: Mapping[str, Outcome], *, reply: bool
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {}
        if isinstance(planned, Failure):
            named = raw.get("id") if isinstance(raw, Mapping) else None
            if isinstance(named, str) and len(named) <= NAME:
                answer["id"] = named
            answer["failure"] = failure_answer(planned)
        else:
            answer = self.scorer.answer(planned, outcomes, reply=reply)
        failed = answer.get("failure")
        self.measures.items.labels("failed" if failed else "scored").inc()
        if failed:
            self.measures.failures.labels(failed["kind"]).inc()
        return answer


def _outcome(future: Future[Outcome]) -> Outcome:
    if future.done() and not future.cancelled():
        return future.result()
    return Failure("judge", "deadline", "there was no reply before the request's deadline", retryable=True)
