"""The commands as a person types them, in processes of their own."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from editloupe.store.ledger import Ledger
from worlds import make_config, make_table

ROOT = Path(__file__).parent.parent


def command(*words, cwd=None, main=False):
    start = [sys.executable, str(ROOT / "main.py")] if main else [sys.executable, "-m", "editloupe"]
    return subprocess.run([*start, *map(str, words)], capture_output=True, text=True, check=False, cwd=cwd, timeout=300)


@pytest.fixture(scope="module")
def world(tmp_path_factory, tiny_checkpoint):
    folder = tmp_path_factory.mktemp("cli")
    return make_config(folder, tiny_checkpoint, make_table(folder / "data", 3))


@pytest.fixture(scope="module")
def finished(world):
    return command("run", world)


def test_run_prints_the_table_where_the_report_lies_and_the_total(world, finished):
    assert finished.returncode == 0, finished.stderr
    assert "classic" in finished.stdout
    assert f"report: {world.parent / 'study' / 'report.html'}" in finished.stdout
    assert finished.stdout.rstrip().endswith("total  6 scores  0 failed")
    assert "judge  batch 1-4/" in finished.stdout
    assert "untrained random weights" in finished.stdout


def test_nothing_is_cut_where_standard_output_is_no_terminal(tmp_path):
    """What `| grep` and a log file get: names and tables as wide as they are, whatever COLUMNS says."""
    names = ["painter-" + 60 * "x" + f"-of-{year}" for year in (2024, 2025)]
    editors = ", ".join(f"{{type: procedural, name: {name}, skill: 1}}" for name in names)
    path = tmp_path / "config.yaml"
    path.write_text(
        f"benchmark: {{name: shapes, limit: 2}}\neditors: [{editors}]\njudge: {{model: nano}}\nout: study\n"
    )
    for words in (("audit", path), ("report", tmp_path / "study")):
        printed = command(*words)
        assert printed.returncode == 0, printed.stderr
        for name in names:
            assert re.search(rf"(?m)^ *(?:1–2 +)?{name} .*[0-9] *$", printed.stdout), printed.stdout
    compared = command("compare", tmp_path / "study", *names)
    assert any(f"A = {names[0]}" in line and f"B = {names[1]}" in line for line in compared.stdout.splitlines())


def test_the_seed_s_own_command_is_the_same(world, finished):
    again = command("--config", world.name, cwd=world.parent, main=True)
    assert again.returncode == 0, again.stderr
    assert "judge  batch" not in again.stdout  # all of it was there
    assert again.stdout.rstrip().endswith("total  6 scores  0 failed")


def test_a_study_folder_may_stand_for_its_config(world, finished):
    found = command("run", world.parent / "study")
    assert found.returncode == 0, found.stderr


def test_report_rebuilds_without_torch(world, finished, tmp_path):
    folder = world.parent / "study"
    (folder / "report.json").unlink()
    script = (
        "import sys, runpy; sys.argv = ['editloupe', 'report', sys.argv[1]]\n"
        "try: runpy.run_module('editloupe', run_name='__main__')\n"
        "finally: print('torch' in sys.modules, 'transformers' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", script, str(folder)], capture_output=True, text=True, check=False)
    assert found.stdout.rstrip().endswith("False False"), found.stderr
    assert (folder / "report.json").exists()


def test_help_imports_nothing_heavy():
    script = (
        "import sys\nfrom editloupe.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        "print([name for name in ('torch', 'transformers', 'numpy', 'pydantic', 'PIL') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.rstrip().endswith("[]")


def test_failures_are_counted_and_leave_with_3(world, tmp_path):
    found = command("run", world, "--out", tmp_path / "out", "--set", "editors=[{type: replay, images: nowhere}]")
    assert found.returncode == 3, found.stderr
    told = f"see {tmp_path / 'out' / 'report.html'}#/failures and {tmp_path / 'out' / 'log.txt'}"
    last = found.stdout.rstrip().splitlines()[-1]
    assert last == f"total  3 scores  3 failed (3 of 3 edits: missing-file); {told}"
    assert "No edit has a score: all 3 scores failed" in " ".join(found.stdout.split())
    assert "trying" not in found.stdout  # a missing file takes no batch apart


def test_retrying_says_what_is_not_asked_again_and_its_command_asks(world, tmp_path):
    out = tmp_path / "a folder"
    words = ("--set", "judge.answer=text", "--set", "judge.max_new_tokens=3", "--out", out, "--limit", 1)
    assert command("run", world, *words).returncode == 3
    found = command("run", out, "--retry-failed")
    assert "not asked again: the replies behind 2 scores that could not be read" in found.stdout
    advice = next(line for line in found.stdout.splitlines() if line.startswith("not asked again"))
    pasted = shlex.split(advice.partition("anew: ")[2])
    assert pasted == ["editloupe", "judge", str(out), "--set", "judge.max_new_tokens=6"]
    found = command(*pasted[1:])
    assert "judge  batch" in found.stdout, found.stderr


def test_options_of_the_command_line(world, tmp_path):
    found = command("run", world, "--out", tmp_path / "out", "--limit", 1, "--categories", "物理", "--set", "seed=3")
    assert found.returncode == 0, found.stderr
    lines = [json.loads(line) for line in (tmp_path / "out" / "verdicts.jsonl").read_text().splitlines()]
    assert {line["category"] for line in lines} == {"physical"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "none.yaml"], "there is no config 'none.yaml'"),
        (["run", "{config}", "--set", "judge.batchsize=2"], "did you mean 'batch_size'"),
        (["run", "{config}", "--set", "benchmark.path=none.jsonl"], "none.jsonl"),
        (["run", "{config}", "--categories", "weather"], "no category 'weather'"),
        (["report", "."], "without a config.yaml"),
        (["check", "{config}", "--set", "editors=[{type: clasic}]"], "did you mean 'classic'"),
    ],
)
def test_wrong_input_is_one_sentence_and_2(world, tmp_path, words, message):
    found = command(*[word.replace("{config}", str(world)) for word in words], cwd=tmp_path)
    assert found.returncode == 2
    assert message in found.stderr
    assert "Traceback" not in found.stderr
    assert found.stderr.count("\n") == 1


def test_wrong_usage_is_2():
    assert command("run").returncode == 2
    assert command("rnu").returncode == 2


def test_check_says_what_would_run_and_writes_nothing(world, tmp_path):
    out = tmp_path / "new"
    found = command("check", world, "--out", out)
    assert found.returncode == 0, found.stderr
    assert "3 samples, 0 of them unusable" in found.stdout
    assert "at most 6 questions" in found.stdout
    assert not out.exists()


def test_the_second_of_two_processes_says_who_holds_the_study(world, tmp_path):
    with Ledger(tmp_path / "held"):
        found = command("run", world, "--out", tmp_path / "held")
    assert found.returncode == 2
    assert f"in use by process {os.getpid()}" in found.stderr


def test_an_interrupt_leaves_with_130_and_says_how_to_go_on(tmp_path, tiny_checkpoint):
    path = make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 3000))
    process = subprocess.Popen(
        [sys.executable, "-m", "editloupe", "run", str(path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 120
    log = tmp_path / "study" / "log.txt"
    while not (log.exists() and "batch" in log.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert f"continue with: editloupe run {tmp_path / 'study'}" in errors
    assert "Traceback" not in errors


@pytest.mark.parametrize("kind", ["benchmarks", "editors", "judges", "rubrics"])
def test_list_names_what_is_installed(kind):
    found = command("list", kind)
    assert found.returncode == 0
    assert {"benchmarks": "photos", "editors": "replay", "judges": "transformers", "rubrics": "reasoning"}[
        kind
    ] in found.stdout
