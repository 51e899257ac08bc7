"""A batch function that may raise becomes a stream that never loses an item.

When a batch raises, it is split in halves until the guilty item stands alone; that item becomes a `Failure`, all others
get their result. When memory runs out, the cache is freed, the batch is halved, the ceiling for what follows is
lowered, and creeps up again after a while. Every fallback is one line in the log, as long as there are few of a kind.

Nothing waits: the function runs on a thread of its own, so what came out of a batch is committed, and what the next
ones need is prepared, while the model works on the present one.
"""

from __future__ import annotations

import gc
import itertools
import logging
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from editloupe.errors import ends_the_run, failure_from, is_out_of_memory
from editloupe.records import Failure, Stage

__all__ = ["AUTO_ROWS", "Ceiling", "Done", "is_out_of_memory", "stream"]

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE = 8
"""Full batches that must go well before the ceiling is raised by a step."""

AUTO_ROWS = 8
"""Items per batch where the size is left to us and the model knows nothing of tokens."""

AHEAD = 2
"""How many batches of items are prepared ahead of the one that the model works on."""

LINES = 9
"""Lines of the log about failures of one kind; the others are counted in a last one."""

PREPARERS = 2
"""Threads that prepare: decoding and resizing release the interpreter's lock, so two keep one model busy."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """An item with what became of it, and its share of the batch's wall time in seconds."""

    item: Item
    outcome: Result | Failure
    seconds: float


class Ceiling:
    """How much a batch may weigh: starts at `size`, falls when memory runs out, creeps up again.

    Args:
        size: in items, or in tokens, or whatever the weights are in.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.now = size
        self._good = 0

    def resize(self, size: int) -> None:
        """Follow a changed size; what was learned from batches that did not fit stays."""
        self.now = size if self.now == self.size else min(self.now, size)
        self.size = size

    def went_well(self, weight: int) -> None:
        """Count a batch that fitted; one far below the ceiling proves nothing about it."""
        if self.now < self.size and weight * 10 >= self.now * 9:
            self._good += 1
            if self._good >= PATIENCE:
                self.now = min(self.size, self.now + max(1, self.size // 16))
                self._good = 0

    def too_much(self, weight: int) -> None:
        """Lower the ceiling below a batch that did not fit."""
        self.now = max(1, min(self.now, weight // 2))
        self._good = 0


def stream(
    items: Sequence[Item],
    function: Callable[[Sequence[Item]], Sequence[Result]],
    *,
    size: int | Callable[[], int],
    stage: Stage,
    weights: Sequence[int] | None = None,
    prepare: Callable[[Item], object] | None = None,
    ceiling: Ceiling | None = None,
) -> Iterator[list[Done[Item, Result]]]:
    """Run `function` over all items in batches.

    Args:
        items: what to process, in the order wanted.
        function: takes a batch, returns as many results in the same order; may raise. Called on one thread only.
        size: how much a batch may weigh, or a function that says so before each batch; 1 with no weights is one by
            one.
        stage: of the failures.
        weights: of each item, such as its tokens; 1 each by default. An item heavier than `size` runs alone.
        prepare: called once per item on other threads, before its turn; what it raises is left to `function`.
        ceiling: of an earlier stream in the same units, with what it has learned; a new one by default.

    Yields:
        What became of each batch, as it is done. Every item comes back exactly once, with a result or a `Failure`.

    Raises:
        EditloupeError: raised by `function` about more than one item (`ends_the_run`), such as a config that cannot be
            used or a model that cannot be loaded: nothing that smaller batches could mend, so nothing is tried again.
    """
    queue = _Queue(items, weights, ceiling or Ceiling(size() if callable(size) else size))
    ready: list[Done[Item, Result]] = []
    fallbacks = _FallbackLog(stage)
    with ThreadPoolExecutor(1, "model") as model, ThreadPoolExecutor(PREPARERS, "prepare") as preparers:
        coming = _Preparation(prepare, preparers)
        try:
            while batch := queue.take(size() if callable(size) else size):
                wanted = [item for _, item in batch]
                running = model.submit(_timed, function, wanted, coming.look_at(wanted))
                coming.look_at(queue.upcoming(AHEAD * len(batch)))
                if ready:
                    yield ready  # committed by the consumer while the model works
                ready = _settled(running, batch, queue, fallbacks)
            if ready:
                yield ready
        finally:
            fallbacks.close()
            model.shutdown(wait=True, cancel_futures=True)
            preparers.shutdown(wait=False, cancel_futures=True)


class _Queue(Generic[Item]):
    """What is still to do: parts of batches that failed come before anything new."""

    def __init__(self, items: Sequence[Item], weights: Sequence[int] | None, ceiling: Ceiling) -> None:
        self.ceiling = ceiling
        self._weights = weights
        self._fresh = deque(enumerate(items))
        self._again: deque[list[tuple[int, Item]]] = deque()

    def take(self, size: int) -> list[tuple[int, Item]]:
        """The next batch below `size`, as (position, item); empty at the end."""
        self.ceiling.resize(size)
        if not self._again:
            return self._below_ceiling(self._fresh)
        part = deque(self._again.popleft())
        batch = self._below_ceiling(part)
        if part:  # the ceiling fell after this part was put back
            self._again.appendleft(list(part))
        return batch

    def put_back(self, halves: Sequence[list[tuple[int, Item]]]) -> None:
        self._again.extendleft(reversed(halves))

    def upcoming(self, count: int) -> list[Item]:
        return [item for _, item in itertools.islice(self._fresh, count)]

    def weight(self, batch: Sequence[tuple[int, Item]]) -> int:
        return len(batch) if self._weights is None else sum(self._weights[position] for position, _ in batch)

    def _below_ceiling(self, source: deque[tuple[int, Item]]) -> list[tuple[int, Item]]:
        batch: list[tuple[int, Item]] = []
        total = 0
        while source:
            total += self.weight([source[0]])
            if batch and total > self.ceiling.now:
                break
            batch.append(source.popleft())
        return batch


class _Preparation(Generic[Item]):
    """Hands each item to `prepare` once, on other threads."""

    def __init__(self, prepare: Callable[[Item], object] | None, pool: ThreadPoolExecutor) -> None:
        self._prepare = prepare
        self._pool = pool
        self._running: dict[int, Future[object]] = {}

    def look_at(self, items: Sequence[Item]) -> list[Future[object]]:
        """Begin with the items that are new; returns what is to be waited for until all of them are prepared."""
        if self._prepare is None:
            return []
        for item in items:
            if id(item) not in self._running:
                self._running[id(item)] = self._pool.submit(self._prepare, item)
        return [self._running[id(item)] for item in items]


class _FallbackLog:
    """Says what failed, and counts instead of saying where there is too much of a kind."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._lines: Counter[str] = Counter()

    def say(self, kind: str, text: str) -> None:
        self._lines[kind] += 1
        if self._lines[kind] <= LINES:
            log.warning("%s %s", self.stage, text)

    def close(self) -> None:
        for kind, lines in self._lines.items():
            if lines > LINES:
                log.warning("%s: %d more lines about %s are left out", self.stage, lines - LINES, kind)


