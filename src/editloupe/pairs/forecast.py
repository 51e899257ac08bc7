"""What the pairs of a study will cost, before anything is asked."""

from __future__ import annotations

from collections.abc import Sequence

from editloupe.config.parts import StudyConfig
from editloupe.pairs.adaptive import FIRST
from editloupe.pairs.planning import editor_pairs
from editloupe.records import Question, Sample

__all__ = ["forecast_questions", "pair_forecast"]


def pair_forecast(config: StudyConfig, samples: Sequence[Sample]) -> list[str]:
    """Say how many questions the plan can lead to, and how many pictures sharing saves; nothing without `pairs`.

    Args:
        config: the study.
        samples: the usable ones.
    """
    if config.pairs is None:
        return []
    rubric, pairs = config.pairs.questions, editor_pairs(config)
    repeats = 2 * config.judge.draws
    metrics = sum(len(rubric.metrics_of(sample)) for sample in samples)
    total = metrics * repeats * len(pairs)
    summary = f"pairs ({config.pairs.mode}) by {', '.join(rubric.enabled)}, {config.pairs.rubric}: "
    summary += f"{len(pairs)} pairs of editors, both orders, at most {total} questions"
    adaptive = config.pairs.adaptive
    if adaptive is not None:
        clusters: dict[str, int] = {}
        for sample in samples:
            clusters[sample.cluster] = clusters.get(sample.cluster, 0) + len(rubric.metrics_of(sample))
        per_cluster = metrics / len(clusters) if clusters else 0.0
        first = round(min(FIRST, len(clusters)) * per_cluster) * repeats * len(pairs)
        most = total if adaptive.max_questions is None else min(adaptive.max_questions, total)
        summary = f"pairs (adaptive) by {', '.join(rubric.enabled)}, {config.pairs.rubric}: both orders, about "
        summary += f"{min(first, most)} questions in the first round, then until every rank is settled at "
        summary += f"{adaptive.error:g}, at most {most}"
    lines = [summary, "  pairs whose edits are the same file, and failed ones, ask nothing"]
    alone, shared = _pictures(config, samples)
    if config.pairs.mode != "adaptive" and alone > shared:
        lines.append(
            f"  pictures read: {shared} where a judge shares what prompts have in common, {alone} where it does not "
            f"({100 * (1 - shared / alone):.0f} % saved)"
        )
    return lines


def forecast_questions(config: StudyConfig, samples: Sequence[Sample]) -> tuple[list[Question], int]:
    """The questions about one pair of each sample in one order, its source for both edits; and how often each comes."""
    if config.pairs is None:
        return [], 0
    questions = [
        question
        for sample in samples
        if sample.sources
        for question in config.pairs.questions.questions(
            sample,
            sample.sources[0],
            sample.sources[0],
            mode=config.pair_mode,
            compare_original=config.judge.compare_original,
        ).values()
    ]
    return questions, 2 * len(editor_pairs(config))


def _pictures(config: StudyConfig, samples: Sequence[Sample]) -> tuple[int, int]:
    """Pictures of all questions, and those left where equal beginnings are read once."""
    assert config.pairs is not None
    rubric, pairs = config.pairs.questions, editor_pairs(config)
    shown_first = len({name for two in pairs for name in two})
    alone = shared = 0
    for sample in samples:
        if not sample.sources:
            continue
        questions = rubric.questions(
            sample,
            sample.sources[0],
            sample.sources[0],
            mode=config.pair_mode,
            compare_original=config.judge.compare_original,
        )
        alone += sum(len(question.images) for question in questions.values()) * 2 * len(pairs) * config.judge.draws
        for context in {question.context for question in questions.values()}:
            before = sum(1 for part in context if getattr(part, "role", "") in ("source", "reference"))
            shared += before + shown_first + 2 * len(pairs)
    return alone, shared
