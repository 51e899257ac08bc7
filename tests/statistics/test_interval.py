"""The interval of a mean: against the textbook where it must agree, and against simulation where it must be honest."""

import numpy as np
import pytest
from scipy import stats

from editloupe.statistics.interval import mean_interval, ratio_interval


def names(number):
    return [str(index) for index in range(number)]


def test_symmetric_scores_of_single_clusters_give_students_interval():
    scores = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    expected = stats.t.interval(0.95, 8, loc=5.0, scale=stats.sem(scores))
    assert mean_interval(scores, names(9)) == pytest.approx(expected)


def test_repeating_a_cluster_adds_no_certainty():
    scores = [1.0, 4.0, 7.0, 2.0, 9.0, 5.0]
    once = mean_interval(scores, names(6))
    assert mean_interval(scores * 5, names(6) * 5) == pytest.approx(once)
    apart = mean_interval(scores * 5, names(30))
    assert apart[1] - apart[0] < (once[1] - once[0]) / 2


def test_standard_error_of_unequal_clusters_worked_by_hand():
    # Clusters (2, 4), (6), (9, 3): m = 24/5, residuals 6 - 9.6, 6 - 4.8, 12 - 9.6 = -3.6, 1.2, 2.4.
    error = np.sqrt(3 / 2 * (3.6**2 + 1.2**2 + 2.4**2)) / 5
    low, high = ratio_interval(np.array([6.0, 6.0, 12.0]), np.array([2.0, 1.0, 2.0]))
    plain = 2 * stats.t.ppf(0.975, 2) * error
    assert plain <= high - low < 2 * plain
    assert low < 24 / 5 < high


def test_the_side_of_the_tail_is_the_longer_one():
    low, high = mean_interval([10.0] * 28 + [0.0, 1.0], names(30))
    mean = 281 / 30
    assert mean - low > 1.5 * (high - mean)


def test_mirrored_scores_have_the_mirrored_interval():
    scores = np.array([0.0, 0.0, 1.0, 2.0, 9.0, 3.0])
    low, high = mean_interval(scores, names(6))
    assert mean_interval(10 - scores, names(6)) == pytest.approx((10 - high, 10 - low))


def test_the_ends_are_cut_at_the_scale():
    low, high = mean_interval([10.0, 10.0, 10.0, 0.0], names(4), limits=(0.0, 10.0))
    assert 0.0 <= low < 7.5 < high == 10.0


def test_no_side_runs_away_with_few_clusters():
    scores = [10.0] * 9 + [0.0]
    low, _ = mean_interval(scores, names(10))
    assert 9 - low < 2 * stats.t.ppf(0.975, 9) * stats.sem(scores)


def test_clusters_whose_means_are_equal_give_no_width():
    low, high = ratio_interval(np.array([3.0, 6.0, 9.0]), np.array([1.0, 2.0, 3.0]))
    assert (low, high) == (3.0, 3.0)


def test_empty_clusters_are_left_out():
    full = ratio_interval(np.array([3.0, 6.0]), np.array([1.0, 1.0]))
    assert ratio_interval(np.array([3.0, 0.0, 6.0]), np.array([1.0, 0.0, 1.0])) == full
    assert ratio_interval(np.array([3.0, 0.0]), np.array([1.0, 0.0])) is None


@pytest.mark.parametrize("clusters", [50, 270])
def test_coverage_of_skewed_scores(clusters):
    rng = np.random.default_rng(5)
    # Three edits per source image; true mean 8: 10 * Beta(4, 1), shared by the edits of half of the images.
    held = 0
    for _ in range(1000):
        own = 10 * rng.beta(4, 1, (clusters, 3))
        shared = rng.random((clusters, 1)) < 0.5
        scores = np.where(shared, own[:, :1], own)
        low, high = ratio_interval(scores.sum(axis=1), np.full(clusters, 3.0))
        held += low <= 8 <= high
    assert 0.925 <= held / 1000 <= 0.975  # 95 % within 3.6 standard errors of the simulation, and a plain z fails at 10
