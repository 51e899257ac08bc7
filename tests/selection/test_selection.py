"""Samples are kept by their scores alone, in the benchmark's own format, and nothing that is dropped goes uncounted."""

import csv
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.benchmarks.table import Table
from editloupe.errors import ConfigError, DataError
from editloupe.plugins import Options
from editloupe.records import Reply
from editloupe.scoring.study import results_of
from editloupe.selection.conditions import condition_of, top_of
from editloupe.selection.selected import select
from editloupe.selection.writing import write_selection
from editloupe.store.blobs import NoStore
from editloupe.store.ledger import Ledger
from editloupe.study import run_study
from instant import Oracle, instant, make_instant

KNOWN = ("reasoning", "consistency", "two words", "overall")
SCORES = {"reasoning": 8.0, "consistency": 6.5, "two words": 1.0, "overall": 7.25}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("overall >= 7", True),
        ("overall >= 8 and consistency >= 6", False),
        ("overall >= 8 or consistency >= 6", True),
        ("not overall >= 8", True),
        ("not (overall < 8 and consistency < 7)", False),
        ("5 <= overall < 8", True),
        ("reasoning != 8.0 or 'two words' == 1", True),
        ("-1 < reasoning > consistency", True),
        ("  overall>7 ", True),
    ],
)
def test_conditions_mean_what_they_say(text, holds):
    assert condition_of(text, KNOWN).holds(SCORES) is holds


@pytest.mark.parametrize(
    "text",
    [
        *("", "overall", "1 < 2", "overall >= ", "overall >= 8; 1", "overall = 8", "overall >= 'x'", "overall is 8"),
        *("__import__('os').system('true')", "overall.real > 1", "overall[0] > 1", "overall + 1 > 2", "f(overall) > 1"),
        *("(lambda: 1)() < overall", "overall > 1e999", "overall in [8]", "overall > True", "x := overall > 1"),
        *("overal > 1", "-overall > 1", "overall > 1 if 1 else 0", "(" * 300 + "overall > 1" + ")" * 300),
        *("not " * 600 + "overall > 1", "overall > 1 and " * 1000, "overall > \0"),
    ],
)
def test_whatever_is_no_condition_is_refused_in_one_sentence(text):
    with pytest.raises(ConfigError, match="--where") as refused:
        condition_of(text, KNOWN)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=60))
def test_no_text_makes_the_parser_fail_otherwise(text):
    try:
        condition = condition_of(text, KNOWN)
    except ConfigError:
        return
    assert condition.holds(SCORES) in (True, False)


@pytest.mark.parametrize(("text", "of_ten"), [("3", 3), ("20%", 2), ("25 %", 3), ("0.1%", 1), ("100%", 10), ("50", 10)])
def test_a_top_is_a_number_or_a_share_rounded_up(text, of_ten):
    assert top_of(text).of(10) == of_ten


@pytest.mark.parametrize("text", ["0", "-1", "0%", "101%", "x", "", "1.5", "1e2", "%"])
def test_another_top_is_refused(text):
    with pytest.raises(ConfigError, match="--top"):
        top_of(text)


class Graded(Oracle):
    """Scores every sample by its number, and cannot read the last one."""

    class Options(Options):
        """There is nothing to choose."""

    def answer(self, questions):
        texts = [" ".join(part for part in one.context if isinstance(part, str)) for one in questions]
        numbers = [int(re.search(r"Do (\d+)\.", text)[1]) for text in texts]
        return [Reply("unsure" if number == 9 else json.dumps({"score": number})) for number in numbers]


@pytest.fixture
def study(tmp_path, request):
    """Ten samples with the scores 0 to 8, and one without a score; the config."""
    path = make_instant(tmp_path, 10, rubric={"name": "reasoning", "metrics": ["reasoning"]})
    config = instant(path, ("only",))
    judge = config.judge.model_copy(update={"plugin": Graded, "options": Graded.Options()})
    config = config.model_copy(update={"judge": judge})
    run_study(config)
    return config


def selected(config, out, where=None, top=None, by=None):
    with Ledger(config.out) as ledger:
        results = results_of(config, ledger)
        condition = None if where is None else condition_of(where, [*results.metrics, "overall"])
        selection = select(results, "only", where=condition, top=None if top is None else top_of(top), by=by)
        provenance = write_selection(config, ledger, results, selection, {"where": where}, out)
    return selection, json.loads(provenance.read_text())


def test_kept_rows_stand_as_in_the_table_and_can_be_read_again(study, tmp_path):
    out = tmp_path / "kept.jsonl"
    selection, provenance = selected(study, out, "overall >= 5 and reasoning < 8")
    table = (tmp_path / "table.jsonl").read_text().splitlines()
    assert out.read_text().splitlines() == table[5:8]
    again = list(Table(Table.Options(path=str(out))).samples(NoStore()))
    assert [sample.id for sample in again] == ["s5", "s6", "s7"]
    assert (selection.failed, selection.below, selection.beyond, selection.edits) == (1, 6, 0, 10)
    assert provenance["dropped"] == {"failed": 1, "condition": 6, "not_among_the_top": 0}
    assert provenance["samples"]["s6"]["scores"] == {"reasoning": 6.0, "overall": 6.0}
    assert (study.out / provenance["samples"]["s6"]["image"]).is_file()


def test_the_best_of_each_category(study, tmp_path):
    selection, _ = selected(study, tmp_path / "kept.jsonl", top="34%", by="category")
    # s0 s3 s6 (s9 failed), s1 s4 s7 and s2 s5 s8: a third of three, rounded up, is two.
    assert [edit.sample for edit in selection.kept] == ["s3", "s4", "s5", "s6", "s7", "s8"]
    assert (selection.failed, selection.beyond) == (1, 3)


def test_a_spreadsheet_stays_one(study, tmp_path):
    rows = [json.loads(line) for line in (tmp_path / "table.jsonl").read_text().splitlines()]
    with (tmp_path / "table.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    (tmp_path / "config.yaml").write_text((tmp_path / "config.yaml").read_text().replace("table.jsonl", "table.csv"))
    changed = instant(tmp_path / "config.yaml", ("only",)).model_copy(update={"judge": study.judge})
    run_study(changed)
    selected(changed, tmp_path / "kept.csv", "overall >= 7")
    with (tmp_path / "kept.csv").open(newline="") as file:
        assert list(csv.DictReader(file)) == rows[7:9]


def test_what_would_write_other_samples_is_refused(study, tmp_path):
    with pytest.raises(ConfigError, match=r"give it that extension"):
        selected(study, tmp_path / "kept.csv", "overall > 1")
    with pytest.raises(ConfigError, match="own table"):
        selected(study, tmp_path / "table.jsonl", "overall > 1")
    with (tmp_path / "table.jsonl").open("a") as table:
        table.write("\n")
    with pytest.raises(DataError, match="has changed"):
        selected(study, tmp_path / "kept.jsonl", "overall > 1")
    assert not (tmp_path / "kept.jsonl").exists()
