"""Formulas by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.rubrics.combine import FORMULAS


@pytest.mark.parametrize(
    ("name", "scores", "value"),
    [
        ("mean", [4, 8], 6),
        ("min", [4, 8], 4),
        ("geometric_mean", [2, 8], 4),
        ("geometric_mean", [0, 8], 0),
        ("root_of_product", [4, 9], 6),  # sqrt(SC * PQ), VIEScore
        ("root_of_product", [0, 9], 0),
        ("mean_under_first", [3, 5, 1], 7 / 3),  # (3 + min(5, 3) + 1) / 3, ImgEdit
        ("rise", [5, 4, 3], 0.3 * 5 + 0.5 * 4 + 0.2 * 3),
        ("rise", [5, 1, 5], (0.3 * 5 + 0.5 + 0.2 * 5) / 2),  # wrong reasoning halves
        ("rise", [1, 1, 1], 1),  # but never below 1
        ("rise_logical", [5, 5], 5),
        ("rise_logical", [1, 5], 0.3 + 3.5),
        ("rise_logical", [5, 1], (1.5 + 0.7) / 2),
        ("rise_consistency_free", [4, 2], 0.8 * 4 + 0.2 * 2),
        ("rise_consistency_free", [1, 5], max(1, (0.8 + 1) / 2)),
        ("percent_of_five", [1, 1, 1], 0),  # KRIS: (mean - 1) * 25
        ("percent_of_five", [5, 5, 5, 5], 100),
        ("percent_of_five", [4, 3, 5], 75),
        ("percent_of_five", [4, 3, 5, 2], 62.5),
    ],
)
def test_by_hand(name, scores, value):
    assert FORMULAS[name](scores) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize("name", [name for name in FORMULAS if name.startswith(("rise", "mean", "min"))])
@given(data=st.data())
def test_a_score_from_one_to_five_stays_one(name, data):
    count = FORMULAS[name].takes or 3
    scores = data.draw(st.lists(st.integers(1, 5), min_size=count, max_size=count))
    assert 1 - 1e-9 <= FORMULAS[name](scores) <= 5 + 1e-9
