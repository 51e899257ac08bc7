"""Replies are read strictly: a score that was not clearly given is no score."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.errors import UnreadableReply
from editloupe.records import Reply
from editloupe.rubrics.replies import expected_value, read_score


def read(text, finish="stop"):
    return read_score(Reply(text, finish), low=0, high=10)


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ('{"score": 7}', 7),
        ('{"reasoning": "The lamp, {lit}, is \\"on\\".", "score": 7.25}', 7.25),
        ('  {"score": 0, "reasoning": "Score: 9"}\n', 0),
        ('```json\n{"score": 7}\n```', 7),
        ('```\n{"score": 7}\n```\n', 7),
        ('{"details": {"score": 2}, "score": 9}', 9),
        ("7", 7),
        (" 10.0\n", 10),
        ("Score: 7", 7),
        ("The shadow is right.\n\nScore: 7.5", 7.5),
        ("**Score:** 7/10", 7),
        ("**Final score: 7**", 7),
        ("评分：7分", 7),
        ("得分: 6.5", 6.5),
        ("score = 3.", 3),
    ],
)
def test_what_prompts_ask_for_is_read(text, score):
    assert read(text) == score


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("I would give it a 7.", "prose"),
        ("8 or 9", "prose"),
        ('Here it is: {"score": 7}', "prose"),
        ('{"score": 7} and more', "prose"),
        ('{"score": 7}{"score": 8}', "two-scores"),
        ('{"points": 7}', "prose"),
        ("[7]", "prose"),
        ('{"score": 7', "bad-json"),
        ('{"score": 7, "score": 8}', "two-scores"),
        ("Score: 7\nScore: 8", "two-scores"),
        ('{"score": true}', "not-a-number"),
        ('{"score": null}', "not-a-number"),
        ('{"score": NaN}', "not-a-number"),
        ('{"score": [7, 8]}', "not-a-number"),
        ("Score: 7-8", "interval"),
        ("Score: about seven", "not-a-number"),
        ('{"score": 11}', "out-of-range"),
        ('{"score": -0.5}', "out-of-range"),
        ('{"score": 1e999}', "out-of-range"),
        ('{"score": ' + "9" * 400 + "}", "out-of-range"),
        ("72", "out-of-range"),
        ("Score: 70/100", "out-of-range"),
    ],
)
def test_everything_else_is_refused_by_kind_and_kept(text, kind):
    with pytest.raises(UnreadableReply) as caught:
        read(text)
    assert caught.value.kind == kind
    assert caught.value.reply == text


@pytest.mark.parametrize("text", ["", "7", "Score: 7", '{"reasoning": "it is', "The edit is", '{"score": 7, "rea'])
def test_a_reply_that_was_cut_off_is_truncated_even_if_a_number_stands_there(text):
    with pytest.raises(UnreadableReply) as caught:
        read(text, "length")
    assert caught.value.kind == "truncated"


def test_a_whole_object_at_the_limit_is_an_answer_and_a_score_line_is_not_the_last_one_yet():
    assert read('{"score": 7}', "length") == 7
    with pytest.raises(UnreadableReply, match="cut off"):
        read("Score: 7\nBecause the", "length")


@pytest.mark.parametrize("finish", ["length", "unknown"])
def test_without_a_known_end_a_number_may_go_on(finish):
    for text in ("7", "Score: 7", 'Here:\n{"score": 7}', '{"score": 7}\nOn second thoughts'):
        with pytest.raises(UnreadableReply) as caught:
            read(text, finish)
        assert caught.value.kind == "truncated"


@given(st.text())
def test_no_text_breaks_the_reader(text):
    for finish in ("stop", "length"):
        try:
            assert 0 <= read(text, finish) <= 10
        except UnreadableReply as error:
            assert error.reply == text


@given(st.floats(0, 10), st.text())
def test_a_json_reply_gives_back_its_number_whatever_the_reasoning_says(score, reasoning):
    assert read(json.dumps({"reasoning": reasoning, "score": score})) == score


@given(st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()))
def test_json_without_a_number_under_score_is_never_a_score(data):
    data.pop("score", None)
    with pytest.raises(UnreadableReply):
        read(json.dumps(data))


def test_expected_value_by_hand():
    # 0.2 on "3" and 0.6 on "9" of ten labels: (0.2 * 3 + 0.6 * 9) / 0.8 = 7.5 of 9, times 10 / 9.
    labels = dict.fromkeys("0123456789", 0.0) | {"3": 0.2, "9": 0.6}
    assert expected_value(labels, low=0, high=10, min_mass=0.5) == round(7.5 * 10 / 9, 4)
    assert expected_value(labels, low=1, high=5, min_mass=0.5) == round(1 + 4 * 7.5 / 9, 4)


def test_too_little_mass_is_no_answer():
    labels = dict.fromkeys("0123456789", 0.01)
    with pytest.raises(UnreadableReply) as caught:
        expected_value(labels, low=0, high=10, min_mass=0.5)
    assert caught.value.kind == "label-mass"
    assert expected_value(labels, low=0, high=10, min_mass=0.05) == 5.0


def test_not_a_number_is_no_answer():
    labels = dict.fromkeys("0123456789", float("nan"))
    with pytest.raises(UnreadableReply):
        expected_value(labels, low=0, high=10, min_mass=0.5)


@given(st.lists(st.floats(1e-6, 1), min_size=2, max_size=10))
def test_expected_value_stays_on_the_scale(chances):
    labels = {str(index): chance for index, chance in enumerate(chances)}
    assert 0 <= expected_value(labels, low=0, high=10, min_mass=0) <= 10
