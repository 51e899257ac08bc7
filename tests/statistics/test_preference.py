import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.statistics.interval import ratio_interval
from editloupe.statistics.preference import Pair, RankingAccuracy, group_accuracy, preference_accuracy


def pair(difference, category="a", cluster="s", group="g", equal=False):
    return Pair(difference, equal, category, cluster, group)


PAIRS = st.lists(
    st.builds(
        Pair,
        difference=st.sampled_from([None, -2.0, 0.0, 1.5]),
        equal=st.booleans(),
        category=st.sampled_from("abc"),
        cluster=st.sampled_from("stuv"),
        group=st.sampled_from("gh"),
    ),
    max_size=30,
)


def by_hand(pairs, *, ties_wrong):
    right = [one for one in pairs if one.difference is not None and not one.equal and one.difference > 0]
    counted = [
        one for one in pairs if one.difference is not None and not one.equal and (ties_wrong or one.difference != 0)
    ]
    return len(right) / len(counted) if counted else None


@given(PAIRS)
def test_accuracies_are_what_counting_by_hand_gives(pairs):
    found = preference_accuracy(pairs)
    for suffix, ties_wrong in (("", False), ("_ties_wrong", True)):
        assert getattr(found, f"accuracy{suffix}").value == pytest.approx(by_hand(pairs, ties_wrong=ties_wrong))
        parts = [[one for one in pairs if one.category == name] for name in "abc"]
        ratios = [ratio for part in parts if (ratio := by_hand(part, ties_wrong=ties_wrong)) is not None]
        expected = sum(ratios) / len(ratios) if ratios else None
        assert getattr(found, f"macro{suffix}").value == pytest.approx(expected)
    told = found.right + found.wrong + found.ties + found.equal + found.unscored
    assert told == found.pairs == len(pairs)


@given(PAIRS)
def test_intervals_hold_the_value_and_stay_between_none_and_all(pairs):
    found = preference_accuracy(pairs)
    for name in ("accuracy", "accuracy_ties_wrong", "macro", "macro_ties_wrong"):
        value, ends = getattr(found, name).value, getattr(found, name).ci95
        if ends is not None:
            assert 0 <= ends[0] <= value + 1e-9
            assert value - 1e-9 <= ends[1] <= 1


def test_ties_stand_apart_and_count_as_wrong_as_published():
    found = preference_accuracy([pair(1), pair(1), pair(0), pair(-1)])
    assert found.accuracy.value == pytest.approx(2 / 3)
    assert found.accuracy_ties_wrong.value == 0.5
    assert found.ties == 1


def test_the_macro_mean_weighs_categories_equally():
    pairs = [pair(1, "many")] * 9 + [pair(-1, "few")]
    found = preference_accuracy(pairs)
    assert found.accuracy.value == 0.9
    assert found.macro.value == 0.5


def test_pairs_that_people_call_equal_have_no_direction():
    found = preference_accuracy([pair(1, equal=True), pair(0, equal=True), pair(1)])
    assert (found.equal, found.equal_agreed, found.right) == (2, 1, 1)
    assert found.accuracy.value == 1.0


def test_with_one_category_the_macro_interval_is_the_plain_one():
    rng = np.random.default_rng(3)
    pairs = [pair(float(rng.choice([-1, 0, 1])), cluster=str(rng.integers(8))) for _ in range(40)]
    found = preference_accuracy(pairs)
    assert found.macro_ties_wrong.value == pytest.approx(found.accuracy_ties_wrong.value)
    assert found.macro_ties_wrong.ci95 == pytest.approx(found.accuracy_ties_wrong.ci95, abs=0.02)
    names = sorted({one.cluster for one in pairs})
    sums = np.array([sum(one.difference > 0 for one in pairs if one.cluster == name) for name in names], float)
    counts = np.array([sum(one.cluster == name for one in pairs) for name in names], float)
    assert found.accuracy_ties_wrong.ci95 == pytest.approx(ratio_interval(sums, counts, limits=(0, 1)))


def test_the_macro_interval_covers_the_true_mean_nineteen_times_in_twenty():
    rng = np.random.default_rng(5)
    chances = {"a": 0.9, "b": 0.6, "c": 0.75}
    covered = 0
    for _ in range(200):
        pairs = []
        for source in range(40):
            shift = rng.normal(0, 0.05)
            for name, chance in chances.items():
                pairs += [pair(1.0 if rng.random() < chance + shift else -1.0, name, str(source)) for _ in range(2)]
        low, high = preference_accuracy(pairs).macro.ci95
        covered += low <= 0.75 <= high
    assert covered >= 180


def ranking(scores, group="g", cluster="s"):
    """All pairs of candidates that people rank in this order."""
    return [Pair(a - b, False, "x", cluster, group) for a, b in itertools.combinations(scores, 2)]


def test_a_ranking_is_right_only_if_all_of_its_pairs_are():
    pairs = ranking([9, 5, 1], "1") + ranking([9, 1, 5], "2") + ranking([9, 5, 5], "3") + ranking([4, 3, 2, 1], "4")
    found = group_accuracy(pairs)
    assert found["3"].groups == 3
    assert found["3"].right == 1
    assert found["3"].value == pytest.approx(1 / 3)
    assert found["4"] == RankingAccuracy(groups=1, unscored=0, right=1, value=1.0)


def test_a_ranking_with_an_edit_without_score_is_counted_apart():
    pairs = [*ranking([3, 2, 1], "1"), pair(None, group="2"), pair(None, group="2"), pair(1, group="2")]
    assert group_accuracy(pairs)["3"] == RankingAccuracy(groups=2, unscored=1, right=1, value=1.0)


def test_pairs_and_incomplete_rankings_are_no_groups():
    assert group_accuracy([pair(1, group="1"), pair(1, group="2"), pair(1, group="2")]) == {}
