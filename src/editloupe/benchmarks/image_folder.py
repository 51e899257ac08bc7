"""The images that annotations name, in the folder as its authors publish it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from editloupe.benchmarks.findings import Finding
from editloupe.errors import ItemError
from editloupe.records import Picture
from editloupe.store.blobs import Store

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
        self._listings: dict[str, list[str]] = {}

    def take(self, name: str, store: Store) -> Picture:
        """Keep the image of that name.

        Raises:
            ItemError: the name leads out of the folder, or the image is missing or unusable.
        """
        inside = _inside(name)
        if inside is None:
            raise ItemError(f"the image {name!r} leads out of {str(self.root)!r}", kind="bad-sample")
        image = inside if inside in self._images_of(_folder(inside)) else self._other_extension(inside)
        self._named.add(image)
        if image != inside:
            self._renamed[inside] = image
        return store.take(self.root / image)

    def note(self, name: str) -> None:
        """Remember an image that the caller takes itself; one outside of the folder is none of its business."""
        inside = _inside(name)
        if inside is not None:
            self._named.add(inside)

    def findings(self, category_of: Callable[[str], str]) -> Iterator[Finding]:
        """What is to be said of the folders in which the named images lie, after all samples have been read.

        Args:
            category_of: tells the category of a file by its path relative to the root.
        """
        for name, renamed in self._renamed.items():
            yield Finding("other-extension", f"{name!r} is {PurePosixPath(renamed).name!r} here", category_of(renamed))
        by_folder: dict[str, Counter[str]] = {}
        for folder in sorted({_folder(name) for name in self._named}):
            for name in self._images_of(folder):
                by_folder.setdefault(folder, Counter())[PurePosixPath(name).suffix] += 1
                if name not in self._named:
                    yield Finding("unused-image", f"no annotation names {name!r}", category_of(name))
        for folder, suffixes in by_folder.items():
            if len(suffixes) > 1:
                counts = ", ".join(f"{count} {suffix}" for suffix, count in sorted(suffixes.items()))
                category = category_of(f"{folder}/x" if folder else "x")
                yield Finding("mixed-extensions", f"{folder or '.'}: {counts}; all of them are read", category)

    def _images_of(self, folder: str) -> list[str]:
        """The images in a folder by their paths relative to the root; only folders that are named are listed."""
        if folder not in self._listings:
            try:
                files = sorted(path.name for path in (self.root / folder).iterdir())
            except (OSError, ValueError):  # it is not there; taking the image says so
                files = []
            self._listings[folder] = [f"{folder}/{name}" if folder else name for name in files if _is_image(name)]
        return self._listings[folder]

    def _other_extension(self, name: str) -> str:
        """The only file that differs in its extension alone, or the name itself."""
        wanted = PurePosixPath(name)
        if wanted.suffix.lower() not in SUFFIXES:
            return name
        images = [image for image in self._images_of(_folder(name)) if PurePosixPath(image).stem == wanted.stem]
        return images[0] if len(images) == 1 else name


def _inside(name: str) -> str | None:
    """A relative name in its normal form, or None where it leads out of its folder."""
    normal = PurePosixPath(os.path.normpath(name.replace("\\", "/"))).as_posix()
    return None if normal.startswith(("../", "/")) or normal in ("..", ".") else normal


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _is_image(name: str) -> bool:
    return not name.startswith(".") and PurePosixPath(name).suffix.lower() in SUFFIXES
