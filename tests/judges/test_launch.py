"""Servers that editloupe starts and ends itself: a real one, and small ones that misbehave."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import psutil
import pytest

from editloupe.errors import ConfigError
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.transformers import TransformersJudge
from editloupe.judges.wire import launch
from editloupe.records import Question
from judges.test_transformers import DIGITS, questions

SERVING = Path(__file__).parent.parent / "support" / "serving.py"

# A server with a child of its own, as vLLM has; PID files tell the test whom to look for.
FAMILY = """
import http.server, os, pathlib, subprocess, sys
here = pathlib.Path(sys.argv[2])
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
(here / f"{os.environ.get('CUDA_VISIBLE_DEVICES', 'none')}.pids").write_text(f"{os.getpid()} {child.pid}")
print("key", os.environ.get("TEST_JUDGE_KEY"), flush=True)
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404 if self.path == "/health" else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Health).serve_forever()
"""


@pytest.fixture
def family(tmp_path):
    (tmp_path / "family.py").write_text(FAMILY)
    return f"{sys.executable} {tmp_path / 'family.py'} {{port}} {tmp_path}"


def pids(folder):
    return [int(pid) for path in folder.glob("*.pids") for pid in path.read_text().split()]


def running(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def gone(found, seconds=15):
    deadline = time.monotonic() + seconds
    while any(map(running, found)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(running, found))


def options(command, **more):
    return OpenAIJudge.Options(model="m", launch=command, **more)


def test_replicas_get_their_devices_and_end_with_their_children(family, tmp_path):
    servers = launch.start(options(family, replicas=2, devices=[0, 1, 2, 3]), tmp_path / "logs")
    found = pids(tmp_path)
    assert sorted(path.stem for path in tmp_path.glob("*.pids")) == ["0,1", "2,3"]
    assert len(found) == 4
    assert all(map(running, found))
    assert len({server.base_url for server in servers}) == 2
    launch.end(servers)
    assert gone(found)


def test_the_key_stays_out_of_the_server_s_log(family, tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JUDGE_KEY", "sk-secret-123")
    launch.end(launch.start(options(family, api_key_env="TEST_JUDGE_KEY"), tmp_path))
    assert (tmp_path / "judge-server-0.log").read_text() == "key ***\n"


def test_a_server_that_ends_early_is_told_with_its_last_words(tmp_path):
    command = f"{sys.executable} -c 'import sys; sys.exit(\"no such GPU\")' {{port}}"
    with pytest.raises(ConfigError, match=r"ended with status 1 before it answered.*no such GPU"):
        launch.start(options(command), tmp_path)


def test_a_command_that_is_not_there_is_told(tmp_path):
    with pytest.raises(ConfigError, match="cannot start 'no-such-server'"):
        launch.start(options("no-such-server {port}"), tmp_path)


def test_a_server_that_never_answers_is_ended(tmp_path):
    (tmp_path / "silent.py").write_text(
        "import os, pathlib, sys, time\npathlib.Path(sys.argv[1]).write_text(str(os.getpid()))\ntime.sleep(600)"
    )
    command = f"{sys.executable} {tmp_path / 'silent.py'} {tmp_path / 'silent.pids'} {{port}}"
    with pytest.raises(ConfigError, match=r"did not answer within 1\.5 s"):
        launch.start(options(command, ready_within=1.5), tmp_path)
    assert gone(pids(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_however_we_end_the_server_ends_too(family, tmp_path, number):
    script = f"""
        import time
        from pathlib import Path
        from editloupe.judges.openai import OpenAIJudge
        from editloupe.judges.wire import launch
        options = OpenAIJudge.Options(model="m", launch={family!r})
        servers = launch.start(options, Path({str(tmp_path)!r}))
        print("ready", flush=True)
        time.sleep(600)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    found = pids(tmp_path)
    assert all(map(running, found))
    os.kill(process.pid, number)
    process.wait()
    assert gone(found)


def test_a_real_server_says_what_the_local_judge_says(tiny_checkpoint, tmp_path):
    """`transformers serve`: the same prompts, the same pixels, the same greedy text."""
    asked = questions(count=6)
    local = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint), max_new_tokens=8))
    expected = [local.answer([one])[0] for one in asked]
    command = f"{sys.executable} {SERVING} serve {{model}} --host 127.0.0.1 --port {{port}} --device cpu"
    made = OpenAIJudge(OpenAIJudge.Options(model=str(tiny_checkpoint), launch=command, max_new_tokens=8, concurrency=3))
    made.work_in(tmp_path)
    try:
        replies = made.answer(asked)
        # This server leaves special tokens in the text, which only an untrained model writes.
        assert [re.sub(r"<\|\w+\|>", "", reply.text) for reply in replies] == [reply.text for reply in expected]
        assert [reply.prompt_tokens for reply in replies] == [reply.prompt_tokens for reply in expected]
        choice = [Question("", (), "Score it.", one.answer) for one in questions(DIGITS, count=1)]
        with pytest.raises(ConfigError, match=r"set judge.prefill to false|use `answer: text`"):
            made.answer(choice)
        servers = list(made._launched)
    finally:
        made.close()
    assert all(server.guard.poll() is not None for server in servers)
    assert "tiny-qwen3-vl" in (tmp_path / "judge-server-0.log").read_text()
