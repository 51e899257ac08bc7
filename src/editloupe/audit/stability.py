"""Whether a judge says the same thing twice: in batches, in another order, once more, and in the other answer mode."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.planning import PlannedReply
from editloupe.progress.bars import stage_progress
from editloupe.protocols import Judge
from editloupe.records import Failure, ImagePart
from editloupe.scoring.study import score_of
from editloupe.statistics.agreement import agreement
from editloupe.workers import Engine, engine_of

__all__ = ["measure_stability"]

log = logging.getLogger(__name__)

STABILITY = 32
"""Questions that are asked again, several times, to see whether the judge is stable."""


def measure_stability(config: StudyConfig, judge: Judge, planned: Sequence[PlannedReply]) -> dict[str, Any]:
    """Ask evenly spread questions again: one by one, in batches, in reverse, once more, in the other answer mode.

    Args:
        config: the study; the judge runs where its `workers:` say.
        judge: of the study; it stays open.
        planned: all its questions.

    Returns:
        ``{stability, modes}``, as ``audit.json`` holds them.
    """
    chosen = planned[:: max(1, len(planned) // STABILITY)][:STABILITY]
    size = 8 if config.judge.batch_size == "auto" else max(2, config.judge.batch_size)

    def scores(engine: Engine, plans: Sequence[PlannedReply], batch_size: int) -> dict[str, float | None]:
        part = config.judge.model_copy(update={"batch_size": batch_size, "use_batch_inference": True})
        answered: dict[str, float | None] = {}
        with stage_progress("audit", len(plans)) as progress:
            progress.loading(judge.name)
            for batch in engine.replies(part, judge, plans, progress):
                for done in batch:
                    plan, mass = done.item, config.judge.min_label_mass
                    for metric in config.rubric.read_from(plan.question_name, plan.sample):
                        score = score_of(config.rubric, metric, done.outcome, plan.sample, min_label_mass=mass)
                        answered[f"{plan.key} {metric}"] = None if isinstance(score, Failure) else score
                progress.advance(len(batch), note=judge.note)
        return answered

    mode: Literal["text", "choice"] = "text" if config.mode == "choice" else "choice"
    with engine_of(config.workers.judge) as engine:  # workers load the judge once for all passes
        single = scores(engine, chosen, 1)
        again = {
            "batched": scores(engine, chosen, size),
            "reversed": scores(engine, list(reversed(chosen)), size),
            "repeated": scores(engine, chosen, 1),
        }
        try:
            other = scores(engine, [_in_mode(config, plan, mode) for plan in chosen], size)
        except ConfigError as error:  # a server without token probabilities, say: the audit is not about that
            log.warning("the judge cannot answer in the mode %r: %s", mode, error)
            other = dict.fromkeys(single)
    return {
        "stability": {
            "questions": len(single),
            "batch_size": size,
            **{name: _compared(single, outcome) for name, outcome in again.items()},
        },
        "modes": {"other": mode, **_between_modes(single, other)},
    }


def _in_mode(config: StudyConfig, plan: PlannedReply, mode: Literal["text", "choice"]) -> PlannedReply:
    """The same question in another answer mode."""
    images = [part for part in plan.question.context if isinstance(part, ImagePart)]
    edited = next(part.picture for part in images if part.role == "edited")
    questions = config.rubric.questions(
        plan.sample, edited, mode=mode, compare_original=config.judge.compare_original, seed=plan.question.seed
    )
    return replace(plan, question=questions[plan.question_name])


def _between_modes(one: dict[str, float | None], other: dict[str, float | None]) -> dict[str, Any]:
    """How far two answer modes agree: rank correlation, and mean absolute difference of the scores that both gave."""
    pairs = [(a, b) for key, a in one.items() if a is not None and (b := other[key]) is not None]
    found = agreement([a for a, _ in pairs], [b for _, b in pairs], [str(index) for index in range(len(pairs))], 0)
    return {"questions": len(pairs), "spearman": found["spearman"], "mean_absolute_difference": found["mae"]}


def _compared(one: dict[str, float | None], other: dict[str, float | None]) -> dict[str, Any]:
    """Share of equal outcomes, and the largest difference of two scores; both unreadable counts as equal."""
    pairs = [(one[key], other[key]) for key in one]
    gaps = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    equal = sum(a == b for a, b in pairs)
    return {"equal": equal / len(pairs) if pairs else None, "largest_difference": max(gaps, default=None)}
