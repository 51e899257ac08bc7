"""One question that is asked before any client's: the judge is loaded by it, and shows that it answers at all."""

from __future__ import annotations

import logging
import math
from itertools import islice

from editloupe.benchmarks.shapes import Shapes
from editloupe.config.parts import StudyConfig
from editloupe.errors import UnreadableReply
from editloupe.images import encode_png
from editloupe.records import AnswerFormat, Failure, ImageBytes, ImagePart, Question, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.serve.batcher import Batcher, Closing, Full
from editloupe.shapes.drawing import image
from editloupe.shapes.scene import Scene
from editloupe.store.blobs import NoStore
from editloupe.store.keys import digest_of

__all__ = ["ask_canary"]

log = logging.getLogger(__name__)

PATIENCE = 3600.0
"""Seconds that loading a large checkpoint may take."""

RIGHT = 8.0
"""The embedded judge gives a perfect edit of its own world at least so much, and an untouched picture half at most."""


def ask_canary(config: StudyConfig, batcher: Batcher) -> str:
    """Ask, and say what is wrong with the reply; empty where nothing is.

    The embedded judge is shown a perfect edit and an untouched picture, whose scores are known to lie apart. From any
    other judge a well-formed reply is enough, which says nothing about its scores.
    """
    nano = getattr(config.judge.options, "model", "") == "nano"
    sample, perfect = _task()
    questions = _known(config, sample, perfect) if nano else [_plain(config, sample, perfect)]
    try:
        futures = batcher.submit([(digest_of("canary", index), question) for index, question in enumerate(questions)])
        outcomes = [future.result(PATIENCE) for future in futures]
    except (Full, Closing, TimeoutError) as error:
        return f"the canary question was not answered: {error or type(error).__name__}"
    for outcome in outcomes:
        if isinstance(outcome, Failure):
            return f"the canary question failed ({outcome.kind}): {outcome.message.splitlines()[0][:300]}"
        if problem := _malformed(outcome, choice=config.mode == "choice"):
            return f"the canary's reply is malformed: {problem}"
    if nano:
        return _wrong([reply for reply in outcomes if isinstance(reply, Reply)], sample)
    return ""


def _task() -> tuple[Sample, ImageBytes]:
    """A drawn task and its right result."""
    (sample,) = islice(Shapes(Shapes.Options()).samples(NoStore()), 1)
    return sample, ImageBytes(encode_png(image(Scene.from_json(sample.extra["correct"]))))


def _known(config: StudyConfig, sample: Sample, perfect: ImageBytes) -> list[Question]:
    rubric = load_rubric("shapes")
    return [
        question
        for edited in (perfect, sample.sources[0])
        for question in rubric.questions(sample, edited, mode=config.mode).values()
    ]


def _plain(config: StudyConfig, sample: Sample, perfect: ImageBytes) -> Question:
    answer = AnswerFormat()
    if config.mode == "choice":
        answer = AnswerFormat("choice", config.rubric.choice.labels, config.rubric.choice.begin)
    context = (ImagePart("source", sample.sources[0]), ImagePart("edited", perfect), f"Asked: {sample.instruction}")
    return Question("", context, 'How good is the edit, from 0 to 10? JSON: {"score": 0-10}', answer)


def _malformed(reply: Reply, *, choice: bool) -> str:
    if not choice:
        return "" if reply.text or reply.reply_tokens else "it is empty"
    chances = list((reply.labels or {}).values())
    if not chances or not all(math.isfinite(chance) and 0 <= chance <= 1 for chance in chances):
        return "its probabilities are none"
    return ""


def _wrong(replies: list[Reply], sample: Sample) -> str:
    rubric = load_rubric("shapes")
    try:
        perfect, untouched = (rubric.score("shapes", reply, sample, min_label_mass=0.0) for reply in replies)
    except UnreadableReply as error:
        return f"the embedded judge's canary cannot be read: {error}"
    if perfect < RIGHT or untouched > RIGHT / 2:
        return f"the embedded judge gave a perfect edit {perfect:g} and an untouched picture {untouched:g}"
    return ""
