"""Which ready image belongs to which sample: ids and names as other tools write them."""

import json
import re
import unicodedata

import pytest

from editloupe.benchmarks.loading import changed_since, marks_of
from editloupe.editors.replay import Replay
from editloupe.errors import ConfigError
from editloupe.planning import shared_inputs
from editloupe.records import EditRequest
from pictures import png, sample
from reading import read


def replay(images):
    return Replay(Replay.Options(images=str(images)))


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png())
    return path


@pytest.fixture
def twice(tmp_path):
    """Ids that begin again in each category."""
    put(tmp_path / "a.png")
    rows = [{"id": "1", "image": "a.png", "instruction": "Do it", "category": one} for one in ("physical", "causal")]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return read("table", path=tmp_path / "t.jsonl")[0]


@pytest.mark.parametrize(
    "pattern", ["", "{category}/{sample}.png", "{category_zh}/{sample}.png", "{category}/{id}.png"]
)
def test_an_id_that_begins_again_is_found_under_the_stated_one(pattern, twice, tmp_path):
    zh = {"physical": "物理", "causal": "因果"}
    folders = zh.values() if "zh" in pattern else zh.keys()
    paths = [put(tmp_path / "out" / folder / "1.png") for folder in folders]
    assert [one.id for one in twice] == ["1", "1-2"]
    assert [replay(tmp_path / "out" / pattern).inputs(one) for one in twice] == [(path,) for path in paths]


@pytest.mark.parametrize("pattern", ["", "{sample}.png"])
def test_the_stated_id_alone_means_only_the_first_sample_of_it(pattern, twice, tmp_path):
    first = put(tmp_path / "out" / "1.png")
    editor = replay(tmp_path / "out" / pattern)
    assert [editor.inputs(one) for one in twice] == [(first,), ()]
    second = put(tmp_path / "out" / "1-2.png")
    assert editor.inputs(twice[1]) == (second,)


def test_equal_ids_in_one_category_are_not_told_apart_by_it(tmp_path):
    put(tmp_path / "a.png")
    row = {"id": "1", "image": "a.png", "instruction": "Do it", "category": "causal"}
    (tmp_path / "t.jsonl").write_text("\n".join(json.dumps(row | {"take": take}) for take in "ab"))
    samples = read("table", path=tmp_path / "t.jsonl")[0]
    put(tmp_path / "out" / "causal" / "1.png")
    path = put(tmp_path / "out" / "b" / "1.png")
    assert replay(tmp_path / "out").inputs(samples[1]) == ()
    assert replay(tmp_path / "out" / "{take}" / "{sample}.png").inputs(samples[1]) == (path,)


@pytest.mark.parametrize("name", ["a.PNG", "a.Jpg", "physical/a.JPEG", "a_primary.WEBP"])
def test_an_extension_may_be_in_capitals(name, tmp_path):
    path = put(tmp_path / name)
    assert replay(tmp_path).inputs(sample()) == (path,)


@pytest.mark.parametrize("name", ["cup.png", "cup.jpg", "physical/cup.webp", "cup_primary.png", "cup.PNG"])
def test_an_id_may_be_the_name_of_a_file(name, tmp_path):
    path = put(tmp_path / name)
    assert replay(tmp_path).inputs(sample(id="cup.png")) == (path,)
    assert replay(tmp_path).inputs(sample(id="dir/cup.png")) == ()


def test_the_file_of_that_name_is_preferred_to_another_format_of_it(tmp_path):
    other, own = put(tmp_path / "cup.png"), put(tmp_path / "cup.jpg")
    assert replay(tmp_path).inputs(sample(id="cup.jpg")) == (own,)
    assert replay(tmp_path).inputs(sample(id="cup.png")) == (other,)


@pytest.mark.parametrize(("stated", "there"), [("NFC", "NFD"), ("NFD", "NFC")])
@pytest.mark.parametrize("pattern", ["", "{category}/{sample}.png"])
def test_names_in_another_unicode_form_are_found(stated, there, pattern, tmp_path):
    name = unicodedata.normalize(there, "café/가나")
    path = put(tmp_path / f"{name}.png")
    category, identifier = unicodedata.normalize(stated, "café"), unicodedata.normalize(stated, "가나")
    assert replay(tmp_path / pattern).inputs(sample(id=identifier, category=category)) == (path,)


def test_two_files_that_look_alike_are_a_failure_that_names_them(tmp_path):
    put(tmp_path / "a.PNG")
    put(tmp_path / "a.pnG")
    editor = replay(tmp_path)
    assert editor.inputs(sample()) == ()
    (failure,) = editor.edit([EditRequest(sample(), 0)])
    assert re.search(r"2 files may be .*'a\.PNG', 'a\.pnG'; leave one", failure.message)
    assert failure.kind == "several-files"


