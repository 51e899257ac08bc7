"""The border to the file system: whatever refuses a write becomes one sentence that says what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from editloupe.errors import StorageError

__all__ = ["LedgerConnection", "refused", "writing"]

_RESUME = "what is recorded stays, and the same command goes on from there"
_MEND = {
    errno.ENOSPC: f"free some space; {_RESUME}",
    errno.EDQUOT: f"free some space or have the quota raised; {_RESUME}",
    errno.EROFS: "it is mounted for reading only; copy the study, or choose another place",
    errno.EACCES: "have it made writable for you, or choose another place",
    errno.EPERM: "have it made writable for you, or choose another place",
    errno.EFBIG: "this file system or `ulimit -f` allows no file of that size; choose another place",
}


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate what a file system raises while `path` is written.

    Raises:
        StorageError: it refused.
    """
    try:
        yield
    except OSError as error:
        raise refused(path, error) from error


def refused(path: Path, error: OSError) -> StorageError:
    """The error that says in one sentence why `path` cannot be written, and what to do."""
    reason = f"{str(path)!r} cannot be written: {error.strerror or error}"
    mend = _MEND.get(error.errno or 0)
    return StorageError(f"{reason}; {mend}" if mend else f"{reason}; {_RESUME}")


class LedgerConnection(sqlite3.Connection):
    """A connection whose statements raise `StorageError` where the disk, not the statement, is to blame."""

    path = Path("ledger.sqlite")

    def execute(self, *arguments: object) -> sqlite3.Cursor:
        """As `sqlite3.Connection.execute`."""
        with self._storage():
            return super().execute(*arguments)  # type: ignore[arg-type]

    def executemany(self, *arguments: object) -> sqlite3.Cursor:
        """As `sqlite3.Connection.executemany`."""
        with self._storage():
            return super().executemany(*arguments)  # type: ignore[arg-type]

    def executescript(self, script: str) -> sqlite3.Cursor:
        """As `sqlite3.Connection.executescript`."""
        with self._storage():
            return super().executescript(script)

    @contextmanager
    def _storage(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            name = getattr(error, "sqlite_errorname", None) or ""
            if not name.startswith(("SQLITE_FULL", "SQLITE_READONLY", "SQLITE_IOERR", "SQLITE_CANTOPEN")):
                raise
            # SQLite says what it could not do, not why; its commonest reason has a number of its own.
            number = errno.ENOSPC if name == "SQLITE_FULL" else errno.EIO
            number = errno.EROFS if name.startswith("SQLITE_READONLY") else number
            raise refused(self.path, OSError(number, str(error))) from error
