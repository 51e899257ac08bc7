"""A judge against the benchmarks of judges: what people prefer, and which edits are right, by each reading of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from editloupe.audit.score_variants import ScoreVariant
from editloupe.benchmarks.candidates import OVERALL, preferences_of
from editloupe.config.parts import StudyConfig
from editloupe.judge_quality.audit import ClassAgreement, DimensionAgreement
from editloupe.records import Sample
from editloupe.statistics.auroc import auroc
from editloupe.statistics.preference import Pair, group_accuracy, order_accuracy, preference_accuracy

__all__ = ["class_agreement", "labelled_edits", "preference_agreement", "score_for"]

_ALSO_CALLED = {"prompt_following": ("instruction_following",)}


def labelled_edits(config: StudyConfig, samples: Sequence[Sample]) -> set[tuple[str, str]]:
    """The edits, by (editor, sample id), about which the benchmark knows something that a judge can be held to."""
    editor = _editor(config)
    if editor is None:
        return set()
    compared = {name for preference in preferences_of(samples) for name in (preference.better, preference.worse)}
    return {(editor, sample.id) for sample in samples if sample.id in compared or _has_class(sample)}


def score_for(config: StudyConfig, dimension: str) -> str:
    """Which score of the rubric answers a dimension: the metric of its name, else the overall score."""
    scores = {*config.rubric.enabled, *config.rubric.derived}
    return next((name for name in (dimension, *_ALSO_CALLED.get(dimension, ())) if name in scores), OVERALL)


def preference_agreement(
    config: StudyConfig, samples: Sequence[Sample], readings: Mapping[str, ScoreVariant]
) -> dict[str, dict[str, DimensionAgreement]] | None:
    """How often the judge orders two edits as people do.

    Returns:
        By reading and dimension; None where the benchmark knows no preferences.
    """
    preferences, editor = preferences_of(samples), _editor(config)
    if not preferences or editor is None:
        return None
    by_id = {sample.id: sample for sample in samples}
    agreements: dict[str, dict[str, DimensionAgreement]] = {}
    for name, reading in readings.items():
        pairs: defaultdict[str, list[Pair]] = defaultdict(list)
        for preference in preferences:
            score = score_for(config, preference.dimension)
            better = reading.get((editor, preference.better), {}).get(score)
            worse = reading.get((editor, preference.worse), {}).get(score)
            sample = by_id[preference.better]
            # Rounded, because combining scores in another order moves their last digits, and a tie is a tie.
            difference = None if better is None or worse is None else round(better - worse, 9)
            pairs[preference.dimension].append(
                Pair(difference, preference.equal, sample.category, sample.cluster, str(sample.extra["group"]))
            )
        agreements[name] = {
            dimension: _dimension(score_for(config, dimension), part) for dimension, part in pairs.items()
        }
    return agreements


def class_agreement(
    config: StudyConfig, samples: Sequence[Sample], readings: Mapping[str, ScoreVariant]
) -> dict[str, dict[str, ClassAgreement]] | None:
    """How well each score tells edits that follow their instruction from those that do not.

    Returns:
        By reading and score; None where the benchmark knows no classes.
    """
    classified = [sample for sample in samples if _has_class(sample)]
    editor = _editor(config)
    if not classified or editor is None:
        return None
    return {
        name: {
            score: _class(
                [(sample, reading.get((editor, sample.id), {}).get(score)) for sample in classified], config.seed
            )
            for score in (*config.rubric.enabled, OVERALL)
        }
        for name, reading in readings.items()
    }


def _has_class(sample: Sample) -> bool:
    return isinstance(sample.extra.get("correct"), bool)


def _dimension(score: str, pairs: Sequence[Pair]) -> DimensionAgreement:
    by_category: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        by_category[pair.category].append(pair)
    return DimensionAgreement(
        score=score,
        **preference_accuracy(pairs).values(),
        groups=group_accuracy(pairs),
        categories={category: order_accuracy(part) for category, part in by_category.items()},
    )


def _class(scores: Sequence[tuple[Sample, float | None]], seed: int) -> ClassAgreement:
    known = [(sample, score) for sample, score in scores if score is not None]
    area = auroc(
        [score for _, score in known],
        [sample.extra["correct"] for sample, _ in known],
        [sample.cluster for sample, _ in known],
        seed,
    )
    return ClassAgreement(area.right, area.wrong, area.value, area.ci95, unscored=len(scores) - len(known))


def _editor(config: StudyConfig) -> str | None:
    """The editor that hands the benchmark's own edits out."""
    return next((part.name for part in config.editors if part.type == "candidate"), None)
