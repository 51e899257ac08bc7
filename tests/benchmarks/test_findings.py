import pytest

from editloupe.benchmarks.findings import SHOWN, Finding, counted, group_findings, of_samples
from editloupe.errors import ImageError, failure_from
from editloupe.records import Sample


def sample(identifier="a", category="physical", words="Push it", language="", failure=None):
    return Sample(identifier, category, words, groups={"language": language} if language else {}, failure=failure)


def test_piles_count_per_kind_and_group_with_unusable_samples_first():
    gone = [Finding("missing-file", f"no {n}", "physical", "en", unusable=True) for n in range(SHOWN + 2)]
    groups = group_findings(
        [Finding("wrong-count", "5 of 6"), gone[0], Finding("unused-image", "x.png", "causal"), *gone[1:]]
    )
    assert [(group.kind, group.group, group.count) for group in groups] == [
        ("missing-file", "physical, en", SHOWN + 2),
        ("wrong-count", "", 1),
        ("unused-image", "causal", 1),
    ]
    assert groups[0].sentence == f"missing-file in physical, en: {SHOWN + 2}: no 0; no 1; no 2; and 2 more"
    assert groups[1].sentence == "wrong-count: 1: 5 of 6"


def test_failures_and_ids_that_occur_again_are_found():
    failure = failure_from(ImageError("cannot read 'a.png'", kind="missing-file"), "sample")
    found = list(of_samples([sample(), sample("b", failure=failure), sample(), sample()]))
    assert [(one.kind, one.unusable) for one in found] == [
        ("missing-file", True),
        ("duplicate-key", False),
        ("duplicate-key", False),
    ]
    assert found[0].message == "sample 'b': cannot read 'a.png'"


@pytest.mark.parametrize(
    ("language", "words", "said"),
    [
        ("en", "Make it red", False),
        ("en", "把它变红", True),
        ("en", 'Replace "abc" by "你好"', False),
        ("en", "", False),
        ("cn", "把它变红", False),
        ("cn", "Make it red", True),
        ("zh", "Make it red", True),
        ("zh", "把 A 换成 B", False),
        ("cn", "1 + 1 = ?", False),
        ("fr", "把它变红", False),
        ("", "把它变红", False),
    ],
)
def test_an_instruction_in_another_language_than_stated_is_found(language, words, said):
    assert [one.kind for one in of_samples([sample(words=words, language=language)])] == ["other-language"] * said


def test_counts_are_compared_per_group_and_as_a_whole():
    some = [sample("a"), sample("b"), sample("c", "causal"), sample("d", "mood")]
    found = list(counted(some, {("physical", ""): 2, ("causal", ""): 2, ("cultural", ""): 1}, total=5))
    assert [(one.kind, one.group) for one in found] == [
        ("wrong-count", "causal"),
        ("missing-group", "cultural"),
        ("unknown-group", "mood"),
        ("wrong-count", ""),
    ]
    assert found[0].message == "1 samples are there, 2 are published"


def test_languages_are_told_apart_where_they_are_counted_apart():
    some = [sample("a", language="en"), sample("b", language="cn")]
    expected = {("physical", "en"): 1, ("physical", "cn"): 2}
    assert [one.group for one in counted(some, expected, by_language=True)] == ["physical, cn"]
