"""Dynamic batches: questions wait a moment for others, are grouped by their source, and batched by tokens.

One thread runs the model. Whatever arrives while a batch runs joins the next one; a batch begins with the question that
has waited longest, takes all of its group that fit, then the next group. How a batch that raises is split until the
guilty question stands alone is `batching.stream`'s business, as in a study.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from editloupe.batching import Ceiling, is_out_of_memory, stream
from editloupe.config.parts import JudgePart
from editloupe.errors import failure_from
from editloupe.protocols import Judge, StreamingJudge
from editloupe.records import Failure, ImagePart, Question, Reply
from editloupe.serve.measures import Measures

__all__ = ["Batcher", "Closing", "Full", "Outcome"]

log = logging.getLogger(__name__)

Outcome = Reply | Failure

STREAMED = 64
"""Questions that a judge over a wire is given at once; it keeps its own number in flight."""

LONGEST_RETRY = 60
"""Seconds that a client is asked to wait at most; how long a queue takes is known badly beyond that."""


class Full(Exception):  # noqa: N818 - a state, told in one word
    """The queue has no room for so many questions now.

    Attributes:
        after: seconds after which it probably has.
    """

    def __init__(self, after: int) -> None:
        super().__init__(f"the queue is full; try again in {after} s")
        self.after = after


class Closing(Exception):  # noqa: N818 - a state, told in one word
    """The service is about to end and takes nothing more."""


@dataclass(eq=False, slots=True)
class _Ticket:
    """One question that waits or runs, and everybody who wants its reply; `weight` is set when it is planned."""

    key: str
    question: Question
    group: Hashable
    arrived: float
    weight: int | None = None
    futures: list[Future[Outcome]] = field(default_factory=list)


class Batcher:
    """Answers questions from any number of threads with one model; a context manager, whose end waits for the batch.

    Args:
        judge: asked from one thread.
        part: of the config: how it is batched.
        wait: seconds that a question waits for others while the model is free.
        limit: questions accepted and not answered.
        measures: counts.
        keep: called with the replies of each batch before anybody gets them.

    Attributes:
        trouble: why the judge cannot answer at all, such as weights that cannot be loaded; empty while it can.
    """

    def __init__(
        self,
        judge: Judge,
        part: JudgePart,
        *,
        wait: float,
        limit: int,
        measures: Measures,
        keep: Callable[[Sequence[tuple[str, Reply]]], None] = lambda _: None,
    ) -> None:
        self.trouble = ""
        self._judge = judge
        self._part = part
        self._wait = wait
        self._limit = limit
        self._measures = measures
        self._keep = keep
        self._changed = threading.Condition()
        self._waiting: dict[str, _Ticket] = {}
        self._running: dict[str, _Ticket] = {}
        self._began: float | None = None
        self._closing = False
        self._size: Callable[[], int] = lambda: 1
        self._ceiling = Ceiling(1)
        self._pace = 1.0  # seconds per question, of the latest batches
        self._thread = threading.Thread(target=self._run, name="batcher", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
        self.abandon("the service has ended")
        self._thread.join()

    @property
    def open(self) -> int:
        """Questions accepted and not answered."""
        return len(self._waiting) + len(self._running)

    @property
    def running_for(self) -> float:
        """Seconds that the present batch has taken; 0 while none runs."""
        began = self._began
        return 0.0 if began is None else time.monotonic() - began

    def submit(self, questions: Sequence[tuple[str, Question]]) -> list[Future[Outcome]]:
        """Queue questions, all or none.

        Args:
            questions: with the key of each; equal keys are asked once, also across callers.

        Returns:
            A future for each, in order. One that is cancelled before its batch begins is not asked.

        Raises:
            Full: there is no room.
            Closing: the service ends.
        """
        now = time.monotonic()
        futures: list[Future[Outcome]] = []
        with self._changed:
            if self._closing:
                raise Closing
            self._forget_cancelled()
            new = {key for key, _ in questions} - self._waiting.keys() - self._running.keys()
            if self.open + len(new) > self._limit:
                raise Full(self._retry_after())
            for key, question in questions:
                ticket = self._waiting.get(key) or self._running.get(key)
                if ticket is None:
                    ticket = self._waiting[key] = _Ticket(key, question, _group_of(question), now)
                else:
                    self._measures.questions.labels("joined").inc()
                future: Future[Outcome] = Future()
                ticket.futures.append(future)
                futures.append(future)
            self._show()
            self._changed.notify_all()
        return futures

    def forget(self, futures: Iterable[Future[Outcome]]) -> None:
        """Cancel what nobody waits for any more; a question that has begun is answered all the same."""
        for future in futures:
            future.cancel()
        with self._changed:
            self._forget_cancelled()
            self._show()

    def close(self) -> None:
        """Take nothing more; what was accepted goes on."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def abandon(self, why: str) -> None:
        """Answer everything that has not begun with a failure that may be tried again."""
        with self._changed:
            tickets = list(self._waiting.values())
            self._waiting.clear()
            self._show()
            self._changed.notify_all()
        for ticket in tickets:
            _deliver(ticket, Failure("judge", "shutting-down", why, retryable=True))

    def _run(self) -> None:
        while True:
            batch = self._next()
            if not batch:
                return
            self._began = time.monotonic()
            try:
                self._ask(batch)
            except BaseException as error:  # noqa: BLE001 - the thread must live, whatever a judge raises
                self._lose(error)
            finally:
                self._began = None
                with self._changed:
                    self._running.clear()
                    self._show()

    def _next(self) -> list[_Ticket]:
        """Wait for the next batch; empty when there will be none."""
        while True:
            with self._changed:
                while not self._waiting:
                    if self._closing:
                        return []
                    self._changed.wait()
                fresh = [ticket for ticket in self._waiting.values() if ticket.weight is None]
                if not fresh:
                    oldest = min(ticket.arrived for ticket in self._waiting.values())
                    left = oldest + self._wait - time.monotonic()
                    self._ceiling.resize(self._size())
                    full = sum(ticket.weight or 1 for ticket in self._waiting.values()) >= self._ceiling.now
                    if not (full or left <= 0 or self._closing):
                        self._changed.wait(left)
                    elif batch := self._chosen():
                        return batch
                    continue
            self._weigh(fresh)

    def _weigh(self, tickets: Sequence[_Ticket]) -> None:
        """Let the judge plan new questions, and count their tokens where they are batched by tokens.

        A judge that remembers what it planned forgets the questions before them, whose pictures are held in memory.
        """
        part, judge = self._part, self._judge
        for ticket in tickets:
            ticket.weight = 1
        if isinstance(judge, StreamingJudge):
            self._size = lambda: STREAMED
            return
        questions = [ticket.question for ticket in tickets]
        try:
            planned = judge.plan(questions)
            budget = judge.budget(questions)
        except Exception:  # noqa: BLE001 - asking the judge raises it again, where it is recorded
            return
        if part.batch_size == "auto" and part.use_batch_inference:
            self._size = budget
            for index, weight in planned:
                tickets[index].weight = weight
        else:
            size = int(part.batch_size) if part.use_batch_inference else 1
            self._size = lambda: size

    def _chosen(self) -> list[_Ticket]:
        """Take the next batch out of the queue: group by group, first the one that holds the oldest question."""
        self._forget_cancelled()
        groups: dict[Hashable, list[_Ticket]] = {}
        for ticket in self._waiting.values():  # in the order of arrival
            groups.setdefault(ticket.group, []).append(ticket)
        batch: list[_Ticket] = []
        total = 0
        for ticket in (ticket for group in groups.values() for ticket in group):
            total += ticket.weight or 1
            if batch and total > self._ceiling.now:
                break
            batch.append(ticket)
        now = time.monotonic()
        for ticket in batch:
            del self._waiting[ticket.key]
            self._running[ticket.key] = ticket
            self._measures.waited.observe(now - ticket.arrived)
        self._show()
        return batch

    def _ask(self, batch: Sequence[_Ticket]) -> None:
        measures, started = self._measures, time.monotonic()
        weight = sum(ticket.weight or 1 for ticket in batch)
        measures.batch_questions.observe(len(batch))
        measures.batch_tokens.observe(weight)
        before = self._judge.tokens_computed()
        for outcomes in self._outcomes(batch, weight):
            self._settle(outcomes)
        self.trouble = ""
        seconds = time.monotonic() - started
        measures.batch_seconds.observe(seconds)
        self._pace = 0.5 * self._pace + 0.5 * seconds / len(batch)
        after = self._judge.tokens_computed()
        if after is not None:
            tokens, padding = before or (0, 0)
            measures.tokens_computed.inc(max(0, after[0] - tokens))
            measures.tokens_padding.inc(max(0, after[1] - padding))

    def _outcomes(self, batch: Sequence[_Ticket], weight: int) -> Iterator[list[tuple[_Ticket, Outcome]]]:
        judge = self._judge
        if isinstance(judge, StreamingJudge):
            for answered in judge.stream(
                [ticket.question for ticket in batch], [str(ticket.group) for ticket in batch]
            ):
                yield [(batch[index], outcome) for index, outcome, _ in answered]
            return
        for done in stream(
            batch,
            self._answer,
            size=max(1, weight),
            stage="judge",
            weights=[ticket.weight or 1 for ticket in batch],
            prepare=lambda ticket: judge.prepare(ticket.question),
        ):
            yield [(finished.item, finished.outcome) for finished in done]

    def _answer(self, batch: Sequence[_Ticket]) -> Sequence[Reply]:
        weight = sum(ticket.weight or 1 for ticket in batch)
        try:
            replies = self._judge.answer([ticket.question for ticket in batch])
        except Exception as error:
            if is_out_of_memory(error):  # learned for the batches that follow
                self._ceiling.too_much(weight)
            raise
        self._ceiling.went_well(weight)
        return replies

    def _settle(self, outcomes: Sequence[tuple[_Ticket, Outcome]]) -> None:
        replies = [(ticket.key, outcome) for ticket, outcome in outcomes if isinstance(outcome, Reply)]
        self._keep(replies)
        self._measures.tokens_asked.inc(sum(reply.prompt_tokens for _, reply in replies))
        self._measures.questions.labels("model").inc(len(outcomes))
        with self._changed:
            for ticket, _ in outcomes:
                self._running.pop(ticket.key, None)
            self._show()
        for ticket, outcome in outcomes:
            _deliver(ticket, outcome)

    def _lose(self, error: BaseException) -> None:
        """Answer the rest of a batch that no smaller one could mend: nobody's question is to blame for it."""
        failure = failure_from(error, "judge")
        self.trouble = failure.message.splitlines()[0][:300]
        log.error("the judge cannot answer: %s", self.trouble, exc_info=error)
        with self._changed:
            tickets = list(self._running.values())
            self._running.clear()
        for ticket in tickets:
            _deliver(
                ticket, Failure("judge", "judge-unusable", f"the judge cannot answer: {self.trouble}", retryable=True)
            )

    def _forget_cancelled(self) -> None:
        for key, ticket in list(self._waiting.items()):
            if all(future.cancelled() for future in ticket.futures):
                del self._waiting[key]

    def _retry_after(self) -> int:
        return max(1, min(LONGEST_RETRY, math.ceil(self._pace * self.open)))

    def _show(self) -> None:
        self._measures.waiting.set(len(self._waiting))
        self._measures.running.set(len(self._running))


def _deliver(ticket: _Ticket, outcome: Outcome) -> None:
    for future in ticket.futures:
        with suppress(InvalidStateError):  # it was cancelled
            future.set_result(outcome)


def _group_of(question: Question) -> Hashable:
    """What questions share from their beginning: the system text and the pictures that are not under test."""
    pictures = tuple(
        part.picture.sha256 for part in question.context if isinstance(part, ImagePart) and part.role != "edited"
    )
    return question.system, pictures