def test_ids_that_differ_only_in_their_unicode_form_are_said(tmp_path):
    put(tmp_path / "a.png")
    rows = [{"id": unicodedata.normalize(form, "é"), "image": "a.png", "instruction": "x"} for form in ("NFC", "NFD")]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read("table", path=tmp_path / "t.jsonl")[1] == {("look-alike-key", "uncategorized"): 1}


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{key}.png", "k7.png"),  # lmms-eval
        ("gedit_bench_{position}.png", "gedit_bench_3.png"),  # lmms-eval's wrappers
        ("fullset/{category}/{language}/{key}_sample3.png", "fullset/color_alter/en/k7_sample3.png"),  # EditScore
        ("images/{key}_*.png", "images/k7_0.png"),  # EvalScope
        ("{index}.png", "12.png"),  # VLMEvalKit
        ("*_{key}.png", "run_k7.png"),
    ],
)
def test_layouts_of_other_tools_have_a_pattern(pattern, name, tmp_path):
    path = put(tmp_path / "out" / name)
    put(tmp_path / "out" / "images" / "k7_SRCIMG.png")
    put(tmp_path / "out" / "images" / "k70_0.png")
    fields = {"key": "k7", "position": "3", "index": "12"}
    one = sample(id="k7-en", category="color_alter", groups={"language": "en"}, fields=fields)
    assert replay(tmp_path / "out" / pattern).inputs(one) == (path,)
    assert (
        replay(tmp_path / "out" / pattern).inputs(
            sample(fields=fields | {"key": "k8", "index": "13", "position": "4"}, groups=one.groups)
        )
        == ()
    )


def test_a_star_that_several_files_fit_is_a_failure(tmp_path):
    for number in range(2):
        put(tmp_path / f"k7_{number}.png")
    (failure,) = replay(tmp_path / "{key}_*.png").edit([EditRequest(sample(fields={"key": "k7"}), 0)])
    assert "2 files may be" in failure.message


def test_a_list_of_ids_and_paths_is_read(tmp_path):
    paths = [put(tmp_path / "made" / f"{name}.png") for name in "abc"]
    rows = [
        {"id": "k1", "image_path": "made/a.png"},
        {"metadata": {"key": "k2", "instruction_language": "en", "image_path": str(paths[1])}},
        {"id": 3, "image_path": "made\\c.png"},
        {"id": "k4"},
    ]
    (tmp_path / "made.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    editor = replay(tmp_path / "made.jsonl")
    english, chinese = {"language": "en"}, {"language": "zh"}
    found = [
        sample(id="k1-en", fields={"key": "k1"}, groups=english),
        sample(id="k2-en", fields={"key": "k2"}, groups=english),
        sample(id="3"),
        sample(id="k2-cn", fields={"key": "k2"}, groups=chinese),
    ]
    assert [editor.inputs(one) for one in found] == [*((path,) for path in paths), ()]
    assert editor.edit([EditRequest(found[0], 0)])[0].size == (40, 30)
    (failure,) = editor.edit([EditRequest(sample(id="k4"), 0)])
    assert "made.jsonl' does not name it" in failure.message


@pytest.mark.parametrize(
    ("content", "said"), [("{", "line 1 .* is no JSON"), ('{"id": "a"}', "holds no line"), ("", "holds no line")]
)
def test_a_list_that_cannot_be_used_is_a_config_error(content, said, tmp_path):
    (tmp_path / "made.jsonl").write_text(content)
    with pytest.raises(ConfigError, match=said):
        replay(tmp_path / "made.jsonl")


def test_samples_that_share_a_ready_image_are_said(tmp_path):
    path = put(tmp_path / "cup.png")
    editor = replay(tmp_path)
    two = [sample(id="cup.png"), sample(id="cup.jpg")]
    said = shared_inputs([(one.id, editor.inputs(one)) for one in two])
    assert said == "1 sample shares a ready image with another one, such as 'cup.jpg' with 'cup.png' ('cup.png')"
    assert shared_inputs([("a", [path]), ("b", [])]) == ""


def test_a_sample_that_is_another_one_under_its_name_is_said():
    before = [sample("Push", id="a"), sample("Pull", id="b"), sample(id="c")]
    now = [sample("Push", id="a"), sample("Lift", png(50, 50), id="b"), sample(id="d")]
    said = changed_since(marks_of(before), now)
    assert said.startswith("1 sample has changed under its name since the last run, 'b' (its instr")
    assert "(its instruction and its source image)" in said
    assert changed_since(marks_of(before), before) == changed_since({}, now) == ""


def test_rows_without_ids_are_said_once(tmp_path):
    put(tmp_path / "a.png")
    rows = [
        {"image": "a.png", "instruction": "x"},
        {"image": "a.png", "instruction": "y"},
        {"id": "c", "image": "a.png", "instruction": "z"},
    ]
    (tmp_path / "t.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert read("table", path=tmp_path / "t.jsonl")[1] == {("no-id", ""): 1}


def test_a_link_is_followed_and_a_name_that_leads_out_is_not(tmp_path):
    put(tmp_path / "elsewhere" / "a.png")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.png").symlink_to(tmp_path / "elsewhere" / "a.png")
    assert replay(tmp_path / "out").inputs(sample()) == (tmp_path / "out" / "a.png",)
    one = sample(id="b", fields={"key": "../elsewhere/a"})
    assert replay(tmp_path / "out" / "{key}.png").inputs(one) == ()
    assert replay(tmp_path / "out" / "{key}*.png").inputs(one) == ()
