"""Studies that version 0.1.0 made open, go on without asking anything again, and report the same figures."""

import json
import shutil
from pathlib import Path

import pytest

from editloupe.config.parts import load_config
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.transformers import TransformersJudge
from editloupe.store.ledger import Ledger
from editloupe.study import run_study
from overview import overview

OLD = Path(__file__).parent / "studies_of_0.1.0"


@pytest.fixture(params=["shapes", "wire"])
def old(request, tmp_path, monkeypatch):
    """A copy of the folder; a judge that is asked anything fails the test."""

    def refuse(*_, **__):
        raise AssertionError("the judge was asked again")

    monkeypatch.setattr(TransformersJudge, "answer", refuse)
    monkeypatch.setattr(OpenAIJudge, "stream", refuse)
    shutil.copytree(OLD / request.param, tmp_path / request.param)
    return tmp_path / request.param


def figures(folder):
    """What a reader of the tables would compare."""
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    return report["signature"], report["editors"]


def verdicts(folder):
    rows = [json.loads(line) for line in (folder / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()]
    return {row["sample"]: row["score"] for row in rows}


READ_ANEW = {"shapes": {}, "wire": {"s2": (8, 2), "s8": (3, None)}}
"""By study, what the rule of reading of its version took for the score, and what today's takes."""


def test_an_old_study_reports_the_same_figures_but_for_what_was_never_the_answer(old):
    before, scores, told = figures(old), (old / "scores.csv").read_text(encoding="utf-8-sig"), verdicts(old)
    run_study(load_config(str(old)), stages=())
    now = verdicts(old)
    assert {name: (told[name], now[name]) for name in told if told[name] != now[name]} == READ_ANEW[old.name]
    assert figures(old)[0] == before[0]
    for _ in range(2):  # what an older rule read stays known when the report is written once more
        reading = json.loads((old / "report.json").read_text(encoding="utf-8"))["reading"]
        assert (reading["before"], reading["changed"]) == (1, len(READ_ANEW[old.name]))
        changed = {one["sample"]: (one["before"], one["now"]) for one in reading["examples"]}
        assert changed == READ_ANEW[old.name]
        run_study(load_config(str(old)), stages=())
    if not READ_ANEW[old.name]:
        assert figures(old) == before
        assert (old / "scores.csv").read_text(encoding="utf-8-sig") == scores


def test_an_old_study_goes_on_without_asking_anything_again(old):
    run_study(load_config(str(old)), stages=())
    before = figures(old)
    stages = ("judge",) if old.name == "wire" else ("edit", "judge")
    run_study(load_config(str(old)), stages=stages)
    assert figures(old) == before


def test_an_audit_that_an_older_version_left_in_the_ledger_is_still_on_the_page(old):
    run_study(load_config(str(old)), stages=())
    nothing = {"value": None, "ci95": None}
    ties = {"pairs": 0, "judge": 0, "truth": 0, "both": 0}
    names = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")
    agreed = {"n": 1, **dict.fromkeys(names, nothing), "ties": {"within": ties, "overall": ties}}
    audit = {"judge": "old", "signature": figures(old)[0], "n": 1, "unscored": 0, "overall": agreed}
    with Ledger(old) as ledger:
        ledger.save_fact("audit", audit | {"editors": {}, "categories": {}, "means": {}})
    run_study(load_config(str(old)), stages=())
    assert overview(old)["audit"]["n"] == 1
    assert overview(old)["judge_card"] is None  # it does not say which judge it was
