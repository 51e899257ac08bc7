"""Conditions, shared questions, sizes and derived scores of a rubric; and what does not fit together."""

import pytest
import yaml

from editloupe import images
from editloupe.errors import ConfigError, UnreadableReply
from editloupe.images import ResizedImage
from editloupe.records import ImageBytes, ImagePart, Reply, Sample
from editloupe.rubrics.conditions import Condition
from editloupe.rubrics.derived import derived_scores
from editloupe.rubrics.loading import load_rubric
from pictures import noise, png

SOURCE, EDITED, REFERENCE = ImageBytes(png(64, 32)), ImageBytes(png(20, 30)), ImageBytes(b"reference")

MINE = """
name: mine
combine: mean
metrics:
  a: {question: both, key: a, low: 1, high: 5}
  b: {question: both, key: b, low: 1, high: 5}
  c: {low: 0, high: 1, words: {"no": 0, "yes": 1}, unless: {groups: {language: [zh]}}}
  d: {context: alone, when: {reference: true}, scales: [{when: {category: [logic]}, values: {0: 0, 1: 10}}]}
derived:
  low: {low: 1, high: 5, cases: [{formula: min, of: [a, b]}]}
  overall:
    low: 0
    high: 10
    cases: [{when: {category: [logic]}, formula: mean, of: [low, d]}, {formula: min, of: [low, c]}]
texts:
  en:
    system: s
    contexts:
      pair:
        - {image: source, label: "Before {number}:"}
        - {image: edited, when: {category: [logic]}, label: "After:"}
      alone: [{image: edited, size: source}, {image: reference}]
    asks: {both: A and B, c: C, d: D}
    reply: {text: {both: two, default: one}, choice: {c: pick, d: pick}}
"""


def rubric(tmp_path, change=None):
    data = yaml.safe_load(MINE)
    if change:
        change(data)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False))
    return load_rubric(str(path))


def sample(category="x", sources=1, reference=(), **groups):
    return Sample("a", category, "do", (SOURCE,) * sources, groups, reference=reference)


def test_a_condition_holds_where_all_that_it_names_is_so():
    one = sample("logic", reference=(REFERENCE,), language="zh", level="hard")
    assert Condition().holds(one)
    assert Condition(category=("x", "logic"), groups={"language": ("zh", "en")}, reference=True).holds(one)
    assert not Condition(category=("x",)).holds(one)
    assert not Condition(groups={"language": ("en",)}).holds(one)
    assert not Condition(groups={"task": ("en",)}).holds(one)
    assert not Condition(reference=False).holds(one)


def test_only_what_applies_is_asked_and_a_shared_question_is_asked_once(tmp_path):
    mine = rubric(tmp_path)
    assert list(mine.questions(sample(), EDITED)) == ["both", "c"]
    assert list(mine.questions(sample(language="zh"), EDITED)) == ["both"]
    assert list(mine.questions(sample(reference=(REFERENCE,)), EDITED)) == ["both", "c", "d"]
    assert mine.read_from("both", sample()) == ("a", "b")
    assert mine.metrics_of(sample(language="zh")) == ("a", "b")
    asks = [question.ask for question in mine.questions(sample(), EDITED).values()]
    assert asks == ["A and B\ntwo", "C\none"]


def test_pictures_are_numbered_and_sized_and_left_out_by_condition(tmp_path):
    mine = rubric(tmp_path)
    found = mine.questions(sample("logic", sources=2, reference=(REFERENCE,)), EDITED)
    assert [part for part in found["both"].context if isinstance(part, str)] == ["Before 1:", "Before 2:", "After:"]
    assert [part for part in mine.questions(sample(), EDITED)["both"].context if isinstance(part, str)] == ["Before:"]
    assert found["d"].context == (ImagePart("edited", ResizedImage(EDITED, SOURCE)), ImagePart("reference", REFERENCE))


def test_scores_are_read_by_key_and_by_the_sample_s_scale(tmp_path):
    mine = rubric(tmp_path)
    reply = Reply('{"a": 2, "b": "?"}')
    assert mine.score("a", reply, sample(), min_label_mass=0.5) == 2
    with pytest.raises(UnreadableReply):
        mine.score("b", reply, sample(), min_label_mass=0.5)
    assert mine.score("d", Reply("1"), sample("logic"), min_label_mass=0.5) == 10
    assert mine.score("d", Reply("1"), sample(), min_label_mass=0.5) == 1
    labels = dict.fromkeys("0123456789", 0.0) | {"9": 1.0}
    assert mine.score("c", Reply("9", labels=labels), sample(), min_label_mass=0.5) == 1
    assert mine.score("d", Reply("9", labels=labels), sample("logic"), min_label_mass=0.5) == 10


