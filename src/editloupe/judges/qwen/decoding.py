"""How replies are written: which token comes next, when a reply is complete, what the score's own token looked like."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from editloupe.judges.qwen.engine import Step
from editloupe.judges.sampling import GREEDY, Sampling
from editloupe.judges.written import ReplyRoom, WrittenTokens
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
        room: follows how much of its limits is used.
    """

    room: ReplyRoom
    tokens: list[int] = field(default_factory=list)
    written: int = 0
    stopped: bool = False
    score_labels: dict[str, float] | None = None
    digits: dict[int, dict[str, float]] = field(default_factory=dict)
    answered: int | None = None


class Sampler:
    """Draws tokens so that the batch that a reply is in changes nothing.

    arg max(l_i / T + g_i) with g_i = -log(-log u_i) is an exact draw from softmax(l / T) (Gumbel 1954; Maddison et al.
    2014, "A* Sampling"). u_i follows from a row's seed, the number of its draw and i alone (Salmon et al. 2011,
    "Parallel random numbers: as easy as 1, 2, 3"), so it is computed on the device, and equal on all. Penalties come
    first, then the temperature, then what narrows the choice down: the order of transformers.

    Args:
        sampling: how tokens are chosen.
        seeds: one per row.
    """

    def __init__(self, sampling: Sampling, seeds: Sequence[int]) -> None:
        self._sampling = sampling
        self._seeds = [random.Random(seed) for seed in seeds]  # each gives a word per draw
        self._tokens: torch.Tensor | None = None

    @property
    def penalizes(self) -> bool:
        """Whether it has to know what stands in prompts and replies."""
        return self._sampling.presence_penalty is not None or self._sampling.repetition_penalty is not None

    def penalized(self, logits: torch.Tensor, before: Sequence[tuple[Sequence[int], Sequence[int]]]) -> torch.Tensor:
        """Logits (rows, vocabulary) less what is taken off tokens that were there before: (prompt, reply) per row."""
        logits = logits.clone()
        presence, repetition = self._sampling.presence_penalty, self._sampling.repetition_penalty
        for row, (prompt, reply) in zip(logits, before, strict=True):
            if repetition is not None:
                seen = torch.tensor(sorted({*prompt, *reply}), device=logits.device)
                row[seen] = torch.where(row[seen] < 0, row[seen] * repetition, row[seen] / repetition)
            if presence is not None and reply:
                row[torch.tensor(sorted(set(reply)), device=logits.device)] -= presence
        return logits

    def noisy(self, logits: torch.Tensor, rows: Sequence[int]) -> torch.Tensor:
        """Logits (rows, vocabulary) whose arg max is the draw; greedy ones as they are."""
        if self._sampling.temperature == 0:
            return logits
        if self._tokens is None:
            self._tokens = _mixed(torch.arange(logits.shape[1], device=logits.device))
        words = torch.tensor([self._seeds[row].getrandbits(32) for row in rows], device=logits.device)
        uniform = ((_mixed(self._tokens ^ words[:, None]) + 0.5) / 2**32).clamp(1e-20, 1 - 1e-7)
        noise = -torch.log(-torch.log(uniform))
        return self._narrowed(logits / self._sampling.temperature) + noise.to(logits.dtype)

    def _narrowed(self, logits: torch.Tensor) -> torch.Tensor:
        """The logits, minus infinity where a token may not be drawn."""
        top_k, top_p, min_p = self._sampling.top_k, self._sampling.top_p, self._sampling.min_p
        if top_k is not None and top_k < logits.shape[1]:
            logits = logits.masked_fill(logits < logits.topk(top_k).values[:, -1:], -torch.inf)
        if top_p is not None and top_p < 1:
            ordered, places = logits.sort(dim=-1, descending=True)
            chances = ordered.softmax(dim=-1)
            beyond = (chances.cumsum(dim=-1) - chances >= top_p).scatter(
                1, places, chances.cumsum(dim=-1) - chances >= top_p
            )
            logits = logits.masked_fill(beyond, -torch.inf)
        if min_p is not None:
            chances = logits.softmax(dim=-1)
            logits = logits.masked_fill(chances < min_p * chances.amax(dim=-1, keepdim=True), -torch.inf)
        return logits


def _mixed(words: torch.Tensor) -> torch.Tensor:
    """Numbers of 32 bits that look random, one to one with the given ones (Wellons' lowbias32)."""
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        words = ((words ^ (words >> shift)) * factor) & 0xFFFFFFFF
    return words ^ (words >> 16)


