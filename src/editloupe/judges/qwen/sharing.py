"""What prompts have in common: the tree of their shared beginnings, computed level by level."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from editloupe.judges.qwen.prompts import Prompt

__all__ = ["Segment", "common_length", "levels", "tight_chunks"]

MIN_SHARED = 32
"""Tokens that several prompts must have in common before computing them apart pays for the extra pass."""

PAYS = 0.25
"""Sharing pays from this ratio of the tokens that it saves to those that go on from what is shared: the latter see a
mask, which costs them the causal kernels (1.4x on a CPU)."""

MAX_PADDING = 0.05
"""The largest share of padding in a forward pass over a prompt."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of tokens to compute: [start, end) of a prompt.

    Attributes:
        prompt: index of the prompt that it is taken from (any one of those that share it).
        start, end: the stretch.
        parent: index of the segment before it, in the level before; None at the beginning.
        leaf: whether the prompt ends here.
    """

    prompt: int
    start: int
    end: int
    parent: int | None
    leaf: bool

    def __len__(self) -> int:
        return self.end - self.start


def common_length(one: Prompt, other: Prompt) -> int:
    """How many tokens two prompts have in common at their beginnings, pixels of images included."""
    shorter = min(len(one), len(other))
    different = np.nonzero(one.content[:shorter] != other.content[:shorter])[0]
    length = int(different[0]) if len(different) else shorter
    for image in one.images:  # never inside an image: a prompt that ends there would share half of it
        if image.start < length < image.start + image.tokens:
            length = image.start
    return length


def levels(prompts: Sequence[Prompt], *, share: bool = True) -> list[list[Segment]]:
    """Arrange prompts as segments, such that what is equal is computed once.

    Args:
        prompts: at least one.
        share: False computes every prompt by itself.

    Returns:
        Levels; a segment's parent is in the level before its own. Each prompt has exactly one leaf, not empty.
    """
    if not share:
        return [[Segment(index, 0, len(prompt), None, leaf=True) for index, prompt in enumerate(prompts)]]
    # Any order will do that puts equal beginnings side by side; bytes compare quickly.
    order = sorted(range(len(prompts)), key=lambda index: prompts[index].content.astype(">i8").tobytes())
    # The last token of a prompt is never shared: its logits are what all this is for.
    common = [
        min(common_length(prompts[first], prompts[second]), len(prompts[first]) - 1, len(prompts[second]) - 1)
        for first, second in pairwise(order)
    ]
    made: list[list[Segment]] = []

    def add(depth: int, segment: Segment) -> int:
        while len(made) <= depth:
            made.append([])
        made[depth].append(segment)
        return len(made[depth]) - 1

    def arrange(low: int, high: int, start: int, depth: int, parent: int | None) -> None:
        """Arrange order[low:high], of which [0, start) is computed by `parent`."""
        first = order[low]
        if high - low == 1:
            add(depth, Segment(first, start, len(prompts[first]), parent, leaf=True))
            return
        shortest = min(common[low : high - 1])
        saved = (high - low - 1) * (shortest - start)
        going_on = sum(len(prompts[order[index]]) - shortest for index in range(low, high))
        if shortest - start >= MIN_SHARED and saved >= PAYS * going_on:
            parent = add(depth, Segment(first, start, shortest, parent, leaf=False))
            start, depth = shortest, depth + 1
        cuts = [index + 1 for index in range(low, high - 1) if common[index] == shortest]
        for begin, end in zip([low, *cuts], [*cuts, high], strict=True):
            arrange(begin, end, start, depth, parent)

    arrange(0, len(order), 0, 0, None)
    return made


def tight_chunks(lengths: Sequence[int], floor: int = 0) -> Iterable[list[int]]:
    """Group indices by similar length, so that padding stays below `MAX_PADDING` of each group.

    Args:
        lengths: of the rows, in tokens.
        floor: tokens below which a pass takes no less time, so that a group may be padded up to them.
    """
    chunk: list[int] = []
    total = longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: -lengths[index]):
        grown = total + lengths[index]
        padded = longest * (len(chunk) + 1)
        if chunk and padded > floor and grown < (1 - MAX_PADDING) * padded:
            yield chunk
            chunk, grown = [], lengths[index]
        longest = lengths[index] if not chunk else longest
        chunk.append(index)
        total = grown
    if chunk:
        yield chunk
