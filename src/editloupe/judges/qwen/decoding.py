"""How replies are written: which token comes next, when a reply is complete, what the score's own token looked like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from editloupe.judges.qwen.engine import Step
from editloupe.rubrics.replies import is_complete

__all__ = ["Draft", "Sampler", "Writer"]

BEFORE_SCORE = re.compile(r"(?:\"score\"|\bscore|评分|分数|得分)[\s*_]*[:：=][\s*_]*$", re.IGNORECASE)
TAIL = 16
"""Tokens that are looked at to tell whether the score comes next."""

DIGITS = tuple("0123456789")


@dataclass(slots=True)
class Draft:
    """A reply while it is written.

    Attributes:
        tokens: so far, the one that ended it excluded.
        written: how many tokens were written, the one that ended it included.
        stopped: whether it ended by itself, or was complete; else it ran into the limit.
        score_labels: probability of each number at the score's own token, where one was written.
    """

    tokens: list[int] = field(default_factory=list)
    written: int = 0
    stopped: bool = False
    score_labels: dict[str, float] | None = None


class Sampler:
    """Draws tokens so that the batch that a reply is in changes nothing.

    arg max(l_i / T + g_i) with g_i = -log(-log u_i) is an exact draw from softmax(l / T) (Gumbel 1954; Maddison et al.
    2014, "A* Sampling"); each row owns its generator.

    Args:
        temperature: above 0.
        seeds: one per row.
    """

    def __init__(self, temperature: float, seeds: Sequence[int]) -> None:
        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def noisy(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        """Logits (rows, vocabulary) whose arg max is the draw."""
        uniform = torch.stack([torch.rand(logits.shape[1], generator=self._generators[row]) for row in rows])
        noise = -torch.log(-torch.log(uniform.clamp(1e-20, 1 - 1e-7)))
        return logits / self._temperature + noise.to(logits.device, logits.dtype)


class Writer:
    """Chooses the tokens of a batch of replies; `Engine.generate` calls it once per step.

    A reply ends with an end token, or as soon as it holds a whole answer (`rubrics.replies.is_complete`): what a model
    adds after its answer costs time and changes nothing.

    Args:
        tokenizer: the checkpoint's.
        ends: tokens that end a reply.
        limit: tokens of a reply at most.
        seeds: one per reply, for sampling.
        temperature: 0 takes the most probable token; above, `Sampler` draws.
    """

    def __init__(
        self, tokenizer: Any, ends: Sequence[int], limit: int, seeds: Sequence[int], temperature: float = 0.0
    ) -> None:
        self.drafts = [Draft() for _ in seeds]
        self._tokenizer = tokenizer
        self._ends = set(ends)
        self._limit = limit
        self._sampler = Sampler(temperature, seeds) if temperature > 0 else None
        digits = [tokenizer(digit, add_special_tokens=False)["input_ids"] for digit in DIGITS]
        self._digits = [ids[0] for ids in digits] if all(len(ids) == 1 for ids in digits) else []
        self._pieces: dict[int, str] = {}

    def __call__(self, step: Step) -> list[int | None]:
        """Choose one token per open row; None where the reply is done."""
        chosen = self._picked(step)
        if self._digits:
            self._look_at_scores(step, chosen)
        return [self._appended(self.drafts[row], token) for row, token in zip(step.rows, chosen, strict=True)]

    def text(self, draft: Draft) -> str:
        """The reply so far."""
        written: str = self._tokenizer.decode(
            draft.tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return written

    def _picked(self, step: Step) -> list[int]:
        logits = step.logits if self._sampler is None else self._sampler.noisy(step.logits, step.rows)
        picked: list[int] = logits.argmax(dim=-1).tolist()
        return picked

    def _appended(self, draft: Draft, token: int) -> int | None:
        draft.written += 1
        if token in self._ends:
            draft.stopped = True
            return None
        draft.tokens.append(token)
        if any(mark in self._piece(token) for mark in ("}", "\n", "`")) and is_complete(self.text(draft)):
            draft.stopped = True
            return None
        return None if len(draft.tokens) >= self._limit else token

    def _look_at_scores(self, step: Step, chosen: Sequence[int]) -> None:
        """Keep the probabilities of the numbers where a score is written.

        A first digit d stands for the number d; only "1" may go on to "10", so where a 1 was written its probability is
        divided between 1 and 10 by the step that follows.
        """
        for place, row in enumerate(step.rows):
            draft = self.drafts[row]
            if draft.score_labels is not None and draft.tokens and draft.tokens[-1] == self._digits[1]:
                if "10" not in draft.score_labels and self._just_wrote_score(draft):
                    again = torch.softmax(step.logits[place], dim=-1)[self._digits[0]].item()
                    one = draft.score_labels["1"]
                    draft.score_labels |= {"1": one * (1 - again), "10": one * again}
            elif chosen[place] in self._digits and BEFORE_SCORE.search(self._tail(draft.tokens)):
                chances = torch.softmax(step.logits[place], dim=-1)[self._digits].tolist()
                draft.score_labels = dict(zip(DIGITS, chances, strict=True))

    def _just_wrote_score(self, draft: Draft) -> bool:
        return BEFORE_SCORE.search(self._tail(draft.tokens[:-1])) is not None

    def _tail(self, tokens: Sequence[int]) -> str:
        return "".join(self._piece(token) for token in tokens[-TAIL:])

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self._tokenizer.decode([token])
        return self._pieces[token]
