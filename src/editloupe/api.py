"""The calls for Python programs that bring their own images and prompts: a judge as a function.

judge = editloupe.load_judge("Qwen/Qwen3-VL-30B-A3B-Instruct", batch_size=4)
score = judge.score(edited_image=image, system_prompt="...", user_prompt="...", original_image=before)
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from PIL import Image

from editloupe.batching import stream
from editloupe.errors import ConfigError, ImageError, ItemError, UnreadableReply, failure_from
from editloupe.images import picture_of
from editloupe.pixel_arrays import is_array, picture_from_array
from editloupe.plugins import find
from editloupe.protocols import Judge, StreamingJudge, adopted, made
from editloupe.records import Failure, ImageBytes, ImagePart, Picture, Question, Reply
from editloupe.rubrics.replies import read_score

__all__ = ["Judged", "LoadedJudge", "load_judge"]

ImageLike = Any
"""A PIL image, encoded bytes, a path, a data URL, or an array or tensor of uint8; see `picture_from_array`."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one edit.

    Attributes:
        score: None where there is none; `failure` then says why.
        reply: what the judge said, where it said something.
        failure: why there is no score.
    """

    score: float | None
    reply: Reply | None = None
    failure: Failure | None = None


class LoadedJudge:
    """A judge that scores images with the caller's own prompts; `load_judge` makes one, and a `with` closes it.

    Attributes:
        batch_size: questions per batch where a call does not say otherwise.
        low, high: the scale that replies are read on.
    """

    def __init__(self, judge: Judge, *, batch_size: int, low: float, high: float) -> None:
        self._judge = judge
        self.batch_size = batch_size
        self.low = low
        self.high = high

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def score(
        self,
        *,
        edited_image: ImageLike,
        system_prompt: str,
        user_prompt: str,
        original_image: ImageLike | None = None,
    ) -> float:
        """Score one edit.

        Args:
            edited_image: a PIL image, encoded bytes, a path, a data URL, or an array or tensor of uint8.
            system_prompt, user_prompt: what is asked; the reply may be a number, a line ``Score: x`` or a JSON object.
            original_image: shown before the edited image where given.

        Raises:
            UnreadableReply: no score can be read from the reply.
            ItemError: an image cannot be decoded, or the model failed.
        """
        question = _question(edited_image, system_prompt, user_prompt, original_image)
        (outcome,) = self._answers([question], 1)
        if isinstance(outcome, Failure):
            raise ItemError(outcome.message, kind=outcome.kind, retryable=outcome.retryable)
        return read_score(outcome, low=self.low, high=self.high)

    def batch_score(
        self,
        *,
        edited_images: Sequence[ImageLike],
        system_prompts: Sequence[str],
        user_prompts: Sequence[str],
        original_images: Sequence[ImageLike | None] | None = None,
        batch_size: int | None = None,
        use_batch_inference: bool = True,
    ) -> list[float | None]:
        """Score many edits in true batches.

        Args:
            edited_images, system_prompts, user_prompts: one of each per edit.
            original_images: likewise, where the edits are to be compared with them.
            batch_size: questions per batch; smaller ones follow by themselves when a batch fails.
            use_batch_inference: False asks one by one.

        Returns:
            One score per edit, in order; None where no score could be read or the item failed. `batch_replies` takes
            the same and says why.

        Raises:
            ConfigError: the lists differ in length, or the judge cannot work as it is set up.
        """
        judged = self.batch_replies(
            edited_images=edited_images,
            system_prompts=system_prompts,
            user_prompts=user_prompts,
            original_images=original_images,
            batch_size=batch_size,
            use_batch_inference=use_batch_inference,
        )
        return [sample.score for sample in judged]

    def batch_replies(
        self,
        *,
        edited_images: Sequence[ImageLike],
        system_prompts: Sequence[str],
        user_prompts: Sequence[str],
        original_images: Sequence[ImageLike | None] | None = None,
        batch_size: int | None = None,
        use_batch_inference: bool = True,
    ) -> list[Judged]:
        """Score many edits as `batch_score` does, and say of each what the judge said or why there is no score.

        Args:
            edited_images, system_prompts, user_prompts, original_images, batch_size, use_batch_inference: as there.

        Returns:
            One record per edit, in order.

        Raises:
            ConfigError: the lists differ in length, or the judge cannot work as it is set up.
        """
        originals = [None] * len(edited_images) if original_images is None else list(original_images)
        lengths = {len(edited_images), len(system_prompts), len(user_prompts), len(originals)}
        if len(lengths) != 1:
            raise ConfigError(
                f"there are {len(edited_images)} edited images, {len(system_prompts)} system prompts, "
                f"{len(user_prompts)} user prompts and {len(originals)} original images; give as many of each"
            )
        judged: dict[int, Judged] = {}
        asked: list[tuple[int, Question]] = []
        for index, parts in enumerate(zip(edited_images, system_prompts, user_prompts, originals, strict=True)):
            try:
                asked.append((index, _question(*parts)))
            except ItemError as error:  # an unreadable image has no score, and takes none of the others with it
                judged[index] = Judged(None, failure=failure_from(error, "sample"))
        size = (batch_size or self.batch_size) if use_batch_inference else 1
        outcomes = self._answers([question for _, question in asked], size)
        judged |= {index: self._judged(outcome) for (index, _), outcome in zip(asked, outcomes, strict=True)}
        return [judged[index] for index in range(len(edited_images))]

    def close(self) -> None:
        """Drop the model and give its memory back."""
        self._judge.close()

    def _judged(self, outcome: Reply | Failure) -> Judged:
        if isinstance(outcome, Failure):
            return Judged(None, failure=outcome)
        try:
            return Judged(read_score(outcome, low=self.low, high=self.high), outcome)
        except UnreadableReply as error:
            return Judged(None, outcome, replace(failure_from(error, "score"), reply=outcome.text))

    def _answers(self, questions: Sequence[Question], size: int) -> list[Reply | Failure]:
        outcomes: dict[int, Reply | Failure] = {}
        numbered = list(enumerate(questions))
        if isinstance(self._judge, StreamingJudge):
            for answered in self._judge.stream(questions):
                outcomes.update({index: outcome for index, outcome, _ in answered})
            return [outcomes[index] for index in range(len(questions))]
        for batch in stream(
            numbered, lambda items: self._judge.answer([question for _, question in items]), size=size, stage="judge"
        ):
            outcomes.update({done.item[0]: done.outcome for done in batch})
        return [outcomes[index] for index in range(len(questions))]


def load_judge(
    model: str,
    *,
    batch_size: int = 4,
    engine: str = "transformers",
    low: float = 0.0,
    high: float = 10.0,
    **options: Any,
) -> LoadedJudge:
    """Make a judge; its weights are loaded by the first question.

    Args:
        model: hub id, folder, or ``nano``.
        batch_size: questions per batch.
        engine: the kind of judge.
        low, high: the scale that replies are read on.
        options: further options of the engine, as in the config (``max_new_tokens``, ``dtype``, ...).

    Raises:
        ConfigError: unknown engine or option.
    """
    plugin = adopted(Judge, find("judges", engine), engine)
    known = plugin.Options.keys()
    for name in options:
        if name not in known:
            raise ConfigError(f"the judge {engine!r} has no option {name!r}; it has: {', '.join(sorted(known))}")
    judge = made(Judge, plugin, plugin.Options.model_validate({"model": model, **options}), engine)
    return LoadedJudge(judge, batch_size=batch_size, low=low, high=high)


def _question(edited: ImageLike, system: str, user: str, original: ImageLike | None) -> Question:
    images = [ImagePart("source", _picture(original))] if original is not None else []
    images.append(ImagePart("edited", _picture(edited)))
    return Question(system, tuple(images), user)


def _picture(image: ImageLike) -> Picture:
    """What a caller has as a picture.

    Raises:
        ImageError: it is none that is taken here; the message says what is.
    """
    if is_array(image):
        return picture_of(picture_from_array(image))
    if isinstance(image, bytearray | memoryview):
        return ImageBytes(bytes(image))
    if isinstance(image, str) and image.startswith("data:"):
        return ImageBytes(_from_data_url(image))
    if not isinstance(image, Image.Image | bytes | str | Path):
        raise ImageError(
            f"{type(image).__name__} is no image; give a PIL image, encoded bytes, a path, a data URL, or a uint8 array"
        )
    return picture_of(image)


def _from_data_url(url: str) -> bytes:
    head, comma, data = url.partition(",")
    try:
        if not comma or not head.endswith(";base64"):
            raise ValueError("it is not base64")
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise ImageError(f"the data URL {url[:40]!r} cannot be read: {error}", kind="not-base64") from error
