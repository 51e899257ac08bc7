"""Every file of the report: stable keys, the same numbers everywhere, and hostile text that stays text."""

import csv
import dataclasses
import io
import json
import re

import pytest
from rich.console import Console

from editloupe.report.tables import Tables
from editloupe.report.terminal import leaderboard_table
from editloupe.report.write import write_report
from editloupe.results import Category, Scale
from small_study import HOSTILE, study

ESTIMATE = ["n", "failed", "mean", "std", "median", "min", "max", "ci95", "mean_if_failures_worst"]


def written(results, folder):
    write_report(results, folder)
    return json.loads((folder / "report.json").read_text("utf-8"))


# report.json


def test_keys_of_the_json_are_the_contract(folder):
    report = written(study(), folder)
    assert list(report) == [
        "editloupe",
        "title",
        "signature",
        "benchmark",
        "judge",
        "rubric",
        "reading",
        "replies",
        "editors",
        "comparisons",
        "robustness",
        "failures",
        "speed",
    ]
    assert report["benchmark"] == {
        "name": "plain",
        "revision": "plain",
        "samples": 4,
        "limited": False,
        "categories": [{"id": "physical", "label": "Physical", "samples": 4}],
    }
    assert list(report["judge"]) == ["name", "signature", "warning", "sanity", "stated_sampling"]
    editor = report["editors"][0]
    assert list(editor) == ["name", "signature", "overall", "categories", "metrics", "aggregates"]
    for estimate in (
        editor["overall"],
        editor["categories"]["physical"],
        editor["metrics"]["reasoning"]["overall"],
        editor["metrics"]["reasoning"]["categories"]["physical"],
    ):
        assert list(estimate) == ESTIMATE
    assert report["speed"] == {
        "edit": {"items": 7, "seconds": 3.5, "items_per_second": 2.0, "peak_memory_bytes": None},
        "judge": None,
    }


def test_scored_and_failed_add_up_everywhere(folder):
    for editor in written(study(9), folder)["editors"]:
        metric = editor["metrics"]["reasoning"]
        for estimate in (editor["overall"], editor["categories"]["physical"], metric["overall"]):
            assert estimate["n"] + estimate["failed"] == 9
    assert editor["overall"]["failed"] == 2
    assert editor["overall"]["mean"] == 3.0
    assert editor["overall"]["ci95"] == [3.0, 3.0]
    assert editor["overall"]["mean_if_failures_worst"] == pytest.approx(21 / 9)


def test_failures_name_editor_stage_kind_and_examples(folder):
    failures = written(study(), folder)["failures"]
    assert failures == [
        {
            "editor": "bad",
            "stage": "edit",
            "kind": "out-of-memory",
            "count": 1,
            "unit": "edits",
            "examples": [{"sample": "s1", "message": "no memory left"}],
        },
        {
            "editor": "bad",
            "stage": "score",
            "kind": "prose",
            "count": 1,
            "unit": "scores",
            "examples": [{"sample": "s2", "message": "no score in prose"}],
        },
    ]


def test_a_failed_edit_counts_once_however_many_metrics_miss_it(folder):
    results = study()
    twice = tuple(dataclasses.replace(one, metric="consistency") for one in results.verdicts)
    both = {"reasoning": Scale(), "consistency": Scale()}
    report = written(dataclasses.replace(results, verdicts=results.verdicts + twice, metrics=both), folder)
    assert {one["kind"]: one["count"] for one in report["failures"]} == {"out-of-memory": 1, "prose": 2}


def test_a_category_without_data_has_nulls_and_no_zeros(folder):
    results = study()
    categories = (*results.benchmark.categories, Category("causal", "Causal", 0))
    benchmark = dataclasses.replace(results.benchmark, categories=categories)
    report = written(dataclasses.replace(results, benchmark=benchmark), folder)
    empty = report["editors"][0]["categories"]["causal"]
    assert empty == {**dict.fromkeys(ESTIMATE), "n": 0, "failed": 0}


def test_aggregates_are_by_group_where_there_is_a_choice(folder):
    groups = lambda number: {"language": ["en", "zh"][number % 2], "kind": "one", "scene": str(number)}  # noqa: E731
    editor = written(study(30, groups=groups), folder)["editors"][0]
    assert list(editor["aggregates"]) == ["language=en", "language=zh"]
    assert editor["aggregates"]["language=zh"]["mean"] == 9.0


def test_a_group_of_twenty_values_is_a_choice_and_one_of_more_is_a_name_of_its_own(folder):
    groups = lambda number: {"author": str(number % 20), "camera": str(number % 21)}  # noqa: E731
    editor = written(study(42, groups=groups), folder)["editors"][0]
    assert set(editor["aggregates"]) == {f"author={number}" for number in range(20)}


def test_the_json_is_written_last(folder, monkeypatch):
    import editloupe.report.write as module

    order = []
    monkeypatch.setattr(module, "_write", lambda path, data: order.append(path.name))
    write_report(study(), folder)
    assert order[-1] == "report.json"
    files = {"verdicts.jsonl", "scores.csv", "report.md", "report.html", "index.js", "samples-0000.js", "report.json"}
    assert set(order) == files


