"""The rows of a published data set, through the library `datasets`: from the hub, or from a folder.

Images are handed over as the bytes they are published as, never decoded and encoded again. Errors of `datasets` and
what lies below it become ours here and nowhere else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from editloupe.benchmarks.sample_building import sha256_of
from editloupe.errors import ConfigError, DataError, ImageError

__all__ = ["data_files", "every_hub_row", "every_local_row", "files_digest", "hub_rows", "image_bytes", "local_rows"]

_FORMATS = ("parquet", "arrow")


def data_files(path: str, split: str = "") -> list[Path]:
    """The files of a data set in a folder, at any depth: parquet, else arrow, which `save_to_disk` writes too.

    Where several splits lie side by side in folders of their own, only ``train`` is meant.

    Args:
        path: the folder, or one such file.
        split: where given, only files of this split are meant, which begin with its name or lie in its folder; all of
            them where none do.

    Raises:
        DataError: there are none.
    """
    folder = Path(path)
    if folder.is_file() and folder.suffix[1:] in _FORMATS:
        return [folder]
    for form in _FORMATS:
        files = sorted(file for file in folder.rglob(f"*.{form}") if not file.name.startswith("cache-"))
        mine = [file for file in files if file.parent.name == (split or "train")]
        mine = mine or [file for file in files if split and file.name.startswith(f"{split}-")]
        if files:
            return mine or files
    what = "holds no parquet or arrow files" if folder.is_dir() else "does not exist"
    raise DataError(f"the folder {path!r} {what}; correct `path` in the benchmark's part of the config")


def files_digest(path: str, split: str = "") -> str:
    """SHA-256 over the names and bytes of a data set's files.

    Raises:
        DataError: see `data_files`.
    """
    parts = [f"{file.name} {sha256_of(file)}\n" for file in data_files(path, split)]
    return hashlib.sha256("".join(parts).encode()).hexdigest()


def local_rows(
    path: str, columns: Sequence[str], images: Sequence[str], *, optional: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set in a folder, read as a stream.

    Args:
        path: see `data_files`.
        columns: that have to be there.
        images: those of `columns` that hold images, or lists of images.
        optional: columns that are read where they are there.

    Raises:
        ConfigError: `datasets` is not installed.
        DataError: the files cannot be read, or lack a column.
    """
    yield from _local(path, "", lambda data: _rows(data, columns, images, path, optional))


def every_local_row(path: str, split: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set in a folder with all of their columns, read as a stream.

    Args:
        path, split: see `data_files`.

    Raises:
        ConfigError: `datasets` is not installed.
        DataError: the files cannot be read.
    """
    yield from _local(path, split, lambda data: _undecoded(data, list(data.features or ())))


def _local(path: str, split: str, rows: Callable[[Any], Iterator[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    library = _datasets()
    files = data_files(path, split)
    try:
        names = [str(file) for file in files]
        data = library.load_dataset(files[0].suffix[1:], data_files=names, split="train", streaming=True)
        yield from rows(data)
    except (OSError, ValueError, KeyError, library.exceptions.DatasetsError) as error:
        raise DataError(f"the data set in {path!r} cannot be read: {_first_line(error)}") from error


def hub_rows(
    name: str, revision: str, columns: Sequence[str], images: Sequence[str], *, split: str = "train"
) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set on the hub, from the cache where it is there.

    Raises:
        ConfigError: `datasets` is not installed, or neither cache nor hub has the data set.
        DataError: it lacks a column.
    """
    yield from _rows(_from_hub(name, revision, split), columns, images, name)


def every_hub_row(name: str, revision: str, split: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data set on the hub with all of their columns, from the cache where it is there.

    Raises:
        ConfigError: `datasets` is not installed, or neither cache nor hub has the data set.
    """
    data = _from_hub(name, revision, split)
    yield from _undecoded(data, list(data.features))


def _from_hub(name: str, revision: str, split: str) -> Any:
    library = _datasets()
    try:
        return library.load_dataset(name, split=split, revision=revision)
    except (OSError, ValueError, RuntimeError, library.exceptions.DatasetsError) as error:
        raise ConfigError(
            f"the data set {name!r} at revision {revision!r} is not in the cache and cannot be downloaded: "
            f"{_first_line(error)}; download it elsewhere and give its folder as `path`"
        ) from error


def image_bytes(value: Any) -> bytes:
    """The encoded image in a cell.

    Raises:
        ImageError: the cell is empty (kind ``no-image``), or names a file instead of holding one.
    """
    if isinstance(value, dict):
        if value.get("bytes"):
            return bytes(value["bytes"])
        if value.get("path"):
            raise ImageError(f"the image {value['path']!r} is named, but not inside of the data set", kind="no-image")
    if isinstance(value, bytes) and value:
        return value
    raise ImageError(f"there is no image in the data set: {value!r:.60}", kind="no-image")


def _rows(
    data: Any, columns: Sequence[str], images: Sequence[str], where: str, optional: Sequence[str] = ()
) -> Iterator[dict[str, Any]]:
    lacking = [name for name in columns if name not in (data.column_names or [])]
    if lacking:
        raise DataError(f"the data set {where!r} lacks the columns {', '.join(lacking)}; it has: {data.column_names}")
    yield from _undecoded(
        data.select_columns([*columns, *(name for name in optional if name in data.column_names)]), images
    )


def _undecoded(data: Any, images: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows with the images of these columns as they are published."""
    library = _datasets()
    for name in images:
        if isinstance(data.features[name], library.Image):
            data = data.cast_column(name, library.Image(decode=False))
        elif isinstance(getattr(data.features[name], "feature", None), library.Image):
            data = data.cast_column(name, library.List(library.Image(decode=False)))
    yield from data


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ConfigError("reading a published data set needs the package datasets; install editloupe[hub]") from error
    datasets.disable_progress_bars()
    return datasets


def _first_line(error: Exception) -> str:
    return (str(error).strip() or repr(error)).split("\n")[0]
