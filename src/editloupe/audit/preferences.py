"""A judge against the benchmarks of judges: what people prefer, and which edits are right, by each reading of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from editloupe.audit.score_variants import ScoreVariant
from editloupe.benchmarks.candidates import OVERALL, preferences_of
from editloupe.config.parts import StudyConfig
from editloupe.records import Sample
from editloupe.statistics.auroc import auroc
from editloupe.statistics.preference import Pair, group_accuracy, preference_accuracy

__all__ = ["class_agreement", "labelled_edits", "preference_agreement", "score_for"]

_ALSO_CALLED = {"prompt_following": ("instruction_following",)}


def labelled_edits(config: StudyConfig, samples: Sequence[Sample]) -> set[tuple[str, str]]:
    """The edits, by (editor, sample id), about which the benchmark knows something that a judge can be held to."""
    editor = _editor(config)
    if editor is None:
        return set()
    said = {name for one in preferences_of(samples) for name in (one.better, one.worse)}
    return {(editor, one.id) for one in samples if one.id in said or isinstance(one.extra.get("correct"), bool)}


def score_for(config: StudyConfig, dimension: str) -> str:
    """Which score of the rubric answers a dimension: the metric of its name, else the overall score."""
    names = {*config.rubric.enabled, *config.rubric.derived}
    return next((one for one in (dimension, *_ALSO_CALLED.get(dimension, ())) if one in names), OVERALL)


def preference_agreement(
    config: StudyConfig, samples: Sequence[Sample], readings: Mapping[str, ScoreVariant]
) -> dict[str, dict[str, Any]] | None:
    """How often the judge orders two edits as people do.

    Returns:
        By reading and dimension, what `preference_accuracy` returns, with ``score`` (the name of the score that was
        compared), ``groups`` (`group_accuracy`) and ``categories`` (the same by task type, without means); None where
        the benchmark knows no preferences.
    """
    said, editor = preferences_of(samples), _editor(config)
    if not said or editor is None:
        return None
    by_id = {sample.id: sample for sample in samples}
    found: dict[str, dict[str, Any]] = {}
    for name, reading in readings.items():
        pairs: defaultdict[str, list[Pair]] = defaultdict(list)
        for one in said:
            score = score_for(config, one.dimension)
            better, worse = (reading.get((editor, each), {}).get(score) for each in (one.better, one.worse))
            sample = by_id[one.better]
            # Rounded, because combining scores in another order moves their last digits, and a tie is a tie.
            difference = None if better is None or worse is None else round(better - worse, 9)
            pairs[one.dimension].append(
                Pair(difference, one.equal, sample.category, _cluster(sample), str(sample.extra["group"]))
            )
        found[name] = {
            dimension: {
                "score": score_for(config, dimension),
                **preference_accuracy(part),
                "groups": group_accuracy(part),
                "categories": _by_category(part),
            }
            for dimension, part in pairs.items()
        }
    return found


def class_agreement(
    config: StudyConfig, samples: Sequence[Sample], readings: Mapping[str, ScoreVariant]
) -> dict[str, dict[str, Any]] | None:
    """How well each score tells edits that follow their instruction from those that do not.

    Returns:
        By reading and score, what `auroc` returns, with ``unscored``; None where the benchmark knows no classes.
    """
    told = [one for one in samples if isinstance(one.extra.get("correct"), bool)]
    editor = _editor(config)
    if not told or editor is None:
        return None
    found: dict[str, dict[str, Any]] = {}
    for name, reading in readings.items():
        found[name] = {}
        for score in (*config.rubric.enabled, OVERALL):
            values = [(one, reading.get((editor, one.id), {}).get(score)) for one in told]
            scored = [(one, value) for one, value in values if value is not None]
            found[name][score] = {
                **auroc(
                    [value for _, value in scored],
                    [one.extra["correct"] for one, _ in scored],
                    [_cluster(one) for one, _ in scored],
                    config.seed,
                ),
                "unscored": len(values) - len(scored),
            }
    return found


def _by_category(pairs: Sequence[Pair]) -> dict[str, dict[str, Any]]:
    parts: defaultdict[str, list[Pair]] = defaultdict(list)
    for pair in pairs:
        parts[pair.category].append(pair)
    return {
        name: {key: value for key, value in preference_accuracy(part).items() if not key.startswith("macro")}
        for name, part in parts.items()
    }


def _editor(config: StudyConfig) -> str | None:
    """The editor that hands the benchmark's own edits out."""
    return next((part.name for part in config.editors if part.type == "candidate"), None)


def _cluster(sample: Sample) -> str:
    return sample.sources[0].sha256 if sample.sources else sample.id
