"""Numbers over a study: groups count equally, failures are counted and never scored, what has no data is None."""

import pytest

from editloupe.rubrics.aggregate_functions import AGGREGATES
from editloupe.rubrics.aggregates import GroupedValue, ScoredEdit, mean_of_groups


def numbers(name, items):
    return {(one.name, one.variant): one for one in AGGREGATES[name](items)}


def values(groups):
    """GroupedValue values of {group: [values]}, each of its own source."""
    return [
        GroupedValue(value, group, f"{group}{index}")
        for group, found in groups.items()
        for index, value in enumerate(found)
    ]


def test_groups_count_equally_however_large_they_are():
    many = values({"a": [2.0] * 30 + [4.0] * 30, "b": [8.0, 9.0] * 5})
    one = mean_of_groups("x", (0, 10), many, groups=11)
    assert one.value.mean == pytest.approx((3 + 8.5) / 2)
    assert (one.value.n, one.value.failed, one.note) == (70, 0, "over 2 of 11 groups")
    assert one.value.ci95[0] < one.value.mean < one.value.ci95[1]
    assert one.value.ci95[1] - one.value.ci95[0] < 1
    assert mean_of_groups("x", (0, 10), list(reversed(many)), groups=11) == one


def test_edits_of_one_source_count_as_one_piece_of_evidence():
    apart = values({"a": [2.0, 4.0] * 20})
    together = [GroupedValue(one.value, one.group, f"pair{one.value}{index // 8}") for index, one in enumerate(apart)]
    wide, narrow = (mean_of_groups("x", (0, 10), each, groups=1).value.ci95 for each in (together, apart))
    assert wide[1] - wide[0] > 1.5 * (narrow[1] - narrow[0])


def test_a_failure_is_counted_and_only_the_worst_case_scores_it():
    one = mean_of_groups("x", (1, 5), values({"a": [3.0, None], "b": [5.0], "c": [None]}), groups=9)
    assert (one.value.n, one.value.failed, one.note) == (2, 2, "over 2 of 9 groups")
    assert one.value.mean == 4.0
    assert one.value.mean_if_failures_worst == pytest.approx((2 + 5 + 1) / 3)
    assert one.value.ci95 is None  # a group stands on a single source


def test_without_data_a_number_is_none_and_never_0():
    one = mean_of_groups("x", (0, 10), values({"a": [None, None]}), groups=9)
    assert (one.value.mean, one.value.failed, one.value.mean_if_failures_worst) == (None, 2, 0)
    assert mean_of_groups("x", (0, 10), [], groups=9).value.mean_if_failures_worst is None
    for name in AGGREGATES:
        assert all(one.value.mean is None for one in AGGREGATES[name]([]))


def item(category, scores, cluster="", **groups):
    return ScoredEdit(category, groups, cluster or f"{category}{scores}", scores)


def test_gedit_names_only_the_languages_and_sets_that_there_are():
    items = [
        item("ps_human", {"semantics": 4.0, "quality": 9.0, "overall": 6.0}, language="cn", intersection="false"),
        item("ps_human", {"semantics": None, "quality": 5.0, "overall": None}, language="cn", intersection="false"),
    ]
    found = numbers("gedit", items)
    assert {name for name, _ in found} == {"cn, full set: SC", "cn, full set: PQ", "cn, full set: O"}
    assert found["cn, full set: PQ", "official"].value.mean == 7.0
    one = found["cn, full set: O", "official"]
    assert (one.value.mean, one.value.n, one.value.failed) == (6.0, 1, 1)
    assert one.note == "over 1 of 11 groups; failures left out"


