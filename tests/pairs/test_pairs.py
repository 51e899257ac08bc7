"""A study that compares edits two by two: what is asked, in which order, what counts, and what is lost."""

import itertools
import json

import pytest
from typer.testing import CliRunner

from comparing import asked, paired_study
from editloupe.audit.audit import audit_study
from editloupe.audit.probe import probe_study
from editloupe.checking import check_study
from editloupe.cli import app
from editloupe.errors import ConfigError
from editloupe.records import ImagePart
from editloupe.study import tables_of_study

THREE = {"best": [200, 190, 180], "mid": [150, 195, 140], "low": [100, 90, 185]}


def shown(question):
    return [part.role for part in question.context if isinstance(part, ImagePart)]


def run(config):
    return tables_of_study(config).ranking


def test_each_pair_is_asked_in_both_orders_and_never_again(tmp_path):
    config = paired_study(tmp_path, THREE)
    ranking = run(config)
    questions = asked[-1]
    assert len(questions) == 6 * 3 * 2
    assert all(shown(one) == ["source", "first", "second"] for one in questions)
    pictures = {tuple(one.images[1:]) for one in questions}
    assert {(second, first) for first, second in pictures} == pictures
    assert [one.name for one in ranking.editors] == ["best", "mid", "low"]
    assert ranking.failed == 0
    again = run(config)
    assert asked[-1] == []
    assert again.as_json() == ranking.as_json()


def test_questions_that_share_a_picture_stand_side_by_side(tmp_path):
    run(paired_study(tmp_path, THREE, settings=["judge.batch_size=1"]))
    before = [tuple(picture.sha256 for picture in one.images[:2]) for one in asked[-1]]
    assert len(set(before)) == 6 * 3
    assert sum(one != other for one, other in itertools.pairwise(before)) == len(set(before)) - 1


def test_equal_questions_of_two_pairs_are_asked_once(tmp_path):
    ranking = run(paired_study(tmp_path, {"a": [200], "b": [100], "twin of b": [100]}, samples=4))
    assert len(asked[-1]) == 4 * 2
    assert ranking.as_json()["identical"] == 4
    assert ranking.against("b", "twin of b").shares == (0.0, 0.0, 1.0)


def test_the_baseline_alone_is_compared(tmp_path):
    ranking = run(paired_study(tmp_path, THREE, pairs={"baseline": "mid"}))
    assert len(asked[-1]) == 6 * 2 * 2
    assert ranking.against("best", "low") is None
    assert ranking.against("mid", "best").net == -ranking.against("best", "mid").net


def test_a_failed_edit_is_a_failed_pair_and_no_loss(tmp_path):
    config = paired_study(tmp_path, {"whole": [100], "half": [200, None]}, samples=8)
    ranking = run(config)
    one = ranking.against("half", "whole")
    assert (one.n, one.failed) == (4, 4)
    assert one.shares == (1.0, 0.0, 0.0)
    assert ranking.failures == {("edit", "content-filter"): 4}
    lines = [json.loads(line) for line in (config.out / "pairs.jsonl").read_text().splitlines()]
    assert [one["outcome"] for one in lines].count(None) == 4
    assert CliRunner().invoke(app, ["report", str(config.out)]).exit_code != 0


def test_a_pair_of_which_one_order_is_lost_is_lost(tmp_path):
    config = paired_study(tmp_path, {"a": [200], "b": [100]}, samples=40, judge={"prose": 0.3})
    ranking = run(config)
    lines = [json.loads(line) for line in (config.out / "pairs.jsonl").read_text().splitlines()]
    for line in lines:
        lost = [one["outcome"] is None for one in line["answers"]]
        assert (line["outcome"] is None) == any(lost)
    assert any(sum(one["outcome"] is None for one in line["answers"]) == 1 for line in lines)
    assert ranking.failed == sum(line["outcome"] is None for line in lines)
    assert dict(ranking.failures) == {("score", "prose"): ranking.failed}
    assert ranking.against("a", "b").n == 40 - ranking.failed


@pytest.mark.parametrize("mode", ["text", "choice"])
def test_planted_position_bias_is_found_within_its_interval_and_cancels(tmp_path, mode):
    editors = {"a": [150, 100], "b": [100, 150]}
    config = paired_study(
        tmp_path, editors, samples=120, judge={"bias": 0.4}, settings=[f"judge.answer={mode}", "judge.batch_size=64"]
    )
    ranking = run(config)
    (only,) = ranking.metrics
    low, high = only.bias.ci95
    planted = 0.4 if mode == "text" else 0.4 * 0.7 / 0.9  # what is left of a certain answer by choice
    assert low <= planted <= high
    assert only.bias.value > 0.2
    low, high = ranking.against("a", "b").ci95
    assert low <= 0 <= high


def test_several_metrics_are_rated_together_and_each_by_itself(tmp_path):
    pairs = {"metrics": ["preference", "quality"]}
    ranking = run(paired_study(tmp_path, THREE, samples=9, pairs=pairs))
    assert len(asked[-1]) == 9 * 6 + 3 * 6  # without the source, every third sample shows the same two pictures
    assert [one.metric for one in ranking.metrics] == ["preference", "quality"]
    alone = [one for one in asked[-1] if "looks better made" in one.ask]
    assert {tuple(shown(one)) for one in alone} == {("first", "second")}
    assert set(ranking.as_json()["by_metric"]) == {"preference", "quality"}


