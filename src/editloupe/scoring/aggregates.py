"""The numbers that a rubric defines over the whole study, for all editors side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from editloupe.results import Aggregate
from editloupe.rubrics.aggregate_functions import AGGREGATES
from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit
from editloupe.rubrics.rubric import Rubric

__all__ = ["aggregates_of"]


def aggregates_of(rubric: Rubric, edits: Mapping[str, Sequence[ScoredEdit]]) -> tuple[Aggregate, ...]:
    """Apply the rubric's function to each editor's scores.

    Args:
        rubric: names the function; without one there are no numbers.
        edits: by editor, both in the order of the study; those that no metric applies to are missing.
    """
    if not rubric.aggregates:
        return ()
    by_number: dict[tuple[str, str], dict[str, AggregateValue]] = {}
    for editor, scored in edits.items():
        for number in AGGREGATES[rubric.aggregates](scored):
            by_number.setdefault((number.name, number.variant), {})[editor] = number
    return tuple(_side_by_side(numbers) for numbers in by_number.values())


def _side_by_side(numbers: Mapping[str, AggregateValue]) -> Aggregate:
    first = next(iter(numbers.values()))
    notes = {number.note for number in numbers.values()}
    note = (
        first.note
        if len(notes) == 1
        else "; ".join(f"{name}: {number.note}" for name, number in numbers.items() if number.note)
    )
    values = {editor: number.value for editor, number in numbers.items()}
    return Aggregate(first.name, first.variant, first.low, first.high, values, note)
