"""From a question to the tokens that the model sees, on the CPU and without decoding more images than needed.

A `Prompt` is what the checkpoint's own processor makes of the question, token for token; only the order of work
differs: the number of an image's tokens follows from its size alone, so lengths are known before anything is decoded,
and an image that occurs in several questions is decoded and cut into patches once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from editloupe.errors import ImageError
from editloupe.images import decode, dimensions, fit, fitted_size
from editloupe.judges.conversation import conversation
from editloupe.records import Picture, Question

__all__ = ["LastUsed", "PlacedImage", "Prompt", "PromptMaker"]

Ints = NDArray[np.int64]
Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

PATCHES_KEPT = 256 * 2**20
"""Bytes of image patches that are kept between questions."""


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
    """

    ids: Ints = field(repr=False)
    content: Ints = field(repr=False)
    positions: Ints = field(repr=False)
    next_position: int
    images: tuple[PlacedImage, ...]

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def nbytes(self) -> int:
        """Memory of the arrays."""
        return self.ids.nbytes + self.content.nbytes + self.positions.nbytes


class LastUsed(Generic[Key, Value]):
    """The values used last, up to a number of bytes; safe to use from several threads."""

    def __init__(self, room: int, size: Callable[[Value], int]) -> None:
        self._room = room
        self._size = size
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._used = 0
        self._lock = threading.Lock()

    def get(self, key: Key) -> Value | None:
        """The value, which now counts as used, or None."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        """Keep a value, and drop those not used for longest where there is no room."""
        with self._lock:
            if key in self._values:
                return
            self._values[key] = value
            self._used += self._size(value)
            while self._used > self._room and len(self._values) > 1:
                _, dropped = self._values.popitem(last=False)
                self._used -= self._size(dropped)

    def clear(self) -> None:
        """Drop everything."""
        with self._lock:
            self._values.clear()
            self._used = 0


class PromptMaker:
    """Makes prompts for one checkpoint.

    Args:
        processor: the checkpoint's, with Pillow's image processor.
        longest_edge: images are shrunk to it first; None leaves that to the checkpoint's own rule.
    """

    def __init__(self, processor: Any, longest_edge: int | None) -> None:
        self.processor = processor
        self.tokenizer = processor.tokenizer
        self._longest_edge = longest_edge
        self._image_token = processor.image_token_id
        self._patches: LastUsed[str, NDArray[np.float32]] = LastUsed(PATCHES_KEPT, lambda value: value.nbytes)
        self._names: dict[str, int] = {}
        self._lock = threading.Lock()

    def prompt(self, question: Question) -> Prompt:
        """Tokenize a question; reads the headers of its images, not their pixels.

        Text from data stays text: control tokens in it are encoded as ordinary characters.

        Raises:
            ImageError: an image is missing or refused.
        """
        begin = question.answer.begin
        short: list[int] = self.tokenizer.apply_chat_template(
            conversation(question, lambda _picture: {}),
            chat_template=self.processor.chat_template,
            tokenize=True,
            return_dict=False,
            add_generation_prompt=not begin,
            continue_final_message=bool(begin),
            sanitize_control_tokens=True,
        )
        return self._placed(short, question.images)

    def clear_cache(self) -> None:
        """Drop what is remembered of images."""
        self._patches.clear()

    def patches(self, image: PlacedImage) -> NDArray[np.float32]:
        """Decode an image and cut it into patches, (patches, channels * frames * size * size).

        Raises:
            ImageError: it cannot be decoded, or its pixels are not what its header says.
        """
        kept = self._patches.get(image.name)
        if kept is not None:
            return kept
        pixels = fit(decode(image.picture), self._longest_edge)
        made = self.processor.image_processor(images=[pixels], return_tensors="np")
        if tuple(made["image_grid_thw"][0, 1:]) != image.grid:
            raise ImageError(f"the image {image.name[:16]} is {pixels.size} pixels large, not what its header says")
        patches: NDArray[np.float32] = np.ascontiguousarray(made["pixel_values"], dtype=np.float32)
        self._patches.put(image.name, patches)
        return patches

    def _placed(self, short: Sequence[int], pictures: Sequence[Picture]) -> Prompt:
        merge = self.processor.image_processor.merge_size
        ids: list[int] = []
        images: list[PlacedImage] = []
        remaining = iter(pictures)
        for token in short:
            if token != self._image_token:
                ids.append(token)
                continue
            picture = next(remaining)
            rows, columns = self._grid(picture)
            count = rows * columns // merge**2
            images.append(PlacedImage(picture, picture.sha256, len(ids), count, (rows, columns)))
            ids += [token] * count
        whole = np.asarray(ids, dtype=np.int64)
        content = whole.copy()
        positions, following = _positions(len(ids), images, merge)
        for image in images:
            content[image.start : image.start + image.tokens] = -1 - self._number(image.name)
        return Prompt(whole, content, positions, following, tuple(images))

    def _grid(self, picture: Picture) -> tuple[int, int]:
        """Rows and columns of patches, by the checkpoint's own rule of sizes."""
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

        images = self.processor.image_processor
        width, height = fitted_size(dimensions(picture), self._longest_edge)
        try:
            rows, columns = smart_resize(
                height,
                width,
                factor=images.patch_size * images.merge_size,
                min_pixels=images.size["shortest_edge"],
                max_pixels=images.size["longest_edge"],
            )
        except ValueError as error:
            raise ImageError(f"an image of {width}x{height} pixels cannot be sized for this judge: {error}") from error
        return rows // images.patch_size, columns // images.patch_size

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
