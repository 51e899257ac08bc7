"""From a question to the tokens that the model sees, on the CPU and without decoding more images than needed.

A `Prompt` is what the checkpoint's own processor makes of the question, token for token; only the order of work
differs: the number of an image's tokens follows from its size alone, so lengths are known before anything is decoded.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from editloupe.errors import ConfigError
from editloupe.judges.conversation import conversation
from editloupe.judges.qwen.patches import PatchMaker
from editloupe.judges.sampling import Thinking
from editloupe.judges.turns import Turns
from editloupe.records import ImageBytes, Picture, Question

__all__ = ["PlacedImage", "Prompt", "PromptMaker"]

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image of a prompt: its picture, where its tokens start, how many they are, and its grid of patches."""

    picture: Picture
    name: str
    start: int
    tokens: int
    grid: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Prompt:
    """A question as tokens.

    Attributes:
        ids: (L,) token ids, image placeholders repeated.
        content: (L,) the same with each image's placeholders replaced by a number that stands for its pixels, so that
            two prompts are equal exactly as far as their contents are.
        positions: (3, L) temporal, vertical and horizontal positions (M-RoPE).
        next_position: of the first token that follows.
        images: in order.
        opened: whether the reply begins inside thoughts.
    """

    ids: Ints = field(repr=False)
    content: Ints = field(repr=False)
    positions: Ints = field(repr=False)
    next_position: int
    images: tuple[PlacedImage, ...]
    opened: bool = False

    def followed_by(self, tokens: Sequence[int]) -> Prompt:
        """The same prompt with further tokens of text behind it."""
        more = np.asarray(tokens, dtype=np.int64)
        counted = np.arange(self.next_position, self.next_position + len(more))
        return Prompt(
            np.concatenate([self.ids, more]),
            np.concatenate([self.content, more]),
            np.concatenate([self.positions, np.broadcast_to(counted, (3, len(more)))], axis=1),
            self.next_position + len(more),
            self.images,
        )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays, and of the encoded pictures where they are held in memory."""
        pictures = sum(len(image.picture.data) for image in self.images if isinstance(image.picture, ImageBytes))
        return self.ids.nbytes + self.content.nbytes + self.positions.nbytes + pictures


class PromptMaker:
    """Makes prompts for one checkpoint.

    Args:
        processor: the checkpoint's, with Pillow's image processor.
        longest_edge: images are shrunk to it first; None leaves that to the checkpoint's own rule.
        thinking: what the chat template is told.
    """

    def __init__(self, processor: Any, longest_edge: int | None, thinking: Thinking = "auto") -> None:
        self.turns = Turns(processor.tokenizer, processor.chat_template, thinking)
        self._thinking = thinking
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self.pictures = PatchMaker(processor.image_processor, longest_edge)
        self._image_token = processor.image_token_id
        self._names: dict[str, int] = {}
        self._lock = threading.Lock()

    def prompt(self, question: Question) -> Prompt:
        """Tokenize a question; reads the headers of its images, not their pixels.

        Text from data stays text: control tokens in it are encoded as ordinary characters.

        Raises:
            ImageError: an image is missing or refused.
            ConfigError: the chat template does not let the reply begin where it has to.
        """
        begin = question.answer.begin if self._thinking != "on" else ""  # thoughts come first, and it is added then
        turn = self.turns.begun(begin) if begin else self.turns.written()
        asked = conversation(question, lambda _picture: {})
        short: list[int] = self.tokenizer.apply_chat_template(
            asked if begin and turn.own is None else [message for message in asked if message["role"] != "assistant"],
            chat_template=self.processor.chat_template,
            tokenize=True,
            return_dict=False,
            add_generation_prompt=not begin and turn.own is None,
            continue_final_message=bool(begin) and turn.own is None,
            sanitize_control_tokens=True,
            **self.turns.settings,
        )
        if turn.own is not None:
            short = [*short, *self.tokenizer(turn.own, add_special_tokens=False)["input_ids"]]
        if begin and not self.tokenizer.decode(short[-len(begin) :]).endswith(begin):
            raise ConfigError(
                f"the chat template of this checkpoint does not end the prompt with {begin!r}; set judge.answer to text"
            )
        return self._placed(short, question.images, opened=turn.opened)

    def _placed(self, short: Sequence[int], pictures: Sequence[Picture], *, opened: bool) -> Prompt:
        merge = self.pictures.merge
        ids: list[int] = []
        images: list[PlacedImage] = []
        remaining = iter(pictures)
        for token in short:
            if token != self._image_token:
                ids.append(token)
                continue
            picture = next(remaining)
            rows, columns = self.pictures.grid(picture)
            count = rows * columns // merge**2
            images.append(PlacedImage(picture, picture.sha256, len(ids), count, (rows, columns)))
            ids += [token] * count
        whole = np.asarray(ids, dtype=np.int64)
        content = whole.copy()
        positions, following = _positions(len(ids), images, merge)
        for image in images:
            content[image.start : image.start + image.tokens] = -1 - self._number(image.name)
        return Prompt(whole, content, positions, following, tuple(images), opened)

    def _number(self, name: str) -> int:
        with self._lock:
            return self._names.setdefault(name, len(self._names))


def _positions(length: int, images: Sequence[PlacedImage], merge: int) -> tuple[Ints, int]:
    """M-RoPE positions (Qwen2-VL, Wang et al. 2024, section 2.1): text counts on, an image spans a grid."""
    positions = np.empty((3, length), dtype=np.int64)
    at = following = 0
    for image in images:
        text = image.start - at
        positions[:, at : image.start] = np.arange(following, following + text)
        following += text
        rows, columns = image.grid[0] // merge, image.grid[1] // merge
        span = slice(image.start, image.start + image.tokens)
        positions[0, span] = following
        positions[1, span] = following + np.repeat(np.arange(rows), columns)
        positions[2, span] = following + np.tile(np.arange(columns), rows)
        following += max(rows, columns)
        at = image.start + image.tokens
    positions[:, at:] = np.arange(following, following + length - at)
    return positions, following + length - at
