"""`verdicts.parquet`: the verdicts as a typed table, for people who analyse them further."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError
from editloupe.results import Results, Verdict
from editloupe.store.blobs import written_durably
from editloupe.streams import in_parts

__all__ = ["write_parquet"]

ROWS = 50_000
"""Verdicts in a row group; one is in memory at a time."""


def write_parquet(results: Results, folder: Path) -> Path:
    """Write one row per verdict: the keys of ``verdicts.jsonl`` and what tables are grouped by.

    Columns: strings ``editor, sample, category, metric, cluster, instruction, judge, reply, failure_stage,
    failure_kind, failure_message, image``; doubles ``score, overall``; ``draw`` (int32), ``sources`` (list of strings),
    ``labels`` and ``groups`` (maps). A missing value is null. A lone surrogate, which no UTF-8 holds, becomes ``?``.

    Returns:
        The file's path.

    Raises:
        ConfigError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError as error:
        raise ConfigError("--parquet needs pyarrow; install it with: pip install 'editloupe[report]'") from error

    text, words = pa.string(), pa.map_(pa.string(), pa.string())
    columns: dict[str, tuple[Any, Callable[[Verdict], Any]]] = {
        "editor": (text, lambda one: one.editor),
        "sample": (text, lambda one: one.sample),
        "category": (text, lambda one: one.category),
        "metric": (text, lambda one: one.metric),
        "draw": (pa.int32(), lambda one: one.draw),
        "score": (pa.float64(), lambda one: one.score),
        "overall": (pa.float64(), lambda one: results.overall.get((one.editor, one.sample))),
        "reply": (text, lambda one: one.words),
        "labels": (pa.map_(text, pa.float64()), lambda one: one.labels and list(one.labels.items())),
        "failure_stage": (text, lambda one: one.failure and one.failure.stage),
        "failure_kind": (text, lambda one: one.failure and one.failure.kind),
        "failure_message": (text, lambda one: one.failure and one.failure.message),
        "image": (text, lambda one: one.image),
        "sources": (pa.list_(text), lambda one: list(one.sources)),
        "groups": (words, lambda one: list(one.groups.items())),
        "cluster": (text, lambda one: one.cluster),
        "instruction": (text, lambda one: one.instruction),
        "judge": (text, lambda one: one.judge),
    }
    metadata = {"editloupe": results.version, "signature": _utf8(results.signature)}
    schema = pa.schema([(name, kind) for name, (kind, _) in columns.items()], metadata=metadata)
    path = folder / "verdicts.parquet"
    with written_durably(path) as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for part in in_parts(results.verdicts, ROWS):
            arrays = [pa.array([_utf8(value(verdict)) for verdict in part], kind) for kind, value in columns.values()]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    return path


def _utf8(value: Any) -> Any:
    """Texts, also within lists and pairs, in a form that Arrow takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, list | tuple):
        return type(value)(_utf8(one) for one in value)
    return value
