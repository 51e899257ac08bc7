import pytest

from editloupe.errors import DataError
from editloupe.store.blobs import NoStore
from pictures import TRUNCATED
from published import make_imgedit, put, put_json
from reading import made, read, without_counts

ITEM = {"id": "animal/a.jpg", "prompt": "Smooth it", "edit_type": "adjust"}


@pytest.mark.parametrize("images", ["", "singleturn", "Benchmark/singleturn"])
def test_images_are_found_beside_the_annotations_and_in_the_unpacked_archive(images, tmp_path):
    samples, found = read("imgedit", path=make_imgedit(tmp_path, images=images))
    assert [(one.id, one.category, one.failure) for one in samples] == [
        ("1082", "adjust", None),
        ("673", "style", None),
    ]
    assert samples[0].instruction == "Smooth the shell"
    assert samples[0].extra["outputs"] == ["1082"]
    assert without_counts(found) == {}
    assert found["wrong-count", "adjust"] == found["missing-group", "compose"] == 1


def test_the_archive_may_lie_beside_the_repository_s_folder(tmp_path):
    make_imgedit(tmp_path / "Benchmark" / "Basic")
    (tmp_path / "Benchmark" / "singleturn").mkdir()
    for name in ("animal", "style"):
        (tmp_path / "Benchmark" / "Basic" / name).rename(tmp_path / "Benchmark" / "singleturn" / name)
    samples, _ = read("imgedit", path=tmp_path)
    assert [one.failure for one in samples] == [None, None]


def test_the_images_may_lie_elsewhere(tmp_path):
    put_json(tmp_path / "basic_edit.json", {"1": ITEM})
    put(tmp_path / "else" / "animal" / "a.jpg")
    (one,), _ = read("imgedit", path=tmp_path / "basic_edit.json", images=str(tmp_path / "else"))
    assert one.failure is None


def test_a_key_that_occurs_twice_is_said_and_both_are_kept(tmp_path):
    put(tmp_path / "animal" / "a.jpg")
    one = '{"id": "animal/a.jpg", "prompt": "Smooth it", "edit_type": "adjust"}'
    put_json(tmp_path / "basic_edit.json", f'{{"1": {one}, "1": {one}}}')
    samples, found = read("imgedit", path=tmp_path)
    assert [sample.id for sample in samples] == ["1", "1-2"]
    assert without_counts(found) == {("duplicate-key", "adjust"): 1}


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"prompt": ["a"]}, "bad-sample"),
        ({"prompt": 3}, "bad-sample"),
        ({"prompt": ""}, "no-instruction"),
        ({"id": 7}, "bad-sample"),
        ({"id": None}, "no-image"),
        ({"id": "animal/gone.jpg"}, "missing-file"),
        ({"id": "../secret.jpg"}, "bad-sample"),
        ({"id": "/etc/passwd"}, "bad-sample"),
    ],
)
def test_a_bad_annotation_is_a_failure_in_its_category(changes, kind, tmp_path):
    put(tmp_path / "d" / "animal" / "a.jpg")
    put(tmp_path / "secret.jpg")
    put_json(tmp_path / "d" / "basic_edit.json", {"1": ITEM | changes, "2": ITEM})
    samples, found = read("imgedit", path=tmp_path / "d")
    assert [(one.category, one.failure and one.failure.kind) for one in samples] == [("adjust", kind), ("adjust", None)]
    assert without_counts(found) == {(kind, "adjust"): 1}


def test_a_category_of_the_wrong_type_or_no_object_is_a_failure(tmp_path):
    put(tmp_path / "animal" / "a.jpg")
    put_json(tmp_path / "basic_edit.json", {"1": ITEM | {"edit_type": 5}, "2": ["a"], "3": ITEM})
    samples, _ = read("imgedit", path=tmp_path)
    assert [one.failure and one.failure.kind for one in samples] == ["bad-sample", "bad-sample", None]


def test_images_without_annotation_truncated_ones_and_mixed_extensions_are_said(tmp_path):
    make_imgedit(tmp_path, {str(n): ITEM | {"id": f"animal/{n}.jpg"} for n in range(3)})
    put(tmp_path / "animal" / "0.jpg", TRUNCATED["jpeg"])
    (tmp_path / "animal" / "1.jpg").rename(tmp_path / "animal" / "1.PNG")
    put(tmp_path / "animal" / "extra.png")
    put(tmp_path / "animal" / ".hidden.png")
    put(tmp_path / "outputs" / "1.png")
    samples, found = read("imgedit", path=tmp_path)
    assert [one.failure and one.failure.kind for one in samples] == ["bad-image", None, None]
    assert without_counts(found) == {
        ("bad-image", "adjust"): 1,
        ("other-extension", ""): 1,
        ("unused-image", ""): 1,
        ("mixed-extensions", ""): 1,
    }


def test_two_files_of_one_stem_are_not_guessed_between(tmp_path):
    put_json(tmp_path / "basic_edit.json", {"1": ITEM})
    put(tmp_path / "animal" / "a.png")
    put(tmp_path / "animal" / "a.webp")
    (one,), _ = read("imgedit", path=tmp_path)
    assert one.failure.kind == "missing-file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "holds a list"),
        ('{"1": ', "broken JSON at byte 6"),
        ("", "broken JSON at byte 0"),
        ("null", "holds null"),
    ],
)
def test_a_broken_file_is_one_sentence(text, said, tmp_path):
    put_json(tmp_path / "basic_edit.json", text)
    with pytest.raises(DataError) as caught:
        list(made("imgedit", path=tmp_path).samples(NoStore()))
    assert said in str(caught.value)
    assert "basic_edit.json" in str(caught.value)


def test_a_folder_without_annotations_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match=r"holds no 'basic_edit\.json'"):
        made("imgedit", path=tmp_path)