def _timed(
    function: Callable[[Sequence[Item]], Sequence[Result]], batch: Sequence[Item], prepared: Sequence[Future[object]]
) -> tuple[Sequence[Result], float]:
    started = time.perf_counter()
    wait(prepared)  # two threads are at it; what one of them raised, the function will raise again
    results = function(batch)
    if len(results) != len(batch):
        raise RuntimeError(f"{len(results)} results came back for a batch of {len(batch)}")
    return results, (time.perf_counter() - started) / len(batch)


def _settled(
    running: Future[tuple[Sequence[Result], float]],
    batch: list[tuple[int, Item]],
    queue: _Queue[Item],
    fallbacks: _FallbackLog,
) -> list[Done[Item, Result]]:
    """Wait for a batch; return what is settled, and put back what is to be tried in smaller parts."""
    started = time.perf_counter()
    try:
        results, seconds = running.result()
    except Exception as error:
        if ends_the_run(error):
            raise
        failure = _translated(error, fallbacks.stage)
        # The traceback holds the batch's tensors, which are to be freed before anything is tried again.
        error.__traceback__ = None
    else:
        queue.ceiling.went_well(queue.weight(batch))
        return [Done(item, result, seconds) for (_, item), result in zip(batch, results, strict=True)]
    del running
    if failure.kind == "out-of-memory":
        _free_memory()
        queue.ceiling.too_much(queue.weight(batch))
    reason = _first_line(failure.message)
    if len(batch) == 1:
        fallbacks.say(failure.kind, f"item failed ({failure.kind}): {reason}")
        return [Done(batch[0][1], failure, time.perf_counter() - started)]
    half = (len(batch) + 1) // 2
    parts = f"{half} + {len(batch) - half}"
    fallbacks.say(failure.kind, f"batch of {len(batch)} failed ({failure.kind}): {reason}; trying {parts}")
    queue.put_back([batch[:half], batch[half:]])
    return []


def _translated(error: Exception, stage: Stage) -> Failure:
    if is_out_of_memory(error):
        # Another run may find more memory free, or another machine.
        return Failure(stage, "out-of-memory", _first_line(str(error)) or "out of memory", retryable=True)
    return failure_from(error, stage)


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0][:200]
