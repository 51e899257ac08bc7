"""`verdicts.parquet` holds what `verdicts.jsonl` holds, typed."""

import builtins
import json

import pytest
from pyarrow import parquet

from editloupe.errors import ConfigError
from editloupe.report.parquet import write_parquet
from editloupe.report.write import write_report
from small_study import HOSTILE, study


def test_rows_and_columns_are_those_of_the_verdicts(folder):
    results = study(groups=lambda number: {"language": ["en", "zh"][number % 2]})
    write_report(results, folder)
    rows = parquet.read_table(write_parquet(results, folder)).to_pylist()
    lines = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    shared = ("editor", "sample", "category", "metric", "score", "reply", "image", "sources", "instruction", "judge")
    assert [{name: row[name] for name in shared} for row in rows] == [
        {name: line[name] for name in shared} for line in lines
    ]
    assert rows[1]["groups"] == [("language", "zh")]
    assert rows[5]["failure_kind"] == "out-of-memory"
    assert (rows[0]["overall"], rows[5]["overall"]) == (8.0, None)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_kept_as_it_is(folder, text):
    results = study(text=text)
    table = parquet.read_table(write_parquet(results, folder))
    assert table["instruction"][0].as_py() == text.encode("utf-8", "replace").decode()
    assert table.schema.metadata[b"signature"]


def test_without_pyarrow_it_says_what_to_install(folder, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name == "pyarrow":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ConfigError, match=r"editloupe\[report\]"):
        write_parquet(study(), folder)
