import pytest

from editloupe.errors import DataError
from published import make_rise, put_json, rise_item
from reading import made, read, without_counts

CATEGORIES = {"temporal_reasoning": 85, "causal_reasoning": 90, "spatial_reasoning": 100, "logical_reasoning": 85}


def test_each_kind_of_annotation_finds_its_place(tmp_path):
    items = [
        rise_item(reference="It has grown", subtask="Life Progression", reasoning_img="True"),
        rise_item(2, consistency_free="True"),
        rise_item(1, "spatial_reasoning", reference_img="spatial_reasoning_images/1_ref.png"),
        rise_item(1, "logical_reasoning", reference_txt="B"),
        rise_item(
            2, "logical_reasoning", image=["logical_reasoning_images/2_1.png", "logical_reasoning_images/2_2.png"]
        ),
    ]
    samples, found = read("rise", path=make_rise(tmp_path, items))
    assert without_counts(found) == {}
    grown, free, spatial, logical, two = samples
    assert (grown.id, grown.category) == ("temporal_reasoning_1", "temporal_reasoning")
    assert grown.groups == {"subtask": "Life Progression", "consistency_free": "false"}
    assert grown.extra == {
        "outputs": [
            "images/temporal_reasoning/temporal_reasoning_1",
            "temporal_reasoning/temporal_reasoning_1",
        ],
        "reference_text": "It has grown",
        "reasoning_img": True,
    }
    assert free.groups == {"consistency_free": "true"}
    assert (len(spatial.sources), len(spatial.reference)) == (1, 1)
    assert (logical.extra["reference_text"], logical.reference) == ("B", ())
    assert len(two.sources) == 2


@pytest.mark.parametrize("value", [None, "", False, "False", float("nan")])
def test_a_mark_that_is_not_set_is_not_set(value, tmp_path):
    (one,), _ = read("rise", path=make_rise(tmp_path, [rise_item(consistency_free=value)]))
    assert one.groups == {"consistency_free": "false"}


@pytest.mark.parametrize("where", ["", "data"])
def test_the_64_have_no_column_consistency_free(where, tmp_path):
    make_rise(tmp_path / where, [rise_item(reference="Old")], name="data_total.json", below="" if where else "data")
    (one,), found = read("rise", path=tmp_path, subset=64)
    assert (one.groups, one.failure) == ({}, None)
    assert found == {("wrong-count", ""): 1}


def test_the_published_counts_are_right(tmp_path):
    items = [rise_item(n, name) for name, count in CATEGORIES.items() for n in range(count)]
    for item in items:
        item["image"] = f"{item['category']}_images/same.png"
    _, found = read("rise", path=make_rise(tmp_path, items))
    assert found == {}
    make_rise(tmp_path, items[1:])
    _, found = read("rise", path=tmp_path)
    assert found == {("wrong-count", "temporal_reasoning"): 1, ("wrong-count", ""): 1}


def test_categories_that_were_not_asked_for_are_not_reported(tmp_path):
    items = [rise_item(), rise_item(1, "causal_reasoning", image="gone.png")]
    make_rise(tmp_path, items[:1])
    put_json(tmp_path / "datav2_total_w_subtask.json", items)
    samples, found = read("rise", path=tmp_path, categories=("temporal_reasoning",))
    assert [one.category for one in samples] == ["temporal_reasoning"]
    assert {group for _, group in found} == {"temporal_reasoning", ""}
    _, found = read("rise", path=tmp_path, limit=1)
    assert found == {}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"index": ["a"]}, "bad-sample"),
        ({"index": True}, "bad-sample"),
        ({"instruction": {"en": "a"}}, "bad-sample"),
        ({"image": None}, "no-image"),
        ({"image": [1]}, "bad-sample"),
        ({"reference_img": "gone.png"}, "missing-file"),
    ],
)
def test_a_bad_annotation_is_a_failure_in_its_category(changes, kind, tmp_path):
    make_rise(tmp_path, [rise_item()])
    put_json(tmp_path / "datav2_total_w_subtask.json", [rise_item() | changes, rise_item()])
    samples, found = read("rise", path=tmp_path)
    assert [one.failure and one.failure.kind for one in samples] == [kind, None]
    assert found[kind, "temporal_reasoning"] == 1


def test_a_number_as_index_is_taken_and_said(tmp_path):
    (one,), found = read("rise", path=make_rise(tmp_path, [rise_item() | {"index": 7}]))
    assert one.id == "7"
    assert without_counts(found) == {("number-key", "temporal_reasoning"): 1}


def test_the_other_set_s_file_is_not_taken_for_this_one(tmp_path):
    make_rise(tmp_path, [rise_item()], name="data_total.json")
    with pytest.raises(DataError, match="datav2_total_w_subtask"):
        made("rise", path=tmp_path, subset=360)
