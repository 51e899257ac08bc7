"""What was answered before: the store's ledger, held by a thread of its own, as SQLite wants it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from editloupe.errors import StorageError
from editloupe.records import Reply
from editloupe.store.ledger import Ledger

__all__ = ["Recall"]

log = logging.getLogger(__name__)

Result = TypeVar("Result")


class Recall:
    """A ledger that may be asked from any thread; a context manager.

    Only replies are kept: a failure is tried again when the item comes again.

    Args:
        folder: of the ledger; a study's own folder serves too, while no study runs in it.

    Raises:
        StudyLocked: another process holds the folder.
        StorageError: the folder cannot be written.
        DataError: the file in it is no ledger.
    """

    def __init__(self, folder: Path) -> None:
        self._thread = ThreadPoolExecutor(1, "ledger")
        self.refused = 0
        try:
            self._ledger = self._thread.submit(Ledger, folder).result()
        except BaseException:
            self._thread.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._in_thread(self._ledger.close)
        self._thread.shutdown()

    def find(self, keys: Sequence[str]) -> dict[str, Reply]:
        """The replies that are recorded under the keys."""
        recorded = self._in_thread(lambda: self._ledger.find(keys))
        return {key: outcome for key, outcome in recorded.items() if isinstance(outcome, Reply)}

    def record(self, replies: Sequence[tuple[str, Reply]]) -> None:
        """Keep replies; returns when they are on the disk. A full disk is logged, and the replies still count."""
        if not replies:
            return
        try:
            self._in_thread(lambda: self._ledger.record(replies))
        except StorageError as error:
            self.refused += len(replies)
            log.error("%d replies could not be kept and will be computed again: %s", len(replies), error)  # noqa: TRY400 - the sentence says it all

    def digest(self, path: Path) -> str:
        """SHA-256 of a file, remembered."""
        return self._in_thread(lambda: self._ledger.digest(path))

    def _in_thread(self, call: Callable[[], Result]) -> Result:
        return self._thread.submit(call).result()
