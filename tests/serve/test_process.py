"""A service in a process of its own that is told to end, and one that is killed."""

import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from editloupe.cli import app
from editloupe.client import Client, Item
from served import picture, until

SUPPORT = Path(__file__).parent.parent / "support"
ITEMS = [Item([picture(0)], picture(score, number=score), "do it") for score in range(6)]


@contextmanager
def process(folder, seconds):
    with subprocess.Popen(
        [sys.executable, str(SUPPORT / "gated_service.py"), str(folder), str(seconds)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(SUPPORT)},
    ) as child:
        try:
            yield child, f"http://127.0.0.1:{int(child.stdout.readline())}"
        finally:
            child.kill()


def running_questions(client):
    text = client._http.get("metrics").text
    return float(text.split("\neditloupe_questions_running ")[1].split("\n")[0])


def test_sigterm_in_a_batch_answers_what_was_accepted(tmp_path):
    found = []
    with process(tmp_path, 0.2) as (child, url), Client(url, retries=0) as client:
        asking = threading.Thread(target=lambda: found.extend(client.score(ITEMS)))
        asking.start()
        until(lambda: running_questions(client) == 1)
        child.send_signal(signal.SIGTERM)
        asking.join()
        assert [one.overall for one in found] == list(range(6))
        assert child.wait(60) == 0


def test_a_service_that_is_killed_gives_failures_and_what_it_kept_is_not_asked_again(tmp_path):
    found = []
    with process(tmp_path, 0.3) as (child, url), Client(url, retries=0) as client:
        asking = threading.Thread(target=lambda: found.extend(client.score(ITEMS)))
        asking.start()
        until(lambda: 'questions_total{origin="model"} 3.0' in client._http.get("metrics").text)
        child.kill()
        asking.join()
    assert [(one.overall, one.failure.retryable) for one in found] == [(None, True)] * 6
    with process(tmp_path, 0.0) as (_, url), Client(url) as client:
        assert client.rewards(ITEMS) == list(range(6))
        recalled = client._http.get("metrics").text.split('questions_total{origin="ledger"} ')[1].split("\n")[0]
        assert float(recalled) >= 2


def test_the_command_says_what_it_serves_where_and_to_whom(tmp_path, monkeypatch):
    (tmp_path / "served.yaml").write_text("judge: {model: nano}\nrubric: shapes\n")
    monkeypatch.setenv("EDITLOUPE_SERVE_TOKEN", "secret")
    seen = []

    def serve(service, app, bound, started):
        seen.extend([service.limits, bound.getsockname()])
        started()

    monkeypatch.setattr("editloupe.serve.server.serve_until_told", serve)
    words = ["serve", str(tmp_path / "served.yaml"), "--port", "0", "--ledger", str(tmp_path / "ledger")]
    words += ["--max-pixels", "2", "--max-body", "1", "--queue", "7"]
    ended = CliRunner().invoke(app, words)
    assert ended.exit_code == 0
    limits, (host, port) = seen
    assert (limits.pixels, limits.body, limits.queue) == (2_000_000, 2**20, 7)
    assert host == "127.0.0.1"
    assert f"serving nano with rubric shapes at http://127.0.0.1:{port}; requests bear the token" in ended.stdout
    assert "secret" not in ended.output
    assert (tmp_path / "ledger" / "ledger.sqlite").is_file()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["serve", "served.yaml", "--host", "0.0.0.0"], "EDITLOUPE_SERVE_TOKEN holds no token"),
        (["serve", "served.yaml", "--host", "203.0.113.7", "--token-env", "PATH"], "cannot be bound"),
        (["serve", "bare.yaml"], "names neither a `rubric:` nor a `benchmark:`"),
        (["serve", "missing.yaml"], "there is no config"),
        (["score", "a.png", "b.png", "do it"], "--config CONFIG, or a service by --url URL"),
        (["score", "a.png", "b.png", "do it", "--url", "http://127.0.0.1:9"], "cannot read 'a.png'"),
    ],
)
def test_what_cannot_be_served_or_scored_gets_one_sentence(words, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EDITLOUPE_SERVE_TOKEN", raising=False)
    Path("served.yaml").write_text("judge: {model: nano}\nrubric: shapes\n")
    Path("bare.yaml").write_text("judge: {model: nano}\n")
    ended = CliRunner().invoke(app, words)
    assert sentence in str(ended.exception)
    assert type(ended.exception).__module__ == "editloupe.errors"
