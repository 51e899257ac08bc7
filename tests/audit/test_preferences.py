"""An audit on benchmarks of the judge: a judge whose every score is known gets the accuracies that follow from them."""

import json

import pytest
import yaml

from editloupe.audit.audit import audit_study
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.report.terminal_audit import audit_tables
from editloupe.study import run_study
from judging import colored, judged_by_colors
from preferred import editreward_rows, editscore_row, make_editjudge, make_editreward, make_editscore


def config_of(folder, name, data, checkpoint, **changes):
    path = folder / "config.yaml"
    settings = {
        "benchmark": {"name": name, "path": str(data)},
        "editors": ["candidate"],
        "judge": {"model": str(checkpoint), "answer": "text"},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(settings | changes))
    return path


ROWS = [
    editscore_row(1, colored(9, 4), colored(2, 4, 1), "prompt_following", "add"),  # right
    editscore_row(1, colored(2, 4, 1), colored(9, 4), "consistency", "add"),  # a tie: 4 and 4
    editscore_row(1, colored(9, 4), colored(2, 4, 1), "overall", "add"),  # right: sqrt(36) > sqrt(8)
    editscore_row(2, colored(3, 4), colored(6, 9), "prompt_following", "remove"),  # wrong
    editscore_row(2, colored(3, 4), colored(6, 9), "overall", "remove"),  # wrong
    editscore_row(3, colored(6, 9, 3), colored(3, 4, 3), "overall", "remove"),  # right
    editscore_row(4, colored(9, 4, 4), colored(4, 9, 4), "overall", "style"),  # a tie: sqrt(36) both
    editscore_row(5, colored(9, 9, 5), colored(5, 5, 255), "overall", "style"),  # one without a score
]


@pytest.fixture
def scored(tmp_path, tiny_checkpoint):
    return config_of(tmp_path, "editscore-bench", make_editscore(tmp_path / "data", ROWS), tiny_checkpoint)


def counts(found):
    return tuple(getattr(found, name) for name in ("pairs", "right", "wrong", "ties", "unscored"))


def test_each_dimension_is_compared_by_the_score_of_its_name(scored):
    found = audit_study(judged_by_colors(scored))
    dimensions = found.preferences["score"]
    assert {name: one.score for name, one in dimensions.items()} == {
        "prompt_following": "prompt_following",
        "consistency": "consistency",
        "overall": "overall",
    }
    assert counts(dimensions["prompt_following"]) == (2, 1, 1, 0, 0)
    assert counts(dimensions["consistency"]) == (1, 0, 0, 1, 0)
    assert counts(dimensions["overall"]) == (5, 2, 1, 1, 1)


def test_ties_are_apart_and_wrong_and_task_types_count_equally(scored):
    found = audit_study(judged_by_colors(scored))
    overall = found.preferences["score"]["overall"]
    assert overall.accuracy.value == pytest.approx(2 / 3)
    assert overall.accuracy_ties_wrong.value == pytest.approx(2 / 4)
    assert overall.macro.value == pytest.approx((1 + 1 / 2) / 2)  # of style nothing is decided
    assert overall.macro_ties_wrong.value == pytest.approx((1 + 1 / 2 + 0) / 3)
    assert counts(overall.categories["style"]) == (2, 0, 0, 1, 1)
    assert overall.accuracy_ties_wrong.ci95 is not None


def test_what_is_compared_is_told(scored):
    found = audit_study(judged_by_colors(scored))
    assert found.against == ("preferences",)
    assert (found.n, found.unscored, found.without_truth) == (9, 1, 0)
    assert found.overall.n == 0  # there are no numbers to agree with
    assert found.classes is None
    assert json.loads((scored.parent / "study" / "audit.json").read_text()) == found.as_json()
    (table,) = audit_tables(found)
    assert "preferences" in table.title


def test_another_rubric_answers_what_it_can(scored):
    rubric = "rubric={name: reasoning, metrics: [instruction_following]}"
    found = audit_study(judged_by_colors(scored, [rubric]))
    dimensions = found.preferences["score"]
    assert dimensions["prompt_following"].score == "instruction_following"
    assert dimensions["consistency"].score == "overall"


