"""The engine `ray`: one stage on many devices and machines.

One actor per device, its model loaded once; chunks are pulled. The next one is sent, and its pictures are prepared,
while the first is worked on. The driver alone decides and remembers: it commits what arrives, replaces what died, and
takes back what was lost. So a worker may vanish at any moment, and Ray only places processes and carries bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from typing import Any, Self

from editloupe.batching import AUTO_ROWS, Done
from editloupe.config.parts import EditorPart, JudgePart, WorkerSettings
from editloupe.errors import ConfigError
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.progress.bars import StageProgress
from editloupe.protocols import Editor, Judge
from editloupe.records import Failure, ImageBytes, Reply
from editloupe.workers.actor_pool import ActorPool, Job
from editloupe.workers.connection import connected
from editloupe.workers.queue import ATTEMPTS, Queue
from editloupe.workers.transfer import edit_with_bytes, model_spec, reply_with_bytes, sizing_of

__all__ = ["RayEngine"]

log = logging.getLogger(__name__)

BATCHES = 4
"""Batches of questions per chunk: a judge is quick, and its questions are small."""

FULL_BATCHES = 2
"""Batches per chunk once workers have shown how many questions fill one, where the size is left to us."""

PATIENCE = 10.0
"""Seconds that workers have to close their models."""

Carry = Callable[[Sequence[Any]], list[Any]]


class RayEngine:
    """Runs stages by Ray, in a `with`, and has left Ray when that ends.

    The workers stay between calls about the same model, whatever its batches; another model gets new ones.

    Args:
        settings: where the stages run.
    """

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings
        self._connection = ExitStack()
        self._connected = False
        self._pool: ActorPool | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        """Let the workers go, at once where something has failed, and leave Ray."""
        with self._connection:
            self._dismiss(patience=0.0 if any(raised) else PATIENCE)
        self._connected = False

    def edits(
        self, part: EditorPart, editor: Editor, plans: Sequence[PlannedEdit], progress: StageProgress, /
    ) -> Iterator[list[Done[PlannedEdit, Any]]]:
        """Make the planned edits of one editor; outcomes are encoded by the workers."""
        if editor.one_process:
            raise ConfigError(f"editor {part.name!r} cannot run on several workers: {editor.one_process}")
        queue = Queue([[plan] for plan in plans], part.batch_size)
        job = Job("edit", model_spec(part, editor), sizing_of(part))
        yield from self._run(job, queue, lambda chunk: [edit_with_bytes(plan) for plan in chunk], progress)

    def replies(
        self, part: JudgePart, judge: Judge, plans: Sequence[PlannedReply], progress: StageProgress, /
    ) -> Iterator[list[Done[PlannedReply, Reply]]]:
        """Ask the planned questions; those about one sample go to one replica."""
        by_sample: dict[str, list[PlannedReply]] = {}
        for plan in plans:
            by_sample.setdefault(plan.sample.id, []).append(plan)
        rows = AUTO_ROWS if part.batch_size == "auto" else part.batch_size
        queue = Queue(list(by_sample.values()), BATCHES * rows)

        def carry(chunk: Sequence[PlannedReply]) -> list[PlannedReply | Failure]:
            known: dict[str, ImageBytes] = {}
            return [reply_with_bytes(plan, known) for plan in chunk]

        job = Job("judge", model_spec(part, judge), sizing_of(part))
        for batch in self._run(job, queue, carry, progress):
            yield batch
            if part.batch_size == "auto" and self._pool is not None:
                queue.resize(max(BATCHES * AUTO_ROWS, FULL_BATCHES * self._pool.largest_batch))

    def _run(
        self, job: Job, queue: Queue[Any], carry: Carry, progress: StageProgress
    ) -> Iterator[list[Done[Any, Any]]]:
        """Hand out all work of a queue; the workers stay, unless something goes wrong or the caller turns away."""
        pool = self._workers_for(job, progress)
        try:
            while queue.left:
                pool.recruit(queue.left)
                for worker in pool.free():
                    # Near the end nobody takes ahead what an idle worker could begin at once; a suspect is alone.
                    idle = not worker.held
                    ahead = not idle and queue.waiting > pool.wanted and not worker.held[0][0].suspect
                    if (idle or ahead) and (chunk := queue.take(pool.wanted, idle=idle)):
                        worker.send(chunk, carry(chunk.items), job)
                for worker, chunk, results in pool.arrivals():
                    if results is not None:
                        queue.finished(chunk)
                        yield [
                            Done(item, outcome, seconds)
                            for item, (outcome, seconds) in zip(chunk.items, results, strict=True)
                        ]
                        continue
                    message = f"the worker died each of {ATTEMPTS} times that it was at this item: {worker.cause}"
                    failure = Failure(job.stage, "worker-died", message, retryable=True)
                    given_up = queue.worker_lost(chunk)
                    for waiting in reversed(worker.abandoned(chunk)):
                        queue.requeue(waiting)
                    if given_up:
                        log.warning("%s: %d item(s) given up after %d dead workers", job.stage, len(given_up), ATTEMPTS)
                        yield [Done(item, failure, 0.0) for item in given_up]
        except BaseException:
            self._dismiss(patience=0.0)  # they may be at work that nobody waits for any more
            raise

    def _workers_for(self, job: Job, progress: StageProgress) -> ActorPool:
        """The workers that have built this model, or new ones."""
        if self._pool is not None and not self._pool.serves(job):
            self._dismiss(patience=PATIENCE)
        if not self._connected:
            self._connection.enter_context(connected(self._settings))
            self._connected = True
        if self._pool is None:
            self._pool = ActorPool(self._settings, job)
        self._pool.progress = progress
        return self._pool

    def _dismiss(self, patience: float) -> None:
        pool, self._pool = self._pool, None
        if pool is not None:
            pool.dismiss(patience)
