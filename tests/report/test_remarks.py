"""What a reader must know first, in every form of the report and in both languages."""

import dataclasses
import io
import json

import numpy as np
import pytest
from rich.console import Console

from editloupe.records import Failure
from editloupe.report import leaderboard_table, write_report
from editloupe.report.markdown import leaderboard_markdown
from editloupe.report.remarks import limited_to, outside_domain, too_few, warnings_of
from editloupe.report.tables import Tables
from editloupe.results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Verdict
from small_study import study


def of_scores(scores, scale=None):
    """A study of one metric; `scores` by editor, one per sample."""
    scale = scale or Scale()
    overall = {
        (name, f"s{at}"): None if score is None else float(score)
        for name, several in scores.items()
        for at, score in enumerate(several)
    }
    failure = Failure("edit", "missing-file", "no ready image")
    verdicts = tuple(
        Verdict(name, sample, "c", "m", score, sample, "do it", "j", None if score is not None else failure)
        for (name, sample), score in overall.items()
    )
    number = len(next(iter(scores.values())))
    benchmark = BenchmarkInfo("b", "1", (Category("c", "C", number),))
    editors = tuple(EditorInfo(name, name) for name in scores)
    return Results("0", "s", benchmark, JudgeInfo("j", "j"), "r", scale, {"m": scale}, editors, verdicts, overall)


def forms(results, folder):
    """Every form of a report as text, by name."""
    folder.mkdir(exist_ok=True)
    write_report(results, folder)
    screen = io.StringIO()
    Console(file=screen, width=80).print(leaderboard_table(Tables.of(results)))
    return {
        "terminal": " ".join(screen.getvalue().split()),
        "markdown": (folder / "report.md").read_text("utf-8"),
        "table": leaderboard_markdown(Tables.of(results)),
        "page": (folder / "report.html").read_text("utf-8"),
        "json": json.dumps(json.loads((folder / "report.json").read_text("utf-8")), ensure_ascii=False),
    }


@pytest.mark.parametrize(("language", "words"), [("en", "was made for drawn alone"), ("zh", "仅为 drawn 而制")])
def test_a_judge_outside_of_its_domain_is_warned_of_everywhere(tmp_path, language, words):
    results = study(language=language)
    results = dataclasses.replace(results, judge=dataclasses.replace(results.judge, domain=("drawn",)))
    for name, text in forms(results, tmp_path).items():
        assert words in text, name
    assert forms(results, tmp_path)["markdown"].startswith("**")


def test_a_judge_at_home_or_without_a_domain_is_not_warned_of():
    assert outside_domain("j", ("photos", "shapes"), "shapes") == []
    assert outside_domain("j", (), "shapes") == []
    assert warnings_of(study()) == []


def test_a_study_without_any_score_says_so_once_and_why(tmp_path):
    results = of_scores({"a": [None] * 3, "b": [None] * 3})
    for name, text in forms(results, tmp_path).items():
        assert "No edit has a score: all 6 scores failed" in text, name
        assert "missing-file" in text, name
    assert warnings_of(of_scores({"a": [None, 1], "b": [None, 2]})) == []


def test_what_no_stage_has_come_to_yet_has_not_failed():
    results = of_scores({"a": [None]})
    waiting = Failure("judge", "not-done", "not yet")
    verdicts = tuple(dataclasses.replace(one, failure=waiting) for one in results.verdicts)
    assert warnings_of(dataclasses.replace(results, verdicts=verdicts)) == []


def test_samples_that_cannot_separate_the_editors_are_too_few_whatever_the_scores(tmp_path):
    results = of_scores({"a": [9, 9, 9, 9, 8], "b": [1, 2, 1, 1, 1]})
    for name, text in forms(results, tmp_path).items():
        if name == "json":
            assert json.loads(text)["comparisons"]["too_few"]["possible"] is False
        elif name != "table":
            assert "5 samples are too few to separate 2 editors" in text, name
    assert "5 个样本不足以区分 2 个编辑模型" in too_few(Tables.of(results).comparisons, "zh")


def test_a_correction_for_many_pairs_is_said_where_single_intervals_leave_0_out():
    rng = np.random.default_rng(5)
    scores = {f"e{number}": np.clip(rng.normal(5 + number / 14, 1.5, 12), 0, 10) for number in range(12)}
    found = Tables.of(of_scores(scores)).comparisons
    assert any(one.looks_clear for one in found.overall.values())
    assert too_few(found, "en").startswith("12 samples are too few to separate 12 editors: no p is below 0.05")


def test_enough_samples_or_no_sign_of_a_difference_leave_nothing_to_say():
    clear = of_scores({"a": [9, 8, 9, 7, 9, 8, 9, 9], "b": [1, 2, 1, 1, 1, 2, 3, 1]})
    alike = of_scores({"a": [5, 6, 5, 6, 5, 6, 5, 6], "b": [6, 5, 6, 5, 6, 5, 6, 5]})
    assert too_few(Tables.of(clear).comparisons, "en") == too_few(Tables.of(alike).comparisons, "en") == ""


def test_one_sample_is_said_in_the_singular():
    assert too_few(Tables.of(of_scores({"a": [9], "b": [1]})).comparisons, "en").startswith(
        "1 sample is too few to separate 2 "
    )


def test_a_limit_is_told_where_the_samples_are_counted(tmp_path):
    whole = of_scores({"a": [3.0] * 12})
    cut = dataclasses.replace(whole, benchmark=dataclasses.replace(whole.benchmark, limited=True))
    told = "the first 12 samples of the benchmark"
    for results, there in ((whole, False), (cut, True)):
        found = forms(results, tmp_path)
        assert [told in found[name] for name in ("markdown", "table", "page")] == [there] * 3
        assert ("前 12 个样本" in found["page"]) is there
        assert json.loads(found["json"])["benchmark"]["limited"] is there
    assert "the first sample of" in limited_to(1, "en")