def test_a_list_is_as_long_as_the_metrics_that_are_read_from_it_whatever_else_is_asked(tmp_path):
    def change(data):
        data["metrics"]["a"] |= {"key": "list", "index": 0}
        data["metrics"]["e"] = {"question": "both", "key": "list", "index": 1}

    mine, reply = rubric(tmp_path, change), Reply('{"list": [3, 4], "b": 2}')
    assert [mine.score(metric, reply, sample(), min_label_mass=0.5) for metric in ("a", "e", "b")] == [3, 4, 2]
    with pytest.raises(UnreadableReply):
        mine.score("a", Reply('{"list": [3, 4, 2], "b": 2}'), sample(), min_label_mass=0.5)


def test_derived_scores_follow_by_condition_and_name_what_they_lack(tmp_path):
    mine = rubric(tmp_path)
    scores = {"a": 2.0, "b": 4.0, "c": 1.0}
    assert derived_scores(mine.derived, scores, sample()) == {"low": 2.0, "overall": 1.0}
    assert derived_scores(mine.derived, {**scores, "d": 10.0}, sample("logic")) == {"low": 2.0, "overall": 6.0}
    assert derived_scores(mine.derived, {**scores, "b": None}, sample()) == {"low": "b", "overall": "b"}
    assert derived_scores(mine.derived, {"a": 2.0, "b": 4.0}, sample(language="zh")) == {"low": 2.0, "overall": 2.0}


def test_a_shared_question_cannot_be_a_choice(tmp_path):
    with pytest.raises(ConfigError, match="its question 'both' is not made for it; set `answer: text`"):
        rubric(tmp_path).questions(sample(), EDITED, mode="choice")
    found = load_rubric("kris").questions(sample(), EDITED, mode="choice")["quality"]
    assert found.answer.labels == ("1", "2", "3", "4", "5")
    labels = dict.fromkeys("12345", 0.1) | {"4": 0.6}
    expected = (0.1 * (1 + 2 + 3 + 5) + 0.6 * 4) / 1.0
    assert load_rubric("kris").score("quality", Reply("4", labels=labels), sample(), min_label_mass=0.5) == expected
    with pytest.raises(ConfigError, match="cannot be asked in the answer mode 'choice'"):
        load_rubric("rise").questions(sample(), EDITED, mode="choice")


def drop(*path):
    def change(data):
        for step in path[:-1]:
            data = data[step]
        del data[path[-1]]

    return change


def put(value, *path):
    def change(data):
        for step in path[:-1]:
            data = data[step]
        data[path[-1]] = value

    return change


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (put("alone", "metrics", "b", "context"), "asks 'a' and 'b' in one question, but not about the same"),
        (put("a", "metrics", "b", "key"), "reads two metrics of the question 'both' from one place"),
        (put(1, "metrics", "a", "index"), "places count from 0 without a gap"),
        (put(["z"], "derived", "low", "cases", 0, "of"), "derives 'low' from 'z', which is neither a metric"),
        (put(["overall"], "derived", "low", "cases", 0, "of"), "which is neither a metric nor derived before it"),
        (put("median", "derived", "low", "cases", 0, "formula"), "no formula is called 'median'"),
        (put("rise", "derived", "low", "cases", 0, "formula"), "'rise' takes 3 scores, not 2"),
        (put("rise", "combine"), "combines by 'rise'; known formulas: mean, min"),
        (put("none", "aggregates"), "names the aggregates 'none'; there are: gedit"),
        (put(False, "metrics", "c", "default"), "name 'c' in its `metrics:` as well, or none"),
        (drop("texts", "en", "asks", "both"), "has no words in 'en' for the metric 'a'"),
        (put({}, "derived", "a"), "cannot be used"),
        (put({"categories": ["x"]}, "metrics", "c", "when"), "cannot be used"),
    ],
)
def test_what_does_not_fit_together_is_said_before_anything_is_asked(tmp_path, change, said):
    with pytest.raises(ConfigError, match=said):
        rubric(tmp_path, change)


def test_a_resized_image_is_made_when_read_and_named_by_what_it_is_made_of():
    small = ResizedImage(ImageBytes(b"no image"), SOURCE)
    assert len(small.sha256) == 64  # nothing was decoded for it
    one = ResizedImage(EDITED, SOURCE)
    assert images.decode(one).size == images.dimensions(one) == (64, 32)
    assert one.read() == ResizedImage(EDITED, SOURCE).read()
    assert len({one.sha256, small.sha256, ResizedImage(SOURCE, EDITED).sha256, EDITED.sha256}) == 4
    same = noise(64, 32)
    assert ResizedImage(same, SOURCE).read() == same.data


@pytest.mark.parametrize("name", ["gedit", "imgedit", "kris", "re-edit", "rise", "reasoning", "shapes"])
def test_every_built_in_rubric_says_what_its_scores_are_not(name):
    card = load_rubric(name).card
    assert len(card) > 100
    if name not in ("reasoning", "shapes"):
        assert "editloupe's own" in card
        assert "are not the published ones" in card
        assert "failure" in card
