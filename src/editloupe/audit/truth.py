"""What is known of the edits of a study: by people, by the editors themselves, or by the benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from editloupe.audit.preferences import labelled_edits
from editloupe.audit.rating import Ratings
from editloupe.audit.ratings import match_ratings
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judge_quality.audit import HumanRatings
from editloupe.records import Edit, Failure, Sample

__all__ = ["KnownTruth", "truth_of"]

EditRef = tuple[str, str]


@dataclass(frozen=True, slots=True)
class KnownTruth:
    """What is known of the edits.

    Attributes:
        numbers: by (editor, sample id), the true score.
        against: where the numbers come from.
        labelled: the edits about which the benchmark knows a preference or a class.
        human: what became of ratings by people; None without any.
    """

    numbers: Mapping[EditRef, float]
    against: tuple[str, ...]
    labelled: frozenset[EditRef] = frozenset()
    human: HumanRatings | None = None


def truth_of(
    config: StudyConfig,
    samples: Sequence[Sample],
    edits: Mapping[EditRef, Edit | Failure],
    ratings: Sequence[Ratings],
    scale: tuple[float, float],
    *,
    needed: bool = True,
) -> KnownTruth:
    """Find out what is known of the edits; ratings by people take the place of anything else.

    Args:
        config: the study.
        samples, edits: of it.
        ratings: by people.
        scale: (low, high) of the study's overall score.
        needed: whether there has to be a truth where people have not rated; else there may be none.

    Raises:
        ConfigError: nothing is known, or no rating is about an edit of the study.
    """
    if ratings:
        matched = match_ratings(ratings, edits, scale, config.seed)
        if not matched.truths:
            raise ConfigError(
                f"no rating is about an edit of {str(config.out)!r} as it is now: {matched.human.unknown} are about "
                f"edits that it does not have, {matched.human.changed} about edits that have changed since"
            )
        return KnownTruth(matched.truths, ("people",), human=matched.human)
    numbers, against = _true_scores(samples, edits)
    labelled = frozenset(labelled_edits(config, samples))
    if needed and not numbers and not labelled:
        raise ConfigError(
            f"no edit of {str(config.out)!r} has a known truth; audit a benchmark that knows it (shapes), one of the "
            "judge (editscore-bench and its like, with the editor `candidate`), one whose samples carry a `label`, or "
            "give ratings by people with `--human FILE`"
        )
    return KnownTruth(numbers, against, labelled)


def _true_scores(
    samples: Iterable[Sample], edits: Mapping[EditRef, Edit | Failure]
) -> tuple[dict[EditRef, float], tuple[str, ...]]:
    """What the editors know of their own edits, and the labels of the samples; and which of the two there are."""
    labels = {sample.id: sample.label for sample in samples}
    numbers: dict[EditRef, float] = {}
    against: set[str] = set()
    for ref, edit in edits.items():
        if not isinstance(edit, Edit):
            continue
        label = labels[ref[1]]
        if edit.truth is not None:
            numbers[ref] = edit.truth
            against.add("editor")
        elif label is not None:
            numbers[ref] = label
            against.add("labels")
    return numbers, tuple(sorted(against))