class Writer:
    """Chooses the tokens of a batch of replies; `Engine.generate` calls it once per step.

    A reply ends with an end token. One whose answer, a JSON object outside its thoughts, is complete
    (`rubrics.replies.is_complete`) ends `AFTERWORD` tokens later at the latest: it is read as a whole, as one from a
    server is. It never ends at a score line or inside thoughts, unless these have used up their own room.

    Args:
        tokenizer: the checkpoint's.
        ends: tokens that end a reply.
        limit: tokens of a reply at most, thoughts apart where they have room of their own.
        seeds: one per reply, for sampling.
        sampling: how tokens are chosen.
        opened: whether the rendered prompts opened the judge's thoughts.
        thoughts: tokens of the thoughts at most; None counts them among the reply's.
        only_thoughts: end where the thoughts end, or where a reply turns out to begin without any.
        prompts: token ids of each prompt, for penalties.
    """

    def __init__(
        self,
        tokenizer: Any,
        ends: Sequence[int],
        limit: int,
        seeds: Sequence[int],
        sampling: Sampling = GREEDY,
        *,
        opened: bool = False,
        thoughts: int | None = None,
        only_thoughts: bool = False,
        prompts: Sequence[Sequence[int]] = (),
    ) -> None:
        self._written = WrittenTokens(tokenizer)
        self.drafts = [Draft(ReplyRoom(self._written, limit, thoughts, opened=opened)) for _ in seeds]
        self._tokenizer = tokenizer
        self._ends = set(ends)
        self._opened = opened
        self._only_thoughts = only_thoughts
        self._prompts = prompts
        self._sampler = Sampler(sampling, seeds)
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
        return self._written.text(draft.tokens)

    def _picked(self, step: Step) -> list[int]:
        logits = step.logits
        if self._sampler.penalizes:
            before = [(self._prompts[row], self.drafts[row].tokens) for row in step.rows]
            logits = self._sampler.penalized(logits, before)
        picked: list[int] = self._sampler.noisy(logits, step.rows).argmax(dim=-1).tolist()
        return picked

    def _appended(self, draft: Draft, token: int) -> int | None:
        draft.written += 1
        if token in self._ends:
            draft.stopped = True
            return None
        draft.tokens.append(token)
        used = draft.room.is_used(draft.tokens)
        if self._only_thoughts:
            return None if used or draft.room.is_past_thoughts(draft.tokens) else token
        if draft.answered is None and "}" in self._piece(token) and is_complete(self.text(draft), opened=self._opened):
            draft.answered = len(draft.tokens)
        if draft.answered is not None and len(draft.tokens) - draft.answered >= AFTERWORD:
            draft.stopped = True
            return None
        return None if used else token

    def _look_at_digits(self, step: Step, chosen: Sequence[int]) -> None:
        """Keep the probabilities of the numbers where a digit is written.

        A first digit d stands for the number d; only "1" may go on to "10", so where a 1 was written its probability is
        divided between 1 and 10 by the step that follows.
        """
        ones: dict[int, dict[str, float]] = {}
        for index, row in enumerate(step.rows):
            draft = self.drafts[row]
            before = draft.digits.get(len(draft.tokens) - 1)
            if before is not None and draft.tokens[-1] == self._digits[1]:
                ones[index] = before
        indices = [index for index, token in enumerate(chosen) if index in ones or token in self._digits]
        if not indices:
            return
        looked = torch.softmax(step.logits[torch.tensor(indices, device=step.logits.device)], dim=-1)
        for index, chances in zip(indices, looked[:, self._digits].tolist(), strict=True):
            if index in ones:
                chance = ones[index]["1"]
                ones[index] |= {"1": chance * (1 - chances[0]), "10": chance * chances[0]}
            if chosen[index] in self._digits:
                draft = self.drafts[step.rows[index]]
                draft.digits[len(draft.tokens)] = dict(zip(DIGITS, chances, strict=True))

    def _settle(self, draft: Draft) -> None:
        """Of all digits, keep the one that the score is read from."""
        if draft.digits and (start := score_start(self.text(draft), opened=self._opened)) is not None:
            for position, chances in draft.digits.items():
                before = len(self._written.text(draft.tokens[:position]))
                if before == start:
                    draft.score_labels = chances
                if before >= start:
                    break
        draft.digits = {}

    def _piece(self, token: int) -> str:
        if token not in self._pieces:
            self._pieces[token] = self._tokenizer.decode([token])
        return self._pieces[token]
