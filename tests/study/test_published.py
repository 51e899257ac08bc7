"""Published benchmarks with ready images in their published layout, through a whole study."""

import json
import logging

import pytest

from editloupe.checking import check_study
from editloupe.config.parts import load_config
from editloupe.study import run_study
from pictures import TRUNCATED, encode, gradient, png
from published import gedit_rows, kris_item, make_gedit, make_imgedit, make_kris, make_rise, put, rise_item
from worlds import make_config


def configured(tmp_path, checkpoint, benchmark, **changes):
    return load_config(
        make_config(
            tmp_path,
            checkpoint,
            tmp_path / "unused",
            benchmark=benchmark,
            editors=[{"type": "replay", "name": "ours", "images": "outputs/ours"}],
            rubric="reasoning",
            **changes,
        )
    )


def report(config):
    (editor,) = json.loads((config.out / "report.json").read_text())["editors"]
    return editor


def counts(summary):
    return summary["n"], summary["failed"]


def test_gedit_in_two_languages_counts_what_is_missing_in_each_group(tmp_path, tiny_checkpoint):
    rows = gedit_rows(4)
    make_gedit(tmp_path / "data", rows)
    for number, row in enumerate(rows):
        place = tmp_path / "outputs" / "ours" / "fullset" / row["task_type"] / row["instruction_language"]
        put(place / f"{row['key']}_SRCIMG.png")
        if row["task_type"] == "color_alter" or number % 4 == 0:  # half of the English ones of the other task
            put(place / f"{row['key']}.png", png(64, 48))
    config = configured(tmp_path, tiny_checkpoint, {"name": "gedit", "path": "data"})
    run_study(config)
    editor = report(config)
    assert counts(editor["categories"]["color_alter"]) == (8, 0)
    assert counts(editor["categories"]["subject-add"]) == (2, 6)
    assert counts(editor["aggregates"]["language=en"]) == (6, 2)
    assert counts(editor["aggregates"]["language=cn"]) == (4, 4)
    assert counts(editor["overall"]) == (10, 6)
    said = []
    assert check_study(config, said.append) == 6  # the ready images that are not there
    assert "editor ours (replay): 16 edits, 6 of them without a ready image, the first 'k4-cn'" in said


def test_flat_keys_of_imgedit_with_mixed_extensions(tmp_path, tiny_checkpoint):
    make_imgedit(tmp_path / "data")
    put(tmp_path / "outputs" / "ours" / "1082.png", png(64, 48))
    put(tmp_path / "outputs" / "ours" / "673.jpg", encode(gradient(64, 48), "JPEG"))
    config = configured(tmp_path, tiny_checkpoint, {"name": "imgedit", "path": "data"})
    run_study(config)
    assert counts(report(config)["overall"]) == (2, 0)


def test_rise_with_reference_images_and_a_truncated_source(tmp_path, tiny_checkpoint):
    items = [
        rise_item(),
        rise_item(1, "spatial_reasoning", reference_img="spatial_reasoning_images/1_ref.png"),
        rise_item(
            2, "spatial_reasoning", image=["spatial_reasoning_images/2_1.png", "spatial_reasoning_images/2_2.png"]
        ),
        rise_item(3, "spatial_reasoning"),
    ]
    make_rise(tmp_path / "data", items)
    put(tmp_path / "data" / "data" / "spatial_reasoning_images" / "3.png", TRUNCATED["png"])
    for item, suffix in zip(items, ("png", "jpg", "jpeg", "png"), strict=True):
        form = "PNG" if suffix == "png" else "JPEG"
        path = tmp_path / "outputs" / "ours" / "images" / item["category"] / f"{item['index']}.{suffix}"
        put(path, encode(gradient(64, 48), form))
    config = configured(tmp_path, tiny_checkpoint, {"name": "rise", "path": "data"})
    run_study(config)
    editor = report(config)
    assert counts(editor["categories"]["temporal_reasoning"]) == (1, 0)
    assert counts(editor["categories"]["spatial_reasoning"]) == (2, 1)
    said = []
    assert check_study(config, said.append) == 1
    assert any(line.startswith("  bad-image in spatial_reasoning: 1: ") for line in said)


def test_kris_with_several_sources_and_a_category_without_any_image(tmp_path, tiny_checkpoint, caplog):
    categories = {
        "multi-element_composition": {"1": kris_item(["1-1.jpg", "1-2.jpg", "1-3.jpg"]), "2": kris_item(["2-1.jpg"])},
        "medicine": {"1": kris_item("gone.jpg"), "2": kris_item("2.jpg")},
    }
    make_kris(tmp_path / "data", categories)
    for name in ("gone.jpg", "2.jpg"):
        (tmp_path / "data" / "medicine" / name).unlink()
    for category in categories:
        for key in ("1", "2"):
            put(tmp_path / "outputs" / "ours" / category / f"{key}.jpg", encode(gradient(64, 48), "JPEG"))
    config = configured(tmp_path, tiny_checkpoint, {"name": "kris", "path": "data"})
    with caplog.at_level(logging.WARNING):
        run_study(config)
    editor = report(config)
    assert counts(editor["categories"]["multi-element_composition"]) == (2, 0)
    assert counts(editor["categories"]["medicine"]) == (0, 2)
    assert editor["categories"]["medicine"]["mean"] is None
    assert counts(editor["aggregates"]["class=conceptual"]) == (0, 2)
    log = (config.out / "log.txt").read_text()
    assert "kris: missing-file in medicine: 2: " in log
    assert "kris: missing-group in chemistry: 1: none of the 75 published samples is there" in log


@pytest.mark.parametrize("limit", [None, 1])
def test_check_gathers_everything_in_one_list_and_writes_nothing(limit, tmp_path, tiny_checkpoint):
    rows = gedit_rows(1)
    rows[0]["instruction"] = ""
    make_gedit(tmp_path / "data", rows)
    benchmark = {"name": "gedit", "path": "data"} | ({} if limit is None else {"limit": limit})
    config = configured(tmp_path, tiny_checkpoint, benchmark)
    said = []
    assert check_study(config, said.append) == (
        4 if limit is None else 1
    )  # one sample, and the ready images of the others
    start = said.index("data: what was found, per kind and group")
    assert said[start + 1].startswith("  no-instruction in color_alter, en: 1: sample 'k0-en'")
    assert any("wrong-count" in line for line in said) == (limit is None)
    assert not config.out.exists()
