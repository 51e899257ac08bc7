"""What an audit found about a judge stands beside its scores, in this study and in others, and not beside another's."""

import pytest
import yaml

from editloupe.audit.audit import audit_study
from editloupe.errors import ConfigError
from editloupe.judge_quality.card import MainCoefficient
from editloupe.study import run_study
from judging import colored, judged_by_colors
from preferred import editscore_row, make_editscore
from worlds import make_table


@pytest.fixture
def audited(tmp_path, tiny_checkpoint):
    """A study whose judge was audited: the path of its config, and its audit."""
    rows = [editscore_row(mark, colored(9, 9, mark), colored(1, 1, mark)) for mark in range(3)]
    path = tmp_path / "config.yaml"
    settings = {
        "benchmark": {"name": "editscore-bench", "path": str(make_editscore(tmp_path / "data", rows))},
        "editors": ["candidate"],
        "judge": {"model": str(tiny_checkpoint), "answer": "text"},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(settings))
    assert run_study(judged_by_colors(path)).judge_card is None
    return path, audit_study(judged_by_colors(path))


@pytest.fixture
def other(tmp_path, tiny_checkpoint):
    """The config of a study of editors, with the card of the audit."""
    path = tmp_path / "other.yaml"
    settings = {
        "benchmark": {"path": str(make_table(tmp_path / "table", 3))},
        "editors": ["identity"],
        "judge": {"model": str(tiny_checkpoint), "answer": "text", "card": "study/audit.json"},
        "out": "other",
    }
    path.write_text(yaml.safe_dump(settings))
    return path


def test_the_card_tells_judge_source_and_main_coefficient(audited):
    path, found = audited
    card = run_study(judged_by_colors(path)).judge_card
    assert card.judge == "color judge"
    assert card.signature == found.judge_signature
    assert (card.benchmark, card.against, card.n) == ("editscore-bench", ("preferences",), 6)
    assert card.coefficient == MainCoefficient(name="accuracy_ties_wrong", value=1.0, ci95=(1.0, 1.0))
    assert [(row.of, row.n) for row in card.rows] == [("overall", 3)]


def test_the_card_of_a_changed_study_stays_as_long_as_the_judge_does(audited):
    path, _ = audited
    results = run_study(judged_by_colors(path, ["benchmark.limit=4"]))
    assert results.audit is None  # it is about other numbers
    assert results.judge_card is not None
    assert run_study(judged_by_colors(path, name="another judge")).judge_card is None


def test_another_study_of_the_same_judge_shows_the_card_it_is_given(audited, other):
    results = run_study(judged_by_colors(other))
    assert results.judge_card.benchmark == "editscore-bench"
    (other.parent / "study" / "audit.json").unlink()  # the study keeps its own copy
    assert run_study(judged_by_colors(other), stages=()).judge_card == results.judge_card


def test_the_card_of_another_judge_is_refused_before_anything_is_asked(audited, other):
    with pytest.raises(
        ConfigError, match=r"about another judge: 'color judge drift=0 .*'color judge drift=2"
    ) as caught:
        run_study(judged_by_colors(other, drift=2.0))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "cannot be read"),
        ("{", "is no audit"),
        ("[]", "is no audit"),
        ('{"judge": "x", "judge_signature": "y"}', "is no audit"),
        ('{"judge": "x"}', "run `editloupe audit`"),
    ],
)
def test_what_is_no_audit_is_refused(text, message, other):
    place = other.parent / "study" / "audit.json"
    place.parent.mkdir()
    if text is not None:
        place.write_text(text)
    with pytest.raises(ConfigError, match=message):
        run_study(judged_by_colors(other))
