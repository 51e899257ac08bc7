"""The process that started Ray dies: nothing of it stays, nothing that was recorded is done again."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
import yaml

from noting import notes
from worlds import make_table

HERE = Path(__file__).parent.parent / "support"
SAMPLES = 10


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_killed_driver_leaves_no_process_and_the_next_run_continues(tmp_path):
    (tmp_path / "notes").mkdir()
    make_table(tmp_path / "data", SAMPLES)
    place = {"engine": "ray", "devices": 2, "gpus_per_worker": 0}
    data = {
        "benchmark": {"path": "data/samples.jsonl"},
        "editors": [{"type": "identity"}],
        "rubric": {"name": "reasoning"},
        "judge": {"answer": "text"},
        "workers": place,
        "out": "study",
    }
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(data))
    command = [sys.executable, str(HERE / "noting_study.py"), str(tmp_path)]

    before = rays()
    first = subprocess.run([*command, "4"], cwd=HERE, check=False, capture_output=True)
    assert first.returncode == -signal.SIGKILL, first.stderr.decode()[-2000:]
    until(lambda: not rays() - before)
    recorded = keys(tmp_path, "edit")
    assert 4 <= len(recorded) < SAMPLES
    edited = Counter(name for name, *_ in notes(tmp_path / "notes"))

    subprocess.run(command, cwd=HERE, check=True, capture_output=True)
    assert len(keys(tmp_path, "edit")) == SAMPLES
    assert recorded <= keys(tmp_path, "edit")
    assert len(keys(tmp_path, "judge")) == SAMPLES
    again = Counter(name for name, *_ in notes(tmp_path / "notes") if name in edited)
    # Only what was on its way when the driver died: one item at work and one ahead for each of two workers.
    assert sum(again.values()) - sum(edited.values()) <= 4
    assert not rays() - before


def keys(folder, stage):
    with sqlite3.connect(folder / "study" / "ledger.sqlite") as db:
        rows = db.execute("SELECT key FROM outcomes WHERE stage = ? AND result IS NOT NULL", (stage,))
        return {key for (key,) in rows}


def rays():
    """Processes of Ray, by number."""
    found = set()
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        words = " ".join(process.info["cmdline"] or [])
        if ("ray::" in words or "/ray/" in words) and process.pid != os.getpid():
            found.add(process.pid)
    return found


def until(condition, seconds=10):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.2)
