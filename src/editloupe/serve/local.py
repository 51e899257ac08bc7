"""One edit scored in this process, by the same planning and reading as the service, without a queue."""

from __future__ import annotations

from typing import Any

from editloupe.config.parts import StudyConfig
from editloupe.errors import ItemError, failure_from
from editloupe.planning import make_judge
from editloupe.serve.limits import Limits
from editloupe.serve.messages import Item, failure_answer
from editloupe.serve.scorer import Scorer
from editloupe.serve.weights import file_digest
from editloupe.workers.here import replies

__all__ = ["score_here"]


def score_here(config: StudyConfig, item: Item, parts: dict[str, bytes]) -> dict[str, Any]:
    """Score one item with the judge of a config; the answer is what `/v1/score` gives for it.

    Args:
        config: whose judge and rubric are used.
        item: its pictures are named ``part:NAME``.
        parts: the pictures' bytes by name.

    Raises:
        EditloupeError: the judge cannot be made or loaded.
    """
    with make_judge(config) as judge:
        scorer = Scorer(config, judge, file_digest)
        try:
            planned = scorer.plan(item, parts, Limits())
        except ItemError as error:
            return {"failure": failure_answer(failure_from(error, "sample"))}
        outcomes = {
            done.item.key: done.outcome for batch in replies(config.judge, judge, planned.plans) for done in batch
        }
        return scorer.answer(planned, outcomes, reply=True)
