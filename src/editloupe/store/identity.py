"""What tells that a file is still the one that was read before: its real path, its size and its time."""

from __future__ import annotations

import os
import stat
from pathlib import Path

__all__ = ["FileIdentities", "Identity"]

Identity = tuple[str, int, int]
"""(real path, size, mtime_ns)."""


class FileIdentities:
    """Looks files up; the real path of a folder is found out once, because a million files lie in few of them."""

    def __init__(self) -> None:
        self._folders: dict[str, str] = {}

    def of(self, path: Path) -> Identity:
        """The identity of a file.

        Raises:
            OSError, ValueError: there is no such file; its name holds a null character.
        """
        text = os.fspath(path)
        status = os.lstat(text)
        if stat.S_ISLNK(status.st_mode):
            status = os.stat(text)  # noqa: PTH116 - a path of its own for each of a million files is what this is to avoid
            return os.path.realpath(text), status.st_size, status.st_mtime_ns
        folder, name = os.path.split(text)
        if name in ("", ".", ".."):
            return os.path.realpath(text), status.st_size, status.st_mtime_ns
        if folder not in self._folders:
            self._folders[folder] = os.path.realpath(folder)
        return os.path.join(self._folders[folder], name), status.st_size, status.st_mtime_ns  # noqa: PTH118
