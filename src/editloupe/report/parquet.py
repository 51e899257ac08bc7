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
        "editor": (text, lambda verdict: verdict.editor),
        "sample": (text, lambda verdict: verdict.sample),
        "category": (text, lambda verdict: verdict.category),
        "metric": (text, lambda verdict: verdict.metric),
        "draw": (pa.int32(), lambda verdict: verdict.draw),
        "score": (pa.float64(), lambda verdict: verdict.score),
        "overall": (pa.float64(), lambda verdict: results.overall.get((verdict.editor, verdict.sample))),
        "reply": (text, lambda verdict: verdict.words),
        "labels": (pa.map_(text, pa.float64()), lambda verdict: verdict.labels and list(verdict.labels.items())),
        "failure_stage": (text, lambda verdict: verdict.failure and verdict.failure.stage),
        "failure_kind": (text, lambda verdict: verdict.failure and verdict.failure.kind),
        "failure_message": (text, lambda verdict: verdict.failure and verdict.failure.message),
        "image": (text, lambda verdict: verdict.image),
        "sources": (pa.list_(text), lambda verdict: list(verdict.sources)),
        "groups": (words, lambda verdict: list(verdict.groups.items())),
        "cluster": (text, lambda verdict: verdict.cluster),
        "instruction": (text, lambda verdict: verdict.instruction),
        "judge": (text, lambda verdict: verdict.judge),
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
        return type(value)(_utf8(item) for item in value)
    return value
