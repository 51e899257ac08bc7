import json

import pytest

from editloupe.errors import DataError
from published import put_json, re_edit_item
from reading import made, read, without_counts

FIVE = ("physical", "environmental", "cultural", "causal", "referential")


@pytest.mark.parametrize("name", ["RE-Edit.json", "edits.json"])
def test_the_folder_or_the_file_is_read(name, tmp_path):
    path = put_json(tmp_path / name, [re_edit_item(), re_edit_item("b", subset="因果")])
    for place in (tmp_path, path):
        samples, _ = read("re-edit", path=place)
        assert [one.id for one in samples] == ["00000_物理_medium", "b"]
    one = samples[0]
    assert (one.instruction, one.rationale, one.description) == (
        "Push the cup off the table",
        "It falls",
        "A cup on a table",
    )
    assert one.extra["outputs"] == ["physical/00000_物理_medium_primary"]
    assert samples[1].category == "causal"


def test_the_published_count_and_kinds_are_looked_at(tmp_path):
    put_json(tmp_path / "a.json", [re_edit_item(f"{name}-{n}", subset=name) for name in FIVE for n in range(200)])
    _, found = read("re-edit", path=tmp_path)
    assert found == {}
    put_json(tmp_path / "a.json", [re_edit_item(), re_edit_item("b", subset="mood")])
    _, found = read("re-edit", path=tmp_path)
    assert found["wrong-count", ""] == found["unknown-group", "mood"] == 1
    assert sum(kind == "missing-group" for kind, _ in found) == 4


def test_what_is_wrong_with_samples_is_found(tmp_path):
    items = [
        re_edit_item("a"),
        re_edit_item("a"),
        re_edit_item("c", edit_instruction_en="把杯子推下桌子"),
        re_edit_item("d", src_img_b64="???"),
        re_edit_item("e", edit_instruction="", edit_instruction_en=""),
        ["no object"],
    ]
    samples, found = read("re-edit", path=put_json(tmp_path / "a.json", items))
    assert len(samples) == 6
    assert without_counts(found) == {
        ("not-base64", "physical, en"): 1,
        ("no-instruction", "physical, en"): 1,
        ("bad-sample", "uncategorized"): 1,
        ("duplicate-key", "physical, en"): 1,
        ("other-language", "physical, en"): 1,
        ("unknown-group", "uncategorized"): 1,
    }


def test_a_folder_with_no_or_several_files_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"holds no 'RE-Edit\.json'"):
        made("re-edit", path=tmp_path)
    for name in ("a.json", "b.json"):
        (tmp_path / name).write_text(json.dumps([]))
    with pytest.raises(DataError, match="name the annotation file itself"):
        made("re-edit", path=tmp_path)
