"""The images that annotations name, in the folder as its authors publish it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path, PurePosixPath

from editloupe.benchmarks.findings import Finding
from editloupe.blobs import Store
from editloupe.errors import ItemError
from editloupe.records import Picture

__all__ = ["ImageFolder"]

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".avif"})


class ImageFolder:
    """Hands over images by their names, and remembers which it was asked for.

    Where a file's name differs from the annotation's only in its extension, the file is taken and that is said: the
    published folders mix extensions, and copies of them convert some.

    Args:
        root: where relative names begin; nothing outside of it is read.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._named: set[str] = set()
        self._renamed: dict[str, str] = {}

    def take(self, name: str, store: Store) -> Picture:
        """Keep the image of that name.

        Raises:
            ItemError: the name leads out of the folder, or the image is missing or unusable.
        """
        inside = PurePosixPath(os.path.normpath(name.replace("\\", "/"))).as_posix()
        if inside.startswith(("../", "/")) or inside in ("..", "."):
            raise ItemError(f"the image {name!r} leads out of {str(self.root)!r}", kind="bad-sample")
        found = inside if inside in self._files else self._other_extension(inside)
        self._named.add(found)
        if found != inside:
            self._renamed[inside] = found
        return store.take(self.root / found)

    def findings(self, category_of: Callable[[str], str]) -> Iterator[Finding]:
        """What is to be said of the folders in which the named images lie, after all samples have been read.

        Args:
            category_of: tells the category of a file by its path relative to the root.
        """
        for name, found in self._renamed.items():
            yield Finding("other-extension", f"{name!r} is {PurePosixPath(found).name!r} here", category_of(found))
        there = [name for name in self._files if _folder(name) in self._folders]
        by_folder: dict[str, Counter[str]] = {}
        for name in there:
            by_folder.setdefault(_folder(name), Counter())[PurePosixPath(name).suffix] += 1
            if name not in self._named:
                yield Finding("unused-image", f"no annotation names {name!r}", category_of(name))
        for folder, suffixes in by_folder.items():
            if len(suffixes) > 1:
                counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
                category = category_of(f"{folder}/x" if folder else "x")
                yield Finding("mixed-extensions", f"{folder or '.'}: {counts}; all of them are read", category)

    @property
    def _folders(self) -> set[str]:
        return {_folder(name) for name in self._named}

    @cached_property
    def _files(self) -> dict[str, None]:
        found = []
        for folder, _, files in os.walk(self.root):
            inside = Path(folder).relative_to(self.root)
            found += [(inside / name).as_posix() for name in files if _is_image(name)]
        return dict.fromkeys(sorted(found))

    @cached_property
    def _by_stem(self) -> dict[str, list[str]]:
        stems: dict[str, list[str]] = {}
        for name in self._files:
            stems.setdefault(PurePosixPath(name).with_suffix("").as_posix(), []).append(name)
        return stems

    def _other_extension(self, name: str) -> str:
        """The only file that differs in its extension alone, or the name itself."""
        if PurePosixPath(name).suffix.lower() not in SUFFIXES:
            return name
        found = self._by_stem.get(PurePosixPath(name).with_suffix("").as_posix(), [])
        return found[0] if len(found) == 1 else name


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _is_image(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in SUFFIXES
