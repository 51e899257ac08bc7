"""Images by content: `blobs/ab/SHA256.png`, each complete on disk before anything refers to it."""

from __future__ import annotations

import filecmp
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from editloupe.errors import ImageError
from editloupe.images import decode, inspect
from editloupe.records import ImageBytes, ImageFile, Picture
from editloupe.store.identity import FileIdentities, Identity
from editloupe.store.writing import writing

__all__ = ["BlobStore", "DecodingStore", "NoStore", "Store", "blob_path", "sweep", "write_durably", "written_durably"]


class Store(Protocol):
    """Where a benchmark puts its images."""

    def put(self, data: bytes) -> Picture:
        """Keep encoded bytes. Raises `ImageError` for what is no acceptable image."""

    def take(self, path: Path) -> Picture:
        """Keep a file's bytes. Raises `ImageError` for a missing file or no acceptable image."""


class NoStore:
    """Checks images like a store and keeps nothing."""

    def put(self, data: bytes) -> Picture:
        """Check encoded bytes."""
        inspect(data)
        return ImageBytes(data)

    def take(self, path: Path) -> Picture:
        """Check a file."""
        inspect(_read(path), str(path))
        return ImageFile(path, "")


class DecodingStore:
    """Decodes images to their last pixel and keeps nothing: for `editloupe check`, which finds what is cut off."""

    def put(self, data: bytes) -> Picture:
        """Check encoded bytes."""
        picture = ImageBytes(data)
        decode(picture)
        return picture

    def take(self, path: Path) -> Picture:
        """Check a file."""
        picture = ImageFile(path, "")
        try:
            decode(picture)
        except ValueError as error:  # a null character in the name
            raise _missing(path, error) from error
        return picture


class BlobStore:
    """A folder of images named by the SHA-256 of their bytes.

    Args:
        root: the folder; made when needed.
        remembered: looks up (path, size, mtime_ns) -> SHA-256 of a file seen before, or None.
        remember: stores the same; only files that passed `inspect` are remembered.
        note_taken: is told of each file that was taken, and its identity.
    """

    def __init__(
        self,
        root: Path,
        remembered: Callable[[str, int, int], str | None] = lambda *_: None,
        remember: Callable[[str, int, int, str], None] = lambda *_: None,
        note_taken: Callable[[Path, Identity], None] = lambda *_: None,
    ) -> None:
        self.root = root
        self._remembered = remembered
        self._remember = remember
        self._note_taken = note_taken
        self._identities = FileIdentities()

    def put(self, data: bytes) -> ImageFile:
        """Keep encoded bytes.

        Raises:
            ImageError: they are no acceptable image.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path_of(sha256)
        if not path.exists():
            inspect(data)
            write_durably(path, data)
        return ImageFile(path, sha256)

    def take(self, path: Path) -> ImageFile:
        """Keep a file's bytes; reads the file only when its size or time changed since the last look.

        Raises:
            ImageError: the file is missing or no acceptable image.
        """
        try:
            identity = self._identities.of(path)
        except (OSError, ValueError) as error:  # ValueError: a null character in the name
            raise _missing(path, error) from error
        sha256 = self._remembered(*identity)
        if sha256 is not None and (blob := self.path_of(sha256)).exists():
            self._note_taken(path, identity)
            return ImageFile(blob, sha256)
        data = _read(path)
        inspect(data, str(path))
        image = self.put(data)
        self._remember(*identity, image.sha256)
        self._note_taken(path, identity)
        return image

    def path_of(self, sha256: str) -> Path:
        """Where a blob lies."""
        return blob_path(self.root, sha256)


def blob_path(root: Path, sha256: str) -> Path:
    """Where a blob lies under `root`. The suffix is for people; the bytes say what format they are."""
    return Path(f"{root}/{sha256[:2]}/{sha256}.png")


def write_durably(path: Path, data: bytes) -> None:
    """Write a temporary file beside `path`, flush it to the disk, and rename: all of it is there, or nothing.

    Raises:
        StorageError: the file system refuses.
    """
    with written_durably(path) as file:
        file.write(data)


@contextmanager
def written_durably(path: Path, *, unless_same: bool = False) -> Iterator[BinaryIO]:
    """Hand out a temporary file beside `path`; in the end flush it to the disk and rename it.

    Args:
        path: the file that is to be there as a whole or not at all.
        unless_same: leave the file that is there alone where nothing in it has changed.

    Raises:
        StorageError: the file system refuses.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.tmp")
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("wb") as file:
                yield file
                file.flush()
                if not (same := unless_same and path.is_file() and filecmp.cmp(temporary, path, shallow=False)):
                    os.fsync(file.fileno())
            if same:
                temporary.unlink()
            else:
                temporary.replace(path)
        except BaseException:
            with suppress(OSError):  # what was begun takes space, which may be what lacks
                temporary.unlink()
            raise


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed process left; only for who holds the study's lock."""
    for path in folder.rglob(".*.tmp"):
        path.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except (OSError, ValueError) as error:
        raise _missing(path, error) from error


def _missing(path: Path, error: OSError | ValueError) -> ImageError:
    return ImageError(
        f"cannot read {str(path)!r}: {getattr(error, 'strerror', None) or error}", kind="missing-file", retryable=True
    )
