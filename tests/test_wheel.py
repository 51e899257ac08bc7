"""The demo as somebody sees it who has only the wheel: in another folder, from a build without the checkout."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EDITORS = ["skill-1.0", "skill-0.85", "skill-0.80", "identity"]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder that holds the installed wheel and nothing else; what it depends on is that of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src" / "editloupe", folder / "src" / "editloupe", ignore=shutil.ignore_patterns("__pyc*"))
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-cache-dir"]
    building = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder / "dist", folder]
    built = subprocess.run(building, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("editloupe-*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", folder / "site", wheel], check=True)
    return folder / "site"


@pytest.fixture(scope="module")
def installed(site, tmp_path_factory):
    """Runs the wheel's editloupe in an empty folder."""
    folder = tmp_path_factory.mktemp("elsewhere")

    def run(*words):
        command = [sys.executable, "-m", "editloupe", *words]
        environment = {**os.environ, "PYTHONPATH": str(site)}
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=500
        )

    run.folder = folder
    return run


@pytest.fixture(scope="module")
def demo(installed):
    return installed("demo")


@pytest.mark.timeout(600)
def test_the_demo_runs_from_the_wheel_and_names_its_report(installed, demo):
    assert demo.returncode == 0, demo.stderr
    report = installed.folder / "studies" / "demo" / "report.html"
    assert report.is_file()
    assert f"report: {report}" in demo.stdout
    log = (report.parent / "log.txt").read_text()
    assert "Traceback" not in log + demo.stdout + demo.stderr


def test_two_close_editors_are_said_to_be_within_noise(demo):
    assert "≈ skill-0.85, skill-0.80: within noise of each other" in demo.stdout
    ranks = [line.split()[0] for line in demo.stdout.splitlines() if any(f" {name} " in line for name in EDITORS)]
    assert ranks[-4:] == ["1", "2–3", "2–3", "4"]


def test_refused_edits_are_counted_and_have_no_score(installed, demo):
    lines = (installed.folder / "studies" / "demo" / "verdicts.jsonl").read_text(encoding="utf-8").splitlines()
    failed = [verdict for verdict in map(json.loads, lines) if verdict["failure"]]
    assert failed
    assert {(verdict["editor"], verdict["score"], verdict["failure"]["kind"]) for verdict in failed} == {
        ("skill-0.80", None, "content-filter")
    }
    assert "refused the instruction" in failed[0]["failure"]["message"]
    why = f"{len(failed)} failed ({len(failed)} of 1080 edits: content-filter)"
    places = [installed.folder / "studies" / "demo" / name for name in ("report.html#/failures", "log.txt")]
    assert demo.stdout.rstrip().endswith(f"total  1080 scores  {why}; see {places[0]} and {places[1]}")


def test_a_second_demo_does_nothing_twice(installed, demo):
    again = installed("demo", "--out", "studies/demo")
    assert again.returncode == 0, again.stderr
    assert not re.search(r"(edit|judge) +batch", again.stdout)
    assert again.stdout.splitlines()[-3:] == demo.stdout.splitlines()[-3:]


def test_the_version_is_the_wheel_s(installed):
    found = installed("--version")
    assert (found.returncode, found.stdout) == (0, f"editloupe {version('editloupe')}\n")
