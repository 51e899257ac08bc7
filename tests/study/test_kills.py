"""Kill it anywhere, run the same command, and it continues: nothing lost, nothing asked twice, the same numbers."""

import json
import multiprocessing
import random
import shutil
import signal
import sqlite3

import pytest

from editloupe.config.parts import load_config
from editloupe.judges.transformers import TransformersJudge
from editloupe.study import run_study
from killed import run_and_die
from worlds import make_config, make_table

SAMPLES = 8


@pytest.fixture(scope="module")
def process():
    """Processes that start with the heavy libraries loaded, so that each kill costs a second and not ten."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["torch", "transformers.models.qwen3_vl.modeling_qwen3_vl", "editloupe.study", "editloupe.judges.transformers"]
    )
    return context.Process


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("undisturbed")
    path = make_config(folder, tiny_checkpoint, make_table(folder / "data", SAMPLES))
    config = load_config(path)
    run_study(config)
    return folder, numbers(config)


def numbers(config):
    report = json.loads((config.out / "report.json").read_text())
    report.pop("speed")
    lines = (config.out / "verdicts.jsonl").read_text().splitlines()
    return report, [json.loads(line) for line in lines]


def committed(config):
    path = config.out / "ledger.sqlite"
    if not path.exists():
        return set()
    with sqlite3.connect(path) as db:
        return {key for (key,) in db.execute("SELECT key FROM outcomes WHERE stage = 'judge'")}


def check(process, undisturbed, tmp_path, monkeypatch, point, count):
    original, (report, verdicts) = undisturbed
    folder = tmp_path / "world"
    shutil.copytree(original, folder, ignore=shutil.ignore_patterns("study"))
    text = (folder / "config.yaml").read_text().replace(str(original), str(folder))
    (folder / "config.yaml").write_text(text)

    child = process(target=run_and_die, args=(str(folder / "config.yaml"), point, count))
    child.start()
    child.join(120)
    assert child.exitcode == -signal.SIGKILL
    config = load_config(folder / "config.yaml")
    before = committed(config)

    asked = []
    answer = TransformersJudge.answer

    def watching(self, questions):
        asked.append(len(questions))
        return answer(self, questions)

    monkeypatch.setattr(TransformersJudge, "answer", watching)
    run_study(config)

    assert sum(asked) == len(committed(config)) - len(before)  # exactly those that were not committed
    new_report, new_verdicts = numbers(config)
    assert len(new_verdicts) == len(verdicts) == 2 * SAMPLES
    for one, other in zip(new_verdicts, verdicts, strict=True):
        assert one["score"] == pytest.approx(other["score"], abs=1e-3)
        assert {**one, "score": 0, "labels": 0} == {**other, "score": 0, "labels": 0}
    for one, other in zip(new_report["editors"], report["editors"], strict=True):
        assert one["overall"]["mean"] == pytest.approx(other["overall"]["mean"], abs=1e-3)
        assert one["overall"]["n"] == other["overall"]["n"]
    assert not list(config.out.rglob("*.tmp"))  # what the dead process left lying is swept up


@pytest.mark.parametrize("point", ["temporary", "renamed", "recorded"])
@pytest.mark.parametrize("count", [1, 5])
def test_killed_at_a_commit_point(process, undisturbed, tmp_path, monkeypatch, point, count):
    check(process, undisturbed, tmp_path, monkeypatch, point, count)


def test_killed_before_the_report(process, undisturbed, tmp_path, monkeypatch):
    check(process, undisturbed, tmp_path, monkeypatch, "reporting", 1)


# 8 + 8 edits and 16 replies are 32 rows; the seed makes a failing count one that can be run again.
@pytest.mark.slow
@pytest.mark.parametrize("count", sorted(random.Random(20261123).sample(range(1, 33), 20)))
def test_killed_after_some_rows(process, undisturbed, tmp_path, monkeypatch, count):
    check(process, undisturbed, tmp_path, monkeypatch, "rows", count)
