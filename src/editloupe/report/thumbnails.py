"""Small pictures for the pages, named by the content of the large ones and made once."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from editloupe.errors import ImageError
from editloupe.images import decode, fit
from editloupe.machine import cores
from editloupe.records import ImageFile
from editloupe.store.blobs import write_durably

__all__ = ["LONGEST_EDGE", "link_to", "make_thumbnails"]

LONGEST_EDGE = 320
QUALITY = 82

_BLOB = re.compile(r"[0-9a-f]{64}")


def make_thumbnails(folder: Path, pictures: Iterable[str]) -> dict[str, str]:
    """Make what is missing under ``folder/thumbnails/ab/SHA256.webp``.

    Args:
        folder: the study folder.
        pictures: paths in it, relative.

    Returns:
        The thumbnail's relative path by picture. A picture that is missing, broken or outside the folder has none.
    """
    digests = {}
    for picture in dict.fromkeys(pictures):
        digest = _digest(folder, picture)
        if digest is not None:
            digests[picture] = digest
    by_digest = {digest: picture for picture, digest in digests.items()}
    # Threads pay, because Pillow releases the interpreter while it decodes, scales and encodes.
    with ThreadPoolExecutor(max_workers=min(8, cores())) as pool:
        made = dict(pool.map(lambda item: (item[0], _make(folder, item[0], item[1])), by_digest.items()))
    return {picture: _place(digest) for picture, digest in digests.items() if made[digest]}


def link_to(picture: str) -> str | None:
    """Return a relative URL for a path in the study folder; None for one that leads out of it."""
    path = PurePosixPath(picture)
    if not picture or path.is_absolute() or ".." in path.parts or "\0" in picture:
        return None
    return "./" + quote(str(path), safe="/", errors="replace")


def _place(digest: str) -> str:
    return f"thumbnails/{digest[:2]}/{digest}.webp"


def _digest(folder: Path, picture: str) -> str | None:
    """The SHA-256 of the picture's bytes; a blob's name says it, so that a rebuild reads no large files."""
    if link_to(picture) is None:
        return None
    try:
        path = (folder / picture).resolve()
        if path.parent.parent.name == "blobs" and _BLOB.fullmatch(path.stem):
            return path.stem if path.is_file() else None
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError):
        return None


def _make(folder: Path, digest: str, picture: str) -> bool:
    target = folder / _place(digest)
    if target.exists():
        return True
    try:
        image = fit(decode(ImageFile(folder / picture, digest)), LONGEST_EDGE)
    except ImageError:
        return False
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=QUALITY)
    write_durably(target, buffer.getvalue())
    return True
