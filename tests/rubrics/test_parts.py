"""Several scores in one reply are read as strictly as one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.errors import UnreadableReply
from editloupe.records import Reply
from editloupe.rubrics.parts import Part, read_part
from editloupe.rubrics.replies import is_complete

SECOND = Part(index=1, length=2, low=0, high=10, whole=True, alone=False)
NAMED = Part(key="b", low=1, high=5, whole=True, alone=False)
YES = Part(key="answer", words={"no": 0, "yes": 1})
BINARY = Part(low=0, high=1, values={0: 1, 1: 5})


@pytest.mark.parametrize(
    ("part", "text", "score"),
    [
        (SECOND, '{"reasoning": "Score: 3", "score": [7, 9]}', 9),
        (SECOND, '```json\n{"score": [7, 9.0]}\n```', 9),
        (Part(index=0, length=2, alone=False), '{"score": [7.25, 9]}', 7.25),
        (NAMED, '{"a": 2, "b": 4}', 4),
        (NAMED, '{"a": "unreadable", "b": 4}', 4),
        (YES, '{"reasoning": "no", "answer": "Yes"}', 1),
        (YES, '{"answer": " no "}', 0),
        (YES, "Yes.\n", 1),
        (BINARY, '{"score": 1}', 5),
        (BINARY, "0", 1),
        (Part(whole=True), "Score: 7", 7),
    ],
)
def test_what_prompts_ask_for_is_read(part, text, score):
    assert read_part(Reply(text), part) == score


@pytest.mark.parametrize(
    ("part", "text", "kind"),
    [
        (SECOND, '{"score": [7, 9, 8]}', "wrong-length"),
        (SECOND, '{"score": [7]}', "wrong-length"),
        (SECOND, '{"score": []}', "wrong-length"),
        (SECOND, '{"score": 7}', "wrong-length"),
        (SECOND, '{"score": {"0": 7, "1": 9}}', "wrong-length"),
        (SECOND, '{"score": [7, 8.5]}', "not-whole"),
        (SECOND, '{"score": [7, 11]}', "out-of-range"),
        (SECOND, '{"score": [7, ' + "9" * 400 + "]}", "out-of-range"),
        (SECOND, '{"score": [7, "nine"]}', "not-a-number"),
        (SECOND, '{"score": [7, true]}', "not-a-number"),
        (SECOND, '{"score": [7, [9]]}', "not-a-number"),
        (SECOND, '{"score": [7, NaN]}', "not-a-number"),
        (SECOND, '{"score": [1, 2], "score": [7, 9]}', "two-scores"),
        (SECOND, "[7, 9]", "prose"),
        (SECOND, "Score: 9", "prose"),
        (SECOND, "9", "prose"),
        (SECOND, '{"score": [7, 9]} or so', "prose"),
        (SECOND, "", "empty"),
        (NAMED, '{"a": 2}', "prose"),
        (NAMED, '{"b": 0}', "out-of-range"),
        (NAMED, '{"b": 2.5}', "not-whole"),
        (YES, '{"answer": "maybe"}', "not-a-word"),
        (YES, '{"answer": true}', "not-a-word"),
        (YES, '{"answer": 1}', "not-a-word"),
        (YES, "Yes, it is.", "prose"),
        (YES, "5", "prose"),
        (BINARY, '{"score": 0.5}', "out-of-range"),
        (BINARY, '{"score": 5}', "out-of-range"),
        (Part(whole=True), "Score: 7.5", "not-whole"),
    ],
)
def test_everything_else_is_refused_by_kind_and_kept(part, text, kind):
    with pytest.raises(UnreadableReply) as caught:
        read_part(Reply(text), part)
    assert caught.value.kind == kind
    assert caught.value.reply == text


@pytest.mark.parametrize("part", [SECOND, NAMED, YES])
@pytest.mark.parametrize("text", ["", '{"score": [7, 9', '{"b": 4', '{"answer": "yes', "yes", "The"])
def test_what_was_cut_off_is_truncated(part, text):
    with pytest.raises(UnreadableReply) as caught:
        read_part(Reply(text, "length"), part)
    assert caught.value.kind == "truncated"


def test_one_unreadable_part_leaves_the_others():
    reply = Reply('{"score": [7, "high"]}')
    assert read_part(reply, Part(index=0, length=2, alone=False)) == 7
    with pytest.raises(UnreadableReply):
        read_part(reply, SECOND)


def test_writing_ends_with_the_whole_object_and_not_before():
    text = '{"reasoning": "a } b", "score": [7, 9]}'
    for end in range(len(text)):
        assert not is_complete(text[:end])
    assert is_complete(text)


PARTS = st.sampled_from([SECOND, NAMED, YES, BINARY, Part(whole=True), Part(index=0, length=1, alone=False)])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["score", "b", "answer"]), inner),
    max_leaves=8,
)


@given(PARTS, st.text() | JSON.map(json.dumps), st.sampled_from(["stop", "length"]))
def test_no_text_breaks_the_reader_and_no_score_leaves_its_scale(part, text, finish):
    try:
        score = read_part(Reply(text, finish), part)
    except UnreadableReply as error:
        assert error.reply == text
    else:
        allowed = [*part.words.values(), *part.values.values()]
        assert score in allowed if allowed else part.low <= score <= part.high


@given(st.lists(st.integers(0, 10), min_size=1, max_size=5), st.text())
def test_a_list_gives_back_each_of_its_numbers_whatever_the_reasoning_says(scores, reasoning):
    reply = Reply(json.dumps({"reasoning": reasoning, "score": scores}))
    parts = [Part(index=index, length=len(scores), whole=True, alone=False) for index in range(len(scores))]
    assert [read_part(reply, part) for part in parts] == scores
    with pytest.raises(UnreadableReply):
        read_part(reply, Part(index=0, length=len(scores) + 1, alone=False))
