"""A batch function that may raise becomes a stream that never loses an item.

When a batch raises, it is split in halves until the guilty item stands alone; that item becomes a `Failure`, all others
get their result. When memory runs out, the cache is freed, the batch is halved, the ceiling for what follows is
lowered, and creeps up again after a while. Every fallback is one line in the log.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from editloupe.errors import ConfigError, failure_from
from editloupe.records import Failure, Stage

__all__ = ["Ceiling", "Done", "is_out_of_memory", "stream"]

log = logging.getLogger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")

PATIENCE = 8
"""Full batches that must go well before the ceiling is raised by one item."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """An item with what became of it, and its share of the batch's wall time in seconds."""

    item: Item
    outcome: Result | Failure
    seconds: float


class Ceiling:
    """How many items a batch may hold: starts at `size`, falls when memory runs out, creeps up again."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.now = size
        self._good = 0

    def went_well(self, count: int) -> None:
        """Count a batch of `count` items that fitted."""
        if self.now < self.size and count >= self.now:
            self._good += 1
            if self._good >= PATIENCE:
                self.now += 1
                self._good = 0

    def too_much(self, count: int) -> None:
        """Lower the ceiling below a batch of `count` items that did not fit."""
        self.now = max(1, min(self.now, count // 2))
        self._good = 0


def stream(
    items: Sequence[Item],
    function: Callable[[Sequence[Item]], Sequence[Result]],
    *,
    size: int,
    stage: Stage,
) -> Iterator[list[Done[Item, Result]]]:
    """Run `function` over all items in batches.

    Args:
        items: what to process, in the order wanted.
        function: takes a batch, returns as many results in the same order; may raise.
        size: items per batch at most; 1 is one by one.
        stage: of the failures.

    Yields:
        What became of each batch, as it is done. Every item comes back exactly once, with a result or a `Failure`.

    Raises:
        ConfigError: raised by `function`; nothing that smaller batches could mend.
    """
    ceiling = Ceiling(size)
    waiting = deque(items)
    again: deque[list[Item]] = deque()  # parts of batches that failed, tried before anything new
    while waiting or again:
        if again:
            batch = again.popleft()
            if len(batch) > ceiling.now:  # the ceiling fell after this part was put back
                again.appendleft(batch[ceiling.now :])
                batch = batch[: ceiling.now]
        else:
            batch = [waiting.popleft() for _ in range(min(ceiling.now, len(waiting)))]
        started = time.perf_counter()
        try:
            results = function(batch)
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results came back for a batch of {len(batch)}")
        except ConfigError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it must not take other items with it
            failure = _translated(error, stage)
            full = failure.kind == "out-of-memory"
            del error
        else:
            seconds = (time.perf_counter() - started) / len(batch)
            ceiling.went_well(len(batch))
            yield [Done(item, result, seconds) for item, result in zip(batch, results, strict=True)]
            continue
        # Outside the except block: the traceback held the batch's tensors alive.
        if full:
            _free_memory()
            ceiling.too_much(len(batch))
        if len(batch) == 1:
            log.warning("%s item failed (%s): %s", stage, failure.kind, _first_line(failure.message))
            yield [Done(batch[0], failure, time.perf_counter() - started)]
            continue
        half = (len(batch) + 1) // 2
        log.warning(
            "%s batch of %d failed (%s): %s; trying %d + %d",
            stage,
            len(batch),
            failure.kind,
            _first_line(failure.message),
            half,
            len(batch) - half,
        )
        again.extendleft([batch[half:], batch[:half]])


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out, on any device, without importing torch."""
    if isinstance(error, MemoryError) or type(error).__name__ in ("OutOfMemoryError", "OutOfMemory"):
        return True
    # cuBLAS, cuDNN and the CPU's allocator report it as plain RuntimeError with these words.
    words = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "can't allocate memory", "not enough memory")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def _translated(error: Exception, stage: Stage) -> Failure:
    if is_out_of_memory(error):
        return Failure(stage, "out-of-memory", _first_line(str(error)) or "out of memory")
    return failure_from(error, stage)


def _free_memory() -> None:
    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(text: str) -> str:
    return text.strip().split("\n")[0][:200]
