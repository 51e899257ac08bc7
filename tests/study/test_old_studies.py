"""Studies that version 0.1.0 made open, go on without asking anything again, and report the same figures."""

import json
import shutil
from pathlib import Path

import pytest

from editloupe.config.parts import load_config
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.transformers import TransformersJudge
from editloupe.study import run_study

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


def test_an_old_study_reports_the_same_figures(old):
    before, scores = figures(old), (old / "scores.csv").read_text(encoding="utf-8-sig")
    run_study(load_config(str(old)), stages=())
    assert figures(old) == before
    assert (old / "scores.csv").read_text(encoding="utf-8-sig") == scores


def test_an_old_study_goes_on_without_asking_anything_again(old):
    before = figures(old)
    stages = ("judge",) if old.name == "wire" else ("edit", "judge")
    run_study(load_config(str(old)), stages=stages)
    assert figures(old) == before
