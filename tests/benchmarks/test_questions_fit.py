"""What the judge is asked fits the data that is there."""

import pytest

from editloupe.rubrics.loading import load_rubric
from published import kris_item, make_imgedit, make_kris, make_rise, put, put_json, rise_item
from reading import made, read, without_counts


def asked(rubric, sample):
    questions = load_rubric(rubric).questions(sample, sample.sources[0], mode="text")
    return {
        name: [part for part in one.context if isinstance(part, str)] + [one.ask] for name, one in questions.items()
    }


@pytest.mark.parametrize("category", ["rule-based_reasoning", "chemistry"])
def test_no_question_refers_to_an_explanation_that_is_not_there(category, tmp_path):
    make_kris(tmp_path, {category: {"1": kris_item(explain_en=""), "2": kris_item(explain_en="Iron rusts.")}})
    (without, with_) = read("kris", path=tmp_path)[0]
    words = " ".join(asked("kris", without)["knowledge"])
    assert "explained" not in words
    assert "What has to be known about the matter:" not in words
    assert "What has to be known about the matter: Iron rusts." in " ".join(asked("kris", with_)["knowledge"])


@pytest.mark.parametrize(
    ("images", "numbers"),
    [
        (["1-2.jpg", "1-3.jpg", "1-4.jpg"], ["2", "3", "4"]),
        (["7_1.png", "7_2.png"], ["1", "2"]),
        (["a.jpg", "b.jpg"], ["1", "2"]),
        (["1-2.jpg", "2-2.jpg"], ["1", "2"]),
        (["1-3.jpg"], ["3"]),
    ],
)
def test_frames_carry_the_numbers_of_their_names(images, numbers, tmp_path):
    make_kris(tmp_path, {"temporal_prediction": {"1": kris_item(images[0])}})
    folder = next(tmp_path.rglob("annotation.json")).parent
    for name in images:
        put(folder / name)
    make_item(folder, images)
    (one,) = read("kris", path=tmp_path)[0]
    labels = [part for part in asked("kris", one)["instruction"] if part.endswith("before the edit:")]
    assert labels == [f"Image {number} before the edit:" for number in numbers]


def make_item(folder, images):
    put_json(folder / "annotation.json", {"1": kris_item() | {"ori_img": images}})


def test_other_categories_are_numbered_from_one(tmp_path):
    make_kris(tmp_path, {"multi-element_composition": {"1": kris_item()}})
    folder = next(tmp_path.rglob("annotation.json")).parent
    for name in ("33-4.jpg", "33-7.jpg"):
        put(folder / name)
    make_item(folder, ["33-4.jpg", "33-7.jpg"])
    (one,) = read("kris", path=tmp_path)[0]
    assert asked("kris", one)["instruction"][:1] == ["Image 1 before the edit:"]


def test_the_older_name_of_a_type_is_asked_about_in_the_same_words_and_said(tmp_path):
    item = {"id": "animal/1.jpg", "prompt": "Make it blue", "edit_type": "alter"}
    make_imgedit(tmp_path, {"1": item, "2": item | {"edit_type": "adjust"}})
    samples, found = read("imgedit", path=tmp_path)
    older, newer = (asked("imgedit", one) for one in samples)
    assert older == newer
    assert "A property of something" in older["edit"][-1]
    assert samples[0].category == "alter"
    assert ("older-version", "") in without_counts(found)
    assert ("unknown-group", "alter") not in found


def test_a_published_file_is_not_called_older(tmp_path):
    make_imgedit(tmp_path)
    assert ("older-version", "") not in read("imgedit", path=tmp_path)[1]


@pytest.mark.parametrize(("name", "total"), [("data_total.json", 64), ("datav2_total_w_subtask.json", 360)])
@pytest.mark.parametrize("as_file", [False, True])
def test_the_set_of_rise_is_told_by_its_file(name, total, as_file, tmp_path):
    make_rise(tmp_path, [rise_item(1)], name=name)
    path = next(tmp_path.rglob(name)) if as_file else tmp_path
    benchmark = made("rise", path=path)
    samples = read("rise", path=path)[0]
    said = [one.message for one in benchmark.lint(samples)]
    assert (f"1 samples are there, {total} are published") in said


def test_a_set_under_another_name_is_told_by_its_length(tmp_path):
    make_rise(tmp_path, [rise_item(1)], name="mine.json")
    path = next(tmp_path.rglob("mine.json"))
    found = read("rise", path=path)[1]
    assert ("wrong-count", "") in found
    assert not any(kind == "missing-group" for kind, _ in found)
