"""How tokens are chosen, and whether a judge thinks: what the engines need to know of a config."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["GREEDY", "THINKING_TOKENS", "Sampling", "Thinking"]

Thinking = Literal["auto", "on", "off"]

THINKING_TOKENS = 8192
"""Room for thoughts where the config states none."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen; what is None is not done.

    Attributes:
        temperature: 0 takes the most probable token.
        top_p: of the most probable tokens, those that together hold this probability.
        top_k: so many of the most probable tokens.
        min_p: tokens at least this fraction as probable as the most probable one.
        presence_penalty: taken off the logit of what the reply holds already.
        repetition_penalty: divides positive logits of what prompt and reply hold already, multiplies negative ones.
    """

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    presence_penalty: float | None = None
    repetition_penalty: float | None = None


GREEDY = Sampling()