def test_imgedit_official_rounds_twice_and_lets_scores_exceed_the_first():
    # Means 1, 2.33 and 1.33 make 1.5533, so 1.55; not rounded first they make 1.5556, so 1.56. With the cap: 1, 1, 1.
    items = [
        item("add", {"instruction": 1.0, "naturalness": 1.0, "coherence": 1.0, "overall": 1.0}),
        item("add", {"instruction": 1.0, "naturalness": 5.0, "coherence": 1.0, "overall": 1.0}),
        item("add", {"instruction": 1.0, "naturalness": 2.0, "coherence": 1.0, "overall": 1.0}),
    ]
    found = numbers("imgedit", items)
    assert found["add", "official"].value.mean == 1.55
    assert found["add", "corrected"].value.mean == 1.0
    assert found["overall", "official"].value.mean == 1.55
    assert found["overall", "official"].note.startswith("over 1 of 9 types")


def rise(scores, category="causal_reasoning", **groups):
    names = ("consistency", "reasoning", "plausibility")
    return item(category, dict(zip(names, scores, strict=False)), **groups)


def test_rise_by_hand_with_the_column_without_it_and_with_failures():
    free = rise((1.0, 5.0, 5.0), consistency_free="true")
    bound = rise((1.0, 5.0, 5.0), consistency_free="false")
    found = numbers("rise", [free, bound])
    assert found["overall: score", "official"].value.mean == 5.0  # the slip: consistency counts nowhere
    assert found["overall: score", "corrected"].value.mean == pytest.approx((5 + 3.8) / 2)
    assert found["overall: accuracy", "official"].value.mean == 0.5
    assert "slip" in found["overall: score", "official"].note
    bare = numbers("rise", [rise((1.0, 5.0, 5.0))])
    assert bare["overall: percent", "official"].value.mean == pytest.approx(25 * 2.8)
    assert bare["overall: score", "official"].note == "failures left out"
    broken = numbers("rise", [rise((None, 5.0, 5.0), consistency_free="true"), rise((5.0, None, 5.0))])
    assert (broken["overall: score", "corrected"].value.n, broken["overall: score", "corrected"].value.failed) == (1, 1)
    assert broken["overall: accuracy", "corrected"].value.mean == 1.0
    logical = numbers("rise", [rise((5.0, 1.0), "logical_reasoning"), rise((5.0, 5.0), "logical_reasoning")])
    assert logical["logical_reasoning: score", "official"].value.mean == pytest.approx((1.1 + 5) / 2)
    assert logical["logical_reasoning: accuracy", "official"].value.mean == 0.5


def test_kris_by_class_and_dimension_by_hand():
    # (4, 3, 5): mean 4, 75 %. With knowledge (2, 3, 5, 2): mean 3, 50 %.
    items = [
        item("color_change", {"overall": 75.0}, **{"class": "factual", "dimension": "attribute perception"}),
        item("biology", {"overall": 50.0}, **{"class": "conceptual", "dimension": "natural science"}),
        item("biology", {"overall": None}, **{"class": "conceptual", "dimension": "natural science"}),
    ]
    found = numbers("kris", items)
    assert found["overall", "corrected"].value.mean == 62.5
    assert found["class factual", "official"].value.mean == 75.0
    one = found["dimension natural science", "corrected"].value
    assert (one.mean, one.n, one.failed, one.mean_if_failures_worst) == (50.0, 1, 1, 25.0)


def test_re_edit_by_hand():
    items = [
        item("physical", {"dimension": 1.0, "semantics": 4.0, "quality": 6.0, "following": 7.5}),
        item("causal", {"dimension": 0.0, "semantics": 8.0, "quality": None, "following": 2.5}),
    ]
    found = numbers("re-edit", items)
    assert found["dimension, yes-rate", "corrected"].value.mean == 50.0
    assert found["SC", "official"].value.mean == 6.0
    assert (found["PQ", "corrected"].value.mean, found["PQ", "corrected"].value.failed) == (6.0, 1)
    assert found["IF", "corrected"].value.mean == 5.0
    assert (found["dimension, yes-rate", "corrected"].high, found["IF", "corrected"].high) == (100.0, 10.0)
