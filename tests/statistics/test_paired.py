"""Paired differences: against brute force, at their edges, and over simulated studies without a difference."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from editloupe.statistics.interval import mean_interval
from editloupe.statistics.paired import FLIPS, holm, paired_differences, smallest_p

NAN = float("nan")


def single(differences, clusters=None, **more):
    values = np.array(differences, dtype=float)[:, None]
    codes = np.arange(len(values)) if clusters is None else np.array(clusters)
    return paired_differences(values, codes, **more)[0]


def brute_force(values, clusters):
    """Every assignment of signs to whole clusters, by plain loops."""
    sums = [sum(v for v, c in zip(values, clusters, strict=True) if c == cluster) for cluster in sorted(set(clusters))]
    observed = abs(sum(sums))
    hits = [
        abs(sum(s * v for s, v in zip(signs, sums, strict=True))) >= observed - 1e-7
        for signs in itertools.product((1, -1), repeat=len(sums))
    ]
    return sum(hits) / len(hits)


@given(st.lists(st.tuples(st.integers(-10, 10), st.integers(0, 4)), min_size=2, max_size=9))
def test_p_of_few_clusters_is_that_of_all_sign_patterns(items):
    values, clusters = zip(*items, strict=True)
    codes = np.unique(clusters, return_inverse=True)[1]
    paired = single(values, codes)
    if len(set(clusters)) < 2:
        assert paired.p is None
    else:
        assert paired.p == pytest.approx(brute_force(values, clusters))


def test_p_of_many_clusters_agrees_with_scipy():
    values = np.random.default_rng(3).normal(0.25, 1, 60)
    theirs = stats.permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=FLIPS, rng=np.random.default_rng(1)
    )
    assert single(values).p == pytest.approx(theirs.pvalue, abs=0.012)  # two simulations of 9,999


def test_p_of_many_clusters_counts_half_of_the_ties():
    """Signs of equal size: their sum is binomial, so the share of ties is known without any simulation."""
    wins, clusters = 11, 16
    larger = 2 * stats.binom.sf(wins, clusters, 0.5)
    ties = 2 * stats.binom.pmf(wins, clusters, 0.5)  # 0.13, and the seeded share is within 0.01 of the true one
    paired = single([1.0] * wins + [-1.0] * (clusters - wins))
    assert paired.p == pytest.approx(larger + ties / 2, abs=0.015)


def test_the_interval_is_that_of_a_mean():
    rng = np.random.default_rng(0)
    values, clusters = rng.integers(-4, 9, 40).astype(float), rng.integers(0, 17, 40)
    codes = np.unique(clusters, return_inverse=True)[1]
    paired = single(values, codes, limits=(-10, 10))
    assert paired.ci95 == pytest.approx(mean_interval(values, [str(code) for code in codes], limits=(-10, 10)))
    assert paired.difference == pytest.approx(values.mean())


def test_wins_ties_and_losses_are_counted_and_gaps_left_out():
    paired = single([2.0, 0.0, -1.0, NAN, 3.0])
    assert (paired.n, paired.win, paired.tie, paired.loss) == (4, 2, 1, 1)
    assert paired.difference == 1.0


def test_equal_scores_are_a_tie_whatever_their_last_digit():
    paired = single([0.1 + 0.2 - 0.3, 1.0])
    assert (paired.win, paired.tie) == (1, 1)


def test_no_common_sample_has_no_numbers():
    paired = single([NAN, NAN])
    assert (paired.n, paired.difference, paired.ci95, paired.p, paired.detectable) == (0, None, None, None, None)


def test_one_cluster_has_a_difference_and_nothing_else():
    paired = single([1.0, 2.0], [0, 0])
    assert (paired.difference, paired.ci95, paired.p, paired.detectable) == (1.5, None, None, None)


def test_all_ties_are_no_difference():
    paired = single([0.0] * 40)
    assert (paired.difference, paired.ci95, paired.p, paired.tie) == (0.0, (0.0, 0.0), 1.0, 40)


def test_a_constant_difference_is_as_significant_as_its_number_of_clusters_allows():
    assert single([1.0] * 5).p == 2 / 2**5
    assert single([1.0] * 40).p == 1 / (1 + FLIPS)
    assert single([1.0] * 5).ci95 == (1.0, 1.0)


def test_edits_of_one_source_count_as_one_piece_of_evidence():
    alone, together = (
        single([1.0, 1.0, 1.0, 1.0, -1.0, 1.0] * 5),
        single([1.0, 1.0, 1.0, 1.0, -1.0, 1.0] * 5, np.repeat(range(5), 6)),
    )
    assert alone.p < 0.01
    assert together.p > 0.05


def test_the_detectable_difference_is_seen_four_times_in_five():
    rng = np.random.default_rng(5)
    seen, stated = 0, []
    for _ in range(200):
        null = rng.normal(0, 2, 50)
        stated.append(single(null).detectable)
    shift = float(np.mean(stated))
    for _ in range(200):
        seen += single(rng.normal(shift, 2, 50)).p < 0.05
    assert 0.72 < seen / 200 < 0.88  # 0.8 within three standard errors of 200 studies


def test_p_values_are_uniform_where_there_is_no_difference():
    """Two editors of equal skill, rounded skewed scores, up to four edits per source: p must not favour either end."""
    rng = np.random.default_rng(11)
    p_values = []
    for _ in range(20):
        clusters = np.repeat(np.arange(50), rng.integers(1, 5, 50))
        shared = rng.normal(0, 1, (50, 40))[clusters]
        a, b = (np.round(10 * stats.norm.cdf(shared + rng.normal(0, 1, shared.shape)) ** 0.4) for _ in range(2))
        p_values += [paired.p for paired in paired_differences(a - b, clusters)]
    assert stats.kstest(p_values, "uniform").pvalue > 0.001
    assert abs(np.mean(np.array(p_values) < 0.05) - 0.05) < 0.023  # three standard errors of 800


def test_many_comparisons_have_the_numbers_of_each_alone():
    rng = np.random.default_rng(2)
    table = rng.normal(0.1, 1, (40, 5))
    table[rng.random(table.shape) < 0.1] = np.nan
    clusters = np.repeat(np.arange(20), 2)
    for column, paired in enumerate(paired_differences(table, clusters)):
        assert paired == single(table[:, column], clusters)


def test_holm_is_the_textbook_procedure():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.2, None, 0.9]) == [0.4, None, 0.9]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_never_lowers_a_p_and_keeps_the_order(p_values):
    corrected = holm(p_values)
    assert all(p <= one <= 1 for p, one in zip(p_values, corrected, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert all(corrected[a] <= corrected[b] for a, b in itertools.pairwise(order))


def test_no_difference_is_detectable_where_the_test_can_show_none():
    rng = np.random.default_rng(1)
    assert single(rng.normal(3, 1, 5)).detectable is None
    assert single(rng.normal(3, 1, 6)).detectable > 0
    assert single(rng.normal(3, 1, 5)).p >= 0.05


def test_equal_differences_tell_nothing_of_what_is_detectable():
    assert single([0.0] * 12).detectable is None
    assert single([0.1 + 0.2] * 12).detectable is None


@pytest.mark.parametrize("clusters", [2, 5, 6, 13])
def test_the_smallest_p_is_that_of_one_sided_differences(clusters):
    assert single([1.0] * clusters).p == pytest.approx(smallest_p(clusters))
