"""Whole studies with a judge over the wire: what it costs, that it can be resumed, and that no key is left anywhere."""

import json
import shlex
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from editloupe.api import load_judge
from editloupe.audit.audit import audit_study
from editloupe.audit.probe import probe_sentences, probe_study
from editloupe.config.parts import load_config
from editloupe.errors import StudyStopped
from editloupe.judges.transformers import NANO
from editloupe.study import run_study
from faulty import MODEL, faulty
from overview import overview
from worlds import make_config, make_table

SERVING = Path(__file__).parent.parent / "support" / "serving.py"
KEY = "sk-nobody-may-see-this-0123456789"


def config_of(folder, url, count=6, **judge):
    settings = {"type": "openai", "model": MODEL, "base_url": url, "answer": "choice", **judge}
    rubric = {"name": "reasoning", "metrics": ["reasoning"]}
    return make_config(folder, "unused", make_table(folder / "data", count), judge=settings, rubric=rubric)


def command(*words):
    return subprocess.run(
        [sys.executable, "-m", "editloupe", *map(str, words)], capture_output=True, text=True, check=False, timeout=120
    )


def scores(config):
    lines = (config.out / "verdicts.jsonl").read_text().splitlines()
    return [json.loads(line)["score"] for line in lines]


def test_a_study_asks_every_question_once_and_nothing_again(tmp_path):
    with faulty(score=lambda _: 7) as server:
        config = load_config(config_of(tmp_path, server.url))
        run_study(config)
        assert len(server.requests) == 12
        assert len(scores(config)) == 12
        assert all(score == pytest.approx(7.4, abs=0.5) for score in scores(config))
        run_study(config)
        assert len(server.requests) == 12
    assert "tokens 1.2 k in 120 out" in (config.out / "log.txt").read_text()
    assert json.loads((config.out / "cost.json").read_text())[MODEL]["prompt_tokens"] == 1200


