import pytest

from editloupe.benchmarks.kris import TAXONOMY
from editloupe.errors import DataError
from editloupe.store.blobs import NoStore
from published import kris_item, make_kris, put, put_json
from reading import made, read, without_counts


def test_the_taxonomy_is_the_published_one():
    dimensions = [dimension for kind in TAXONOMY.values() for dimension in kind.values()]
    assert (len(TAXONOMY), len(dimensions), sum(map(len, dimensions))) == (3, 7, 20)
    assert sum(count for dimension in dimensions for count in dimension.values()) == 1267


@pytest.mark.parametrize("above", ["", "KRIS_Bench"])
def test_annotations_become_samples_with_their_groups(above, tmp_path):
    make_kris(
        tmp_path / above,
        {
            "chemistry": {"1": kris_item(), "2": kris_item("2.png")},
            "temporal_prediction": {"7": kris_item(["7-1.png", "7-2.png", "7-4.png"], gt_img="7-3.png")},
        },
    )
    samples, found = read("kris", path=tmp_path)
    by_id = {one.id: one for one in samples}
    assert list(by_id) == ["temporal_prediction_7", "chemistry_1", "chemistry_2"]
    frames, rust = by_id["temporal_prediction_7"], by_id["chemistry_1"]
    assert (len(frames.sources), len(frames.reference)) == (3, 1)
    assert frames.groups == {"dimension": "temporal_perception", "class": "factual"}
    assert (rust.instruction, rust.rationale, rust.reference) == ("Show what rusts", "Iron turns brown", ())
    assert rust.groups == {"dimension": "natural_science", "class": "conceptual"}
    assert rust.extra["outputs"] == ["chemistry/1"]
    assert without_counts(found) == {("mixed-extensions", "chemistry"): 1}
    assert sum(kind == "missing-group" for kind, _ in found) == 18


def test_a_folder_of_which_half_is_missing_counts_each_category(tmp_path):
    items = {str(n): kris_item(f"{n}.jpg") for n in range(50)}
    make_kris(tmp_path, {"medicine": items, "mathematics": items})
    for n in range(25):
        (tmp_path / "medicine" / f"{n}.jpg").unlink()
    samples, found = read("kris", path=tmp_path)
    assert len(samples) == 100
    assert sum(one.failure is not None for one in samples) == 25
    assert without_counts(found) == {("missing-file", "medicine"): 25}
    assert ("wrong-count", "medicine") not in found


def test_a_category_whose_images_are_all_gone_keeps_its_samples(tmp_path):
    put_json(tmp_path / "medicine" / "annotation.json", {"1": kris_item(), "2": kris_item("2.jpg")})
    samples, found = read("kris", path=tmp_path)
    assert [one.failure.kind for one in samples] == ["missing-file"] * 2
    assert found["missing-file", "medicine"] == 2


@pytest.mark.parametrize(
    ("item", "kind"),
    [
        (kris_item({"a": 1}), "bad-sample"),
        (kris_item(["1.jpg", 2]), "bad-sample"),
        (kris_item([]), "no-image"),
        (kris_item("../1.jpg"), "missing-file"),
        (kris_item("../../1.jpg"), "bad-sample"),
        (kris_item(ins_en=7), "bad-sample"),
        (kris_item(ins_en=None), "no-instruction"),
        (kris_item(explain_en=["a"]), "bad-sample"),
        (kris_item(gt_img="gone.jpg"), "missing-file"),
        ("text", "bad-sample"),
    ],
)
def test_a_bad_annotation_is_a_failure_in_its_category(item, kind, tmp_path):
    make_kris(tmp_path, {"medicine": {"2": kris_item()}})
    put_json(tmp_path / "medicine" / "annotation.json", {"1": item, "2": kris_item()})
    samples, found = read("kris", path=tmp_path)
    assert [one.failure and one.failure.kind for one in samples] == [kind, None]
    assert all(one.groups["dimension"] == "natural_science" for one in samples)
    assert found[kind, "medicine"] == 1


def test_a_folder_of_a_stranger_is_read_and_said(tmp_path):
    samples, found = read("kris", path=make_kris(tmp_path, {"astronomy": {"1": kris_item()}}))
    assert [(one.category, one.groups) for one in samples] == [("astronomy", {})]
    assert found["unknown-group", "astronomy"] == 1


def test_unusable_folders_are_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"holds no annotation\.json"):
        made("kris", path=tmp_path)
    put(tmp_path / "physics" / "annotation.json", b'{"1": {"ori_img" "x"}}')
    with pytest.raises(DataError, match=r"physics/annotation\.json' is broken JSON at byte 17"):
        list(made("kris", path=tmp_path).samples(NoStore()))
