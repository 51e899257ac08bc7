"""What a runner counts while it works, for `editloupe bench` and for tests."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Counters"]


@dataclass(slots=True)
class Counters:
    """Seconds in the model's own calls, tokens of prompts computed, padding among them, images looked at."""

    inside: float = 0.0
    tokens: int = 0
    padding: int = 0
    images: int = 0
