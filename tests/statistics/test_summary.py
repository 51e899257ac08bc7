"""Estimates against worked numbers and properties that must hold for any scores."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.statistics.summary import Estimate, summarize

ITEMS = st.lists(
    st.tuples(st.none() | st.floats(0, 10).map(lambda value: round(value, 4)), st.sampled_from("abcdefghij")),
    max_size=60,
)


def test_numbers_of_a_worked_example():
    estimate = summarize([2.0, 4.0, None, 9.0], ["a", "b", "c", "d"], worst=0.0)
    assert (estimate.n, estimate.failed) == (3, 1)
    assert estimate.mean == 5.0
    assert estimate.std == pytest.approx(math.sqrt((9 + 1 + 16) / 2))
    assert (estimate.median, estimate.min, estimate.max) == (4.0, 2.0, 9.0)
    assert estimate.mean_if_failures_worst == 15 / 4


def test_the_worst_score_need_not_be_zero():
    assert summarize([5.0, None], ["a", "b"], worst=1.0).mean_if_failures_worst == 3.0


def test_without_items_every_number_is_none():
    assert summarize([], [], worst=0.0) == Estimate(0, 0, None, None, None, None, None, None, None)


def test_when_all_failed_only_the_worst_case_is_a_number():
    assert summarize([None, None], ["a", "b"], worst=0.0) == Estimate(0, 2, None, None, None, None, None, None, 0.0)


def test_one_score_has_no_deviation_and_no_interval():
    estimate = summarize([7.0], ["a"], worst=0.0)
    assert (estimate.mean, estimate.std, estimate.ci95) == (7.0, None, None)


def test_one_cluster_has_no_interval_however_many_scores():
    assert summarize([1.0, 5.0, 9.0], ["a", "a", "a"], worst=0.0).ci95 is None


def test_clusters_that_only_failed_do_not_count():
    assert summarize([1.0, 5.0, None], ["a", "a", "b"], worst=0.0).ci95 is None


def test_equal_scores_give_an_interval_without_width():
    estimate = summarize([0.1, 0.1, 0.1], ["a", "b", "c"], worst=0.0)
    assert estimate.mean == 0.1
    assert estimate.ci95 == (0.1, 0.1)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_score_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="finite"):
        summarize([1.0, value], ["a", "b"], worst=0.0)


def test_one_cluster_per_item_is_required():
    with pytest.raises(ValueError):
        summarize([1.0, 2.0], ["a"], worst=0.0)


def test_json_holds_plain_values():
    data = summarize([1.0, 2.0, 4.0], ["a", "b", "c"], worst=0.0).as_json()
    assert list(data) == ["n", "failed", "mean", "std", "median", "min", "max", "ci95", "mean_if_failures_worst"]
    assert isinstance(data["ci95"], list)
    assert all(type(value) in (int, float, list) for value in data.values())


@given(ITEMS)
def test_everything_is_counted_and_lies_where_it_should(items):
    values, clusters = [value for value, _ in items], [cluster for _, cluster in items]
    estimate = summarize(values, clusters, worst=0.0, limits=(0.0, 10.0))
    assert estimate.n + estimate.failed == len(items)
    if estimate.mean is not None:
        assert estimate.min <= estimate.mean + 1e-9
        assert estimate.mean <= estimate.max + 1e-9
        assert estimate.min <= estimate.median <= estimate.max
        assert estimate.mean_if_failures_worst <= estimate.mean + 1e-9
    if estimate.ci95 is not None:
        low, high = estimate.ci95
        assert 0 <= low <= estimate.mean + 1e-9
        assert estimate.mean - 1e-9 <= high <= 10


@given(ITEMS, st.randoms(use_true_random=False))
def test_the_order_of_arrival_changes_nothing(items, random):
    shuffled = list(items)
    random.shuffle(shuffled)
    first, second = (
        summarize([value for value, _ in some], [cluster for _, cluster in some], worst=0.0)
        for some in (items, shuffled)
    )
    assert first == second


def test_a_large_study_is_summarized_quickly():
    rng = np.random.default_rng(0)
    scores, clusters = list(rng.uniform(0, 10, 270)), [str(index // 2) for index in range(270)]
    started = time.perf_counter()
    for _ in range(3 * 4 * 6):
        summarize(scores, clusters, worst=0.0)
    assert time.perf_counter() - started < 2