def test_writing_again_gives_the_same_bytes(folder):
    def contents():
        return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    write_report(study(), folder)
    first = contents()
    write_report(study(), folder)
    assert contents() == first


# verdicts.jsonl and scores.csv


def test_verdicts_are_one_object_per_line_with_the_words_kept(folder):
    write_report(study(), folder)
    rows = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 8
    keys = "editor sample category metric score reply thoughts failure image sources instruction judge notes"
    assert all(list(row) == keys.split() for row in rows)
    prose = rows[6]
    assert (prose["score"], prose["reply"], prose["failure"]["kind"]) == (None, "rather good", "prose")
    assert "/secret/path.py" not in (folder / "verdicts.jsonl").read_text("utf-8")


def test_the_spreadsheet_has_numbers_empty_cells_and_the_kind_of_failure(folder):
    write_report(study(), folder)
    rows = list(csv.DictReader(io.StringIO((folder / "scores.csv").read_text("utf-8-sig"))))
    assert [row["reasoning"] for row in rows] == ["8.0", "9.0", "8.0", "9.0", "3.0", "", "", "3.0"]
    assert [row["failure"] for row in rows[4:]] == ["", "out-of-memory", "prose", ""]


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_formulas_are_defused_and_negative_numbers_stay_numbers(folder, begin):
    results = study(text=f"{begin}1+1")
    overall = dict.fromkeys(results.overall, -1.5)
    write_report(dataclasses.replace(results, overall=overall), folder)
    rows = list(csv.reader(io.StringIO((folder / "scores.csv").read_bytes().decode("utf-8-sig"), newline="")))
    assert rows[1][rows[0].index("sample")] == f"'{begin}1+1 0"
    assert rows[1][rows[0].index("overall")] == "-1.5"
    for row in rows:
        assert not [cell for cell in row if cell.startswith(begin) and cell != "-1.5"]


# report.md


def test_the_warning_is_the_first_line_of_the_markdown(folder):
    write_report(study(warning="untrained weights: these scores mean nothing"), folder)
    first = (folder / "report.md").read_text("utf-8").splitlines()[0]
    assert first == "**untrained weights: these scores mean nothing**"


def test_the_markdown_of_a_small_study(folder):
    write_report(study(), folder)
    lines = (folder / "report.md").read_text("utf-8").splitlines()
    assert lines[0] == "# plain: Leaderboard"
    assert "| 1–2 | good | **8.50** | 7.58 – 9.42 | 4 | 0 | 8.50 | 8.50 (7.58 – 9.42) |" in lines
    assert "| 1–2 | bad | **3.00** | 3.00 – 3.00 | 2 | 2 | 1.50 | 3.00 (3.00 – 3.00) |" in lines
    assert "| bad | edit | out-of-memory | 1 edit | s1: no memory left |" in lines


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text_in_markdown_and_json(folder, text):
    write_report(study(text=text, warning=text), folder)
    markdown = (folder / "report.md").read_text("utf-8")
    assert "<" not in markdown
    assert not re.search(r"(?<!\\)\]\(", markdown)
    assert "://" not in markdown
    rows = (folder / "verdicts.jsonl").read_text("utf-8").splitlines()
    assert len(rows) == 8
    assert json.loads(rows[0])["instruction"] == text
    json.loads((folder / "report.json").read_text("utf-8"))


# The terminal


def test_long_hostile_names_do_not_flood_the_terminal():
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(leaderboard_table(Tables.of(study(text="[bold red]x[/]" * 500, warning="[blink]careful"))))
    lines = console.export_text().splitlines()
    assert len(lines) < 20
    assert max(map(len, lines)) <= 80
    assert "[blink]careful" in lines[0]


def test_the_terminal_shows_the_best_first_within_80_columns():
    console = Console(width=80, file=io.StringIO(), record=True)
    results = study()
    console.print(leaderboard_table(Tables.of(dataclasses.replace(results, editors=results.editors[::-1]))))
    output = console.export_text()
    assert output.index("good") < output.index("bad")
    assert max(map(len, output.splitlines())) <= 80


def test_what_failed_is_counted_in_units_that_are_named(folder):
    written(study(), folder)
    text = (folder / "report.md").read_text("utf-8")
    assert "2 of 8 scores failed (1 of 8 edits: out-of-memory; 1 score: prose)" in text
    assert "| 1 edit |" in text
    assert "| 1 score |" in text
    assert {one["unit"] for one in json.loads((folder / "report.json").read_text("utf-8"))["failures"]} == {
        "edits",
        "scores",
    }
    written(study(language="zh"), folder)
    said = (folder / "report.md").read_text("utf-8")
    assert "8 个分数中有 2 个失败（8 个编辑中的 1 个：out-of-memory；1 个分数：prose）" in said
