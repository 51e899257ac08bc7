"""A gate never passes on missing evidence, and its errors stay within the stated rates."""

import dataclasses
import json

import numpy as np
import pytest

from editloupe.errors import ConfigError, DataError
from editloupe.gate.decision import decide
from editloupe.gate.evidence import Side
from editloupe.gate.view import gate_markdown, gate_sentences
from editloupe.records import Failure
from editloupe.results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Verdict
from editloupe.statistics.noninferiority import mean_bounds

NO_EDIT = Failure("edit", "content-filter", "refused")
NO_SCORE = Failure("score", "bad-json", "not read")


def study(scores, *, draws=(), pictures=None, judge="j", name="s"):
    """Results of editors whose scores, or failures, are listed sample by sample."""
    verdicts, overall = [], {}
    for editor, several in scores.items():
        for at, score in enumerate(several):
            failure = score if isinstance(score, Failure) else None
            number = None if failure else float(score)
            verdicts.append(
                Verdict(
                    editor,
                    f"s{at}",
                    "physical",
                    "m",
                    number,
                    f"source{at}",
                    "do it",
                    "j",
                    failure=failure,
                    draws=dict(draws).get((editor, at), ()),
                    digest=None if failure is NO_EDIT else f"{pictures or editor}{at}",
                )
            )
            overall[editor, f"s{at}"] = number
    count = len(next(iter(scores.values())))
    benchmark = BenchmarkInfo("b", "1", (Category("physical", "Physical", count),))
    editors = tuple(EditorInfo(editor, editor) for editor in scores)
    return Results(
        "0", name, benchmark, JudgeInfo("j", judge), "r", Scale(), {"m": Scale()}, editors, tuple(verdicts), overall
    )


def gate(base, candidate, margin=0.5, **options):
    results = study({"base": base, "candidate": candidate}, draws=options.pop("draws", ()))
    return decide(Side(results, "base", "s"), Side(results, "candidate", "s"), margin=margin, **options)


def around(mean, count=200, seed=0):
    return np.clip(np.round(np.random.default_rng(seed).normal(mean, 1, count)), 0, 10)


def test_an_equal_candidate_passes_and_a_worse_one_fails():
    assert gate(around(7), around(7, seed=1)).outcome == "pass"
    assert gate(around(7), around(5, seed=1)).outcome == "fail"
    assert gate(around(7), around(6.5, seed=1)).outcome == "undecided"


def test_no_missing_evidence_helps_the_candidate():
    """Take scores away from a candidate that passes, one kind of failure after the other."""
    base, candidate = around(7), around(7, seed=1)
    for failure in (NO_EDIT, NO_SCORE):
        for share in (0.3, 1.0):
            lost = [failure if at < share * len(base) else score for at, score in enumerate(candidate)]
            assert gate(base, lost).outcome != "pass"
    assert gate([NO_SCORE] * 200, candidate).outcome == "undecided"
    assert gate([NO_EDIT] * 200, candidate).outcome == "undecided"
    assert gate([NO_EDIT] * 200, [NO_EDIT] * 200).outcome == "undecided"


def test_a_failed_edit_of_the_candidate_is_the_worst_score_and_one_of_the_base_is_no_gain():
    base, candidate = list(around(7)), list(around(7, seed=1))
    candidate[0] = NO_EDIT
    base[1] = NO_EDIT
    found = gate(base, candidate)
    assert found.evidence.worst[0] == -base[0]
    assert (found.evidence.candidate_failed, found.evidence.base_failed, found.worst.n) == (1, 1, 199)


def test_what_the_judge_could_not_score_is_bounded_and_named():
    base, candidate = list(around(6, 100)), list(around(7, 100, seed=1))
    lost = [NO_SCORE if at < 20 else score for at, score in enumerate(candidate)]
    found = gate(base, lost)
    assert found.outcome == "undecided"
    assert found.evidence.unscored == 20
    assert found.worst.mean == pytest.approx(found.best.mean - 2.0)
    assert "--retry-failed" in found.reason


def test_the_same_pictures_pass_however_few_they_are():
    scores = {"base": [5.0, 6.0], "candidate": [5.0, 6.0]}
    same, other = study(scores, pictures="p"), study(scores)
    for results, outcome in ((same, "pass"), (other, "undecided")):
        sides = [Side(results, name, "s") for name in ("base", "candidate")]
        assert decide(*sides, margin=0.5).outcome == outcome


