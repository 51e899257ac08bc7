"""Writes the kept samples in the benchmark's own format, and beside them where they come from."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from editloupe.benchmarks import table_rows
from editloupe.benchmarks.columns import INSTRUCTION_COLUMNS, chosen
from editloupe.benchmarks.loading import selected
from editloupe.benchmarks.sample_building import sha256_of, text
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError, DataError
from editloupe.records import ImageFile, Picture, Sample
from editloupe.results import Results
from editloupe.selection.selected import Selection
from editloupe.store.blobs import written_durably
from editloupe.store.ledger import Ledger

__all__ = ["write_selection"]

_OWN = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


def write_selection(
    config: StudyConfig, ledger: Ledger, results: Results, selection: Selection, asked: Mapping[str, Any], path: Path
) -> Path:
    """Write the kept samples and their provenance.

    The rows of a study on a table are written as they stand in it; samples of any other benchmark become the JSONL of a
    table, with their pictures in the study's folder.

    Args:
        config: the study.
        ledger: of the study.
        results: of the study.
        selection: what is kept.
        asked: the editor and the conditions.
        path: the file to write; its extension is the table's own.

    Returns:
        The path of the provenance, beside it.

    Raises:
        ConfigError: the file's extension is another than that of what it holds, or the table lies in the way.
        DataError: the table has changed since the study read it.
    """
    kept = {edit.sample: edit for edit in selection.kept}
    table = _table(config)
    suffix = ".jsonl" if table is None else table.suffix.lower()
    if path.suffix.lower() != suffix:
        raise ConfigError(f"--out is {str(path)!r}; the kept samples are a {suffix} file: give it that extension")
    if table is not None and path.resolve() == table.resolve():
        raise ConfigError(f"--out is {str(path)!r}, the study's own table; choose another file")
    samples = [sample for sample in selected(config.benchmark, ledger.stream_samples()) if sample.id in kept]
    if table is None:
        lines: Iterator[bytes] = (_json_line(_row(sample)) for sample in samples)
    else:
        if sha256_of(table) != ledger.fact("benchmark")["revision"]:
            raise DataError(f"the table {str(table)!r} has changed since the study read it; run the study first")
        lines = _own_rows(table, samples, getattr(config.benchmark.options, "encoding", None))
    with written_durably(path) as file:
        file.writelines(lines)
    beside = path.with_name(f"{path.name}.provenance.json")
    provenance = {
        "editloupe": results.version,
        "study": str(ledger.folder),
        "signature": results.signature,
        "benchmark": {"name": results.benchmark.name, "revision": results.benchmark.revision},
        "judge": {"name": results.judge.name, "signature": results.judge.signature},
        "rubric": results.rubric,
        **asked,
        "edits": selection.edits,
        "kept": len(selection.kept),
        "dropped": {"failed": selection.failed, "condition": selection.below, "not_among_the_top": selection.beyond},
        "samples": {edit.sample: {"image": edit.image, "scores": edit.scores} for edit in selection.kept},
    }
    with written_durably(beside) as file:
        file.write(f"{json.dumps(provenance, ensure_ascii=False, indent=1)}\n".encode("utf-8", "backslashreplace"))
    return beside


def _table(config: StudyConfig) -> Path | None:
    """The table that a study was made of; None for any other benchmark."""
    path = getattr(config.benchmark.options, "path", None)
    if config.benchmark.name != "table" or path is None or Path(path).suffix.lower() not in _OWN:
        return None
    return Path(path)


def _own_rows(table: Path, samples: Sequence[Sample], encoding: str | None) -> Iterator[bytes]:
    """The rows of these samples as they stand in the table."""
    wanted = {sample.fields["position"]: sample for sample in samples}
    rows = (
        _checked(row, wanted[str(position)], table)
        for position, row in enumerate(table_rows.rows(table, encoding))
        if str(position) in wanted
    )
    suffix = table.suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from (_json_line(row) for row in rows)
    elif suffix == ".json":
        yield f"{json.dumps(list(rows), ensure_ascii=False, indent=1)}\n".encode("utf-8", "backslashreplace")
    else:
        delimiter = "," if suffix == ".csv" else "\t"
        for number, row in enumerate(rows):
            if number == 0:
                yield _csv_line(list(row), delimiter)
            yield _csv_line(["" if value is None else value for value in row.values()], delimiter)


def _checked(row: Mapping[str, Any] | str, sample: Sample, table: Path) -> Mapping[str, Any]:
    """The row, if it is the sample's: a column of its own may be called ``position`` as well."""
    column = None if isinstance(row, str) else chosen(INSTRUCTION_COLUMNS, row)
    if isinstance(row, str) or column is None or text(row[column]) != sample.instruction:
        raise DataError(
            f"the row of the sample {sample.id!r} is not found in {str(table)!r}; where the table has a column "
            "`position`, rename it and run the study again"
        )
    return row


def _row(sample: Sample) -> dict[str, Any]:
    """A sample as a row of a table."""
    row: dict[str, Any] = {
        "id": sample.id,
        "category": sample.category,
        "instruction": sample.instruction,
        "image": _paths(sample.sources),
        "description": sample.description,
        "rationale": sample.rationale,
        "reference": _paths(sample.reference),
        "label": sample.label,
    }
    return {name: value for name, value in row.items() if value not in ("", None, [])} | dict(sample.groups)


def _paths(pictures: Sequence[Picture]) -> list[str]:
    return [str(picture.path.resolve()) for picture in pictures if isinstance(picture, ImageFile)]


def _json_line(row: Mapping[str, Any]) -> bytes:
    return f"{json.dumps(row, ensure_ascii=False)}\n".encode("utf-8", "backslashreplace")


def _csv_line(cells: Sequence[Any], delimiter: str) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return line.getvalue().encode("utf-8", "replace")
