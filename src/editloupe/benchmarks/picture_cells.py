"""The pictures of a cell: a path or several, bytes as data sets hold them, or base64."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from editloupe.benchmarks.empty_cells import is_empty
from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.benchmarks.sample_building import from_base64, stem
from editloupe.errors import ImageError, ItemError
from editloupe.records import Picture
from editloupe.store.blobs import Store

__all__ = ["PictureCells", "stem_of"]

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{100,}={0,2}\s*")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]|\\\\")


class PictureCells:
    """Hands over the pictures of cells, and remembers which files were named.

    A relative path begins at the folder; an absolute one and ``..`` are followed as they are written, because a table
    is its user's own, and what lies outside is said.

    Args:
        root: where relative paths begin.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self.folder = ImageFolder(root)

    def take(self, value: Any, store: Store) -> tuple[Picture, ...]:
        """Keep the pictures of a cell.

        Raises:
            ItemError: one of them is missing or unusable, or the cell holds something else.
        """
        return tuple(self._one(part, store) for part in _parts(value))

    def _one(self, part: Any, store: Store) -> Picture:
        if isinstance(part, dict):
            data = part.get("bytes")
            if isinstance(data, str):
                return store.put(from_base64(data))
            part = data or part.get("path")
        if isinstance(part, bytes | bytearray):
            return store.put(bytes(part))
        if not isinstance(part, str) or is_empty(part):
            raise ItemError(f"{part!r:.80} is neither a path nor a list of paths", kind="bad-sample")
        text = part.strip()
        if text.startswith("data:") or _BASE64.fullmatch(text):
            return store.put(from_base64(text))
        if _ADDRESS.match(text):
            raise ImageError(
                f"the image {text!r:.120} is an address, and nothing is downloaded; fetch it and name the file",
                kind="no-image",
            )
        name = self._name(text)
        self.folder.note(name)
        return store.take(self._root / name)

    def _name(self, text: str) -> str:
        """The path as this system writes it; a name that holds a backslash here is taken as it is."""
        if "\\" not in text or _exists(self._root / text):
            return text
        if _DRIVE.match(text):
            raise ImageError(
                f"the image {text!r} is a path of another, Windows machine; make the paths relative to the table, or "
                "to the folder that `images` names",
                kind="missing-file",
                retryable=True,
            )
        return text.replace("\\", "/")


def stem_of(value: Any) -> str:
    """The name of a cell's first picture, without folder and extension; empty where it has none."""
    try:
        first = _parts(value)[0]
    except (ItemError, IndexError):
        return ""
    named = first.get("path") if isinstance(first, dict) else first
    return stem(named) if isinstance(named, str) and len(named) < 1000 else ""


def _parts(value: Any) -> list[Any]:
    """Read one picture or several: a list, or (in a CSV cell) the JSON of a list."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return [value.strip()]  # a file's name may begin with a bracket
    if isinstance(value, list | tuple):
        return list(value)
    return [] if is_empty(value) else [value]


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):
        return False
