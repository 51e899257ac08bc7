"""What all ways of judging are measured on: samples with several edits each, and the questions about them."""

from __future__ import annotations

import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from PIL import Image, ImageEnhance, ImageOps

from editloupe.benchmarks.loading import load_samples
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.images import decode
from editloupe.records import ImageBytes, Picture, Question, Sample
from editloupe.rubrics.rubric import Rubric
from editloupe.store.blobs import NoStore

__all__ = [
    "ASKS",
    "EDITORS",
    "EditedSample",
    "edited_samples",
    "first_questions",
    "never_seen",
    "questions_about_all_edits",
]

EDITORS = 4

ASKS = (
    "How well does the edit do what was asked? One digit.",
    "How well is everything else kept as it was? One digit.",
    "How natural does the edited picture look? One digit.",
)
"""Three metrics of at most 40 tokens, for what sharing a context between metrics is worth."""

CORNER = 16
"""Side in pixels of the noise that makes a picture new: enough for every cache, too little for the size of its file."""


@dataclass(frozen=True, slots=True)
class EditedSample:
    """A sample with the edits of `EDITORS` made-up editors, as encoded files, so that decoding is measured too."""

    sample: Sample
    edits: tuple[ImageBytes, ...]


def edited_samples(config: StudyConfig, count: int, size: int | None) -> list[EditedSample]:
    """Make the work from the pictures and instructions of a benchmark.

    Args:
        config: names the benchmark.
        count: how many samples; where the benchmark has fewer, each is used several times.
        size: side of all images; as they are where None.

    Raises:
        ConfigError: the benchmark has no usable sample.
    """
    benchmark = config.benchmark.make()
    usable = [sample for sample in load_samples(config.benchmark, benchmark, NoStore()) if sample.failure is None]
    if not usable:
        raise ConfigError(f"the benchmark {benchmark.name!r} has no usable sample")
    return [_edited(usable[index % len(usable)], 1 + index / count, size) for index in range(count)]


def first_questions(rubric: Rubric, work: Sequence[EditedSample], mode: Literal["text", "choice"]) -> list[Question]:
    """The rubric's first question about the first edit of each sample."""
    return [_first_question(rubric, edited.sample, edited.edits[0], mode) for edited in work]


def questions_about_all_edits(rubric: Rubric, work: Sequence[EditedSample]) -> list[Question]:
    """The first question about all edits of fewer samples, about as many questions in all; mode ``choice``."""
    return [
        _first_question(rubric, edited.sample, edit, "choice")
        for edited in work[: max(1, len(work) // EDITORS)]
        for edit in edited.edits
    ]


def never_seen(work: Sequence[EditedSample]) -> list[EditedSample]:
    """The same work on pictures that nobody has seen: a corner of each is noise, and drawn anew at each call."""
    return [
        EditedSample(
            replace(edited.sample, sources=tuple(map(_anew, edited.sample.sources))), tuple(map(_anew, edited.edits))
        )
        for edited in work
    ]


def _first_question(rubric: Rubric, sample: Sample, edit: ImageBytes, mode: Literal["text", "choice"]) -> Question:
    return next(iter(rubric.questions(sample, edit, mode=mode).values()))


def _edited(sample: Sample, colour: float, size: int | None) -> EditedSample:
    """No two samples share a picture, or what is remembered about one would help with the other: `colour` differs."""
    image = decode(sample.sources[0])
    if size is not None:
        image = ImageOps.fit(image, (size, size))
    image = ImageEnhance.Color(image).enhance(colour)
    edits = [ImageEnhance.Brightness(image).enhance(0.4 + 0.15 * number) for number in range(EDITORS)]
    return EditedSample(replace(sample, sources=(_encoded(image),)), tuple(_encoded(edit) for edit in edits))


def _anew(picture: Picture) -> ImageBytes:
    image = decode(picture).copy()
    side = min(CORNER, *image.size)
    image.paste(Image.frombytes("RGB", (side, side), secrets.token_bytes(3 * side * side)))
    return _encoded(image)


def _encoded(image: Image.Image) -> ImageBytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return ImageBytes(buffer.getvalue())
