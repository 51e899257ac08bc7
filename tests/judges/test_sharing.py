"""What prompts have in common is computed once, and nothing changes by it."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from editloupe.judges.qwen.lru import ByteLRU
from editloupe.judges.qwen.prompts import Prompt
from editloupe.judges.qwen.sharing import MAX_PADDING, common_length, levels, tight_chunks
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import AnswerFormat, ImagePart, Question
from pictures import noise

DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
ASKS = ("How well was it done?", "Is everything else as it was before the edit?", "Is it beautiful?")


def prompt(tokens):
    ids = np.asarray(tokens, dtype=np.int64)
    return Prompt(ids, ids, np.tile(np.arange(len(ids)), (3, 1)), len(ids), ())


def study(editors=4, asks=ASKS, answer=DIGITS):
    """One sample, edited by several editors, scored on several metrics."""
    source = noise(96, 96)
    text = "You compare two pictures. " * 6
    return [
        Question(
            text,
            (ImagePart("source", source), "It was asked: " * 12, ImagePart("edited", noise(96, 96, n + 1))),
            ask,
            answer,
        )
        for n in range(editors)
        for ask in asks
    ]


@pytest.fixture
def judge(tiny_checkpoint):
    return TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint), max_new_tokens=10))


def test_shared_equals_unshared(judge):
    runner = judge.runner
    prompts = [runner._prompt(question) for question in study()]
    shared = runner._engine.last_logits(prompts)
    runner._engine.share = False
    apart = runner._engine.last_logits(prompts)
    assert (shared - apart).abs().max() < 1e-4
    assert (apart[0] - apart[1]).abs().max() > 1e-2  # the prompts do differ


def test_shared_replies_equal_those_asked_alone(judge):
    questions = study(editors=2, answer=AnswerFormat())
    together = [reply.text for reply in judge.answer(questions)]
    assert together == [judge.answer([question])[0].text for question in questions]
    assert len(set(together)) >= 3


def test_sharing_saves_the_tokens_that_are_equal(judge):
    runner = judge.runner
    prompts = [runner._prompt(question) for question in study()]
    runner._engine.last_logits(prompts)
    counted = runner.counters.tokens - runner.counters.padding
    assert counted < 0.35 * sum(map(len, prompts))


def test_each_image_goes_through_the_vision_tower_once(judge):
    runner = judge.runner
    judge.answer(study())
    assert runner.counters.images == 5  # a source and four edits, twelve questions
    judge.answer(study())
    assert runner.counters.images == 5


def test_padding_stays_below_its_bound(judge):
    runner = judge.runner
    mixed = [
        Question("s", (ImagePart("edited", noise(32 + 64 * (n % 5), 64, n)), "word " * (n * 3)), "ask", DIGITS)
        for n in range(16)
    ]
    judge.answer(mixed)
    assert runner.counters.padding <= MAX_PADDING * runner.counters.tokens


def test_equal_questions_are_answered_twice(judge):
    (question,) = study(editors=1, asks=ASKS[:1])
    one, other = judge.answer([question, question])
    assert one.labels == pytest.approx(other.labels, abs=1e-6)


def test_prompts_that_differ_in_their_pixels_only_share_nothing_after_them(judge):
    runner = judge.runner
    one, other = (Question("system " * 20, (ImagePart("edited", noise(64, 64, n)),), "ask", DIGITS) for n in (1, 2))
    first, second = runner._prompt(one), runner._prompt(other)
    assert (first.ids == second.ids).all()
    assert common_length(first, second) == first.images[0].start


tokens = st.lists(st.integers(0, 2), min_size=1, max_size=120)


@given(st.lists(st.tuples(st.integers(0, 3), tokens), min_size=1, max_size=12))
def test_levels_cover_every_prompt_exactly_once(parts):
    prompts = [prompt([beginning] * 40 + rest) for beginning, rest in parts]
    arranged = levels(prompts)
    leaves = [segment.prompt for level in arranged for segment in level if segment.leaf]
    assert sorted(leaves) == list(range(len(prompts)))
    for depth, level in enumerate(arranged):
        for segment in level:
            if not segment.leaf:
                continue
            # Walking up from a leaf gives back the whole prompt.
            pieces, current, above = [], segment, depth
            while True:
                pieces.insert(0, prompts[current.prompt].ids[current.start : current.end].tolist())
                if current.parent is None:
                    break
                above -= 1
                current = arranged[above][current.parent]
            assert [token for piece in pieces for token in piece] == prompts[segment.prompt].ids.tolist()
            assert len(segment) >= 1


@given(st.lists(st.integers(1, 500), min_size=1, max_size=60))
def test_chunks_hold_every_index_once_and_pad_little(lengths):
    chunks = list(tight_chunks(lengths))
    assert sorted(index for chunk in chunks for index in chunk) == list(range(len(lengths)))
    for chunk in chunks:
        longest = max(lengths[index] for index in chunk)
        assert sum(lengths[index] for index in chunk) >= (1 - MAX_PADDING) * longest * len(chunk) - 1e-9


def test_what_was_used_longest_ago_makes_room():
    kept = ByteLRU(10, len)
    kept.put("a", "xxxx")
    kept.put("b", "xxxx")
    assert kept.get("a") == "xxxx"
    kept.put("c", "xxxx")
    assert kept.get("b") is None
    assert kept.get("a") is not None
    kept.put("huge", "x" * 50)  # larger than the room: kept alone rather than lost
    assert kept.get("huge") is not None
    assert kept.get("a") is None


def test_positions_are_those_of_the_model(judge):
    from editloupe.judges.plain import ReferenceRunner

    runner = judge.runner
    plain = ReferenceRunner(runner.model, runner.processor, longest_edge=1024, max_new_tokens=1)
    for question in study(editors=1):
        encoded = plain.encode([question])
        wanted, _ = runner.model.model.get_rope_index(
            encoded["input_ids"], encoded["mm_token_type_ids"], image_grid_thw=encoded["image_grid_thw"]
        )
        assert torch.equal(torch.from_numpy(runner._prompt(question).positions), wanted[:, 0])
