"""The shipped judge on a fixed held-out sample, loaded like any checkpoint: a broken prompt or padding fails here."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "training"))

from measure import agreements, in_order, judged, readable

from editloupe.judges.transformers import NANO, TransformersJudge

SEED = 7
PER_CATEGORY = 14


@pytest.fixture(scope="module")
def judge():
    return TransformersJudge(TransformersJudge.Options(model="nano", device="cpu", max_new_tokens=128))


@pytest.fixture(scope="module")
def verdicts(judge):
    return judged(judge, SEED, per_category=PER_CATEGORY)


@pytest.fixture(scope="module")
def found(verdicts):
    return agreements(verdicts)


def test_shipped_files_are_small_and_whole():
    names = {path.name for path in NANO.iterdir()}
    assert {"model.safetensors", "config.json", "tokenizer.json", "chat_template.jinja", "README.md"} <= names
    assert sum(path.stat().st_size for path in NANO.iterdir() if path.is_file()) < 8e6


def test_it_is_a_small_qwen3_vl(judge):
    model = judge.runner.model
    assert type(model).__name__ == "Qwen3VLForConditionalGeneration"
    assert sum(one.numel() for one in model.parameters()) <= 3e6


def test_every_reply_can_be_read_and_names_what_changed(verdicts):
    assert readable(verdicts) >= 0.995
    assert all(set(json.loads(one.reply)) == {"changed", "score"} for one in verdicts if one.score is not None)


def test_three_editors_together(found):
    assert found["all editors"].spearman.value >= 0.90
    assert found["all editors"].pairwise_accuracy.value >= 0.93


def test_the_editor_of_middling_skill(found):
    assert found["skill 0.6"].spearman.value >= 0.80


@pytest.mark.parametrize("category", ["physical", "environmental", "cultural", "causal", "referential"])
def test_each_category_with_the_editor_of_middling_skill(found, category):
    assert found[f"skill 0.6, {category}"].spearman.value >= 0.65


def test_editors_stand_in_their_true_order(verdicts):
    assert in_order(verdicts)


def test_identity_is_seen_through(verdicts):
    scores = [one.score for one in verdicts if one.editor == "identity"]
    assert sum(score <= 1 for score in scores) / len(scores) >= 0.97


def test_one_digit_agrees_with_the_truth_too(judge):
    digits = agreements(judged(judge, SEED, per_category=6, mode="choice"))
    assert digits["all editors"].spearman.value >= 0.85


def test_batch_size_changes_no_reply(judge, verdicts):
    alone = judged(judge, SEED, per_category=1, batch_size=1)
    together = {(one.editor, one.sample): one.reply for one in verdicts}
    assert all(together[one.editor, one.sample] == one.reply for one in alone)