def test_no_file_of_the_study_holds_the_key(tmp_path, monkeypatch):
    monkeypatch.setenv("TEST_JUDGE_KEY", KEY)
    echoes = {index: ["echo", "echo"] for index in range(0, 12, 2)}
    with faulty(echoes) as server:
        config = load_config(config_of(tmp_path, server.url, api_key_env="TEST_JUDGE_KEY"))
        results = run_study(config)
        assert KEY in repr(server.requests)
    messages = [one.failure.message for one in results.verdicts if one.failure is not None]
    assert len(messages) == 6
    assert all("Bearer ***" in message for message in messages)
    files = [path for path in config.out.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


def test_max_cost_stops_the_study_and_raising_it_goes_on(tmp_path):
    prices = {"input": 100, "output": 1000}  # 0.02 an answer
    with faulty() as server:
        path = config_of(tmp_path, server.url, prices=prices, max_cost=0.1, concurrency=1, image={"longest_edge": 64})
        found = command("run", path, "--out", tmp_path / "small")
        assert found.returncode == 3, found.stderr
        assert found.stderr.startswith("editloupe: stopped at judge.max_cost: 0.")
        *_, advice = found.stderr.rstrip().partition("continue with: ")
        start, *pasted = shlex.split(advice)
        assert (start, pasted[:2]) == ("editloupe", ["run", str(tmp_path / "small")])
        assert found.stderr.count("\n") == 1
        assert (tmp_path / "small" / "report.json").exists()
        before = len(server.requests)
        found = command(*pasted)  # the folder keeps the old limit, so the printed command raises it
        assert found.returncode == 0, found.stderr
        assert 6 < len(server.requests) - before < 12
        assert "cost 0.2400 USD" in found.stdout


def test_check_says_what_it_would_cost(tmp_path):
    path = config_of(tmp_path, "http://127.0.0.1:9/v1", prices={"input": 1, "output": 2}, max_cost=5)
    found = command("check", path)
    assert found.returncode == 0, found.stderr
    assert "at most 12 questions, mode choice, 32 at a time" in found.stdout
    assert "tokens in, at most 12 out: at most about 0.0" in found.stdout
    assert "USD (max_cost 5)" in found.stdout
    assert not (tmp_path / "study").exists()


def test_a_probe_compares_two_judges_question_by_question(tmp_path):
    with faulty(score=lambda _: 7, spread=0.9999) as one, faulty(score=lambda _: 4, spread=0.9999) as two:
        (tmp_path / "b").mkdir()
        config = load_config(config_of(tmp_path, one.url))
        other = load_config(config_of(tmp_path / "b", two.url, model="judge-2"))
        found = probe_study(config, other, count=5)
        assert (len(one.requests), len(two.requests)) == (5, 5)
        assert found.questions == found.compared == 5
        assert found.equal == 0
        assert found.mean_difference == pytest.approx(10 / 3, abs=0.01)
        assert found.bias == pytest.approx(-10 / 3, abs=0.01)
        assert found.unreadable == (0, 0)
        assert overview(config.out)["probe"] == found.as_json()
        assert json.loads((config.out / "probe.json").read_text()) == found.as_json()
        probe_study(config, other, count=5)
        assert (len(one.requests), len(two.requests)) == (5, 5)  # both are recorded
        run_study(config)
        assert len(one.requests) == 12  # the probe's replies are the study's own
    assert not other.out.exists()
    assert probe_sentences(found)[1].startswith("equal 0 %")


def test_two_servers_of_one_model_are_both_asked(tmp_path):
    with faulty(score=lambda _: 7, spread=0.9999) as one, faulty(score=lambda _: 4, spread=0.9999) as two:
        (tmp_path / "b").mkdir()
        config, other = load_config(config_of(tmp_path, one.url)), load_config(config_of(tmp_path / "b", two.url))
        found = probe_study(config, other, count=3)
        assert (len(one.requests), len(two.requests)) == (3, 3)
        assert found.equal == 0
        run_study(config)
    assert min(scores(config)) > 7  # the second server's replies are not the study's


def test_a_probe_counts_what_cannot_be_read(tmp_path):
    always = {index: ["400", "400"] for index in range(100)}
    with faulty(score=lambda _: 7) as one, faulty(always) as two:
        (tmp_path / "b").mkdir()
        config = config_of(tmp_path, one.url)
        other = config_of(tmp_path / "b", two.url)
        found = command("probe", config, other, "--samples", 4)
    assert found.returncode == 3, found.stderr
    assert "0 of 4 questions have a score from both" in found.stdout
    assert "without a score: 0 by judge-1, 4 by judge-1" in found.stdout


@pytest.mark.slow
def test_the_embedded_judge_served_agrees_with_itself(tmp_path):
    """`transformers serve` started through `launch:`, probed against the same checkpoint in this process."""
    base = {
        "benchmark": {"name": "shapes", "limit": 6},
        "editors": [{"type": "procedural", "name": "careful", "skill": 0.8}],
        "out": "study",
    }
    serve = f"{sys.executable} {SERVING} serve {{model}} --host 127.0.0.1 --port {{port}} --device cpu"
    judges = {
        "here": {"model": "nano", "answer": "text", "max_new_tokens": 96},
        "wire": {
            "type": "openai", "model": str(NANO), "launch": serve, "answer": "text", "max_new_tokens": 96,
            "concurrency": 2, "json_schema": False,
        },
    }  # fmt: skip
    paths = {}
    for name, judge in judges.items():
        paths[name] = tmp_path / f"{name}.yaml"
        paths[name].write_text(yaml.safe_dump({**base, "judge": judge}))
    found = probe_study(load_config(paths["here"]), load_config(paths["wire"]), count=6)
    assert found.compared == 6
    assert found.equal == 1
    log = (tmp_path / "study" / "judge-server-0.log").read_text()
    assert log.count("POST /v1/chat/completions") == 6


def test_the_python_calls_use_the_stream(tmp_path):
    with faulty(score=lambda number: number % 10) as server:
        judge = load_judge(MODEL, engine="openai", base_url=server.url)
        image = (make_table(tmp_path, 1).parent / "source-0.png").read_bytes()
        found = judge.batch_score(
            edited_images=[image] * 4, system_prompts=[""] * 4, user_prompts=[f"Question {n}. Score?" for n in range(4)]
        )
        judge.close()
    assert found == [0, 1, 2, 3]


def test_an_audit_does_without_the_mode_that_a_server_does_not_have(tmp_path):
    with faulty(always="no-logprobs") as server:
        path = tmp_path / "config.yaml"
        data = {
            "benchmark": {"name": "shapes", "limit": 4},
            "editors": [{"type": "procedural", "skill": 0.5}],
            "judge": {"type": "openai", "model": MODEL, "base_url": server.url, "answer": "text"},
            "out": "study",
        }
        path.write_text(yaml.safe_dump(data))
        found = audit_study(load_config(path))
    assert found.n == 4
    assert found.stability.repeated.equal is not None
    assert (found.modes.other, found.modes.questions) == ("choice", 0)


def test_an_audit_ends_where_the_money_ends(tmp_path):
    with faulty() as server:
        prices = {"input": 100, "output": 1000}
        path = config_of(tmp_path, server.url, prices=prices, max_cost=0.1, concurrency=1, image={"longest_edge": 64})
        with pytest.raises(StudyStopped):
            run_study(load_config(path))
        found = command("audit", path)
    assert found.returncode == 3
    assert "stopped at judge.max_cost" in found.stderr


def test_an_interrupt_leaves_the_study_resumable(tmp_path):
    with faulty(latency=0.3) as server:
        path = config_of(tmp_path, server.url, count=100, concurrency=2)
        process = subprocess.Popen(
            [sys.executable, "-m", "editloupe", "run", str(path)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while len(server.requests) < 6 and time.monotonic() < deadline:
            time.sleep(0.05)
        process.send_signal(2)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130, errors
        assert "Traceback" not in errors
        assert len(server.requests) < 40
        server.latency = 0
        config = load_config(path, ["judge.concurrency=8"])
        results = run_study(config)
    assert all(one.score is not None for one in results.verdicts)
    assert len(server.requests) <= 200 + 4  # what was open at the interrupt is asked once more


def test_eight_answers_alike_stop_a_study_with_the_key_to_change_and_the_same_command_goes_on(tmp_path):
    """A wrong set-up costs eight answers and those that were on their way, and leaves nothing that lasts."""
    refused = {"error": {"message": "Unsupported value: 'temperature' does not support 0.0 with this model."}}
    mended, concurrency = [], 2

    def answer(_, completion):
        return (200, completion, {}) if mended else (400, refused, {})

    with faulty(answer=answer) as server:
        path = config_of(tmp_path, server.url, count=20, answer="text", json_schema=False, concurrency=concurrency)
        stopped = command("run", path)
        assert stopped.returncode == 2, stopped.stderr
        assert stopped.stderr.count("\n") == 1
        assert "8 questions failed in the same way and none went well" in stopped.stderr
        assert "Set judge.temperature to default" in stopped.stderr
        assert "Traceback" not in stopped.stdout + stopped.stderr
        assert 8 <= len(server.requests) <= 8 + concurrency
        out = tmp_path / "study"
        with sqlite3.connect(out / "ledger.sqlite") as ledger:
            assert ledger.execute("SELECT count(*) FROM outcomes WHERE stage = 'judge'").fetchone() == (0,)
        mended.append(True)
        paid = len(server.requests)
        again = command("run", path)
        assert again.returncode == 0, again.stderr
        assert "total  40 scores  0 failed" in again.stdout
        assert len(server.requests) == paid + 40
