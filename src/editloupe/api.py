"""The calls for Python programs that bring their own images and prompts: a judge as a function.

judge = editloupe.load_judge("Qwen/Qwen3-VL-30B-A3B-Instruct", batch_size=4)
score = judge.score(edited_image=image, system_prompt="...", user_prompt="...", original_image=before)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from editloupe.batching import stream
from editloupe.errors import ConfigError, ItemError, UnreadableReply
from editloupe.images import picture_of
from editloupe.plugins import find
from editloupe.protocols import StreamingJudge
from editloupe.records import Failure, ImagePart, Question, Reply
from editloupe.rubrics.replies import read_score

__all__ = ["LoadedJudge", "load_judge"]

ImageLike = Image.Image | bytes | str | Path


class LoadedJudge:
    """A judge that scores images with the caller's own prompts; `load_judge` makes one.

    Attributes:
        batch_size: questions per batch where a call does not say otherwise.
        low, high: the scale that replies are read on.
    """

    def __init__(self, judge: Any, *, batch_size: int, low: float, high: float) -> None:
        self._judge = judge
        self.batch_size = batch_size
        self.low = low
        self.high = high

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
            edited_image: pixels, encoded bytes, or a path.
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
            One score per edit, in order; None where no score could be read or the item failed.

        Raises:
            ConfigError: the lists differ in length.
        """
        originals = [None] * len(edited_images) if original_images is None else list(original_images)
        lengths = {len(edited_images), len(system_prompts), len(user_prompts), len(originals)}
        if len(lengths) != 1:
            raise ConfigError(
                f"there are {len(edited_images)} edited images, {len(system_prompts)} system prompts, "
                f"{len(user_prompts)} user prompts and {len(originals)} original images; give as many of each"
            )
        scores: list[float | None] = [None] * len(edited_images)
        asked: list[tuple[int, Question]] = []
        for index, parts in enumerate(zip(edited_images, system_prompts, user_prompts, originals, strict=True)):
            try:
                asked.append((index, _question(*parts)))
            except ItemError:
                continue  # an unreadable image has no score
        size = (batch_size or self.batch_size) if use_batch_inference else 1
        outcomes = self._answers([question for _, question in asked], size)
        for (index, _), outcome in zip(asked, outcomes, strict=True):
            if isinstance(outcome, Reply):
                try:
                    scores[index] = read_score(outcome, low=self.low, high=self.high)
                except UnreadableReply:
                    scores[index] = None
        return scores

    def close(self) -> None:
        """Drop the model and give its memory back."""
        self._judge.close()

    def _answers(self, questions: Sequence[Question], size: int) -> list[Reply | Failure]:
        outcomes: dict[int, Reply | Failure] = {}
        numbered = list(enumerate(questions))
        if isinstance(self._judge, StreamingJudge):
            for answered in self._judge.stream(questions):
                outcomes.update({index: outcome for index, outcome, _ in answered})
            return [outcomes[index] for index in range(len(questions))]
        for batch in stream(
            numbered, lambda items: self._judge.answer([one for _, one in items]), size=size, stage="judge"
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
    plugin = find("judges", engine)
    known = plugin.Options.keys()
    for name in options:
        if name not in known:
            raise ConfigError(f"the judge {engine!r} has no option {name!r}; it has: {', '.join(sorted(known))}")
    made = plugin(plugin.Options.model_validate({"model": model, **options}))
    return LoadedJudge(made, batch_size=batch_size, low=low, high=high)


def _question(edited: ImageLike, system: str, user: str, original: ImageLike | None) -> Question:
    images = [ImagePart("source", picture_of(original))] if original is not None else []
    images.append(ImagePart("edited", picture_of(edited)))
    return Question(system, tuple(images), user)
