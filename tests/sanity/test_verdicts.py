"""The verdicts keep their error rates, whatever the scores look like, and a missing score never helps anybody."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.sanity.plan import EDITS
from editloupe.sanity.probes import PROBES
from editloupe.sanity.verdicts import ALPHA, FEWEST, MARGIN, ScorePairs, findings_of, verdict_of
from editloupe.statistics.mean_bounds import fewest_for, lower_bounds, upper_bounds
from planted import FALLS, simulated

SEEDS = 200

FAULTS = {
    "honest": set(),
    "blind": {"blank", "other-edit", "source"},
    "deaf": {"instruction"},
    "order-biased": {"order"},
    "constant": set(FALLS),
}
"""The probes that each planted judge has to fail."""


def one(kind, *sides):
    return findings_of(kind, {"m": ScorePairs(*sides)})["m"]


@pytest.mark.parametrize("judge", FAULTS)
def test_over_200_seeds_each_planted_judge_is_named_and_the_honest_one_cleared(judge):
    rng = np.random.default_rng(sum(judge.encode()))
    verdicts = {}
    for probe, facts in PROBES.items():
        studies = {str(seed): simulated(judge, probe, rng, EDITS) for seed in range(SEEDS)}
        found = findings_of(facts.kind, studies, metrics=1)
        verdicts[probe] = Counter(each.verdict for each in found.values())
    for probe in FAULTS[judge]:
        assert verdicts[probe]["fail"] >= (1 - ALPHA) * SEEDS, (probe, verdicts[probe])
    if judge == "honest":
        for probe, counts in verdicts.items():
            assert counts["pass"] >= (1 - ALPHA) * SEEDS, (probe, counts)
            assert counts["fail"] == 0
    else:
        named = {probe for probe, counts in verdicts.items() if counts["fail"]}
        assert named <= {*FAULTS[judge], *(FALLS if judge == "deaf" else ())}


@pytest.mark.parametrize(("share", "size"), [(0.1, 1.0), (0.2, 0.5), (0.5, 0.2), (0.9, 1 / 9)])
@pytest.mark.parametrize("edits", [30, 100])
def test_a_bound_errs_no_more_often_than_it_says(share, size, edits):
    """Rare and large, or frequent and small: the mean lies on the margin exactly."""
    values = (np.random.default_rng(edits).random((edits, 600)) < share) * size
    too_low = upper_bounds(values, ceiling=1.0, alpha=ALPHA) < MARGIN - 1e-9
    too_high = lower_bounds(values, floor=0.0, alpha=ALPHA) > MARGIN + 1e-9
    assert too_low.mean() <= ALPHA + 2.6 * np.sqrt(ALPHA * (1 - ALPHA) / 600)
    assert too_high.mean() <= ALPHA + 2.6 * np.sqrt(ALPHA * (1 - ALPHA) / 600)


def test_equal_values_are_bounded_like_a_share_that_was_never_seen():
    bound = upper_bounds(np.zeros((40, 1)), ceiling=1.0, alpha=0.05)[0]
    assert bound == pytest.approx(1 - 0.05 ** (1 / 40), abs=0.004)
    assert fewest_for(0.1, span=1.0, alpha=0.05) == FEWEST == 29


def test_without_edits_nothing_is_known():
    found = one("drop", [], [])
    assert (found.verdict, found.low, found.high, found.mean) == ("underpowered", -1.0, 1.0, None)


def test_too_few_edits_pass_no_sameness_however_equal():
    few = [0.5] * (FEWEST - 4)
    assert one("same", few, few).verdict == "underpowered"
    assert one("same", few, few).reason == "few"
    many = [0.5] * (FEWEST + 4)
    assert one("same", many, many).verdict == "pass"


def test_edits_that_score_at_the_bottom_cannot_fall():
    found = one("drop", [0.02] * 60, [0.0] * 60)
    assert (found.verdict, found.reason) == ("underpowered", "no-room")


@pytest.mark.parametrize("kind", ["drop", "same"])
def test_what_failed_makes_underpowered_and_says_so(kind):
    before, after = [0.9] * 60, [0.1 if kind == "drop" else 0.9] * 60
    assert one(kind, before, after).verdict == "pass"
    lost = one(kind, before, [None] * 60)
    assert (lost.verdict, lost.reason, lost.lost, lost.mean) == ("underpowered", "lost", 60, None)
    half = one(kind, before, [*after[:24], *[None] * 36])
    assert (half.verdict, half.reason) == ("underpowered", "lost")


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=1, max_size=12), st.data(), st.sampled_from(["drop", "same"])
)
def test_a_missing_score_only_widens_the_bounds(scores, data, kind):
    sides = [list(side) for side in zip(*scores, strict=True)]
    whole = one(kind, *sides[: 2 if kind == "drop" else 3])
    side = data.draw(st.integers(0, 1 if kind == "drop" else 2))
    sides[side][data.draw(st.integers(0, len(scores) - 1))] = None
    less = one(kind, *sides[: 2 if kind == "drop" else 3])
    assert less.low <= whole.low + 1e-9
    assert less.high >= whole.high - 1e-9


def test_one_metric_that_falls_is_enough_and_one_that_wavers_is_too_much():
    steady, falling = ScorePairs([0.9] * 60, [0.9] * 60), ScorePairs([0.9] * 60, [0.1] * 60)
    assert verdict_of("drop", findings_of("drop", {"a": steady, "b": falling})) == ("pass", "")
    assert verdict_of("drop", findings_of("drop", {"a": steady, "b": steady})) == ("fail", "")
    assert verdict_of("same", findings_of("same", {"a": steady, "b": falling})) == ("fail", "")
    assert verdict_of("same", findings_of("same", {"a": steady, "b": steady})) == ("pass", "")
    unknown = ScorePairs([0.9] * 60, [None] * 60)
    assert verdict_of("drop", findings_of("drop", {"a": steady, "b": unknown})) == ("underpowered", "lost")
