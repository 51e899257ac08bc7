"""Who is measured: transformers' own calls in fixed batches, and the judge as a study runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from editloupe.config.parts import JudgePart
from editloupe.errors import ConfigError
from editloupe.judges.counters import Counters
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.runner import Runner
from editloupe.planning import PlannedReply
from editloupe.protocols import Judge
from editloupe.records import Failure, Question, Reply, Sample
from editloupe.workers import here

__all__ = ["Contender", "Ours", "Usual", "answers"]


class Contender(Protocol):
    """Somebody who answers questions, and counts what that takes."""

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""


class Usual:
    """The usual way: fixed batches in the order of the data, everything in turn.

    Args:
        runner: transformers' own calls.
    """

    def __init__(self, runner: ReferenceRunner) -> None:
        self._runner = runner
        runner.counters.waiting = True

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""
        return self._runner.counters

    def answer(self, questions: Sequence[Question], size: int) -> list[Reply]:
        """Answer in batches of one size."""
        replies: list[Reply] = []
        for start in range(0, len(questions), size):
            batch = questions[start : start + size]
            if batch[0].answer.mode == "choice":
                tokens = self._runner.tokenizer.convert_tokens_to_ids(list(batch[0].answer.labels))
                replies += self._runner.choose(batch, batch[0].answer, tokens)
            else:
                replies += self._runner.generate(batch)
        return replies


class Ours:
    """Our way: as a study does it, with nothing remembered from an earlier run.

    Args:
        part: how the judge is asked.
        judge: the study's.
        runner: what runs its checkpoint.
    """

    def __init__(self, part: JudgePart, judge: Judge, runner: Runner) -> None:
        self._part = part.model_copy(update={"batch_size": "auto", "use_batch_inference": True})
        self._judge = judge
        self._runner = runner
        runner.counters.waiting = True

    @property
    def counters(self) -> Counters:
        """Tokens, padding and time spent in the model so far."""
        return self._runner.counters

    def answer(self, questions: Sequence[Question], *, share: bool = True) -> list[Reply]:
        """Answer in batches by tokens.

        Args:
            questions: all of them.
            share: whether what questions have in common is computed once.

        Raises:
            ConfigError: one of them cannot be answered, so that there is nothing to compare.
        """
        fresh = [replace(question) for question in questions]
        self._runner.clear_cache(share=share)
        return answers(self._part, self._judge, fresh)


def answers(part: JudgePart, judge: Judge, questions: Sequence[Question]) -> list[Reply]:
    """Ask a judge as a study asks it.

    Raises:
        ConfigError: it cannot answer one of the questions, so that there is nothing to measure.
    """
    plans = [PlannedReply(str(index), "", Sample("", "", ""), "", question) for index, question in enumerate(questions)]
    batches = here.replies(part, judge, plans)
    outcomes = {done.item.key: done.outcome for batch in batches for done in batch}
    failed = next((outcome for outcome in outcomes.values() if isinstance(outcome, Failure)), None)
    if failed is not None:
        raise ConfigError(f"a question of the workload failed: {failed.message}")
    return [outcome for plan in plans if isinstance(outcome := outcomes[plan.key], Reply)]
