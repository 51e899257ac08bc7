"""Exit codes are a contract, and nothing that a user can meet prints a traceback."""

import errno
import json
import sqlite3
import sys

import pytest

from editloupe import cli
from editloupe.config.parts import load_config
from editloupe.store import blobs
from editloupe.study import run_study
from worlds import make_config, make_table


@pytest.fixture(scope="module")
def world(tmp_path_factory, tiny_checkpoint):
    """A finished study with two editors."""
    folder = tmp_path_factory.mktemp("codes")
    config = make_config(folder, tiny_checkpoint, make_table(folder / "data", 3))
    run_study(load_config(config))
    return folder


@pytest.fixture
def command(monkeypatch, capsys):
    def run(*words):
        monkeypatch.setattr(sys, "argv", ["editloupe", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err + printed.out
        return end.value.code or 0, printed

    return run


def binary(path):
    path.write_bytes(bytes(range(256)))
    return path


def garbage_study(path, world):
    path.mkdir()
    (path / "config.yaml").write_text((world / "config.yaml").read_text())
    (path / "ledger.sqlite").write_bytes(b"no database" * 200)
    return path


def newer_study(path, world):
    path.mkdir()
    (path / "config.yaml").write_text((world / "config.yaml").read_text())
    with sqlite3.connect(path / "ledger.sqlite") as db:
        db.execute("PRAGMA user_version=99")
    return path


def broken_config(path, text):
    path.write_text(text)
    return path


SITUATIONS = {
    "no config": (2, lambda t, w: ["run", t / "none.yaml"]),
    "a config that is a picture": (2, lambda t, w: ["run", binary(t / "c.yaml")]),
    "a config that is no YAML": (2, lambda t, w: ["run", broken_config(t / "c.yaml", "a: [1,\nb: }")]),
    "a config that is a list": (2, lambda t, w: ["check", broken_config(t / "c.yaml", "- a\n- b\n")]),
    "an empty config": (2, lambda t, w: ["check", broken_config(t / "c.yaml", "")]),
    "a folder without a study": (2, lambda t, w: ["report", t]),
    "a setting without a value": (2, lambda t, w: ["run", w / "config.yaml", "--set", "seed"]),
    "a category that is not there": (
        2,
        lambda t, w: ["run", w / "config.yaml", "--out", t / "o", "--categories", "weather"],
    ),
    "no table": (2, lambda t, w: ["check", w / "config.yaml", "--set", "benchmark.path=none.jsonl"]),
    "a table that is a picture": (
        2,
        lambda t, w: ["check", w / "config.yaml", "--set", f"benchmark.path={binary(t / 'x.jsonl')}"],
    ),
    "out is a file": (2, lambda t, w: ["run", w / "config.yaml", "--out", binary(t / "out")]),
    "out is below a file": (2, lambda t, w: ["run", w / "config.yaml", "--out", binary(t / "out") / "study"]),
    "a name that is too long": (2, lambda t, w: ["run", w / "config.yaml", "--out", t / ("x" * 300)]),
    "a ledger that is none": (2, lambda t, w: ["compare", garbage_study(t / "s", w), "classic", "identity"]),
    "a ledger of a newer version": (2, lambda t, w: ["report", newer_study(t / "s", w)]),
    "an editor that is not there": (2, lambda t, w: ["compare", w / "study", "classic", "nobody"]),
    "an editor twice": (2, lambda t, w: ["compare", w / "study", "classic", "classic"]),
    "a result for a folder that is not there": (
        2,
        lambda t, w: ["compare", w / "study", "classic", "identity", "--json", t / "no" / "x.json"],
    ),
    "ratings that are not there": (2, lambda t, w: ["audit", w / "study", "--human", t / "none.json"]),
    "ratings that are a picture": (2, lambda t, w: ["audit", w / "study", "--human", binary(t / "r.json")]),
    "no such command": (2, lambda t, w: ["rnu"]),
    "no such option": (2, lambda t, w: ["run", w / "config.yaml", "--fast"]),
    "a number that is none": (2, lambda t, w: ["run", w / "config.yaml", "--limit", "many"]),
    "a finished study": (0, lambda t, w: ["run", w / "study"]),
    "a comparison": (0, lambda t, w: ["compare", w / "study", "classic", "identity"]),
    "a gate of three samples": (4, lambda t, w: ["gate", w / "study", "classic", "identity", "--margin", "1"]),
    "a gate without a margin": (2, lambda t, w: ["gate", w / "study", "classic", "identity", "--margin", "0"]),
    "a gate of one editor": (2, lambda t, w: ["gate", w / "study", "classic", "classic", "--margin", "1"]),
    "a gate of one word": (2, lambda t, w: ["gate", w / "study", "--margin", "1"]),
    "a gate of an editor that is not there": (
        2,
        lambda t, w: ["gate", f"{w / 'study'}:classic", f"{w / 'study'}:nobody", "--margin", "1"],
    ),
    "a picture that is gone": (
        3,
        lambda t, w: ["edit", w / "config.yaml", "--out", t / "o", "--set", "editors=[{type: replay, images: none}]"],
    ),
}


@pytest.mark.parametrize("name", SITUATIONS)
def test_a_situation_has_its_code_and_one_sentence(name, world, tmp_path, command):
    code, words = SITUATIONS[name]
    found, printed = command(*words(tmp_path, world))
    assert found == code, printed.err
    if code == 2 and "no such" not in name and "is none" not in name.replace("a ledger that is none", ""):
        assert printed.err.startswith("editloupe: ")
        assert printed.err.count("\n") == 1


def test_anything_unforeseen_is_70_with_one_line_and_a_file(world, command, monkeypatch):
    monkeypatch.setattr("editloupe.scoring.study.results_of", lambda *_: 1 / 0)
    code, printed = command("compare", world / "study", "classic", "identity")
    assert code == 70
    assert printed.err.startswith("editloupe: unforeseen: ZeroDivisionError: division by zero; ")
    assert printed.err.count("\n") == 1
    text = open(printed.err.split()[-1]).read()  # noqa: PTH123, SIM115
    assert "Traceback" in text
    assert "1 / 0" in text


def test_an_interrupt_anywhere_is_130(world, command, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("editloupe.checking.check_study", interrupted)
    assert command("check", world / "config.yaml")[0] == 130


def test_a_reader_that_has_left_is_no_failed_gate(world, command, monkeypatch):
    def left(*_, **__):
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr(cli.typer, "echo", left)
    assert command("list", "editors")[0] == 130


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (
            errno.ENOSPC,
            "No space left on device; free some space; what is recorded stays, and the same command goes on",
        ),
        (errno.EDQUOT, "quota"),
        (errno.EROFS, "Read-only file system; it is mounted for reading only"),
        (errno.EACCES, "Permission denied; have it made writable for you"),
        (errno.EIO, "what is recorded stays"),
    ],
)
def test_a_disk_that_refuses_is_one_sentence_and_the_run_goes_on_later(
    number, words, tmp_path, world, command, monkeypatch
):
    import os

    config, out, count = world / "config.yaml", tmp_path / "out", 0

    def refusing(descriptor):
        nonlocal count
        count += 1
        if count > 5:
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(blobs.os, "fsync", refusing)
        code, printed = command("run", config, "--out", out)
    assert code == 2
    assert words in printed.err
    assert printed.err.count("\n") == 1
    assert not list(out.rglob("*.tmp"))
    code, printed = command("run", config, "--out", out)
    assert code == 0, printed.err
    assert printed.out.rstrip().endswith("total  6 scores  0 failed")


def test_a_disk_that_fills_while_the_ledger_is_written(tmp_path, world, command):
    """SQLite's own limit stands for the disk's: its error is the same."""
    from editloupe.store import writing

    class Small(writing.LedgerConnection):
        def executescript(self, script):
            found = super().executescript(script)
            (pages,) = self.execute("PRAGMA page_count").fetchone()
            self.execute(f"PRAGMA max_page_count={pages}")
            return found

    out = tmp_path / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("editloupe.store.ledger.LedgerConnection", Small)
        code, printed = command("run", world / "config.yaml", "--out", out)
    assert code == 2, printed.err
    assert "ledger.sqlite' cannot be written: database or disk is full; free some space" in printed.err
    assert command("run", world / "config.yaml", "--out", out)[0] == 0


def test_a_full_disk_prints_no_traceback_of_the_log(tmp_path, world, command, monkeypatch):
    from editloupe.progress import bars

    class Full(bars._LogFile):
        def flush(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(bars, "_LogFile", Full)
    code, printed = command("run", world / "config.yaml", "--out", tmp_path / "out")
    assert code == 0
    assert printed.err == ""


@pytest.fixture
def read_only(world, monkeypatch):
    """The study as on a medium that may only be read: opening anything in it for writing fails."""
    import builtins
    import io

    folder, original = str(world / "study"), io.open

    def opened(file, mode="r", *args, **kwargs):
        if str(file).startswith(folder) and set(mode) & set("wax+"):
            raise OSError(errno.EROFS, "Read-only file system", str(file))
        return original(file, mode, *args, **kwargs)

    monkeypatch.setattr(io, "open", opened)
    monkeypatch.setattr(builtins, "open", opened)
    return world / "study"


def test_a_study_that_may_only_be_read_is_compared_and_checked(read_only, command, tmp_path):
    json_file = tmp_path / "found.json"
    assert command("compare", read_only, "classic", "identity", "--json", json_file)[0] == 0
    assert json.loads(json_file.read_text())["n"] == 3
    assert command("check", read_only)[0] == 0


@pytest.mark.parametrize("words", [["report"], ["run"], ["judge"], ["audit"]])
def test_what_would_write_into_it_says_so(words, read_only, command):
    code, printed = command(*words, read_only)
    assert code == 2
    assert "it is mounted for reading only; copy the study" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOTSUP, errno.ENOSYS])
def test_a_file_system_without_links_is_said_once(number, tmp_path, world, command, monkeypatch):
    def none(*_, **__):
        raise OSError(number, "Operation not permitted")

    monkeypatch.setattr("os.symlink", none)
    monkeypatch.setattr("os.link", none)
    code, printed = command("run", world / "config.yaml", "--out", tmp_path / "out")
    assert code == 0, printed.err
    assert printed.out.count("has not all edits under their names (Operation not permitted)") == 1
    assert len(list((tmp_path / "out" / "blobs").rglob("*.png"))) >= 3


def test_a_file_system_with_hard_links_alone_gets_those(tmp_path, world, command, monkeypatch):
    def none(*_, **__):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr("os.symlink", none)
    assert command("run", world / "config.yaml", "--out", tmp_path / "out")[0] == 0
    images = list((tmp_path / "out" / "images").rglob("*.png"))
    assert len(images) == 6
    assert all(path.stat().st_nlink > 1 for path in images)
