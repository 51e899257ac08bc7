"""Rows of a local data set as `datasets` and the hub keep them: parquet files, or what `save_to_disk` wrote."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from editloupe.benchmarks.drafts import sha256_of
from editloupe.errors import ConfigError, DataError, ImageError

__all__ = ["arrow_revision", "arrow_rows", "image_bytes"]

_PARTS = (".parquet", ".arrow")


def arrow_rows(path: str, columns: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the split ``train``, or of the only split, in order; images stay encoded.

    Args:
        path: a parquet file, a folder with parquet files (as the hub lays them out), or a folder that
            ``Dataset.save_to_disk`` or ``DatasetDict.save_to_disk`` wrote.
        columns: that must be there.

    Raises:
        ConfigError: the extra ``hub`` is not installed.
        DataError: there is no such data set, it cannot be read, or a column is missing.
    """
    datasets = _datasets()
    files = _files(path)
    try:
        data = (
            datasets.load_dataset("parquet", data_files=[str(one) for one in files], split="train")
            if files[0].suffix == ".parquet"
            else _split(datasets.load_from_disk(path), path)
        )
    except DataError:
        raise
    except Exception as error:
        raise DataError(f"the data set {path!r} cannot be read: {' '.join(str(error).split())[:300]}") from error
    missing = [name for name in columns if name not in data.column_names]
    if missing:
        raise DataError(
            f"the data set {path!r} has no column {', '.join(map(repr, missing))}; "
            f"it has: {', '.join(data.column_names)}"
        )
    for name, feature in data.features.items():
        if isinstance(feature, datasets.Image):
            data = data.cast_column(name, datasets.Image(decode=False))
        elif isinstance(getattr(feature, "feature", None), datasets.Image):
            data = data.cast_column(name, type(feature)(datasets.Image(decode=False)))
    yield from data


def arrow_revision(path: str) -> str:
    """SHA-256 of the data set's files, by name and content.

    Raises:
        DataError: there is no such data set.
    """
    root = Path(path)
    whole = hashlib.sha256()
    for file in _files(path):
        name = file.relative_to(root).as_posix() if file != root else file.name
        whole.update(f"{name} {sha256_of(file)}\n".encode())
    return whole.hexdigest()


def image_bytes(value: Any) -> bytes:
    """The encoded bytes of an image column's value.

    Raises:
        ImageError: there is none, or its file is gone.
    """
    found = value.get("bytes") if isinstance(value, Mapping) else value
    if isinstance(found, bytes) and found:
        return found
    file = value.get("path") if isinstance(value, Mapping) else value
    if not isinstance(file, str) or not file:
        raise ImageError("the row has no image", kind="no-image")
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise ImageError(f"cannot read {file!r}: {error}", kind="missing-file", retryable=True) from error


def _datasets() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ConfigError(
            "reading data sets of the hub needs the package datasets: pip install editloupe[hub]"
        ) from error
    datasets.disable_progress_bars()
    return datasets


def _files(path: str) -> list[Path]:
    """The files that hold the rows: those of the split ``train`` where several splits lie side by side."""
    root = Path(path)
    if root.is_file() and root.suffix == ".parquet":
        return [root]
    found = sorted(one for one in root.rglob("*") if one.suffix in _PARTS) if root.is_dir() else []
    if not found:
        state = "holds no parquet or arrow file" if root.exists() else "does not exist"
        raise DataError(
            f"the data set {path!r} {state}; give a parquet file, a folder of them, or what `save_to_disk` wrote"
        )
    parquet = [one for one in found if one.suffix == ".parquet"]
    chosen = parquet or found
    train = [one for one in chosen if "train" in one.relative_to(root).as_posix()]
    return train or chosen


def _split(data: Any, path: str) -> Any:
    if hasattr(data, "column_names") and isinstance(data.column_names, list):
        return data
    if "train" in data:
        return data["train"]
    if len(data) == 1:
        return next(iter(data.values()))
    raise DataError(f"the data set {path!r} has the splits {', '.join(data)}, and none is called 'train'")
