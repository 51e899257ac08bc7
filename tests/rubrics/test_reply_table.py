"""The page about reading is true, row by row; and no draft, cut or quote becomes a score."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.errors import UnreadableReply
from editloupe.records import Reply
from editloupe.rubrics.replies import read_score
from editloupe.rubrics.thoughts import CLOSING, OPENING, opens_thoughts, split_thoughts

PAGE = Path(__file__).parents[2] / "docs" / "design" / "replies.md"
ROW = re.compile(r"^\| `(?P<reply>.+)` \| (?P<read>[a-z0-9-]+) \|$", re.MULTILINE)
ROWS = [
    (row["reply"].replace("⏎", "\n"), row["read"])
    for row in ROW.finditer(PAGE.read_text(encoding="utf-8").partition("## The forms")[2].partition("\n## ")[0])
]
ANSWERS = ['{{"reasoning": "r", "score": {}}}', '```json\n{{"score": {}}}\n```', "Score: {}", "**Final score: {}/10**"]
BEGUN = re.compile(r"[{\[(\"'`“‘=<,]|score|评分|rating|overall|mark|grade|[总综得打]", re.IGNORECASE)


def read(text, finish="stop", *, opened=False):
    try:
        return read_score(Reply(text, finish, opened=opened), low=0, high=10)
    except UnreadableReply as error:
        assert error.reply == text
        return error.kind


def test_the_page_has_a_table():
    assert len(ROWS) > 50


@pytest.mark.parametrize(("reply", "said"), ROWS)
def test_each_row_of_the_page_is_read_as_it_says(reply, said):
    found = read(reply)
    assert (f"{found:g}" if isinstance(found, float) else found) == said


@pytest.mark.parametrize(
    "finish_and_text",
    [
        ("length", "7"),
        ("unknown", "7"),
        ("unknown", "Fine.\nScore: 7"),
        ("length", '{"score": 7}\nBut then'),
        ("length", ""),
    ],
)
def test_what_may_go_on_is_truncated(finish_and_text):
    finish, text = finish_and_text
    assert read(text, finish) == "truncated"


@given(
    st.lists(st.text(alphabet="abc 0123456789/.\n", max_size=20) | st.integers(0, 99).map(str), max_size=8),
    st.integers(0, 10),
    st.sampled_from(ANSWERS),
)
def test_one_answer_that_stands_last_is_the_score_whatever_numbers_stand_before(before, score, form):
    assert read("\n".join([*before, form.format(score)])) == score


@given(st.text(), st.integers(0, 10), st.sampled_from(ANSWERS[:2]))
def test_any_text_before_an_object_is_no_score(before, score, form):
    found = read(before + "\n" + form.format(score))
    assert found == score or (isinstance(found, str) and BEGUN.search(before))


@given(
    st.text(max_size=30),
    st.integers(0, 10),
    st.integers(0, 10),
    st.sampled_from(ANSWERS),
    st.booleans(),
    st.integers(0, 200),
)
def test_a_reply_that_is_cut_anywhere_gives_its_score_or_a_failure(thought, draft, score, form, opened, cut):
    head = "Hm.\n" if opened else "<think>\n"
    whole = f'{head}{thought}\nScore: {draft}\n{{"score": {draft}}}\n</think>\n\n{form.format(score)}'
    for text in (whole[:cut], whole.encode()[:cut].decode(errors="ignore")):
        for known in {opened, False}:
            assert read(text, "length", opened=known) in (score, "truncated", "bad-json", "two-scores", "prose")


@given(st.integers(0, 10), st.integers(0, 200), st.sampled_from(ANSWERS))
def test_a_plain_reply_that_is_cut_anywhere_gives_its_score_or_a_failure(score, cut, form):
    found = read(form.format(score)[:cut], "length")
    assert found == score or isinstance(found, str)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("<think>", "</think>"),
        ("[THINK]", "[/THINK]"),
        ("◁think▷", "◁/think▷"),
        ("<unused94>thought\n", "<unused95>"),
        ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ],
)
def test_thoughts_are_told_from_the_answer(begin, end):
    answer = json.dumps({"score": 2})
    assert split_thoughts(f"{begin}Score: 8\n{end}{answer}").answer == answer
    assert split_thoughts(f"{begin}Score: 8\n{end}{answer}").thoughts == "Score: 8"
    assert split_thoughts(f"Score: 8\n{end}{answer}", opened=True).answer == answer
    assert not split_thoughts(f"{begin}Score: 8").closed
    assert not split_thoughts("Score: 8", opened=True).closed
    assert split_thoughts(answer).thoughts is None
    assert OPENING.search(begin)
    assert CLOSING.search(end)
    assert opens_thoughts(f"<|im_start|>assistant\n{begin}\n")
    assert not opens_thoughts(f"<|im_start|>assistant\n{begin}\n{end}\n")