def test_many_equal_scores_and_few_changes_can_pass_without_a_variance():
    base = np.full(300, 9.0)
    candidate = base.copy()
    candidate[:2] = 10.0
    assert gate(base, candidate).outcome == "pass"
    candidate[:12] = 0.0
    assert gate(base, candidate).outcome == "undecided"
    assert "differ on 12 source images" in gate(base, candidate).reason


DRAWS = {("base", 0): (9.0, 9.0), ("candidate", 0): (2.0, 1.0)}


@pytest.mark.parametrize(
    ("draws", "outcome"),
    [
        (DRAWS, "fail"),
        (DRAWS | {("candidate", 0): (0.0, 9.0)}, "undecided"),
        ({}, "undecided"),
    ],
)
def test_a_disaster_needs_a_second_draw(draws, outcome):
    base, candidate = around(7), around(7.2, seed=1)
    base[0], candidate[0] = 9.0, 1.5
    assert gate(base, candidate, draws=draws).outcome == "pass"
    found = gate(base, candidate, draws=draws, disaster=5.0)
    assert found.outcome == outcome
    assert "s0" in found.reason


def test_an_edit_that_was_not_made_is_a_disaster_by_itself():
    base, candidate = list(around(7)), list(around(7.2, seed=1))
    candidate[3] = NO_EDIT
    found = gate(base, candidate, disaster=4.0)
    assert (found.outcome, found.disasters[0].sample, found.disasters[0].failed) == ("fail", "s3", "content-filter")
    assert "no edit (content-filter)" in gate_markdown(found)


def test_other_judges_and_other_samples_are_refused():
    one, other = study({"a": around(7)}), study({"b": around(7)}, judge="k")
    with pytest.raises(DataError, match="not measured alike: the judge is 'j' there and 'k' here"):
        decide(Side(one, "a", "one"), Side(other, "b", "other"), margin=1.0)
    fewer = study({"b": around(7)[:50]})
    with pytest.raises(DataError, match="150 are in one only, such as 's100'"):
        decide(Side(one, "a", "one"), Side(fewer, "b", "fewer"), margin=1.0)
    verdicts = tuple(dataclasses.replace(verdict, instruction="other") for verdict in one.verdicts)
    changed = dataclasses.replace(one, verdicts=verdicts)
    with pytest.raises(DataError, match="'s0' is another one"):
        decide(Side(one, "a", "one"), Side(changed, "a", "changed"), margin=1.0)


def test_an_unfinished_study_decides_nothing():
    waiting = Failure("judge", "not-done", "not yet", retryable=True)
    with pytest.raises(DataError, match="not finished: 1 of 200"):
        gate(around(7), [*around(7)[:-1], waiting])


@pytest.mark.parametrize("options", [{"margin": 0.0}, {"margin": 10.0}, {"disaster": -1.0}, {"margin": float("nan")}])
def test_a_margin_has_to_lie_on_the_scale(options):
    with pytest.raises(ConfigError, match="has to lie between 0 and 10"):
        gate(around(7), around(7), **options)


def test_what_is_printed_and_written_agrees_with_the_decision():
    found = gate(around(7), around(6.5, seed=1))
    lines = gate_sentences(found)
    assert lines[0].startswith("undecided: too few samples for a margin of 0.5")
    assert any(line.startswith("with so many samples a candidate that is truly ") for line in lines)
    data = json.loads(json.dumps(found.as_json()))
    assert data["worst_case"]["low"] == pytest.approx(found.worst.low, abs=1e-6)
    assert f"### Gate: {found.outcome}" in gate_markdown(found)


@pytest.mark.parametrize("clusters", [30, 100])
def test_false_passes_and_false_fails_stay_below_five_per_cent(clusters):
    """The true difference is the margin itself; skewed scores in clusters of one to four."""
    rng = np.random.default_rng(clusters)
    wrong = np.zeros(2)
    for _ in range(1000):
        codes = np.repeat(np.arange(clusters), rng.integers(1, 5, clusters))
        shared = rng.exponential(1, clusters)[codes]
        values = np.round(3 - 2 * shared + rng.normal(0, 1, len(codes)))
        found = mean_bounds(values, codes, 20.0)
        wrong += (found.low > 1.0, found.high < 1.0)
    assert (wrong / 1000 <= 0.05).all()
