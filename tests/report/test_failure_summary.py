"""How much failed, and why, in one sentence that counts nothing twice."""

import pytest

from editloupe.report.failure_summary import FailureSummary


@pytest.mark.parametrize(
    ("failed", "edits", "kinds", "english", "chinese"),
    [
        (0, 0, (), "", ""),
        (3, 0, (("prose", 3, "score"),), "3 of 72 scores failed (prose)", "72 个分数中有 3 个失败（prose）"),
        (
            5,
            0,
            (("prose", 3, "score"), ("empty", 2, "score")),
            "5 of 72 scores failed (3 prose, 2 empty)",
            "72 个分数中有 5 个失败（3 prose、2 empty）",
        ),
        (
            18,
            9,
            (("missing-file", 9, "edit"),),
            "18 of 72 scores failed (9 of 36 edits: missing-file)",
            "72 个分数中有 18 个失败（36 个编辑中的 9 个：missing-file）",
        ),
        (
            21,
            10,
            (("missing-file", 9, "edit"), ("truncated", 1, "score"), ("refused", 1, "edit")),
            "21 of 72 scores failed (10 of 36 edits: 9 missing-file, 1 refused; 1 score: truncated)",
            "72 个分数中有 21 个失败（36 个编辑中的 10 个：9 missing-file、1 refused；1 个分数：truncated）",
        ),
        (
            15,
            0,
            tuple((f"kind-{number}", 6 - number, "score") for number in range(1, 6)),
            "15 of 72 scores failed (5 kind-1, 4 kind-2, 3 kind-3, 2 kind-4, more kinds: 1)",
            "72 个分数中有 15 个失败（5 kind-1、4 kind-2、3 kind-3、2 kind-4、另有 1 类）",
        ),
    ],
)
def test_the_sentence_says_each_number_once(failed, edits, kinds, english, chinese):
    summary = FailureSummary(72, 36, failed, edits, 0, kinds)
    assert summary.sentence("en") == english
    assert summary.sentence("zh") == chinese
    assert summary.causes() in english
