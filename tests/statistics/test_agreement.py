"""Agreement against scipy, and against pairs counted by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from editloupe.statistics.agreement import TieCounts, agreement
from editloupe.statistics.coefficient import Coefficient

NAMES = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")


def noisy(number=90, noise=1.0, seed=0):
    rng = np.random.default_rng(seed)
    truth = rng.normal(5, 2, number)
    judge = truth + rng.normal(0, noise, number)
    return judge.round(), truth.round(), [str(index // 3) for index in range(number)]


def counted(judge, truth, allowed):
    """(same, opposite, judge tied, truth tied, both tied), pair by pair."""
    counts = [0, 0, 0, 0, 0]
    for one, two in itertools.combinations(range(len(judge)), 2):
        if allowed(one, two):
            a, b = np.sign(judge[one] - judge[two]), np.sign(truth[one] - truth[two])
            place = {(True, True): 4, (True, False): 2, (False, True): 3}.get((a == 0, b == 0), 0 if a == b else 1)
            counts[place] += 1
    return counts


def test_coefficients_are_those_of_scipy():
    judge, truth, clusters = noisy()
    found = agreement(judge, truth, clusters, 0)
    assert found.n == 90
    assert found.spearman.value == pytest.approx(stats.spearmanr(judge, truth).statistic)
    assert found.kendall.value == pytest.approx(stats.kendalltau(judge, truth).statistic)
    assert found.mae.value == pytest.approx(np.mean(np.abs(judge - truth)))


def test_pairs_are_those_counted_one_by_one():
    judge, truth, clusters = noisy(noise=3.0)
    found = agreement(judge, truth, clusters, 0)
    same, opposite, by_judge, by_truth, both = counted(judge, truth, lambda *_: True)
    assert found.pairwise_accuracy_overall.value == same / (same + opposite)
    assert found.ties.overall == TieCounts(pairs=90 * 89 // 2, judge=by_judge, truth=by_truth, both=both)
    same, opposite, by_judge, by_truth, both = counted(judge, truth, lambda i, j: clusters[i] == clusters[j])
    assert found.pairwise_accuracy.value == same / (same + opposite)
    assert found.ties.within == TieCounts(pairs=90, judge=by_judge, truth=by_truth, both=both)


def test_pairs_can_be_kept_within_samples_that_share_a_source():
    found = agreement([1, 2, 3, 4], [1, 2, 2, 1], list("aabb"), 0, samples=["x", "x", "y", "y"])
    assert found.pairwise_accuracy.value == 0.5
    one_source = agreement([1, 2, 3, 4], [1, 2, 2, 1], list("aaaa"), 0, samples=["x", "x", "y", "y"])
    assert one_source.pairwise_accuracy == Coefficient(0.5, None)


def test_bootstrapped_values_agree_with_scipy_on_a_repeated_data_set():
    # A resample is a data set in which clusters repeat: weights must mean the same as copies.
    from editloupe.statistics.agreement import _codes, _Pairs, _spearman

    judge, truth, clusters = noisy(30, noise=2.0)
    codes = _codes(clusters)
    weights = np.random.default_rng(1).multinomial(10, np.full(10, 0.1), size=4).astype(float)
    pairs = _Pairs(judge, truth, codes, 10, None)
    for row, tau, rho in zip(weights, pairs.tau_b(weights), _spearman(judge, truth, weights[:, codes]), strict=True):
        copies = np.repeat(np.arange(30), row[codes].astype(int))
        assert tau == pytest.approx(stats.kendalltau(judge[copies], truth[copies]).statistic)
        assert rho == pytest.approx(stats.spearmanr(judge[copies], truth[copies]).statistic)


def test_intervals_hold_the_values_and_are_seeded():
    judge, truth, clusters = noisy()
    found = agreement(judge, truth, clusters, 0)
    assert agreement(judge, truth, clusters, 0) == found
    for name in NAMES:
        low, high = getattr(found, name).ci95
        assert low < getattr(found, name).value < high


def test_a_perfect_judge():
    found = agreement([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], list("aabbcc"), 0)
    assert [getattr(found, name).value for name in NAMES] == pytest.approx([1, 1, 1, 1, 0])
    assert found.pairwise_accuracy.ci95 == (1.0, 1.0)
    assert found.mae.ci95 == (0.0, 0.0)


@pytest.mark.parametrize("judge", [[5, 5, 5, 5], [1, 2, 3, 4]])
def test_constant_scores_define_no_order(judge):
    found = agreement(judge, [5, 5, 5, 5], list("aabb"), 0)
    for name in NAMES[:-1]:
        assert getattr(found, name) == Coefficient()
    assert found.mae.value == np.mean([abs(value - 5) for value in judge])


def test_nothing_gives_no_numbers():
    found = agreement([], [], [], 0)
    assert found.n == 0
    assert all(getattr(found, name) == Coefficient() for name in NAMES)


def test_what_has_no_number_is_refused():
    with pytest.raises(ValueError, match="finite"):
        agreement([float("nan")], [1.0], ["a"], 0)
    with pytest.raises(ValueError, match="one entry"):
        agreement([1.0, 2.0], [1.0], ["a", "b"], 0)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4), st.sampled_from("abcd")), max_size=14))
def test_any_small_data_set_is_counted_in_full(items):
    judge, truth, clusters = ([item[place] for item in items] for place in range(3))
    found = agreement(judge, truth, clusters, 0)
    assert found.ties.overall.pairs == len(items) * (len(items) - 1) // 2
    for name in NAMES[:-1]:
        assert getattr(found, name).value is None or -1 - 1e-9 <= getattr(found, name).value <= 1 + 1e-9


def test_no_end_of_the_error_s_interval_lies_beyond_the_scale():
    judge, truth, clusters = [0.0, 100.0, 2.0, 5.0], [100.0, 0.0, 3.0, 4.0], ["a", "b", "c", "d"]
    assert agreement(judge, truth, clusters, 0).mae.ci95[1] > 100
    assert agreement(judge, truth, clusters, 0, scale=(0.0, 100.0)).mae.ci95[1] == 100
