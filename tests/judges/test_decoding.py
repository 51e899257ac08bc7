"""Replies end when they are complete, and remember how sure the score's own token was."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from editloupe.judges.qwen.decoding import Sampler, Writer
from editloupe.judges.qwen.engine import Step
from editloupe.judges.random_weights import make_tokenizer
from editloupe.rubrics.replies import expected_score, is_complete


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(600)


def written(tokenizer, texts, limit=60, sure=0.9):
    """Feed a writer logits that spell out `texts`, each token with the probability `sure`; returns its drafts."""
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    spelled = [[*tokenizer(text, add_special_tokens=False)["input_ids"], end] for text in texts]
    writer = Writer(tokenizer, [end], limit, [0] * len(texts))
    rows, position, vocabulary = list(range(len(texts))), 0, len(tokenizer)
    rest = (1 - sure) / (vocabulary - 1)
    while rows and position < 200:
        chances = torch.full((len(rows), vocabulary), rest)
        for place, row in enumerate(rows):
            chances[place, spelled[row][min(position, len(spelled[row]) - 1)]] = sure
        chosen = writer(Step(rows, chances.log()))
        rows = [row for row, token in zip(rows, chosen, strict=True) if token is not None]
        position += 1
    return writer, writer.drafts


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('{"score": 7} and so on', '{"score": 7}'),
        ('{"reasoning": "a } b", "score": 7}{"score": 1}', '{"reasoning": "a } b", "score": 7}'),
        ('```json\n{"score": 7}\n```\nmore', '```json\n{"score": 7}\n```'),
        ("Score: 7\nBecause", "Score: 7\n"),
        ("It is good. 7", "It is good. 7"),
        ("7", "7"),
    ],
)
def test_a_reply_ends_when_its_answer_is_complete(tokenizer, text, kept):
    writer, (draft,) = written(tokenizer, [text])
    assert writer.text(draft).strip() == kept.strip()
    assert draft.stopped


def test_rows_end_one_by_one_and_keep_their_own_words(tokenizer):
    writer, drafts = written(
        tokenizer, ['{"score": 1}', "a long story without an end " * 9, '{"x": 2, "score": 3}'], 40
    )
    assert [writer.text(draft)[:20] for draft in drafts] == [
        '{"score": 1}',
        "a long story without",
        '{"x": 2, "score": 3}',
    ]
    assert [draft.stopped for draft in drafts] == [True, False, True]
    assert drafts[1].written == 40


def test_the_score_s_own_token_is_remembered(tokenizer):
    _, (draft,) = written(tokenizer, ['{"reasoning": "5 of 9", "score": 7}'], sure=0.8)
    assert draft.score_labels["7"] == pytest.approx(0.8)
    assert set(draft.score_labels) == set("0123456789")
    assert expected_score(draft.score_labels) == pytest.approx(7, abs=0.2)


def test_a_ten_is_told_from_a_one(tokenizer):
    _, (ten, one) = written(tokenizer, ['{"score": 10}', '{"score": 1}'], sure=0.9)
    assert ten.score_labels["10"] == pytest.approx(0.81, abs=1e-4)
    assert ten.score_labels["1"] == pytest.approx(0.09, abs=1e-4)
    assert expected_score(ten.score_labels) > 8.5
    assert one.score_labels["1"] == pytest.approx(0.9, abs=0.01)


def test_digits_elsewhere_are_not_the_score(tokenizer):
    _, (draft,) = written(tokenizer, ["There are 3 cups and 4 plates."])
    assert draft.score_labels is None


@pytest.mark.parametrize(
    ("text", "complete"),
    [
        ("7", False),
        ('{"score": 7', False),
        ('{"score": 7}', True),
        ('{"a": {"score": 7}', False),
        ("```json\n{}", False),
        ("```json\n{}\n```", True),
        ("Score: 7", False),
        ("Score: 7\n", True),
        ("Score: high\n", False),
        ("", False),
    ],
)
def test_what_counts_as_complete(text, complete):
    assert is_complete(text) is complete


@given(st.text(max_size=60), st.text(max_size=20))
def test_what_is_complete_stays_complete(text, more):
    if is_complete(text) and not text.lstrip().startswith("```"):
        assert is_complete(text + "\n" + more)


def test_sampling_follows_the_probabilities():
    logits = torch.tensor([[2.0, 1.0, 0.0]]).expand(4000, 3)
    drawn = Sampler(1.0, range(4000)).noisy(logits, range(4000)).argmax(-1)
    shares = torch.bincount(drawn, minlength=3) / 4000
    assert torch.allclose(shares, torch.softmax(logits[0], -1), atol=0.03)
    cold = Sampler(0.1, range(4000)).noisy(logits, range(4000)).argmax(-1)
    assert (cold == 0).float().mean() > 0.99


def test_no_mass_is_no_expectation():
    assert expected_score(dict.fromkeys("0123456789", 0.0)) is None
