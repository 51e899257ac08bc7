"""The engine `ray`: one stage on many devices and machines.

One actor per device, its model loaded once; chunks are pulled, the next one is sent while the first is worked on. The
driver alone decides and remembers: it commits what arrives, replaces what died, and takes back what was lost. So a
worker may vanish at any moment, and Ray only places processes and carries bytes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from editloupe.batching import AUTO_ROWS, Done
from editloupe.config.parts import EditorPart, JudgePart, WorkerSettings
from editloupe.errors import ConfigError
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.progress.bars import StageProgress
from editloupe.protocols import Editor, Judge
from editloupe.records import Failure, ImageBytes, Reply, Stage
from editloupe.workers.actor_pool import ActorPool
from editloupe.workers.connection import connected
from editloupe.workers.queue import ATTEMPTS, Queue
from editloupe.workers.transfer import ModelSpec, edit_with_bytes, model_spec, reply_with_bytes

__all__ = ["RayEngine"]

log = logging.getLogger(__name__)

BATCHES = 4
"""Batches of questions per chunk: a judge is quick, and its questions are small."""

Carry = Callable[[Sequence[Any]], list[Any]]


class RayEngine:
    """Runs one stage by Ray, and has left Ray when it is done.

    Args:
        place: where the stage runs.
        progress: shows what the workers do.
    """

    def __init__(self, place: WorkerSettings, progress: StageProgress) -> None:
        self._place = place
        self._progress = progress

    def edits(
        self, part: EditorPart, editor: Editor, plans: Iterable[PlannedEdit], /
    ) -> Iterator[list[Done[PlannedEdit, Any]]]:
        """Make the planned edits of one editor; outcomes are encoded by the workers."""
        if editor.one_process:
            raise ConfigError(f"editor {part.name!r} cannot run on several workers: {editor.one_process}")
        queue = Queue([[plan] for plan in plans], part.batch_size)
        spec = model_spec(part, editor)
        yield from self._run("edit", spec, queue, lambda chunk: [edit_with_bytes(plan) for plan in chunk])

    def replies(
        self, part: JudgePart, judge: Judge, plans: Iterable[PlannedReply], /
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

        yield from self._run("judge", model_spec(part, judge), queue, carry)

    def _run(self, stage: Stage, spec: ModelSpec, queue: Queue[Any], carry: Carry) -> Iterator[list[Done[Any, Any]]]:
        with connected(self._place), ActorPool(self._place, stage, spec, self._progress).on_duty() as pool:
            while queue.left:
                pool.recruit(queue.left)
                for worker in pool.free():
                    # Near the end nobody takes ahead what an idle worker could begin at once; a suspect is alone.
                    idle = not worker.held
                    ahead = not idle and queue.waiting > pool.wanted and not worker.held[0][0].suspect
                    if (idle or ahead) and (chunk := queue.take(pool.wanted, idle=idle)):
                        worker.send(chunk, carry(chunk.items))
                for worker, chunk, results in pool.arrivals():
                    if results is not None:
                        queue.finished(chunk)
                        yield [
                            Done(item, outcome, seconds)
                            for item, (outcome, seconds) in zip(chunk.items, results, strict=True)
                        ]
                        continue
                    message = f"the worker died each of {ATTEMPTS} times that it was at this item: {worker.cause}"
                    failure = Failure(stage, "worker-died", message, retryable=True)
                    given_up = queue.worker_lost(chunk)
                    for waiting in reversed(worker.abandoned(chunk)):
                        queue.requeue(waiting)
                    if given_up:
                        log.warning("%s: %d item(s) given up after %d dead workers", stage, len(given_up), ATTEMPTS)
                        yield [Done(item, failure, 0.0) for item in given_up]
