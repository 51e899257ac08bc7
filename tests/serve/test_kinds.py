"""Every kind of failure that the service gives stands in its page, with what an optimiser is to do."""

import ast
from pathlib import Path

import editloupe.serve

ROOT = Path(__file__).parent.parent.parent
PLACE = {"Failure": 1, "Refused": 1, "failed": 1}


def kinds():
    for path in Path(editloupe.serve.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                given = [one.value for one in node.keywords if one.arg == "kind"]
                place = PLACE.get(getattr(node.func, "id", ""))
                given += node.args[place : place + 1] if place is not None else []
                yield from (one.value for one in given if isinstance(one, ast.Constant))


def test_every_kind_is_described():
    page = (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    found = set(kinds())
    assert {"queue-full", "bad-item", "deadline", "unauthorized"} <= found
    assert {kind for kind in found if f"`{kind}`" not in page} == set()
