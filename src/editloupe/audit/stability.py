"""Whether a judge says the same thing twice: in batches, in another order, once more, and in the other answer mode."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judge_quality.audit import ModeAgreement, Repetition, Stability
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


def measure_stability(
    config: StudyConfig, judge: Judge, planned: Sequence[PlannedReply]
) -> tuple[Stability, ModeAgreement]:
    """Ask evenly spread questions again: one by one, in batches, in reverse, once more, in the other answer mode.

    Args:
        config: the study; the judge runs where its `workers:` say.
        judge: of the study; it stays open.
        planned: all its questions.

    Returns:
        Against one by one: how far the same mode agrees with itself, and how far the other mode agrees with it.
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
        stability = Stability(
            questions=len(single),
            batch_size=size,
            batched=_repetition(single, scores(engine, chosen, size)),
            reversed=_repetition(single, scores(engine, list(reversed(chosen)), size)),
            repeated=_repetition(single, scores(engine, chosen, 1)),
        )
        try:
            other = scores(engine, [_in_mode(config, plan, mode) for plan in chosen], size)
        except ConfigError as error:  # a server without token probabilities, say: the audit is not about that
            log.warning("the judge cannot answer in the mode %r: %s", mode, error)
            other = dict.fromkeys(single)
    return stability, _between_modes(mode, single, other)


def _in_mode(config: StudyConfig, plan: PlannedReply, mode: Literal["text", "choice"]) -> PlannedReply:
    """The same question in another answer mode."""
    images = [part for part in plan.question.context if isinstance(part, ImagePart)]
    edited = next(part.picture for part in images if part.role == "edited")
    questions = config.rubric.questions(
        plan.sample, edited, mode=mode, compare_original=config.judge.compare_original, seed=plan.question.seed
    )
    return replace(plan, question=questions[plan.question_name])


def _between_modes(
    mode: Literal["text", "choice"], ours: dict[str, float | None], theirs: dict[str, float | None]
) -> ModeAgreement:
    pairs = [(a, b) for key, a in ours.items() if a is not None and (b := theirs[key]) is not None]
    both = agreement([a for a, _ in pairs], [b for _, b in pairs], [str(index) for index in range(len(pairs))], 0)
    return ModeAgreement(mode, len(pairs), both.spearman, both.mae)


def _repetition(first: dict[str, float | None], again: dict[str, float | None]) -> Repetition:
    pairs = [(first[key], again[key]) for key in first]
    gaps = [abs(a - b) for a, b in pairs if a is not None and b is not None]
    equal = sum(a == b for a, b in pairs)
    return Repetition(equal / len(pairs) if pairs else None, max(gaps, default=None))
