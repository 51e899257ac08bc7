"""An adaptive plan: it asks on only where ranks are open, keeps its budget, goes on where it was, is seldom wrong."""

import itertools

import numpy as np
import pytest

from comparing import PairJudge, asked, paired_study
from editloupe.pairs.adaptive import FIRST, PairState, next_round
from editloupe.study import tables_of_study

CLOSE = {"a": [160], "b": [150], "c": [140], "far": [20]}


def plan(rng, truth, clusters, *, noise=1.0, bias=0.3, error=0.05):
    """Run the rounds with a truthful judge of noise and position bias; (last round, questions)."""
    count = len(truth)
    states = {two: PairState() for two in itertools.combinations(range(count), 2)}
    questions = 0
    while True:
        now = next_round(states, count, clusters, error)
        if not now.more:
            return now, questions
        for two, more in now.more.items():
            state = states[two]
            seen = truth[list(two)] + rng.normal(0, noise, (more, 2, 2))  # each order is looked at anew
            apart = seen[..., 0] - seen[..., 1]
            nets = np.where(abs(apart) > 0.3, np.sign(apart), 0.0)
            nets = np.where(rng.random((more, 2)) < bias, [1.0, -1.0], nets)
            questions += 2 * more
            state.taken += more
            state.values += nets.mean(axis=1).tolist()
            seen_shares = [(nets > 0).sum() / 2, (nets < 0).sum() / 2, (nets == 0).sum() / 2]
            state.shares = tuple(old + new for old, new in zip(state.shares, seen_shares, strict=True))


def test_the_order_is_wrong_at_most_as_often_as_stated():
    truth = np.array([1.5, 1.0, 0.5, 0.0])
    wrong, questions = 0, []
    for seed in range(20):
        now, asked_for = plan(np.random.default_rng(seed), truth, 400)
        wrong += any(now.better[j, i] for i, j in itertools.combinations(range(4), 2))
        questions.append(asked_for)
    assert wrong <= 1
    assert np.mean(questions) < 400 * 6 * 2 / 3  # a third of all pairs


def test_equal_editors_are_not_put_in_order():
    claims = 0
    for seed in range(20):
        now, _ = plan(np.random.default_rng(seed), np.zeros(3), 40)
        claims += now.better.any()
    assert claims <= 1


def test_every_pair_gets_a_first_look_and_only_open_neighbours_more():
    states = {two: PairState() for two in itertools.combinations(range(3), 2)}
    assert next_round(states, 3, 100, 0.05).more == dict.fromkeys(states, FIRST)
    wins = [1.0] * 40
    states[0, 1] = PairState(40, wins, (40, 0, 0))
    states[1, 2] = PairState(FIRST, [0.0] * FIRST, (2, 2, 4))
    states[0, 2] = PairState(40, wins, (40, 0, 0))
    now = next_round(states, 3, 100, 0.05)
    assert set(now.more) == {now.open[0]} == {(1, 2)}
    assert now.better[0, 1]
    states[1, 2] = PairState(100, [0.0] * 100, (25, 25, 50))
    assert next_round(states, 3, 100, 0.05).more == {}


@pytest.fixture
def close(tmp_path):
    def make(**options):
        settings = ["judge.batch_size=64"]
        return paired_study(
            tmp_path, CLOSE, samples=60, per_source=2, judge={"noise": 12, "bias": 0.2}, settings=settings, **options
        )

    return make


def test_it_stops_where_every_rank_is_settled(close):
    ranking = tables_of_study(close(pairs="adaptive")).ranking
    asked_for = len(asked[-1])
    assert asked_for == ranking.pairs.questions < 60 * 6 * 2
    assert ranking.pairs.stopped in ("settled", "samples")
    assert [one.name for one in ranking.editors] == ["a", "b", "c", "far"]
    if ranking.pairs.stopped == "settled":
        assert [one.ranks for one in ranking.editors] == [(1, 1), (2, 2), (3, 3), (4, 4)]


def test_the_budget_holds_over_all_runs_and_a_larger_one_goes_on(close):
    small = tables_of_study(close(pairs={"adaptive": {"max_questions": 150}})).ranking
    assert small.pairs.stopped == "budget"
    assert 140 <= len(asked[-1]) <= 150
    assert tables_of_study(close(pairs={"adaptive": {"max_questions": 150}})).ranking.as_json() == small.as_json()
    assert asked[-1] == []
    larger = tables_of_study(close(pairs={"adaptive": {"max_questions": 300}})).ranking
    assert len(asked[-1]) == larger.pairs.questions - small.pairs.questions
    assert any(one.ranks[0] < one.ranks[1] for one in small.editors)


def test_a_study_that_was_stopped_in_a_round_ends_as_if_it_had_not_been(close, tmp_path, monkeypatch):
    whole = tables_of_study(close(pairs="adaptive", out="whole")).ranking
    answer = PairJudge.answer

    def stopped(self, questions):
        if len(self.asked) >= 192:
            raise KeyboardInterrupt
        return answer(self, questions)

    monkeypatch.setattr(PairJudge, "answer", stopped)
    config = close(pairs="adaptive", out="parts")
    with pytest.raises(KeyboardInterrupt):
        tables_of_study(config)
    monkeypatch.setattr(PairJudge, "answer", answer)
    resumed = tables_of_study(close(pairs="adaptive", out="parts")).ranking
    assert resumed.as_json() == whole.as_json()


def test_samples_of_one_source_count_once(close):
    ranking = tables_of_study(close(pairs="adaptive")).ranking
    assert len(ranking.pairs.order) == 30
    taken = {one.sample for one in ranking.pairs.verdicts if (one.a, one.b) == ("a", "far")}
    assert all(f"{int(name) ^ 1}" in taken for name in taken)  # both samples of a source, or none
