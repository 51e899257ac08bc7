"""How good a judge is on worlds that training never drew: procedural editors, the judge's replies, the truth."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from editloupe.benchmarks.shapes import Shapes
from editloupe.editors.procedural import Procedural, resulting_scene, true_score
from editloupe.errors import UnreadableReply
from editloupe.images import encode_png
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import ImageBytes, Question, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import Rubric
from editloupe.shapes.drawing import image
from editloupe.statistics.agreement import Agreement, agreement
from editloupe.store.blobs import NoStore

__all__ = ["EDITORS", "Verdict", "agreements", "in_order", "judged", "readable"]

EDITORS: Mapping[str, float | None] = {"skill 1.0": 1.0, "skill 0.6": 0.6, "identity": None}
"""The editors by name, best first; None changes nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the judge said about one edit, and the truth.

    Attributes:
        editor, sample, category, seed: which edit of which world.
        score: as read; None where the reply could not be read.
        truth: 0 to 10.
        reply: verbatim.
    """

    editor: str
    sample: str
    category: str
    seed: int
    score: float | None
    truth: float
    reply: str


def judged(
    judge: TransformersJudge,
    seed: int,
    *,
    per_category: int | None = None,
    mode: Literal["text", "choice"] = "text",
    batch_size: int = 64,
) -> list[Verdict]:
    """Judge the edits of one world by all editors.

    Args:
        judge: the judge.
        seed: of the world.
        per_category: how many samples of each category; all where None.
        mode: of the answer.
        batch_size: questions at a time.
    """
    rubric = load_rubric("shapes")
    edits = list(_edits(rubric, seed, per_category, mode))
    replies: list[Reply] = []
    for start in range(0, len(edits), batch_size):
        replies += judge.answer([question for _, _, _, question in edits[start : start + batch_size]])
    verdicts = []
    for (editor, sample, true, _), reply in zip(edits, replies, strict=True):
        try:
            score = rubric.score("shapes", reply, sample, min_label_mass=0.5)
        except UnreadableReply:
            score = None
        verdicts.append(Verdict(editor, sample.id, sample.category, seed, score, true, reply.text))
    return verdicts


def agreements(verdicts: Sequence[Verdict]) -> dict[str, Agreement]:
    """Compare judge and truth: all editors, each editor alone, and each category (all editors, skill 0.6 alone)."""
    parts = {"all editors": list(verdicts)}
    for name in EDITORS:
        parts[name] = [verdict for verdict in verdicts if verdict.editor == name]
    for category in dict.fromkeys(verdict.category for verdict in verdicts):
        parts[category] = [verdict for verdict in verdicts if verdict.category == category]
        parts[f"skill 0.6, {category}"] = [verdict for verdict in parts[category] if verdict.editor == "skill 0.6"]
    return {name: _agreement(part) for name, part in parts.items()}


def readable(verdicts: Sequence[Verdict]) -> float:
    """Return the share of replies from which a score could be read."""
    return sum(verdict.score is not None for verdict in verdicts) / len(verdicts)


def in_order(verdicts: Sequence[Verdict]) -> bool:
    """Return whether the mean scores put the editors in their true order."""
    means = []
    for name in EDITORS:
        scores = [verdict.score for verdict in verdicts if verdict.editor == name and verdict.score is not None]
        means.append(sum(scores) / len(scores))
    return means == sorted(means, reverse=True) and len(set(means)) == len(means)


def _edits(
    rubric: Rubric, seed: int, per_category: int | None, mode: Literal["text", "choice"]
) -> Iterator[tuple[str, Sample, float, Question]]:
    for sample in _first(Shapes(Shapes.Options(seed=seed)).samples(NoStore()), per_category):
        noise = random.Random(f"{seed}/{sample.id}").randrange(2**31)
        for name, skill in EDITORS.items():
            options = None if skill is None else Procedural.Options(skill=skill)
            edited = sample.sources[0]
            if options is not None:
                edited = ImageBytes(encode_png(image(resulting_scene(sample, options, noise)[0])))
            question = rubric.questions(sample, edited, mode=mode)["shapes"]
            yield name, sample, true_score(sample, options, noise), question


def _first(samples: Iterable[Sample], per_category: int | None) -> Iterator[Sample]:
    seen: dict[str, int] = {}
    for sample in samples:
        seen[sample.category] = seen.get(sample.category, 0) + 1
        if per_category is None or seen[sample.category] <= per_category:
            yield sample


def _agreement(verdicts: Sequence[Verdict]) -> Agreement:
    known = [(verdict, verdict.score) for verdict in verdicts if verdict.score is not None]
    return agreement(
        [score for _, score in known],
        [verdict.truth for verdict, _ in known],
        [f"{verdict.seed}/{verdict.sample}" for verdict, _ in known],
        seed=0,
    )
