"""Replies are written to their end, and remember how sure the score's own token was."""

import pytest
import torch

from editloupe.judges.qwen.decoding import Sampler, Writer
from editloupe.judges.qwen.engine import Step
from editloupe.judges.random_weights import make_tokenizer
from editloupe.judges.sampling import Sampling
from editloupe.rubrics.replies import expected_score, is_complete


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(600)


def written(tokenizer, texts, limit=60, sure=0.9, *, opened=False):
    """Feed a writer logits that spell out `texts`, each token with the probability `sure`; returns its drafts."""
    end = tokenizer.convert_tokens_to_ids("<|im_end|>")
    spelled = [[*tokenizer(text, add_special_tokens=False)["input_ids"], end] for text in texts]
    writer = Writer(tokenizer, [end], limit, [0] * len(texts), opened=opened)
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
    "text",
    [
        '{"score": 7} and so on',
        '{"reasoning": "a } b", "score": 7}\n{"score": 1}',
        '```json\n{"score": 7}\n```\nmore',
        "Score: 7\nBecause",
        'Hm.\nScore: 8\n</think>\n\n{"score": 2}',
        "7",
    ],
)
def test_a_reply_is_written_to_its_end_whatever_stands_in_it(tokenizer, text):
    writer, (draft,) = written(tokenizer, [text])
    assert writer.text(draft) == text
    assert draft.stopped


@pytest.mark.parametrize("behind", ["", "\n```"])
def test_a_usual_reply_costs_its_own_tokens_and_one_step_for_its_end(tokenizer, behind):
    text = ("```json\n" if behind else "") + '{"reasoning": "The hat is there.", "score": 7}' + behind
    _, (draft,) = written(tokenizer, [text])
    assert draft.written == len(tokenizer(text, add_special_tokens=False)["input_ids"]) + 1


def test_a_judge_that_rambles_behind_its_answer_is_stopped_and_one_that_thinks_is_not(tokenizer):
    ramble = "la " * 160
    writer, (answered,) = written(tokenizer, ['{"score": 7}\n' + ramble], 150)
    assert answered.stopped
    assert writer.text(answered).startswith('{"score": 7}\nla la')
    _, (thinking,) = written(tokenizer, ['Is it {"score": 7}?' + ramble], 150, opened=True)
    assert not thinking.stopped


def test_the_score_s_token_is_taken_from_the_answer_and_not_from_a_draft(tokenizer):
    draft_first = 'I say {"score": 8} or\nScore: 8\n</think>\n{"reasoning": "score: 9", "score": 2}'
    _, (draft,) = written(tokenizer, [draft_first], limit=190, sure=0.8, opened=True)
    assert draft.score_labels["2"] == pytest.approx(0.8)
    _, (unread,) = written(tokenizer, ['{"score": 8}\n{"score": 2}'])
    assert unread.score_labels is None


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
        ('```json\n{"score": 7}', True),
        ('Here it is:\n{"score": 7}', True),
        ('The label says {"score": 7}', False),
        ('<think>{"score": 7}', False),
        ('<think>{"score": 7}</think>{"score": 2}', True),
        ("Score: 7\n", False),
        ("", False),
    ],
)
def test_what_counts_as_complete(text, complete):
    assert is_complete(text) is complete


def test_sampling_follows_the_probabilities():
    logits = torch.tensor([[2.0, 1.0, 0.0]]).expand(4000, 3)
    drawn = Sampler(Sampling(1.0), range(4000)).noisy(logits, range(4000)).argmax(-1)
    shares = torch.bincount(drawn, minlength=3) / 4000
    assert torch.allclose(shares, torch.softmax(logits[0], -1), atol=0.03)
    cold = Sampler(Sampling(0.1), range(4000)).noisy(logits, range(4000)).argmax(-1)
    assert (cold == 0).float().mean() > 0.99


def test_no_mass_is_no_expectation():
    assert expected_score(dict.fromkeys("0123456789", 0.0)) is None


def test_a_draw_depends_on_its_seed_and_its_number_and_on_nothing_beside_it():
    logits = torch.randn(3, 500, generator=torch.Generator().manual_seed(0))
    together = Sampler(Sampling(1.0), [5, 6, 7])
    drawn = [together.noisy(logits, rows) for rows in ([0, 1, 2], [0, 2, 1])]
    alone = Sampler(Sampling(1.0), [6])
    assert torch.equal(alone.noisy(logits[1:2], [0])[0], drawn[0][1])
    assert torch.equal(alone.noisy(logits[2:3], [0])[0], drawn[1][2])
    assert (drawn[0] - drawn[1]).abs().min(dim=1).values.max() > 0


def test_noise_is_gumbel_noise_for_every_token_and_in_every_draw():
    """Mean 0.5772, variance 1.6449; draws, seeds and neighbouring tokens are unrelated."""
    sampler = Sampler(Sampling(1.0), range(8))
    noise = torch.stack([sampler.noisy(torch.zeros(8, 4000), range(8)) for _ in range(8)])
    assert noise.mean().item() == pytest.approx(0.5772, abs=0.02)
    assert noise.var().item() == pytest.approx(1.6449, abs=0.05)
    rows = noise.flatten(0, 1)
    together = torch.corrcoef(rows) - torch.eye(len(rows))
    assert together.abs().max() < 0.1
    assert torch.corrcoef(torch.stack([rows[:, :-1].flatten(), rows[:, 1:].flatten()]))[0, 1].abs() < 0.02
