"""The files of a folder by names that other systems write differently."""

from __future__ import annotations

import fnmatch
import os
import unicodedata
from pathlib import Path

__all__ = ["Files", "folded"]


def folded(name: str) -> str:
    """A file's name as it is compared: one Unicode form, its extension in lower case."""
    stem, dot, suffix = unicodedata.normalize("NFC", name).rpartition(".")
    return f"{stem}.{suffix.lower()}" if dot else suffix


class Files:
    """Finds files below a folder whatever the Unicode form of their names and the case of their extensions.

    Links are followed: whoever may put one into the folder may read what it points to. No name leads out of it.

    Args:
        root: the folder, absolute.
    """

    def __init__(self, root: str) -> None:
        self._root = root
        self._listings: dict[str, tuple[int, dict[str, list[str]]]] = {}

    def matching(self, path: str) -> list[str]:
        """The files that a path below the folder means: itself, else those of a name that only looks different.

        A ``*`` in the file's name stands for anything.
        """
        folder, name = os.path.split(path)
        if "*" in name:
            return [
                f"{inside}/{entry}"
                for inside in self._folders(folder)
                for key, names in self._listing(inside).items()
                if fnmatch.fnmatchcase(key, folded(name).replace("[", "[[]").replace("?", "[?]"))
                for entry in names
                if os.path.isfile(f"{inside}/{entry}")  # noqa: PTH113
            ]
        # unlike `Path.is_file`, `isfile` answers False for names too long or with a null character
        if os.path.isfile(path):  # noqa: PTH113
            return [path]
        paths = [
            f"{inside}/{entry}"
            for inside in self._folders(folder)
            for entry in self._listing(inside).get(folded(name), ())
        ]
        return [path for path in paths if os.path.isfile(path)]  # noqa: PTH113

    def _folders(self, path: str) -> list[str]:
        """The folders that a path below the root means."""
        folders = [self._root]
        for part in [part for part in path.removeprefix(self._root).split("/") if part]:
            exact = [f"{folder}/{part}" for folder in folders if os.path.isdir(f"{folder}/{part}")]  # noqa: PTH112
            folders = exact or [
                f"{folder}/{entry}"
                for folder in folders
                for entry in self._listing(folder).get(folded(part), ())
                if os.path.isdir(f"{folder}/{entry}")  # noqa: PTH112
            ]
        return folders

    def _listing(self, folder: str) -> dict[str, list[str]]:
        """Names by how they are compared; read again when the folder has changed."""
        try:
            changed = Path(folder).stat().st_mtime_ns
        except (OSError, ValueError):
            return {}
        known = self._listings.get(folder)
        if known is None or known[0] != changed:
            names: dict[str, list[str]] = {}
            for name in sorted(os.listdir(folder)):  # noqa: PTH208 - names are all that is wanted
                names.setdefault(folded(name), []).append(name)
            known = self._listings[folder] = (changed, names)
        return known[1]
