"""How replies are written: which token comes next, when a reply is complete, what the score's own token looked like."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from editloupe.judges.qwen.engine import Step
from editloupe.rubrics.replies import is_complete, score_start

__all__ = ["Draft", "Sampler", "Writer"]

AFTERWORD = 128
"""Tokens that a judge may add behind its JSON object: a second answer there is seen, a ramble ends."""

DIGITS = tuple("0123456789")


@dataclass(slots=True)
class Draft:
    """A reply while it is written.

    Attributes:
        tokens: so far, the one that ended it excluded.
        written: how many tokens were written, the one that ended it included.
        stopped: whether it ended by itself, or went on long after its answer; else it ran into the limit.
        score_labels: probability of each number at the token that the reader takes the score from, once it is done.
        digits: by the place of each digit written, the probabilities there.
        answered: at how many tokens its JSON object was complete.
    """

    tokens: list[int] = field(default_factory=list)
    written: int = 0
    stopped: bool = False
    score_labels: dict[str, float] | None = None
    digits: dict[int, dict[str, float]] = field(default_factory=dict)
    answered: int | None = None


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

    A reply ends with an end token. One whose answer, a JSON object outside its thoughts, is complete
    (`rubrics.replies.is_complete`) ends `AFTERWORD` tokens later at the latest: it is read as a whole, as one from a
    server is. It never ends at a score line or inside thoughts.

    Args:
        tokenizer: the checkpoint's.
        ends: tokens that end a reply.
        limit: tokens of a reply at most.
        seeds: one per reply, for sampling.
        temperature: 0 takes the most probable token; above, `Sampler` draws.
        opened: whether the rendered prompts opened the judge's thoughts.
    """

    def __init__(
        self,
        tokenizer: Any,
        ends: Sequence[int],
        limit: int,
        seeds: Sequence[int],
        temperature: float = 0.0,
        *,
        opened: bool = False,
    ) -> None:
        self.drafts = [Draft() for _ in seeds]
        self._tokenizer = tokenizer
        self._ends = set(ends)
        self._limit = limit
        self._opened = opened
        self._sampler = Sampler(temperature, seeds) if temperature > 0 else None
        digits = [tokenizer(digit, add_special_tokens=False)["input_ids"] for digit in DIGITS]
        self._digits = [ids[0] for ids in digits] if all(len(ids) == 1 for ids in digits) else []
        self._pieces: dict[int, str] = {}

    def __call__(self, step: Step) -> list[int | None]:
        """Choose one token per open row; None where the reply is done."""
        chosen = self._picked(step)
        if self._digits:
            self._look_at_digits(step, chosen)
        following = [self._appended(self.drafts[row], token) for row, token in zip(step.rows, chosen, strict=True)]
        for row, token in zip(step.rows, following, strict=True):
            if token is None:
                self._settle(self.drafts[row])
        return following

    def text(self, draft: Draft) -> str:
        """The reply so far."""
        return self._decoded(draft.tokens)

    def _decoded(self, tokens: Sequence[int]) -> str:
        written: str = self._tokenizer.decode(tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False)
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
        if draft.answered is None and "}" in self._piece(token) and is_complete(self.text(draft), opened=self._opened):
            draft.answered = len(draft.tokens)
        if draft.answered is not None and len(draft.tokens) - draft.answered >= AFTERWORD:
            draft.stopped = True
            return None
        return None if len(draft.tokens) >= self._limit else token

    def _look_at_digits(self, step: Step, chosen: Sequence[int]) -> None:
        """Keep the probabilities of the numbers where a digit is written.

        A first digit d stands for the number d; only "1" may go on to "10", so where a 1 was written its probability is
        divided between 1 and 10 by the step that follows.
        """
        for place, row in enumerate(step.rows):
            draft = self.drafts[row]
            here, before = len(draft.tokens), draft.digits.get(len(draft.tokens) - 1)
            after_one = before is not None and draft.tokens[-1] == self._digits[1]
            if not after_one and chosen[place] not in self._digits:
                continue
            chances = torch.softmax(step.logits[place], dim=-1)[self._digits].tolist()
            if before is not None and after_one:
                one = before["1"]
                before |= {"1": one * (1 - chances[0]), "10": one * chances[0]}
            if chosen[place] in self._digits:
                draft.digits[here] = dict(zip(DIGITS, chances, strict=True))

    def _settle(self, draft: Draft) -> None:
        """Of all digits, keep the one that the score is read from."""
        if draft.digits and (start := score_start(self.text(draft), opened=self._opened)) is not None:
            for place, chances in draft.digits.items():
                before = len(self._decoded(draft.tokens[:place]))
                if before == start:
                    draft.score_labels = chances
                if before >= start:
                    break
        draft.digits = {}

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self._tokenizer.decode([token])
        return self._pieces[token]
