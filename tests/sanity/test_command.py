"""The commands that probe, on the drawn world with the judge that comes with the package."""

import json

import pytest
import yaml
from typer.testing import CliRunner

from editloupe.cli import app
from worlds import make_config, make_table


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    data = {
        "benchmark": {"name": "shapes", "seed": 12, "limit": 32},
        "editors": [{"type": "procedural", "name": "good", "skill": 1.0}, "identity"],
        "judge": {"model": "nano", "max_new_tokens": 64},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(data))
    return path


def command(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_embedded_judge_passes_what_it_can_read(config, tmp_path):
    found = command("run", config, "--sanity")
    assert found.exit_code == 0, found.output
    for line in ("a blank picture", "another sample’s instruction", "asked twice"):
        assert "pass" in next(row for row in found.stdout.splitlines() if line in row)
    assert "each verdict errs at most 5 %" in found.stdout
    report = json.loads((tmp_path / "study" / "report.json").read_text())["judge"]
    assert report["sanity"] == dict.fromkeys(["blank", "instruction", "repeat"], "pass")
    assert report["warning"] is None


def test_check_counts_the_questions(config):
    found = command("check", config)
    assert "at most 192 questions more with `audit --sanity`, 96 with `run --sanity`" in found.stdout


def test_a_study_without_a_known_truth_can_be_probed(tmp_path, tiny_checkpoint):
    path = make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 4))
    assert "known truth" in str(command("audit", path).exception)
    found = command("audit", path, "--sanity")
    assert found.exit_code == 0, found.output
    assert "underpowered: too few edits to tell: at least 29 of different sources are needed" in found.stdout
    assert "sources in the other order: does not apply" in found.stdout
    assert json.loads((tmp_path / "study" / "audit.json").read_text())["sanity"]["form"] == "full"