def test_where_a_tie_is_not_allowed_one_is_unreadable(tmp_path):
    ranking = run(paired_study(tmp_path, {"a": [100], "b": [101]}, judge={"step": 5.0}, pairs={"ties": False}))
    assert "tie" not in asked[-1][0].ask
    assert ranking.failures == {("score", "not-a-word"): 6}
    assert ranking.against("a", "b").n == 0


def test_pairs_beside_single_scores(tmp_path):
    from editloupe.records import Reply

    config = paired_study(tmp_path, THREE, rubric="preference", pairs="all")

    def answer(self, questions, compare=config.judge.plugin.answer):
        singles = [one for one in questions if "edited" in shown(one)]
        self.asked.extend(singles)
        scored = iter(Reply('{"score": 5}') for _ in singles)
        compared = iter(compare(self, [one for one in questions if one not in singles]))
        return [next(scored) if "edited" in shown(one) else next(compared) for one in questions]

    both = type("Both", (config.judge.plugin,), {"answer": answer})
    judge = config.judge.model_copy(update={"plugin": both})
    tables = tables_of_study(config.model_copy(update={"judge": judge}))
    assert tables.standings[0].overall.mean == pytest.approx(5.0)
    assert tables.ranking.singles.n == 18
    assert tables.ranking.singles.only_pairs == 18
    assert json.loads((config.out / "report.json").read_text())["pairs"]["single_scores"]["only_pairs"] == 18


@pytest.mark.parametrize(
    ("pairs", "told"),
    [
        ("some", "it has to be `all`, `adaptive`"),
        ({"baseline": "bets"}, "did you mean 'best'"),
        ({"baseline": "best", "adaptive": {}}, "two plans"),
        ({"adaptive": {"max_question": 5}}, "did you mean"),
        ({"adaptive": {"error": 0.6}}, "less than 0.5"),
        ({"metrics": ["beauty"]}, "compares by no metric 'beauty'"),
        ({"rubric": "gedit"}, "has no part `pairs`"),
    ],
)
def test_what_cannot_be_asked_is_told_in_one_sentence(tmp_path, pairs, told):
    with pytest.raises(ConfigError, match=told):
        paired_study(tmp_path, THREE, pairs=pairs)


def test_one_editor_has_nobody_to_be_compared_with(tmp_path):
    with pytest.raises(ConfigError, match="a pair needs two editors, and this study has only 'best'"):
        paired_study(tmp_path, {"best": [1]})


def test_a_judge_that_looks_single_scores_up_is_refused(tmp_path):
    config = paired_study(tmp_path, THREE)

    def address(self, question, **_):
        return question

    looks = type("Looks", (config.judge.plugin,), {"address": address})
    judge = config.judge.model_copy(update={"plugin": looks})
    with pytest.raises(ConfigError, match="cannot compare two"):
        run(config.model_copy(update={"judge": judge}))


def test_check_says_what_pairs_cost(tmp_path):
    told = []
    check_study(paired_study(tmp_path, THREE), told.append)
    text = "\n".join(told)
    assert "pairs (all) by preference, pairwise: 3 pairs of editors, both orders, at most 36 questions" in text
    # a source, three edits shown first, and six second ones of each sample, instead of three pictures a question
    assert "pictures read: 60 where a judge shares what prompts have in common, 108 where it does not" in text


def test_other_edits_leave_no_old_reply_in_the_results(tmp_path):
    run(paired_study(tmp_path, {"a": [200], "b": [100]}))
    turned = run(paired_study(tmp_path, {"a": [50], "b": [100]}))
    assert turned.against("a", "b").shares == (0.0, 1.0, 0.0)
    assert len(asked[-1]) == 12


@pytest.mark.parametrize("call", ["audit", "probe", "sanity"])
def test_what_needs_single_scores_says_that_this_study_has_none(tmp_path, call):
    config = paired_study(tmp_path, THREE)
    calls = {
        "audit": lambda: audit_study(config),
        "probe": lambda: probe_study(config, config),
        "sanity": lambda: tables_of_study(config, sanity=True),
    }
    with pytest.raises(ConfigError, match="needs scores of single edits, and the rubric 'pairwise' only compares"):
        calls[call]()
    assert not (config.out / "ledger.sqlite").exists()


def test_compare_says_what_the_pairs_show(tmp_path, monkeypatch):
    config = paired_study(tmp_path, THREE, samples=30)
    run(config)
    monkeypatch.setattr("editloupe.cli._configured", lambda *_: config)
    found = CliRunner().invoke(app, ["compare", str(config.out), "low", "best", "--json", str(tmp_path / "c.json")])
    assert found.exit_code == 0
    assert "pairs: no preference shown between low and best: 33 % to 67 %, 0 % ties" in found.output
    assert json.loads((tmp_path / "c.json").read_text())["pairs"]["net"] == pytest.approx(-1 / 3)
