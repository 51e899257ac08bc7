"""The numbers that a rubric defines over the whole study, of all editors side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from editloupe.records import Sample
from editloupe.results import Aggregate
from editloupe.rubrics.aggregate_functions import AGGREGATES
from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit
from editloupe.rubrics.rubric import Rubric
from editloupe.scoring.edit import EditScores

__all__ = ["aggregates_of"]


def aggregates_of(
    rubric: Rubric,
    editors: Sequence[str],
    samples: Sequence[Sample],
    scores: Mapping[tuple[str, str], EditScores],
    clusters: Mapping[str, str],
) -> tuple[Aggregate, ...]:
    """Apply the rubric's function to each editor's scores.

    Args:
        rubric: names the function; without one there are no numbers.
        editors: in the order of the study.
        samples: in the order of the study.
        scores: by (editor, sample id); those that no metric applies to are missing.
        clusters: by sample id, what makes its edits dependent on others.
    """
    if not rubric.aggregates:
        return ()
    found: dict[tuple[str, str], dict[str, AggregateValue]] = {}
    for editor in editors:
        items = [
            ScoredEdit(sample.category, dict(sample.groups), clusters[sample.id], one.values)
            for sample in samples
            if (one := scores.get((editor, sample.id))) is not None
        ]
        for number in AGGREGATES[rubric.aggregates](items):
            found.setdefault((number.name, number.variant), {})[editor] = number
    return tuple(_side_by_side(numbers) for numbers in found.values())


def _side_by_side(numbers: Mapping[str, AggregateValue]) -> Aggregate:
    first = next(iter(numbers.values()))
    notes = {number.note for number in numbers.values()}
    note = (
        first.note if len(notes) == 1 else "; ".join(f"{name}: {one.note}" for name, one in numbers.items() if one.note)
    )
    values = {editor: number.value for editor, number in numbers.items()}
    return Aggregate(first.name, first.variant, first.low, first.high, values, note)
