"""What people would have said of every edit, from their ratings of a random part and the judge's scores of all."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from editloupe.audit.human_sample import DrawnSample
from editloupe.judge_quality.human_means import EditorHumanMeans, HumanMeans
from editloupe.records import Edit, Failure
from editloupe.results import Results, Verdict
from editloupe.statistics.prediction_powered import HumanMean, human_mean

__all__ = ["NOT_DRAWN", "human_means"]

EditRef = tuple[str, str]

NOT_DRAWN = (
    "the rated edits were not drawn at random, and those that people choose are better or worse than the rest; "
    "draw some with `editloupe sample` and rate them"
)


def human_means(
    drawn: DrawnSample | None,
    ratings: Mapping[EditRef, float],
    results: Results,
    edits: Mapping[EditRef, Edit | Failure],
    width: float | None = None,
) -> HumanMeans:
    """Estimate each drawn editor's mean, overall and by category.

    Only ratings of drawn samples count, and only where all drawn edits of an editor are rated: those that people left
    out may be the hard ones.

    Args:
        drawn: what was drawn; None where nothing was.
        ratings: by (editor, sample), on the scale of the study's overall score.
        results: of the study.
        edits: by (editor, sample).
        width: of the interval that is wished for, in points of the scale.

    """
    if drawn is None:
        return HumanMeans(refused=NOT_DRAWN)
    chosen = set(drawn.samples)
    return HumanMeans(
        seed=drawn.seed,
        drawn=len(drawn.samples),
        of=drawn.of,
        width=width,
        ignored=sum(name not in chosen or editor not in drawn.editors for editor, name in ratings),
        editors={editor: _of_editor(editor, chosen, ratings, results, edits, width) for editor in drawn.editors},
    )


def _of_editor(
    editor: str,
    chosen: set[str],
    ratings: Mapping[EditRef, float],
    results: Results,
    edits: Mapping[EditRef, Edit | Failure],
    width: float | None,
) -> EditorHumanMeans:
    rows: dict[str, Verdict] = {}
    for verdict in results.verdicts:
        if verdict.editor == editor and isinstance(edits.get((editor, verdict.sample)), Edit):
            rows.setdefault(verdict.sample, verdict)
    lacking = [name for name in rows if name in chosen and (editor, name) not in ratings]
    count = sum(name in chosen for name in rows)
    if not count:
        return EditorHumanMeans(refused="none of the drawn samples has an edit")
    if lacking:
        reason = f"{len(lacking)} of {count} drawn edits are not rated, such as {lacking[0]!r}"
        return EditorHumanMeans(refused=f"{reason}; a part that people chose is no random one")
    judge = np.array([_number(results.overall.get((editor, name))) for name in rows])
    people = np.array([ratings[editor, name] if name in chosen else np.nan for name in rows])
    _, clusters = np.unique([verdict.cluster for verdict in rows.values()], return_inverse=True)
    labels = np.array([verdict.category for verdict in rows.values()])
    _, strata = np.unique(labels, return_inverse=True)

    def estimate(inside: NDArray[np.bool_]) -> HumanMean:
        return human_mean(
            judge[inside], people[inside], clusters[inside], strata[inside], limits=results.scale.limits, width=width
        )

    return EditorHumanMeans(
        overall=estimate(np.ones(len(rows), dtype=bool)),
        categories={
            category.id: estimate(labels == category.id)
            for category in results.benchmark.categories
            if (labels == category.id).any()
        },
    )


def _number(score: float | None) -> float:
    return np.nan if score is None else score
