"""The clustered bootstrap: seeded, and honest about what it cannot know."""

import numpy as np
import pytest
from scipy import stats

from editloupe.statistics.bootstrap import bootstrap_interval

SUMS = np.random.default_rng(0).uniform(0, 10, 60)


def mean_of(sums):
    return lambda weights: weights @ sums / weights.sum(axis=1)


def test_a_mean_gets_about_students_interval():
    found = bootstrap_interval(mean_of(SUMS), 60, seed=1)
    assert found == pytest.approx(stats.t.interval(0.95, 59, SUMS.mean(), stats.sem(SUMS)), abs=0.15)


def test_equals_scipy_on_the_raw_data():
    theirs = stats.bootstrap((SUMS,), np.mean, n_resamples=2000, batch=250, rng=np.random.default_rng(3))
    assert bootstrap_interval(mean_of(SUMS), 60, seed=3) == pytest.approx(tuple(theirs.confidence_interval))


def test_the_same_seed_gives_the_same_interval_and_another_seed_another():
    first = bootstrap_interval(mean_of(SUMS), 60, seed=1)
    assert bootstrap_interval(mean_of(SUMS), 60, seed=1) == first
    assert bootstrap_interval(mean_of(SUMS), 60, seed=2) != first


def test_a_statistic_that_never_changes_has_no_width():
    assert bootstrap_interval(lambda weights: np.full(len(weights), 0.5), 8, seed=0) == (0.5, 0.5)


def test_one_cluster_has_no_interval():
    assert bootstrap_interval(mean_of(SUMS[:1]), 1, seed=0) is None


def test_a_statistic_that_is_undefined_on_a_resample_has_no_interval():
    def sometimes(weights):
        return np.where(weights[:, 0] > 0, mean_of(SUMS[:5])(weights), np.nan)

    assert bootstrap_interval(sometimes, 5, seed=0) is None
