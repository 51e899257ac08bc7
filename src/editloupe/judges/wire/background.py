"""Asynchronous work in a thread of its own, seen as a plain iterator: it goes on while the caller commits results."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

__all__ = ["in_background"]

T = TypeVar("T")

LINGER = 0.1
"""Seconds in which results gather for one batch: each batch is a transaction, a flush to the disk and a line of log."""


class _End:
    def __init__(self, error: BaseException | None) -> None:
        self.error = error


def in_background(work: Callable[[Callable[[T], None]], Coroutine[Any, Any, None]]) -> Iterator[list[T]]:
    """Run `work(emit)` in an event loop of its own.

    Args:
        work: makes the coroutine; it calls `emit` with each result.

    Yields:
        What arrived within a short time, at least one result.

    Raises:
        Exception: what the work raises, after all results that came before.
    """
    arrived: SimpleQueue[T | _End] = SimpleQueue()
    started: SimpleQueue[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = SimpleQueue()

    async def main() -> None:
        task = asyncio.current_task()
        assert task is not None
        started.put((asyncio.get_running_loop(), task))
        await work(arrived.put)

    def run() -> None:
        error: BaseException | None = None
        try:
            asyncio.run(main())
        except BaseException as raised:  # noqa: BLE001 - it is raised again in the caller's thread
            error = raised
        arrived.put(_End(error))

    thread = threading.Thread(target=run, name="editloupe-wire", daemon=True)
    thread.start()
    loop, task = started.get()
    try:
        yield from _batches(arrived)
    finally:
        with suppress(RuntimeError):  # the loop is closed: the work is done
            loop.call_soon_threadsafe(task.cancel)
        thread.join()


def _batches(arrived: SimpleQueue[Any]) -> Iterator[list[Any]]:
    while True:
        batch = [arrived.get()]
        deadline = time.monotonic() + LINGER
        with suppress(Empty):
            while not isinstance(batch[-1], _End):
                batch.append(arrived.get(timeout=max(0.0, deadline - time.monotonic())))
        end = batch.pop() if isinstance(batch[-1], _End) else None
        if batch:
            yield batch
        if end is not None:
            if end.error is not None:
                raise end.error
            return
