"""How a judge writes: whether it thinks, how much, and how its tokens are chosen. The same keys for both engines."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import Field

from editloupe.judges.sampling import THINKING_TOKENS, Sampling, Thinking
from editloupe.plugins import Options

__all__ = ["GenerationOptions", "stated_sampling"]


class GenerationOptions(Options):
    """The keys of a judge that writes.

    Attributes:
        thinking: ``on`` and ``off`` tell the chat template; ``auto`` leaves it as it is.
        max_thinking_tokens: room for thoughts, beside `max_new_tokens`.
        top_p, top_k, min_p, presence_penalty, repetition_penalty: see `Sampling`.
    """

    thinking: Thinking = "auto"
    max_thinking_tokens: int = Field(default=THINKING_TOKENS, ge=0)
    top_p: float | None = Field(default=None, gt=0, le=1)
    top_k: int | None = Field(default=None, ge=1)
    min_p: float | None = Field(default=None, ge=0, le=1)
    presence_penalty: float | None = Field(default=None, ge=-2, le=2)
    repetition_penalty: float | None = Field(default=None, gt=0)

    def sampling(self, temperature: float) -> Sampling:
        """How tokens are chosen at a temperature."""
        return Sampling(temperature, self.top_p, self.top_k, self.min_p, self.presence_penalty, self.repetition_penalty)

    @property
    def sampling_signature(self) -> str:
        """What was set of the sampling keys, each with a blank before it; empty where nothing was."""
        names = ("top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty")
        return "".join(f" {name}={getattr(self, name):g}" for name in names if getattr(self, name) is not None)


def stated_sampling(checkpoint: Path) -> str:
    """How a checkpoint's ``generation_config.json`` asks for tokens to be drawn; empty where it asks for no draws.

    Args:
        checkpoint: its folder.
    """
    try:
        stated = json.loads((checkpoint / "generation_config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""
    if not isinstance(stated, dict) or stated.get("do_sample") is not True:
        return ""
    names = ("temperature", "top_p", "top_k", "min_p", "presence_penalty", "repetition_penalty")
    numbers = {name: stated[name] for name in names if type(stated.get(name)) in (int, float)}
    return ", ".join(f"{name} {number:g}" for name, number in numbers.items()) or "do_sample"
