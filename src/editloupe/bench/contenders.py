"""Who is measured: transformers' own calls in fixed batches, and the judge as a study runs it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from editloupe.config.parts import JudgePart
from editloupe.errors import ConfigError
from editloupe.judges.counters import Counters
from editloupe.judges.plain import ReferenceRunner
from editloupe.planning import PlannedReply
from editloupe.protocols import Judge
from editloupe.records import Failure, Question, Reply, Sample
from editloupe.workers import here

if TYPE_CHECKING:
    from editloupe.judges.qwen.runner import QwenRunner

__all__ = ["Contender", "Ours", "Usual"]


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

    def __init__(self, part: JudgePart, judge: Judge, runner: QwenRunner) -> None:
        self._part = part.model_copy(update={"batch_size": "auto", "use_batch_inference": True})
        self._judge = judge
        self._runner = runner

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
        plans = [PlannedReply(str(index), "", Sample("", "", ""), "", question) for index, question in enumerate(fresh)]
        batches = here.replies(self._part, self._judge, plans)
        outcomes = {done.item.key: done.outcome for batch in batches for done in batch}
        failed = next((outcome for outcome in outcomes.values() if isinstance(outcome, Failure)), None)
        if failed is not None:
            raise ConfigError(f"a question of the workload failed: {failed.message}")
        return [outcome for plan in plans if isinstance(outcome := outcomes[plan.key], Reply)]
