"""What a study folder keeps of the commands that it was given: options that can be used, and no others."""

import json
import sys

import pytest
import yaml

from editloupe import cli
from editloupe.config.parts import load_config
from editloupe.study import run_study
from worlds import make_config, make_table


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["editloupe", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        return end.value.code or 0, capsys.readouterr()

    return run


@pytest.fixture
def study(tmp_path, tiny_checkpoint):
    config = load_config(make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 3)))
    run_study(config)
    return config.out


def kept(study):
    return yaml.safe_load((study / "config.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["run", "--categories", "weather"], "has no category 'weather'"),
        (["edit", "--set", "benchmark.path=none.jsonl"], "none.jsonl"),
        (["judge", "--categories", "weather"], "has no samples of 'weather'; it has: physical, causal, referential"),
        (["judge", "--set", "judge.card=none.yaml"], "none.yaml"),
    ],
)
def test_an_option_that_cannot_be_used_is_not_kept(study, command, words, told):
    before = kept(study)
    code, printed = command(words[0], study, *words[1:])
    assert code == 2
    assert told in printed.err
    assert kept(study) == before
    code, printed = command("run", study)
    assert code == 0, printed.err
    assert printed.out.rstrip().endswith("total  6 scores  0 failed")


def test_an_option_that_can_be_used_is_kept(study, command):
    assert command("run", study, "--categories", "causal")[0] == 0
    assert kept(study)["benchmark"]["categories"] == ["causal"]
    assert "total  2 scores  0 failed" in command("run", study)[1].out


def test_a_sample_that_has_become_another_one_is_said_before_it_is_edited_and_judged_anew(study, command, tmp_path):
    table = tmp_path / "data" / "samples.jsonl"
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    rows[1]["instruction"] = "Make it brighter."
    table.write_text("\n".join(json.dumps(row) for row in rows))
    asked_before = (study / "log.txt").read_text().count("judge  batch")
    code, printed = command("run", study)
    assert code == 0, printed.err
    log = (study / "log.txt").read_text()
    said = (
        "1 sample has changed under its name since the last run, 's1' (its instruction): it is edited and judged anew"
    )
    assert log.count(said) == 1
    assert said in " ".join((printed.out + printed.err).split())
    assert log.index(said) < log.rindex("judge  batch")
    assert log.count("judge  batch") == asked_before + 1
    verdicts = [json.loads(line) for line in (study / "verdicts.jsonl").read_text().splitlines()]
    assert {one["instruction"] for one in verdicts if one["sample"] == "s1"} == {"Make it brighter."}
    command("run", study)
    assert (study / "log.txt").read_text().count(said) == 1