def test_readings_stand_side_by_side(scored):
    """At first the judge sees a tie in consistency; its other draws and its probabilities know the edit of odd mark."""
    found = audit_study(judged_by_colors(scored, ["judge.draws=4"], drift=2.0, probabilities=True))
    readings = found.preferences
    assert list(readings) == ["score", "first_draw", "expected"]
    assert counts(readings["first_draw"]["consistency"]) == (1, 0, 0, 1, 0)
    assert counts(readings["score"]["consistency"]) == (1, 1, 0, 0, 0)
    assert counts(readings["expected"]["consistency"]) == (1, 1, 0, 0, 0)
    plain = audit_study(judged_by_colors(scored, ["out=plain"])).preferences
    assert list(plain) == ["score"]
    assert plain["score"] == readings["first_draw"]


def test_whole_rankings_are_right_only_if_every_pair_is(tmp_path, tiny_checkpoint):
    rows = [
        *editreward_rows(1, [colored(9), colored(6), colored(2)]),  # right
        *editreward_rows(2, [colored(9, mark=2), colored(2, mark=2), colored(6, mark=2)]),  # the last two swapped
        *editreward_rows(3, [colored(n, mark=3) for n in (8, 6, 4, 2)]),  # right
        *editreward_rows(4, [*(colored(n, mark=4) for n in (8, 6, 4)), colored(4, mark=5)]),  # a tie
        *editreward_rows(5, [colored(9, mark=6), colored(1, mark=6)]),
    ]
    data = make_editreward(tmp_path / "data", rows)
    found = audit_study(judged_by_colors(config_of(tmp_path, "editreward-bench", data, tiny_checkpoint)))
    overall = found.preferences["score"]["overall"]
    assert counts(overall) == (19, 17, 1, 1, 0)
    groups = overall.groups
    assert {size: (one.groups, one.right) for size, one in groups.items()} == {"3": (2, 1), "4": (2, 1)}
    assert groups["3"].value == 0.5
    assert set(overall.categories) == {"2pair", "3pair", "4pair"}


def test_scores_of_people_are_compared_as_numbers_too(tmp_path, tiny_checkpoint):
    candidates = [colored(9, 9), colored(6, 6), colored(2, 2)]
    data = make_editreward(tmp_path / "data", editreward_rows(1, candidates, labels=[4.0, 3.0, 1.0]))
    found = audit_study(judged_by_colors(config_of(tmp_path, "editreward-bench", data, tiny_checkpoint)))
    assert found.against == ("labels", "preferences")
    assert found.overall.spearman.value == pytest.approx(1.0)
    assert found.readings["score"] == found.overall


def test_right_edits_are_told_from_wrong_ones(tmp_path, tiny_checkpoint):
    items = {
        "s1": (colored(9), "right", ["wrong one", "wrong two"]),  # 9 against 5 and 5
        "s2": (colored(4), "right", ["wrong one"]),  # 4 against 0
        "s3": (colored(8, mark=255), "right", ["other"]),  # no scores
    }
    data = make_editjudge(tmp_path / "data", items)
    found = audit_study(judged_by_colors(config_of(tmp_path, "editjudge-bench", data, tiny_checkpoint)))
    one = found.classes["score"]["prompt_following"]
    assert (one.right, one.wrong, one.unscored) == (2, 3, 2)
    assert one.value == pytest.approx(4 / 6)  # 9 beats 5, 5, 0; 4 beats 0
    assert found.preferences["score"]["prompt_following"].accuracy.value == 1.0
    assert found.against == ("preferences", "classes")
    assert len(list(audit_tables(found))) == 2


def test_without_the_editor_of_candidates_there_is_no_truth(scored):
    with pytest.raises(ConfigError, match="candidate"):
        audit_study(judged_by_colors(scored, ["editors=[identity]"]))


def test_candidates_are_edits_like_any_others(scored):
    results = run_study(judged_by_colors(scored))
    assert len(results.verdicts) == 2 * 10  # two metrics of ten candidates
    assert results.editors[0].signature == "candidate"
    again = run_study(judged_by_colors(scored))
    assert again.speed["edit"].items == 10  # nothing was done twice


def test_a_benchmark_without_candidates_fails_item_by_item(tmp_path, tiny_checkpoint):
    path = tmp_path / "config.yaml"
    settings = {"benchmark": {"name": "shapes", "limit": 2}, "editors": ["candidate"], "out": "study"}
    path.write_text(yaml.safe_dump(settings | {"judge": {"model": str(tiny_checkpoint)}}))
    results = run_study(load_config(path), stages=("edit",))
    assert {one.failure.kind for one in results.verdicts} == {"no-candidate"}
