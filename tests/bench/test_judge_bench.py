"""The measurement of a judge's speed: same work for all, figures that hang together, every form of output."""

import json
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from editloupe.bench.judge import bench_judge
from editloupe.bench.view import bench_markdown, bench_svg, bench_table, bench_workload
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from worlds import make_config, make_table


@pytest.fixture(scope="module")
def measured(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("bench")
    config = load_config(make_config(folder, tiny_checkpoint, make_table(folder / "data")))
    lines = []
    measured = bench_judge(
        config, batch_sizes=[1, 2, 4], samples=8, image_size=64, new_tokens=6, repeat=1, say=lines.append
    )
    assert len(lines) == len(measured.rows)
    return measured


@pytest.fixture(scope="module")
def found(measured):
    """What the file holds."""
    return json.loads(json.dumps(measured.as_json()))


def rows(found, mode):
    return {row["name"]: row for row in found["rows"] if row["mode"] == mode}


def test_every_way_is_measured_in_one_run(found):
    assert list(rows(found, "text")) == ["one by one", "fixed batches of 2", "fixed batches of 4", "editloupe"]
    assert list(rows(found, "choice"))[:2] == ["one by one", "editloupe"]
    assert {"three metrics, shared", "three metrics, unshared", "4 editors, shared"} <= set(rows(found, "choice"))
    assert rows(found, "text")["one by one"]["ratio"] == 1.0


def test_all_ways_say_the_same(found):
    for row in found["rows"]:
        assert row["identical"] in (None, 1.0), row["name"]
    assert rows(found, "text")["editloupe"]["identical"] == 1.0
    assert rows(found, "choice")["three metrics, shared"]["identical"] == 1.0


def test_the_figures_hang_together(found):
    for row in found["rows"]:
        assert row["seconds"] > 0
        assert 0 <= row["padding"] < 1
        assert 0 < row["outside"] < 1
        assert row["images_per_second"] == pytest.approx(8 / row["seconds"], rel=1e-6)
        assert row["ratio"] == pytest.approx(row["images_per_second"] / found["rows"][0]["images_per_second"])
    assert rows(found, "text")["editloupe"]["padding"] <= 0.05
    assert found["workload"]["images_per_question"] == 2
    assert found["workload"]["edits"] == 8


def test_the_file_keeps_its_keys(found):
    assert list(found) == ["workload", "rows"]
    assert [*found["rows"][0]] == [
        *("name", "batch_size", "mode", "seconds", "images_per_second", "ratio"),
        *("peak_memory_bytes", "padding", "identical", "outside"),
    ]
    assert list(found["workload"]["modelled_bytes"]) == ["1", "2", "4", "8", "16", "32", "64", "128"]
    by_batch = {row["name"]: row["batch_size"] for row in found["rows"] if row["mode"] == "text"}
    assert by_batch == {"one by one": 1, "fixed batches of 2": 2, "fixed batches of 4": 4, "editloupe": None}


def test_every_form_of_output_names_every_row(measured):
    assert "128: " in bench_workload(measured)
    markdown, svg = bench_markdown(measured), bench_svg(measured)
    for row in measured.rows:
        assert row.way.name in markdown
        assert row.way.name in svg
    ET.fromstring(svg)
    assert bench_table(measured).row_count == len(measured.rows)


def test_a_renamed_way_keeps_its_colour_and_its_rate(measured):
    renamed = replace(
        measured,
        rows=tuple(replace(row, way=replace(row.way, name=f"way {at}")) for at, row in enumerate(measured.rows)),
    )
    colours = [re.findall(r'fill="(#\w+)"/>', bench_svg(bench)) for bench in (measured, renamed)]
    assert colours[0] == colours[1]
    assert len(set(colours[0])) == 2
    assert [row.way.questions_per_edit for row in measured.rows if "three" in row.way.name] == [3, 3]


def test_random_weights_of_the_small_shape_run_and_warn(tmp_path, tiny_checkpoint):
    config = load_config(
        make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data")), ["judge.model=random:63m"]
    )
    judge = config.judge.plugin(config.judge.options)
    assert "mean nothing" in judge.warning
    parameters = sum(one.numel() for one in judge.runner.model.parameters())
    assert 60e6 < parameters < 70e6


def test_there_is_no_random_model_of_that_name(tmp_path, tiny_checkpoint):

    config = load_config(
        make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data")), ["judge.model=random:9t"]
    )
    with pytest.raises(ConfigError, match="63m, 8b, 30b-a3b"):
        _ = config.judge.plugin(config.judge.options).runner
