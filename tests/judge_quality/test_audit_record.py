"""What an audit found is read back as it was, from every version that wrote one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.card import card_of
from editloupe.judge_quality.probe import Probe
from editloupe.judge_quality.replies import ReplyCount, ReplyCounts, ReplyExample
from wide_study import study


@pytest.fixture
def results(tmp_path):
    return study(tmp_path, samples=2)


def agreed():
    nothing = {"value": None, "ci95": None}
    names = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall")
    ties = {"pairs": 1, "judge": 0, "truth": 0, "both": 0}
    return {
        "n": 2,
        **dict.fromkeys(names, nothing),
        "mae": {"value": 0.5, "ci95": [0, 1]},
        "ties": {"within": ties, "overall": ties},
    }


FIRST = {
    "judge": "tiny",
    "signature": "0123",
    "n": 2,
    "unscored": 1,
    "overall": agreed(),
    "editors": {"identity": agreed()},
    "categories": {},
    "means": {"identity": {"judge": 3, "truth": 2.5}},
    "stability": {
        "questions": 4,
        "batch_size": 2,
        "batched": {"equal": 1.0, "largest_difference": None},
        "reversed": {"equal": 0.5, "largest_difference": 2.0},
        "repeated": {"equal": 1.0, "largest_difference": 0},
    },
}
"""What the first version of the audit wrote."""


def test_all_that_an_audit_holds_comes_back_from_its_file(results):
    assert results.audit.human.flags
    assert results.audit.preferences["score"]["overall"].groups
    assert results.audit.stability
    assert Audit.from_json(json.loads(json.dumps(results.audit.as_json()))) == results.audit
    assert Probe.from_json(json.loads(json.dumps(results.probe.as_json()))) == results.probe


def test_an_audit_of_the_first_version_opens_without_what_it_did_not_know():
    audit = Audit.from_json(FIRST)
    assert (audit.overall.mae.value, audit.overall.mae.ci95) == (0.5, (0, 1))
    assert audit.stability.reversed.largest_difference == 2.0
    assert (audit.preferences, audit.classes, audit.human, audit.modes, audit.expected) == (None,) * 5
    assert audit.replies == ReplyCounts()
    assert card_of(audit) is None  # nobody knows which judge it is about


def test_a_later_version_s_keys_are_left_alone():
    assert Audit.from_json(FIRST | {"of_a_later_version": {"blank": 0.1}}) == Audit.from_json(FIRST)


@pytest.mark.parametrize(
    "change", [{"n": "many"}, {"overall": {"n": 1}}, {"means": []}, {"replies": {"asked": 3}}, {"replies": "none"}]
)
def test_what_is_no_audit_is_refused(change):
    with pytest.raises(ValueError, match=r"."):
        Audit.from_json(FIRST | change)


EXAMPLES = st.lists(st.builds(ReplyExample, st.text(), st.text(), st.text(), st.text()), max_size=2).map(tuple)


@given(
    st.lists(st.builds(ReplyCount, st.text(), st.integers(1), EXAMPLES), max_size=3).map(tuple),
    st.lists(st.builds(ReplyCount, st.text(), st.integers(1), EXAMPLES, st.sampled_from(["judge", "score"]))).map(
        tuple
    ),
)
def test_counts_of_replies_come_back(read, lost):
    counts = ReplyCounts(7, 1, read, lost)
    assert ReplyCounts.from_json(json.loads(json.dumps(counts.as_json()))) == counts
