"""What a table says of its own weak sides."""

import dataclasses
import json

import pytest

from editloupe.records import Failure
from editloupe.report.json_report import report_json
from editloupe.report.robustness import robust_sentences
from editloupe.report.tables import Tables
from editloupe.results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Verdict

LABELS = {"physical": "Physical", "causal": "Causal", "cultural": "Cultural"}


def study(scores):
    """Scores by editor, sample by sample, None where it failed; the categories take turns."""
    names = list(LABELS)
    lost = Failure("score", "bad-json", "not read")
    verdicts = tuple(
        Verdict(
            editor, f"s{at}", names[at % 3], "m", score, f"c{at}", "do", "j", failure=lost if score is None else None
        )
        for editor, several in scores.items()
        for at, score in enumerate(several)
    )
    overall = {(one.editor, one.sample): one.score for one in verdicts}
    count = len(next(iter(scores.values())))
    benchmark = BenchmarkInfo("b", "1", tuple(Category(name, LABELS[name], count // 3) for name in names))
    editors = tuple(EditorInfo(name, name) for name in scores)
    return Results("0", "s", benchmark, JudgeInfo("j", "j"), "r", Scale(), {"m": Scale()}, editors, verdicts, overall)


def varied(mean, count=60):
    return [mean + (at % 5 - 2) / 2 for at in range(count)]


def test_bounds_are_the_means_if_all_failures_were_the_worst_or_the_best():
    scores = varied(6.0)
    scores[:15] = [None] * 15
    found = Tables.of(study({"a": scores, "b": varied(3.0)})).robustness
    known = sum(score for score in scores if score is not None)
    assert found.bounds["a"] == pytest.approx((known / 60, (known + 150) / 60))
    assert found.bounds["b"] == pytest.approx((3.0, 3.0))


def test_a_comparison_that_failures_could_turn_is_not_called_shown():
    good = varied(7.0)
    sure = Tables.of(study({"a": good, "b": varied(3.0), "c": varied(7.05)})).robustness
    assert ("a", "b") in sure.shown
    assert sure.depends == ()
    lost = [None if at % 2 else score for at, score in enumerate(good)]
    found = Tables.of(study({"a": lost, "b": varied(5.0)})).robustness
    assert (found.shown, found.depends, found.open) == ((), (("a", "b"),), ())
    sentences = robust_sentences(found, LABELS, "en")
    assert sentences[0].startswith("The data support 0 of 1 comparisons")
    assert sentences[1] == "1 could be turned by what failed: a / b."


def test_a_rank_that_hangs_on_one_category_is_named():
    scores = [9.0 if at % 3 == 0 else 5.0 for at in range(60)]
    found = Tables.of(study({"a": scores, "b": varied(6.0)})).robustness
    assert found.ranks == {"a": (1, 2), "b": (1, 2)}
    assert found.moved == {"physical": (("b", "a"),)}
    assert "Physical (b / a)" in robust_sentences(found, LABELS, "en")[-1]
    assert "Physical" in robust_sentences(found, LABELS, "zh")[-1]


def test_one_editor_says_nothing_and_json_holds_the_same():
    assert robust_sentences(Tables.of(study({"a": varied(5.0)})).robustness, LABELS, "en") == []
    tables = Tables.of(study({"a": varied(7.0), "b": varied(3.0)}))
    assert json.loads(report_json(tables))["robustness"] == json.loads(json.dumps(tables.robustness.as_json()))


def test_an_editor_without_a_score_is_bounded_by_the_scale():
    results = study({"a": varied(5.0), "b": [None] * 60})
    assert Tables.of(dataclasses.replace(results)).robustness.bounds["b"] == (0.0, 10.0)
