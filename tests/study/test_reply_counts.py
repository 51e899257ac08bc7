"""How many replies a study loses, and to what, is a figure of its report, with or without an audit."""

import itertools
import json
from collections import Counter

import pytest

from editloupe.audit.audit import audit_study
from editloupe.config.parts import load_config
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import Failure, Reply
from editloupe.study import run_study
from overview import overview
from worlds import make_config, make_table

SAID = [
    Reply('{"score": 7}'),
    Reply('```json\n{"score": 7}\n```'),
    Reply("<think>\nScore: 9\n</think>\nScore: 7"),
    Reply("7"),
    Reply("It is rather good."),
    Reply('{"score": 7'),
    Reply("Score: 7", "length"),
    Reply("Score: 7", "unknown"),
    Failure("judge", "truncated", "the limit was spent", reply="Let me see."),
    Reply("<think>9</think>Hm.\nScore: 7"),
    Reply('{"score": 7}\n{"score": 8}'),
    Reply("Fine, 3 of 3.\n评分：7"),
]


@pytest.fixture
def config(tmp_path, tiny_checkpoint, monkeypatch):
    table = make_table(tmp_path / "data", 12)
    rows = [json.loads(line) | {"label": number} for number, line in enumerate(table.read_text().splitlines())]
    table.write_text("\n".join(map(json.dumps, rows)))
    replies = itertools.cycle(SAID)
    monkeypatch.setattr(TransformersJudge, "answer", lambda _self, asked: [next(replies) for _ in asked])
    return load_config(make_config(tmp_path, tiny_checkpoint, table, editors=["identity"]))


def counted(found):
    read = {one["form"]: one["count"] for one in found["read"]}
    return read, {(one["stage"], one["kind"]): one["count"] for one in found["lost"]}


def test_replies_are_counted_by_form_and_by_what_they_are_lost_to(config):
    run_study(config)
    found = json.loads((config.out / "report.json").read_text())["replies"]
    assert (found["asked"], found["thoughts"]) == (12, 2)
    read, lost = counted(found)
    assert read == {"score-line": 3, "json": 1, "fence": 1, "number": 1}
    assert lost == {
        ("score", "truncated"): 2,
        ("judge", "truncated"): 1,
        ("score", "prose"): 1,
        ("score", "bad-json"): 1,
        ("score", "two-scores"): 1,
    }
    assert [one["count"] for one in found["read"]] == [3, 1, 1, 1]  # the commonest first
    prose = next(one for one in found["lost"] if one["kind"] == "prose")
    assert prose["examples"][0]["words"] == "It is rather good."
    assert "no JSON object" in prose["examples"][0]["message"]
    limit = next(one for one in found["lost"] if one["stage"] == "judge")
    assert limit["examples"][0] | {"sample": ""} == {
        "editor": "identity",
        "sample": "",
        "question": "reasoning",
        "words": "Let me see.",
        "message": "the limit was spent",
    }
    page = overview(config.out)["replies"]
    assert Counter({one["name"]: one["count"] for one in page["read"]}) == Counter(read)


def test_an_audit_holds_the_same_figures(config):
    found = audit_study(config)
    report = json.loads((config.out / "report.json").read_text())
    assert (
        found.replies.as_json() == report["replies"] == json.loads((config.out / "audit.json").read_text())["replies"]
    )
    assert counted(report["replies"])[0]["score-line"] == 3
