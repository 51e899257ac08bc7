"""A study without models, for what is about the study itself: an editor and a judge that answer at once."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import yaml
from PIL import Image

from editloupe import plugins
from editloupe.config.parts import EditorPart, JudgePart, load_config
from editloupe.protocols import Editor, Judge
from editloupe.records import Reply
from worlds import CATEGORIES

SHADES = (0, 1, 0)
"""Of the editors: the first and the third make the same edits."""


class Instant(Editor):
    """A plain picture, another one for each seed; editors of one shade are the same."""

    class Options(plugins.Options):
        """Options of the config."""

        shade: int = 0

    def __init__(self, options):
        self.shade = options.shade
        self.signature = f"instant {options.shade}"

    def edit(self, requests):
        return [Image.new("RGB", (40, 40), (request.seed % 251, self.shade, 9)) for request in requests]


class Oracle(Judge):
    """A score that depends on the question's words, and a list of all questions."""

    name = "oracle"
    signature = "oracle"
    decoding = ""
    deterministic = True
    asked: list = []  # noqa: RUF012 - of all oracles of a test

    class Options(plugins.Options):
        """There is nothing to choose."""

    def __init__(self, options):
        del options

    def answer(self, questions):
        Oracle.asked += [question.ask for question in questions]
        return [Reply(json.dumps({"score": hashlib.sha256(one.ask.encode()).digest()[0] % 11})) for one in questions]


def make_instant(folder, samples=6, **changes):
    """The table and the config of such a study."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(samples):
        pixels = np.full((40, 40, 3), number % 7, np.uint8)
        Image.fromarray(pixels).save(folder / f"{number % 7}.png")
        row = {"id": f"s{number}", "image": f"{number % 7}.png", "instruction": f"Do {number}."}
        rows.append(json.dumps({**row, "category": CATEGORIES[number % 3]}))
    (folder / "table.jsonl").write_text("\n".join(rows))
    settings = {
        "benchmark": {"path": "table.jsonl"},
        "editors": [{"type": "identity"}],
        "judge": {"type": "openai", "base_url": "http://localhost:1/v1", "model": "replaced"},
        "rubric": {"name": "reasoning", "metrics": ["reasoning", "consistency"]},
        "out": "study",
        **changes,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(settings))
    return folder / "config.yaml"


def instant(path, names=("first", "second"), batch_size=4):
    """The config with the two in the places of its editors and judge; nothing asked so far is remembered."""
    Oracle.asked = []
    config = load_config(path)
    editors = tuple(
        EditorPart(
            type="instant", name=name, plugin=Instant, options=Instant.Options(shade=shade), batch_size=batch_size
        )
        for name, shade in zip(names, SHADES, strict=False)
    )
    judge = JudgePart(type="oracle", plugin=Oracle, options=Oracle.Options(), batch_size=batch_size, answer="text")
    return config.model_copy(update={"editors": editors, "judge": judge})
