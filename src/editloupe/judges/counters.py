"""What a runner counts while it works, for `editloupe bench` and for tests."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """What was done so far.

    Attributes:
        waiting: whether `inside` waits for the GPU after each call, so that it counts what was computed and not only
            what was launched; a study leaves it, since waiting costs time.
        inside: seconds in the model's own calls.
        tokens, padding: of prompts computed, and padding among them.
        images: looked at.
        peak: the most bytes that a batch had allocated on a GPU.
    """

    waiting: bool = False
    inside: float = 0.0
    tokens: int = 0
    padding: int = 0
    images: int = 0
    peak: int = 0
