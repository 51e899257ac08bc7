"""Pairs through the real engine: a tiny checkpoint answers by choice, and computes once what pairs share."""

import itertools

import pytest

from comparing import editor, paired_study
from editloupe.config.parts import load_config
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.study import tables_of_study
from pictures import noise


@pytest.fixture
def judge(tiny_checkpoint):
    return TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint)))


def questions(editors):
    """All pairs of one sample in both orders, as a study plans them."""
    rubric = load_rubric("pairwise").pairs.asked(None, ties=True, rubric="pairwise")
    sample = Sample("s", "c", "make it night", (noise(96, 96),))
    edits = [noise(96, 96, number + 1) for number in range(editors)]
    return [
        question
        for first, second in itertools.permutations(edits, 2)
        for question in rubric.questions(sample, first, second, mode="choice").values()
    ]


def test_source_and_first_edit_are_computed_once(judge):
    runner = judge.runner
    prompts = [runner._prompt(question) for question in questions(4)]
    runner._engine.last_logits(prompts)
    counted = runner.counters.tokens - runner.counters.padding
    assert counted < 0.62 * sum(map(len, prompts))
    assert runner.counters.images == 5  # a source and four edits, in thirty-six places


def test_a_real_checkpoint_ranks_by_choice(tmp_path, tiny_checkpoint):
    made = paired_study(tmp_path, {"a": [200, 90], "b": [100, 180]}, samples=4)
    config = load_config(tmp_path / "config.yaml", [f"judge.model={tiny_checkpoint}"]).model_copy(
        update={"benchmark": made.benchmark, "editors": (editor("a", [200, 90]), editor("b", [100, 180]))}
    )
    ranking = tables_of_study(config).ranking
    assert ranking.failed == 0
    for verdict in ranking.pairs.verdicts:
        assert sum(verdict.outcome) == pytest.approx(1)
        for answer in verdict.answers:
            assert set(answer.labels) == {"A", "B", "T"}
            assert 0 < sum(answer.labels.values()) < 1
