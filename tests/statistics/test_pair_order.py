"""A test that may be looked at after every result, and the ranks that follow from it."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.statistics.bradley_terry import PairData
from editloupe.statistics.pair_order import anytime_p, anytime_sign, circular_triads, order_of, rank_ranges


def test_equal_editors_are_seldom_told_apart_however_often_one_looks():
    rng = np.random.default_rng(0)
    studies = [rng.choice([-1, -0.5, 0, 0.5, 1], 400, p=[0.1, 0.1, 0.6, 0.1, 0.1]) for _ in range(400)]
    assert np.mean([anytime_p(one) <= 0.05 for one in studies]) <= 0.05


def test_a_difference_is_found_and_its_sign_is_right():
    rng = np.random.default_rng(1)
    signs = [anytime_sign(rng.choice([-1, 0, 1], 300, p=[0.05, 0.75, 0.2]), 0.05) for _ in range(50)]
    assert set(signs) <= {0, 1}
    assert np.mean(signs) > 0.9


@given(st.lists(st.sampled_from([-1.0, -0.5, 0.0, 0.5, 1.0]), min_size=1, max_size=60))
def test_p_never_rises_while_results_come_in_and_is_the_same_for_both_signs(values):
    steps = [anytime_p(values[:count]) for count in range(1, len(values) + 1)]
    assert all(0 < later <= earlier <= 1 for earlier, later in itertools.pairwise(steps))
    assert anytime_p([-one for one in values]) == pytest.approx(steps[-1])


def test_nothing_seen_is_no_evidence():
    assert anytime_p([]) is None
    assert anytime_sign([], 0.05) == 0
    assert anytime_p([0.0] * 50) == 1.0


def better(count, *edges):
    flags = np.zeros((count, count), dtype=bool)
    for i, j in edges:
        flags[i, j] = True
    return flags


def test_ranks_follow_from_what_is_known_and_from_what_follows_from_it():
    assert rank_ranges(better(3)) == [(1, 3)] * 3
    assert rank_ranges(better(3, (0, 1))) == [(1, 2), (2, 3), (1, 3)]
    assert rank_ranges(better(3, (2, 1), (1, 0))) == [(3, 3), (2, 2), (1, 1)]
    assert rank_ranges(better(4, (0, 1), (1, 2), (2, 0), (0, 3))) == [(1, 3), (1, 3), (1, 3), (4, 4)]


def test_circles_are_found_once():
    assert circular_triads(better(4, (0, 1), (1, 2), (2, 0), (0, 3))) == [(0, 1, 2)]
    assert circular_triads(better(3, (0, 2), (2, 1), (1, 0))) == [(0, 2, 1)]
    assert circular_triads(better(3, (0, 1), (1, 2), (0, 2))) == []


def test_what_is_settled_counts_before_the_rating():
    data = PairData.of([0, 0], [1, 1], [[2, 1, 0], [0, 0, 0]], [0, 1], items=2)
    assert order_of(data, better(2)) == [0, 1]
    assert order_of(data, better(2, (1, 0))) == [1, 0]
    circle = better(3, (0, 1), (1, 2), (2, 0))
    assert sorted(order_of(PairData.of([], [], [], [], items=3), circle)) == [0, 1, 2]
