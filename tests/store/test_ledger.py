"""What the ledger says is recorded stays recorded, once, and nobody else can write."""

import subprocess
import sys

import pytest

from editloupe.errors import DataError, StudyLocked
from editloupe.records import Edit, Failure, ImageFile, Reply, Sample
from editloupe.store.ledger import Ledger

REPLY = Reply("7", "choice", 10, 1, {"0": 0.25, "9": 0.5}, 0.1)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path) as opened:
        yield opened


def an_edit(folder):
    image = ImageFile(folder / "blobs" / "ab" / ("ab" + "0" * 62 + ".png"), "ab" + "0" * 62)
    return Edit("k", "careful", "classic v1", "s1", image, 2**62 + 1, 0, 64, 32, 0.5, 7.5)


def test_outcomes_come_back_as_they_were(tmp_path):
    failure = Failure("judge", "out-of-memory", "too large", traceback="...", retryable=True, reply="x")
    with Ledger(tmp_path) as ledger:
        ledger.record([("edit", an_edit(tmp_path)), ("reply", REPLY), ("failure", failure)])
    with Ledger(tmp_path) as ledger:
        found = ledger.find(["edit", "reply", "failure", "absent"])
    assert found == {"edit": an_edit(tmp_path), "reply": REPLY, "failure": failure}


def test_many_keys_at_once(ledger):
    ledger.record([(str(number), REPLY) for number in range(3000)])
    assert len(ledger.find([str(number) for number in range(4000)])) == 3000


def test_runs_with_a_failure_are_counted_and_a_result_ends_them(tmp_path):
    failure = Failure("edit", "timeout", "slow", retryable=True)
    for run in (1, 2):
        with Ledger(tmp_path) as ledger:
            for _ in range(3):  # editors that share a key
                ledger.record([("a", failure)])
            assert ledger.find(["a"])["a"].attempts == run
    with Ledger(tmp_path) as ledger:
        ledger.record([("a", REPLY)])
        assert ledger.find(["a"])["a"] == REPLY


def test_a_failure_never_replaces_a_result(ledger):
    ledger.record([("a", REPLY)])
    ledger.record([("a", Failure("judge", "timeout", "slow"))])
    assert ledger.find(["a"])["a"] == REPLY


def test_a_batch_is_recorded_as_a_whole_or_not_at_all(ledger):
    with pytest.raises(AttributeError):
        ledger.record([("a", REPLY), ("b", "no outcome")])
    assert ledger.find(["a"]) == {}
    ledger.record([("c", REPLY)])  # and the ledger is still usable
    assert "c" in ledger.find(["c"])


def test_a_second_process_is_told_who_holds_the_study(tmp_path):
    with Ledger(tmp_path):
        script = f"from editloupe.store.ledger import Ledger; from pathlib import Path; Ledger(Path({str(tmp_path)!r}))"
        found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        with pytest.raises(StudyLocked, match="process"):
            Ledger(tmp_path)
    import os

    assert found.returncode != 0
    assert f"process {os.getpid()} on" in found.stderr


def test_the_lock_of_a_killed_process_is_free(tmp_path):
    script = (
        "from editloupe.store.ledger import Ledger; from pathlib import Path\n"
        f"ledger = Ledger(Path({str(tmp_path)!r})); print('held', flush=True); input()"
    )
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(StudyLocked, match=f"in use by process {holder.pid} on"):
        Ledger(tmp_path)
    holder.kill()
    holder.communicate()
    Ledger(tmp_path).close()


def test_a_folder_that_an_older_version_has_locked_and_left_opens(tmp_path):
    (tmp_path / ".lock").write_text("process 1 on elsewhere since 2020-01-01 00:00:00, a longer line than ours\n")
    with Ledger(tmp_path), pytest.raises(StudyLocked, match=r"in use by process \d+ on .* since [\d-]{10} [\d:]{8};"):
        Ledger(tmp_path)


def test_after_closing_the_next_one_may_enter(tmp_path):
    Ledger(tmp_path).close()
    Ledger(tmp_path).close()


def test_a_file_that_is_no_ledger_is_named(tmp_path):
    (tmp_path / "ledger.sqlite").write_bytes(b"not a database, but long enough to be read as one" * 30)
    with pytest.raises(DataError, match="move it away"):
        Ledger(tmp_path)
    with pytest.raises(DataError):  # and the lock is not left behind
        Ledger(tmp_path)


def test_digests_are_remembered_until_the_file_changes(ledger, tmp_path, monkeypatch):
    file = tmp_path / "weights"
    file.write_bytes(b"one")
    first = ledger.digest(file)
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("read again"))
    assert ledger.digest(file) == first
    monkeypatch.undo()
    file.write_bytes(b"other")
    assert ledger.digest(file) != first
    assert ledger.digest(tmp_path / "absent") == "missing"


def test_samples_come_back_without_their_benchmark(tmp_path):
    failure = Failure("sample", "bad-image", "no image")
    image = ImageFile(tmp_path / "blobs" / "cd" / ("cd" + "1" * 62 + ".png"), "cd" + "1" * 62)
    samples = [
        Sample("b", "causal", "x", (image,), {"language": "zh"}, "d", "r", (image,), 3.5, {"tags": ["t"]}),
        Sample("a", "physical", "", failure=failure),
    ]
    with Ledger(tmp_path) as ledger:
        ledger.save_samples(samples)
        ledger.save_samples(samples)
        assert ledger.samples() == samples


def test_plans_of_the_stages_replace_each_their_own(ledger):
    ledger.save_edit_plan([("e", "s", "k1"), ("e", "t", "k1")])
    ledger.save_reply_plan([("e", "s", "m", "k2"), ("e", "t", "m", "k2")])
    ledger.save_edit_plan([("e", "s", "k3"), ("e", "t", "k1")])
    # The reply about the edit that is another one now is no longer planned.
    assert ledger.plan() == {("e", "s", ""): "k3", ("e", "t", ""): "k1", ("e", "t", "m"): "k2"}


def test_speed_adds_up_over_runs(ledger):
    assert ledger.speed("judge") == (0, 0.0, None)
    ledger.record_speed("judge", 4, 2.0, 100)
    ledger.record_speed("judge", 2, 1.0, 300)
    assert ledger.speed("judge") == (6, 3.0, 300)
