"""The making of the embedded judge: the judge's own words, a quick forward pass that is the real one, learning."""

import itertools
import json
import sys
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[2] / "training"))

from data import CONTEXT, IGNORED, IN_DIGITS, IN_WORDS, PADDING, Words, collate, digit, draw_examples, reply_text
from network import Network, make_model
from train import Plan, held_back, train
from vocabulary import SPECIAL, make_processor

from editloupe.benchmarks.shapes import rationale
from editloupe.images import encode_png
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import ImageBytes, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.shapes.drawing import image
from editloupe.shapes.tasks import TASKS

COUNT = 5


@pytest.fixture(scope="module")
def examples():
    return list(itertools.islice(draw_examples(99), COUNT))


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """An untrained judge of the shipped kind, loaded by the code that loads all checkpoints."""
    folder = tmp_path_factory.mktemp("judge")
    processor = make_processor()
    torch.manual_seed(0)
    ids = {token: processor.tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    make_model(len(processor.tokenizer), ids).save_pretrained(folder)
    processor.save_pretrained(folder)
    return TransformersJudge(TransformersJudge.Options(model=str(folder), device="cpu"))


def questions(examples, mode):
    rubric = load_rubric("shapes")
    for one in examples:
        source = ImageBytes(encode_png(image(one.task.scene)))
        sample = Sample("-", "physical", one.instruction, (source,), rationale=rationale(one.task))
        yield rubric.questions(sample, ImageBytes(encode_png(image(one.result))), mode=mode)["shapes"]


@pytest.fixture
def plain(judge):
    """transformers' own calls: what the judge's prompts are, and what its forward pass has to equal."""
    runner = judge.runner
    return ReferenceRunner(runner.model, runner.processor, longest_edge=1024, max_new_tokens=8)


@pytest.mark.parametrize(("mode", "other"), [("text", IN_DIGITS), ("choice", IN_WORDS)])
def test_rows_are_the_judges_own_prompts_and_the_reply(plain, examples, mode, other):
    processor = plain.processor
    batch = collate(Words(processor), examples)
    encoded = plain.encode(list(questions(examples, mode)))
    for row in range(COUNT):
        asked = encoded["input_ids"][row][encoded["attention_mask"][row].bool()].tolist()
        mine = batch.ids[row][(batch.segments[row] != other) & (batch.segments[row] != PADDING)].tolist()
        assert mine[: len(asked)] == asked
        rest = processor.tokenizer.decode(mine[len(asked) :])
        one = examples[row]
        assert rest == (reply_text(one) + "<|im_end|>" if mode == "text" else digit(one.score))


def test_only_replies_are_learned(plain, examples):
    tokenizer = plain.tokenizer
    batch = collate(Words(plain.processor), examples)
    for row, one in enumerate(examples):
        learned = batch.labels[row] != IGNORED
        assert tokenizer.decode(batch.labels[row][learned]) == reply_text(one) + "<|im_end|>" + digit(one.score)
        assert batch.segments[row, 0] == CONTEXT


@pytest.mark.parametrize("mode", ["text", "choice"])
def test_quick_forward_is_the_judges_forward(plain, examples, mode):
    """Logits after the prompt: one row of the training batch against the padded batch of the judge."""
    model = plain.model
    network = Network(model).eval()
    batch = collate(Words(plain.processor), examples)
    encoded = plain.encode(list(questions(examples, mode)))
    with torch.no_grad():
        wanted = model(**encoded, logits_to_keep=1).logits[:, -1]
        logits = network(batch).logits
    learned = batch.labels != IGNORED
    rows = learned.nonzero()[:, 0]
    for row in range(COUNT):
        mine = logits[rows == row]
        torch.testing.assert_close(mine[0] if mode == "text" else mine[-1], wanted[row], atol=2e-5, rtol=1e-4)


def test_replies_are_readable_and_round_to_the_truth(examples):
    rubric, sample = load_rubric("shapes"), Sample("-", "physical", "do it")
    for one in examples:
        assert rubric.score("shapes", Reply(reply_text(one)), sample, min_label_mass=0.5) == round(one.score)
        assert int(digit(one.score)) / 0.9 == pytest.approx(one.score, abs=0.56)


def test_judge_knows_the_labels_as_single_tokens(judge, examples):
    replies = judge.answer(list(questions(examples, "choice")))
    assert all(set(reply.labels) == set("0123456789") for reply in replies)


def test_examples_are_varied_and_never_the_benchmarks(examples):
    drawn = list(itertools.islice(draw_examples(1), 600))
    assert {round(one.score) for one in drawn} >= {0, 2, 3, 4, 5, 7, 10}
    held = {str(one.task.scene) for one in held_back()}
    assert not held & {str(one.task.scene) for one in drawn}
    assert draw_examples(1, 3).__next__() == drawn[3]


def test_every_word_of_the_world_is_one_token():
    tokenizer = make_processor().tokenizer
    for word in (" triangle", " b3", "a1", "nothing", '{"changed": "', '", "score": ', *"0123456789"):
        assert len(tokenizer(word)["input_ids"]) == 1, word
    assert tokenizer.decode(tokenizer("Übung: 你好 🙂")["input_ids"]) == "Übung: 你好 🙂"
    assert len(TASKS) == 5


def test_training_runs_resumes_and_ships_a_checkpoint(tmp_path, examples):
    run, nano = tmp_path / "run", tmp_path / "nano"
    first = train(Plan(steps=2, batch=4, watch=2), run, nano, report=False)
    more = train(Plan(steps=4, batch=4, watch=2), run, nano, report=False)
    assert (first["step"], more["step"]) == (2, 4)
    curve = [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]
    assert [line["step"] for line in curve] == [2, 4]
    size = sum(file.stat().st_size for file in nano.iterdir())
    assert size < 8e6
    shipped = TransformersJudge(TransformersJudge.Options(model=str(nano), device="cpu", max_new_tokens=4))
    assert len(shipped.answer(list(questions(examples[:2], "text")))) == 2
