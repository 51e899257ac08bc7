"""What the local judge writes is what the reader reads: on 10,000 random texts, whole and cut off."""

import random

import pytest
import torch

from editloupe.errors import UnreadableReply
from editloupe.judges.qwen.decoding import AFTERWORD, Writer
from editloupe.judges.qwen.engine import Step
from editloupe.records import Reply
from editloupe.rubrics.replies import read_score

PIECES = [
    *(
        "The cup, 3 cm high, is gone. ",
        "第2点：清晰。",
        "I cannot judge this",
        "8 of 9 details",
        " ",
        "7",
        "10",
        ".5",
        "{",
        "}",
    ),
    *(
        "\n",
        "\n",
        "\n\n",
        "<think>\n",
        "\n</think>\n\n",
        "[THINK]",
        "[/THINK]",
        "◁/think▷",
        "```json\n",
        "\n```",
        "```\n",
    ),
    *(
        '{{"reasoning": "blue", "score": {}}}',
        '{{"score": {}}}',
        '{{"score": "{}/10"}}',
        "{{'score': {}}}",
        '{{"score": {}',
    ),
    *('{{"reasoning": "it says </think> Score: 9", "score": {}}}', '{{"details": {{"score": 2}}, "Score": {}}}'),
    *(
        "Score: {}",
        "**Final score: {}/10**",
        "评分：{}",
        "总分：{}分",
        "Overall: {} out of 10",
        "Score: {}-9",
        "{}/5",
        "{}",
    ),
]
LETTERS = sorted({letter for piece in PIECES for letter in piece} | set("0123456789"))


class Letters:
    """A tokenizer of one letter a token."""

    ids = {letter: number for number, letter in enumerate(LETTERS)}  # noqa: RUF012
    all_special_ids = ()
    all_special_tokens = ()

    def __call__(self, text, **_):
        return {"input_ids": [self.ids[letter] for letter in text]}

    def decode(self, tokens, **_):
        return "".join(LETTERS[token] for token in tokens)


def texts(count):
    """Answers, drafts, quotes and words in any order; none goes on for long behind its first object."""
    draw = random.Random(11)
    for _ in range(count):
        pieces = draw.choices(PIECES, k=draw.randint(1, 7))
        text = "".join(
            draw.choice(("", "\n")) + piece.format(draw.randint(0, 11)) if "{}" in piece else piece for piece in pieces
        )
        yield text[: text.find("}") + AFTERWORD] if "}" in text else text


def written(spelled, limit, *, opened):
    """The drafts of a judge that wants to say the texts, and is nine parts of ten sure of each letter."""
    tokenizer, end = Letters(), len(LETTERS)
    writer = Writer(tokenizer, [end], limit, [0] * len(spelled), opened=opened)
    tokens = [[*tokenizer(text)["input_ids"], end] for text in spelled]
    rows, place = list(range(len(spelled))), 0
    while rows:
        chances = torch.full((len(rows), end + 1), 0.1 / end)
        chances[torch.arange(len(rows)), [tokens[row][place] for row in rows]] = 0.9
        chosen = writer(Step(rows, chances.log()))
        rows = [row for row, token in zip(rows, chosen, strict=True) if token is not None]
        place += 1
    return [(writer.text(draft), draft) for draft in writer.drafts]


def read(text, finish, *, opened):
    try:
        return read_score(Reply(text, finish, opened=opened), low=0, high=10)
    except UnreadableReply as error:
        return error.kind


@pytest.mark.parametrize("opened", [False, True])
def test_writer_and_reader_agree_on_10_000_random_texts(opened):
    spelled = list(texts(5000))
    read_as_numbers = 0
    for text, (said, draft) in zip(spelled, written(spelled, 1000, opened=opened), strict=True):
        assert (said, draft.stopped) == (text, True)
        score = read(text, "stop", opened=opened)
        if isinstance(score, float):
            read_as_numbers += 1
            assert max(draft.score_labels, key=draft.score_labels.get) == f"{int(score)}"
        else:  # a score outside the scale was said, too
            assert draft.score_labels is None or score == "out-of-range"
    assert read_as_numbers > 200


@pytest.mark.parametrize("limit", [9, 17, 31, 60])
def test_what_the_limit_cuts_off_gives_the_whole_s_score_or_none(limit):
    spelled = list(texts(1000))
    for text, (said, draft) in zip(spelled, written(spelled, limit, opened=False), strict=True):
        assert text.startswith(said)
        cut = read(said, "stop" if draft.stopped else "length", opened=False)
        whole = read(text, "stop", opened=False)
        assert isinstance(cut, str) or isinstance(whole, str) or cut == whole
