"""The actors of one stage, as the driver sees them: hired, watched, buried and replaced."""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from editloupe.config.parts import WorkerSettings
from editloupe.errors import ConfigError, EditloupeError, ends_the_run
from editloupe.machine import calls_itself, process_exists
from editloupe.progress.bars import StageProgress
from editloupe.records import Stage
from editloupe.workers.queue import Chunk
from editloupe.workers.transfer import ModelSpec

__all__ = ["ActorPool", "Job", "PoolWorker"]

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks at what the workers do."""
PATIENCE = 60.0
"""Seconds without any worker before the log says what is waited for."""
AHEAD = 2
"""Chunks that a worker holds: the one that it works on, and the next."""
STARTS = 3
"""Workers in a row that die before they are ready, until the study gives up."""


@dataclass(frozen=True, slots=True)
class Job:
    """What workers are hired for: a stage and its model; and how large its batches are, which may change."""

    stage: Stage
    spec: ModelSpec
    sizing: dict[str, Any]


@dataclass(eq=False, slots=True)
class PoolWorker:
    """One actor as the driver sees it."""

    number: int
    actor: Any
    hello: Any
    ready: bool = False
    host: str = ""
    pid: int = 0
    held: deque[tuple[Chunk[Any], Any]] = field(default_factory=deque)
    begun: float = 0.0
    asked: Any = None
    line: str = "starting"
    peak: int = 0
    batch: int = 0
    cause: str = ""

    def send(self, chunk: Chunk[Any], parcel: list[Any], job: Job) -> None:
        """Give a chunk to the actor, which takes them in order; the pictures of one that has to wait are prepared."""
        import ray

        packed = ray.put(parcel)
        if not self.held:
            self.begun = time.monotonic()
        elif job.stage == "judge":
            self.actor.prepare.options(concurrency_group="ahead").remote(packed)
        method = self.actor.edit if job.stage == "edit" else self.actor.answer
        self.held.append((chunk, method.remote(packed, job.sizing)))

    def abandoned(self, guilty: Chunk[Any]) -> list[Chunk[Any]]:
        """The chunks that waited behind the guilty one."""
        return [chunk for chunk, _ in self.held if chunk is not guilty]


class ActorPool:
    """The actors of one model: as many as wanted, the dead replaced.

    Args:
        settings: where they run.
        job: what they are hired for.

    Attributes:
        progress: shows what they do.
        wanted: how many the devices make.
    """

    def __init__(self, settings: WorkerSettings, job: Job) -> None:
        import ray

        self._settings = settings
        self._stage = job.stage
        self._spec = job.spec
        self.progress: StageProgress | None = None
        self._workers: list[PoolWorker] = []
        self._hired = 0
        self._failed_starts = 0
        self._looked = 0.0
        self._quiet_since = time.monotonic()
        self._pids: set[int] = set()
        self.wanted = _wanted(settings, ray.cluster_resources())

    @property
    def largest_batch(self) -> int:
        """The most questions that a batch of any worker has had."""
        return max((worker.batch for worker in self._workers), default=0)

    def serves(self, job: Job) -> bool:
        """Whether the actors have built this job's model."""
        return (self._stage, self._spec) == (job.stage, job.spec)

    def recruit(self, left: int) -> None:
        """Start workers until there are as many as wanted, or as there is work for."""
        while len(self._workers) < min(self.wanted, left):
            self._workers.append(self._hire())

    def free(self) -> list[PoolWorker]:
        """Members that can take a chunk, idle ones first."""
        able = [worker for worker in self._workers if worker.ready and len(worker.held) < AHEAD]
        return sorted(able, key=lambda worker: len(worker.held))

    def arrivals(self) -> Iterator[tuple[PoolWorker, Chunk[Any], list[Any] | None]]:
        """Wait a moment; yields (worker, chunk, results), results None where the worker died at the chunk."""
        import ray

        heads = {
            worker.held[0][1] if worker.ready else worker.hello: worker
            for worker in self._workers
            if worker.held or not worker.ready
        }
        ready, _ = ray.wait(list(heads), num_returns=1, timeout=LOOK) if heads else ([], [])
        if ready and len(heads) > 1:  # whatever else is there already
            ready, _ = ray.wait(list(heads), num_returns=len(heads), timeout=0)
        for reference in ready:
            worker = heads[reference]
            if not worker.ready:
                self._greet(worker)
                continue
            chunk, _ = worker.held[0]
            results = self._fetched(worker, reference)
            if results is None:
                self._bury(worker)
            else:
                worker.held.popleft()
                worker.begun = time.monotonic()
            yield worker, chunk, results
        yield from self._overdue()
        self._look()

    def _hire(self) -> PoolWorker:
        import ray

        from editloupe.workers.worker import Worker

        settings = self._settings
        actor = (
            ray.remote(concurrency_groups={"status": 1, "ahead": 1})(Worker)
            .options(
                num_gpus=settings.gpus_per_worker,
                num_cpus=0 if settings.gpus_per_worker else 1,
                # The driver replaces the dead itself: it knows then that nothing of theirs still runs.
                max_restarts=0,
                max_task_retries=0,
                runtime_env=dict(settings.runtime_env) or None,
            )
            .remote(self._spec, self._stage)
        )
        self._hired += 1
        return PoolWorker(self._hired, actor, actor.hello.remote())

    def _greet(self, worker: PoolWorker) -> None:
        hello = self._fetched(worker, worker.hello)
        if hello is None:
            self._bury(worker)
            self._failed_starts += 1
            if self._failed_starts >= STARTS:
                raise ConfigError(f"{self._failed_starts} workers in a row could not start: {worker.cause}")
            return
        mine = (version("editloupe"), self._spec.signature)
        if (hello.version, hello.signature) != mine:
            raise ConfigError(
                f"the worker on {hello.host} has editloupe {hello.version} and a model that signs itself "
                f"{hello.signature!r}; here it is {mine[0]} and {mine[1]!r}. Both must be equal on all machines"
            )
        self._failed_starts = 0
        worker.ready, worker.host, worker.pid = True, hello.host, hello.pid
        worker.line = f"idle  {hello.host} gpu {hello.devices}" if hello.devices else f"idle  {hello.host}"
        self._pids.add(hello.pid)

    def _fetched(self, worker: PoolWorker, reference: Any) -> Any:
        """The value of a reference, or None where the worker died; what a person can mend is raised."""
        import ray

        try:
            return ray.get(reference)
        except ray.exceptions.RayTaskError as error:
            _raise_what_ends_the_run(error.cause, error)
            worker.cause = f"{type(error.cause).__name__}: {error.cause}"[:300]
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None)
            while cause is not None and getattr(cause, "cause", None) is not None:
                cause = cause.cause
            _raise_what_ends_the_run(cause, error)
            worker.cause = " ".join(str(error).split())[:300]
        return None

    def _overdue(self) -> Iterator[tuple[PoolWorker, Chunk[Any], None]]:
        limit = self._settings.timeout
        if limit is None:
            return
        for worker in list(self._workers):
            if worker.held and time.monotonic() - worker.begun > limit * len(worker.held[0][0].items):
                chunk = worker.held[0][0]
                worker.cause = f"it took longer than {limit:g} seconds per item"
                self._bury(worker)
                yield worker, chunk, None

    def _bury(self, worker: PoolWorker) -> None:
        import ray

        log.warning("%s: worker %d is gone (%s); it is replaced", self._stage, worker.number, worker.cause)
        self._workers.remove(worker)
        with suppress(Exception):  # it may be alive and only out of reach: nothing of it may run on
            ray.kill(worker.actor, no_restart=True)

    def _look(self) -> None:
        import ray

        now = time.monotonic()
        if any(worker.ready for worker in self._workers):
            self._quiet_since = now
        elif now - self._quiet_since > PATIENCE:
            self._quiet_since = now
            log.warning(
                "%s: no worker could start for %.0f s; each needs %g GPU(s), the cluster has %s free of %s",
                self._stage,
                PATIENCE,
                self._settings.gpus_per_worker,
                f"{ray.available_resources().get('GPU', 0):g}",
                f"{ray.cluster_resources().get('GPU', 0):g}",
            )
        if now - self._looked < LOOK:
            return
        self._looked = now
        for worker in self._workers:
            if not worker.ready:
                continue
            if worker.asked is not None and ray.wait([worker.asked], timeout=0)[0]:
                with suppress(ray.exceptions.RayError):
                    status = ray.get(worker.asked)
                    worker.line = f"{status.doing}  {status.hardware}"
                    worker.peak = status.peak_memory or 0
                    worker.batch = status.largest_batch
                worker.asked = None
            if worker.asked is None:
                worker.asked = worker.actor.status.options(concurrency_group="status").remote()
        if self.progress is not None:
            lines = [f"worker {worker.number} {worker.host}  {worker.line}" for worker in self._workers]
            self.progress.workers(lines, sum(worker.peak for worker in self._workers))

    def dismiss(self, patience: float) -> None:
        """Let all actors go, and wait until they are gone and their memory is free.

        Args:
            patience: seconds that they have to close their models.
        """
        import ray

        # Looked up while they run: what has ended and is not reaped yet no longer calls itself anything.
        here = [pid for pid in self._pids if _is_our_worker(pid)]
        with suppress(Exception):
            if patience:
                ready = [worker for worker in self._workers if worker.ready]
                ray.wait(
                    [worker.actor.leave.remote() for worker in ready], num_returns=len(ready) or 1, timeout=patience
                )
        for worker in self._workers:
            with suppress(Exception):
                ray.kill(worker.actor, no_restart=True)
        deadline = time.monotonic() + max(5.0, patience)
        while time.monotonic() < deadline and any(process_exists(pid) for pid in here):
            time.sleep(0.05)


def _raise_what_ends_the_run(cause: object, error: Exception) -> None:
    """Raise a worker's error here where every worker would meet it; it crossed a border, so it is made anew."""
    if isinstance(cause, EditloupeError) and ends_the_run(cause):
        # Ray's own mixture of both classes would print as its traceback.
        kind = next(base for base in type(cause).__mro__ if base.__module__ == EditloupeError.__module__)
        raise kind(str(cause)) from error


def _wanted(settings: WorkerSettings, resources: dict[str, float]) -> int:
    """How many workers the devices make."""
    if settings.gpus_per_worker == 0:
        return settings.device_count or max(1, int(resources.get("CPU", 1)))
    devices = settings.device_count or resources.get("GPU", 0)
    wanted = int(devices / settings.gpus_per_worker)
    if wanted < 1:
        raise ConfigError(
            f"workers: {devices:g} GPU(s) make no worker of {settings.gpus_per_worker:g}; set `devices:`, or "
            "`gpus_per_worker: 0` to work on processors"
        )
    return wanted


def _is_our_worker(pid: int) -> bool:
    """Whether a worker of this machine still runs; one of another machine has no such process here, or not of Ray."""
    return calls_itself(pid, "ray::Worker")
