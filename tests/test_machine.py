"""What is asked of the machine, on this one and on one that tells nothing."""

import builtins
import io
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from editloupe import demo, machine
from editloupe.config.parts import load_config
from editloupe.study import run_study

ROOT = Path(__file__).parent.parent


@pytest.fixture
def no_proc(monkeypatch):
    """Python reads nothing below /proc: not psutil, not any library, not us; a list of what was asked for."""
    asked = []

    def hidden(path):
        if isinstance(path, str | os.PathLike | bytes) and os.fsdecode(path).startswith("/proc"):
            asked.append(os.fsdecode(path))
            raise FileNotFoundError(2, "No such file or directory", path)

    def guarded(function):
        def call(path=".", *words, **more):
            hidden(path)
            return function(path, *words, **more)

        return call

    for module, name in ((builtins, "open"), (io, "open"), (os, "open"), (os, "listdir"), (os, "scandir")):
        monkeypatch.setattr(module, name, guarded(getattr(module, name)))
    return asked


def test_the_demo_s_judge_runs_without_proc(tmp_path, no_proc):
    study = load_config(demo.CONFIG, ["benchmark.limit=2"], out=str(tmp_path / "study"))
    results = run_study(study)
    assert no_proc, "nothing was hidden: the test shows nothing"
    assert {verdict.score for verdict in results.verdicts if verdict.editor == "skill-1.0"} == {10.0}


def test_what_cannot_be_told_is_none_or_empty(no_proc):
    if sys.platform != "linux":
        pytest.skip("other systems tell it without /proc")
    assert machine.available_memory() is None
    assert machine.descendants() == []
    assert not machine.calls_itself(os.getpid(), "")
    assert machine.hardware()["memory"] == ""
    assert machine.cores() >= 1


def test_this_machine_is_described():
    facts = machine.hardware()
    assert facts["memory"].endswith("GiB")
    assert f"{machine.cores()} cores" in facts["processor"]
    assert 0 < machine.available_memory() <= psutil.virtual_memory().total


def test_the_peak_is_at_least_what_is_held():
    assert machine.peak_memory() >= psutil.Process().memory_info().rss * 0.9


def test_children_are_found_and_known_by_their_words():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert child.pid in machine.descendants()
        assert machine.calls_itself(child.pid, sys.executable)
        assert not machine.calls_itself(child.pid, "ray::")
    finally:
        child.communicate()
    assert not machine.calls_itself(child.pid, sys.executable)


def test_the_config_at_the_root_is_the_demo_s():
    assert (ROOT / "config.yaml").read_text(encoding="utf-8") == demo.CONFIG.read_text(encoding="utf-8")
    assert load_config(ROOT / "config.yaml").out == ROOT / demo.FOLDER


def test_only_one_module_asks_the_machine():
    asking = ("/proc", "psutil", "sysconf", "import resource\n", "fcntl", "pynvml")
    for path in (ROOT / "src" / "editloupe").rglob("*.py"):
        if path.name != "machine.py":
            text = path.read_text(encoding="utf-8")
            assert not [word for word in asking if word in text], path
