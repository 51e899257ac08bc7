"""A checkpoint whose makers have it draw its tokens, asked greedily: check, run and every form of the report say so."""

import json
import shutil
import sys

import pytest

from editloupe import cli
from editloupe.checking import check_study
from editloupe.config.parts import load_config
from editloupe.judges.generation import stated_sampling
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.transformers import TransformersJudge
from editloupe.report.words import WORDS
from overview import overview
from worlds import make_config, make_table

STATED = {"do_sample": True, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "eos_token_id": [1, 2]}
TOLD = "temperature 0.7, top_p 0.8, top_k 20"


@pytest.fixture
def checkpoint(tmp_path, tiny_checkpoint):
    folder = tmp_path / "judge"
    shutil.copytree(tiny_checkpoint, folder)
    kept = folder / "generation_config.json"
    own = json.loads(kept.read_text("utf-8")) if kept.is_file() else {}
    kept.write_text(json.dumps(own | STATED), "utf-8")
    return folder


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        (json.dumps(STATED), TOLD),
        ('{"do_sample": true}', "do_sample"),
        ('{"do_sample": true, "temperature": null, "top_p": "0.9"}', "do_sample"),
        ('{"do_sample": false, "temperature": 0.7}', ""),
        ('{"temperature": 0.7}', ""),
        ("[]", ""),
        ("no JSON", ""),
        (None, ""),
    ],
)
def test_only_a_config_that_asks_for_draws_is_told(tmp_path, stated, expected):
    if stated is not None:
        (tmp_path / "generation_config.json").write_text(stated)
    assert stated_sampling(tmp_path) == expected


def test_both_engines_tell_it_where_they_decode_greedily_alone(checkpoint):
    def here(**options):
        return TransformersJudge(TransformersJudge.Options(model=str(checkpoint), **options)).stated_sampling

    def launched(**options):
        words = {"model": str(checkpoint), "launch": "vllm serve {model} --port {port}", **options}
        return OpenAIJudge(OpenAIJudge.Options(**words)).stated_sampling

    assert here() == launched() == TOLD
    assert here(temperature=0.7) == launched(temperature=0.7) == launched(temperature="default") == ""
    assert TransformersJudge(TransformersJudge.Options(model="random:63m")).stated_sampling == ""


def test_check_run_and_report_say_it(tmp_path, checkpoint, monkeypatch, capsys):
    path = make_config(tmp_path, checkpoint, make_table(tmp_path / "data", 2))
    settings = ["judge.answer=text", "judge.max_new_tokens=4"]
    sentence = WORDS["greedy_beside"][0].format(judge="judge", sampling=TOLD)
    said = []
    check_study(load_config(path, settings), said.append)
    assert f"  {sentence}" in said
    monkeypatch.setattr(sys, "argv", ["editloupe", "run", str(path), *(f"--set={one}" for one in settings)])
    with pytest.raises(SystemExit):
        cli.main()
    assert sentence in capsys.readouterr().out
    study = tmp_path / "study"
    assert json.loads((study / "report.json").read_text("utf-8"))["judge"]["stated_sampling"] == TOLD
    assert overview(study)["judge"]["greedy"][0] == sentence
    assert "decodes greedily, where its generation" in (study / "report.md").read_text("utf-8")


def test_a_choice_draws_nothing_and_has_no_such_sentence(tmp_path, checkpoint):
    said = []
    check_study(load_config(make_config(tmp_path, checkpoint, make_table(tmp_path / "data", 2))), said.append)
    assert not any("greedily" in one for one in said)
