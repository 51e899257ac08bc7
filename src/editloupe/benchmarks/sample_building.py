"""What the loaders of data files share: from an item as the file tells it to a `Sample`, whatever is wrong with it."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from editloupe.benchmarks.empty_cells import is_empty
from editloupe.benchmarks.findings import Finding
from editloupe.errors import DataError, ImageError, ItemError, failure_from
from editloupe.records import Picture, Sample

__all__ = [
    "UNCATEGORIZED",
    "annotated",
    "annotation_file",
    "build_sample",
    "data_file",
    "failed",
    "from_base64",
    "parse_key",
    "sha256_of",
    "stem",
    "text",
]

UNCATEGORIZED = "uncategorized"

_FIELD = re.compile(r"[^\W\d]\w*")
_SHORT = 120

_DATA_URI = re.compile(r"data:[^,;]*(?:;[^,;]+)*;base64,", re.IGNORECASE)


def build_sample(
    draft: Sample,
    sources: Callable[[], Iterable[Picture]],
    reference: Callable[[], Iterable[Picture]] = tuple,
) -> Sample:
    """Add the images to a draft, or what is wrong with it.

    A sample without instruction or with an unusable image stays in the benchmark as a `Failure` of the stage
    ``sample``, under its id and category, so that it is counted. Errors of the machine (a full disk) are raised.

    Args:
        draft: the sample as the data file tells it, without images.
        sources: hands over the images to edit; may raise `ItemError`.
        reference: the same for images of a correct result.

    Returns:
        The finished sample.
    """
    try:
        return replace(_instructed(draft), sources=_some(sources(), draft), reference=tuple(reference()))
    except ItemError as error:
        return replace(draft, failure=failure_from(error, "sample"))


def failed(identifier: str, category: str, error: ItemError, groups: Mapping[str, str] | None = None) -> Sample:
    """A sample of which nothing but its place is usable."""
    return Sample(identifier, category, "", groups=groups or {}, failure=failure_from(error, "sample"))


def _instructed(draft: Sample) -> Sample:
    if not draft.instruction:
        raise ItemError(f"sample {draft.id!r} has no instruction", kind="no-instruction")
    return draft


def _some(pictures: Iterable[Picture], draft: Sample) -> tuple[Picture, ...]:
    some = tuple(pictures)
    if not some:
        raise ImageError(f"sample {draft.id!r} has no image", kind="no-image")
    return some


def from_base64(encoded: str) -> bytes:
    """Decode base64, bare or as a data URI; a character outside of the alphabet is an error, not skipped.

    Raises:
        ImageError: of kind ``not-base64``.
    """
    body = encoded.strip()
    head = _DATA_URI.match(body[:200])
    if head:
        body = body[head.end() :]
    try:
        return binascii.a2b_base64(body.encode("ascii"), strict_mode=True)
    except ValueError as error:  # binascii.Error and UnicodeEncodeError are both of this kind
        raise ImageError(
            f"the image is not base64: {error}; it begins with {encoded[:40]!r}", kind="not-base64"
        ) from error


def text(value: Any) -> str:
    """Return a field as stripped text: numbers as they are written, anything missing or nested as an empty string."""
    if is_empty(value):
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return ""


def parse_key(value: Any, absent: str, category: str, notes: list[Finding]) -> str:
    """Return an annotation's key as text; a number is taken for one, and noted.

    Args:
        value: as the data has it.
        absent: the key where there is none.
        category: of the annotation, for the note.
        notes: takes the note.

    Raises:
        ItemError: it is neither text nor a whole number.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        notes.append(Finding("number-key", f"the key {value!r} is a number, not text", category))
        return str(value)
    if is_empty(value):
        return absent
    if not isinstance(value, str):
        raise ItemError(f"the key is {value!r:.60}, not text", kind="bad-sample")
    return value.strip()


def annotated(item: Mapping[str, Any], **own: str) -> dict[str, str]:
    """What an annotation calls its sample: its short fields as text, and what the loader adds where they are silent.

    Args:
        item: the annotation.
        own: what the loader knows besides, such as the sample's ``position`` in the file; empty ones are left out.
    """
    fields = {name: value for name, value in own.items() if value}
    for name, value in item.items():
        if name in ("category", "subset") or (isinstance(value, str) and len(value) > _SHORT):
            continue  # the category has a name of its own; a long text is no name, and may be a picture of megabytes
        plain = text(value)
        if plain and isinstance(name, str) and _FIELD.fullmatch(name):
            fields[name] = plain
    return fields


def stem(path: str) -> str:
    """Return the name of a file without folders (of either system's spelling) and extension; empty for none."""
    name = PurePosixPath(path.replace("\\", "/")).stem
    return "" if name in (".", "..") else name.strip()


def data_file(path: str) -> Path:
    """Return the path of a data file that exists.

    Raises:
        DataError: there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        state = "is a folder" if file.is_dir() else "does not exist"
        raise DataError(f"the data file {path!r} {state}; correct `path` in the benchmark's part of the config")
    return file


def annotation_file(path: str, names: Sequence[str]) -> Path:
    """Return the annotation file that a config means: the file itself, or the first of `names` in its folder.

    Raises:
        DataError: there is none.
    """
    folder = Path(path)
    if not folder.is_dir():
        return data_file(path)
    annotations = next((folder / name for name in names if (folder / name).is_file()), None)
    if annotations is None:
        raise DataError(
            f"the folder {path!r} holds no {names[0]!r}; correct `path` in the benchmark's part of the config, or name "
            "the annotation file itself"
        )
    return annotations


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, read in pieces."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
