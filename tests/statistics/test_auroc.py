import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from editloupe.statistics.auroc import Auroc, auroc

EDITS = st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.sampled_from("stu")), max_size=25)


def by_hand(edits):
    pairs = [(a > b) + 0.5 * (a == b) for a, right, _ in edits if right for b, other, _ in edits if not other]
    return sum(pairs) / len(pairs) if pairs else None


@given(EDITS)
def test_the_area_is_the_share_of_pairs_won(edits):
    scores, right, clusters = zip(*edits, strict=True) if edits else ((), (), ())
    assert auroc(scores, right, clusters, 0).value == pytest.approx(by_hand(edits))


def test_the_area_is_scipy_s_statistic_over_the_pairs():
    rng = np.random.default_rng(1)
    scores, right = rng.integers(0, 11, 60), rng.random(60) < 0.4
    u = stats.mannwhitneyu(scores[right], scores[~right]).statistic
    found = auroc(scores, right, [str(index % 20) for index in range(60)], 0)
    assert found.value == pytest.approx(u / (right.sum() * (~right).sum()))
    low, high = found.ci95
    assert low < found.value < high


def test_resampling_keeps_clusters_whole():
    rng = np.random.default_rng(2)
    scores = np.repeat(rng.normal(size=20), 10)
    right = np.tile([True, False], 100)
    alone = auroc(scores, right, [str(index) for index in range(200)], 0).ci95
    together = auroc(scores, right, [str(index // 10) for index in range(200)], 0).ci95
    assert alone != together


def test_without_both_kinds_there_is_no_area():
    assert auroc([1.0, 2.0], [True, True], ["a", "b"], 0) == Auroc(right=2, wrong=0)
    assert auroc([1.0, 2.0], [True, False], ["a", "a"], 0) == Auroc(right=1, wrong=1, value=0.0)


def test_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="one entry"):
        auroc([1.0], [True, False], ["a"], 0)
