"""Studies on real file systems that refuse something, mounted without privileges in a name space of their own."""

import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from editloupe.config.parts import load_config
from editloupe.study import run_study
from worlds import make_config, make_table

PASSING = Path(__file__).parent.parent / "support" / "passing.py"


def can(*words):
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", *words], capture_output=True, check=False, timeout=20).returncode == 0


pytestmark = pytest.mark.skipif(
    not can("mount", "-t", "tmpfs", "tmpfs", "/mnt"), reason="no file system can be mounted here"
)
fuse = pytest.mark.skipif(
    not (Path("/dev/fuse").exists() and find_spec("mfusepy")), reason="needs /dev/fuse and mfusepy with libfuse"
)


@pytest.fixture
def world(tmp_path, tiny_checkpoint):
    (tmp_path / "mount").mkdir()
    return make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 3), out="mount/study")


def script(world, *lines):
    """Run lines of a shell where MOUNT is a place to mount at; each `run` prints the exit code of a command."""
    begin = [
        "set -u",
        f"MOUNT={world.parent / 'mount'}; CONFIG={world}; STUDY=$MOUNT/study; FOLDER={world.parent}",
        f'run() {{ {sys.executable} -m editloupe "$@"; echo "code $?"; }}',
    ]
    text = "\n".join([*begin, *lines])
    found = subprocess.run(
        ["unshare", "-rm", "bash", "-c", text], capture_output=True, text=True, check=False, timeout=200
    )
    assert "Traceback" not in found.stdout + found.stderr
    return found


def codes(found):
    return [int(line.split()[1]) for line in found.stdout.splitlines() if line.startswith("code ")]


def mounted(kind):
    """Lines that mount the folder `behind` as a file system of the kind."""
    return [
        "mkdir $FOLDER/behind",
        f"{sys.executable} {PASSING} {kind} $FOLDER/behind $MOUNT & SERVER=$!; trap 'kill $SERVER' EXIT",
        'for _ in $(seq 100); do grep -q " $MOUNT fuse" /proc/mounts && break; sleep 0.1; done',
    ]


def test_a_disk_that_is_full_stops_with_one_sentence_and_the_run_goes_on_once_it_is_not(world):
    found = script(
        world,
        "mount -t tmpfs -o size=200k tmpfs $MOUNT",
        "run run $CONFIG",
        "mount -o remount,size=64m $MOUNT",
        "run run $CONFIG",
    )
    assert codes(found) == [2, 0], found.stderr
    (sentence,) = [line for line in found.stderr.splitlines() if line.startswith("editloupe: ")]
    assert "free some space; what is recorded stays" in sentence
    assert "total  6 scores  0 failed" in found.stdout


def test_a_study_that_may_only_be_read_is_compared_and_says_so_where_it_would_be_written(world):
    run_study(load_config(world))
    found = script(
        world,
        "mount --bind $MOUNT $MOUNT && mount -o remount,bind,ro $MOUNT",
        "run compare $STUDY classic identity",
        "run check $STUDY",
        "run run $STUDY",
        "run report $STUDY",
    )
    assert codes(found) == [0, 0, 2, 2], found.stderr
    said = [line for line in found.stderr.splitlines() if line.startswith("editloupe: ")]
    assert len(said) == 2
    assert all("it is mounted for reading only; copy the study" in line for line in said)


@fuse
def test_without_links_a_study_runs_and_says_once_where_its_edits_lie(world):
    found = script(world, *mounted("linkless"), "run run $CONFIG")
    assert codes(found) == [0], found.stderr
    assert found.stdout.count("has not all edits under their names (Operation not permitted)") == 1
    assert "total  6 scores  0 failed" in found.stdout
    assert len(list((world.parent / "behind" / "study" / "blobs").rglob("*.png"))) >= 3


@fuse
def test_without_locks_a_study_is_refused_in_one_sentence(world):
    found = script(world, *mounted("lockless"), "run run $CONFIG")
    assert codes(found) == [2], found.stderr
    (sentence,) = [line for line in found.stderr.splitlines() if line.startswith("editloupe: ")]
    assert "lies on a file system without file locks" in sentence
    assert "choose an `out:` on another file system" in sentence
