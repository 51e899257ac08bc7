"""What the judge that runs a checkpoint needs of a way to run it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from editloupe.batching import AUTO_ROWS
from editloupe.judges.counters import Counters
from editloupe.records import AnswerFormat, Question, Reply

__all__ = ["Runner"]


class Runner:
    """Runs batches of questions through one checkpoint.

    Attributes:
        model, processor, tokenizer: of the checkpoint, as transformers has loaded them.
        shares: whether what questions have in common can be computed once.
    """

    model: Any
    processor: Any
    tokenizer: Any
    shares = False

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""
        raise NotImplementedError

    def generate(self, questions: Sequence[Question]) -> list[Reply]:
        """Write one reply per question."""
        raise NotImplementedError

    def choose(self, questions: Sequence[Question], answer: AnswerFormat, tokens: Sequence[int]) -> list[Reply]:
        """Read the probabilities of the labels, whose token ids are `tokens`."""
        raise NotImplementedError

    def plan(self, questions: Sequence[Question]) -> list[tuple[int, int]]:
        """Order questions for batching, (index, weight) each. By default as they come, 1 each."""
        return [(index, 1) for index in range(len(questions))]

    def budget(self, questions: Sequence[Question]) -> Callable[[], int]:
        """Say how much a batch of these questions may weigh, as a function that may be asked again."""
        del questions
        return lambda: AUTO_ROWS

    def clear_cache(self, *, share: bool = True) -> None:
        """Drop what is remembered, and say whether to share what questions have in common. By default: nothing is."""

    def prepare(self, question: Question) -> None:
        """Do what a question needs of the CPU ahead of its turn. By default: nothing."""
