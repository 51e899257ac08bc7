"""Checkpoints most of whose layers keep a state (Qwen3.5): the fast engine shares, forks and pads them exactly."""

import dataclasses
import logging
import random

import pytest
import torch

from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.qwen.memory import Shape
from editloupe.judges.qwen.runner import QwenRunner
from editloupe.judges.random_weights import make_tokenizer
from editloupe.judges.transformers import TransformersJudge
from editloupe.progress.libraries import libraries_to
from editloupe.records import ImagePart, Question
from judges.test_equality import CHOICE, checkpoint
from pictures import noise

ASKS = ("Was it done? ", "Is the rest kept? ", "Does it look natural, and if not, why? ")
GUIDE = "Look at the picture before and after the edit. " * 10


@pytest.fixture(scope="module", params=["hybrid", "hybrid experts"])
def loaded(request):
    return checkpoint(random.Random(5), request.param, make_tokenizer(400))


def runners(loaded, **settings):
    settings = {"longest_edge": 256, "max_new_tokens": 12} | settings
    return QwenRunner(*loaded, **settings), ReferenceRunner(*loaded, **settings)


def asked(asks, pictures, answer=CHOICE):
    """Every ask about each pair of pictures, with texts of unequal lengths between them."""
    return [
        Question(
            GUIDE,
            (ImagePart("source", before), "Instruction: " + "word " * (3 * index), ImagePart("edited", after)),
            ask,
            answer,
        )
        for index, (before, after) in enumerate(pictures)
        for ask in asks
    ]


def pairs(count, *, editors=1):
    sources = [noise(96 + 32 * index, 128, seed=index) for index in range(count)]
    return [(source, noise(128, 96, seed=100 * editor)) for source in sources for editor in range(editors)]


@pytest.mark.parametrize("editors", [1, 4])
def test_unequal_beginnings_are_gone_on_from_as_if_each_stood_alone(loaded, editors):
    fast, reference = runners(loaded)
    labels = fast.tokenizer.convert_tokens_to_ids(list(CHOICE.labels))
    questions = asked(ASKS, pairs(3 if editors == 1 else 2, editors=editors))
    for question, reply in zip(questions, fast.choose(questions, CHOICE, labels), strict=True):
        (expected,) = reference.choose([question], CHOICE, labels)
        assert reply.labels == pytest.approx(expected.labels, abs=1e-6)
    written = [dataclasses.replace(question, answer=Question("", (), "").answer) for question in questions]
    for question, reply in zip(written, fast.generate(written), strict=True):
        (expected,) = reference.generate([question])
        assert expected.text.startswith(reply.text)
        assert reply.finish == "stop" or reply.text == expected.text


def test_three_metrics_compute_two_and_a_half_times_fewer_tokens_when_shared(loaded):
    labels = loaded[1].tokenizer.convert_tokens_to_ids(list(CHOICE.labels))
    counted = []
    for share in (True, False):
        fast = QwenRunner(*loaded, longest_edge=256, max_new_tokens=12, share=share)
        fast.choose(asked(ASKS, pairs(4)), CHOICE, labels)
        counted.append(fast.counters.tokens - fast.counters.padding)
    shared, apart = counted
    assert apart >= 2.5 * shared


def test_a_saved_checkpoint_loads_as_a_judge_and_its_kernels_warn_into_the_log_only(loaded, tmp_path, capfd):
    model, processor = loaded
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    lines = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())
    question = asked(ASKS[:1], pairs(1))[0]
    capfd.readouterr()
    with libraries_to(handler):
        judge = TransformersJudge(TransformersJudge.Options(model=str(tmp_path), device="cpu"))
        (reply,) = judge.answer([question])
        assert isinstance(judge.runner, QwenRunner)
        assert judge.memory([question])
        judge.close()
    said = capfd.readouterr()
    assert (said.out, said.err) == ("", "")
    expected = runners(loaded)[1].choose([question], CHOICE, judge_labels(processor))[0]
    assert reply.labels == pytest.approx(expected.labels, abs=1e-5)


def judge_labels(processor):
    return processor.tokenizer.convert_tokens_to_ids(list(CHOICE.labels))


def test_states_count_in_the_memory_of_a_batch(loaded):
    config = loaded[0].config
    shape = Shape.of(config, torch.float32)
    text = config.get_text_config()
    states = sum(kind == "linear_attention" for kind in text.layer_types)
    each = text.linear_num_value_heads * text.linear_key_head_dim * text.linear_value_head_dim * 4
    assert shape.layers == text.num_hidden_layers - states
    assert shape.state == states * each
    without = dataclasses.replace(shape, state=0)
    assert shape.batch(8, 100, 0) - without.batch(8, 100, 0) == pytest.approx(8 * states * each, rel=0.02)
