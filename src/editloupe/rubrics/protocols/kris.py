"""KRIS-Bench (Wu et al., arXiv 2505.16707): percent per dimension, per class of knowledge, and overall."""

from __future__ import annotations

from collections.abc import Sequence

from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit, corrected, official, scored

__all__ = ["numbers"]

LIMITS = (0.0, 100.0)
NOTE = "the published scripts end at scores per sample; the mean follows the paper"


def numbers(items: Sequence[ScoredEdit]) -> list[AggregateValue]:
    """Official and corrected: the mean over all edits, over each class and over each dimension.

    The scale from 1 to 5 becomes percent, (s - 1) * 25, and a mean of it is the same whichever comes first.
    """
    aggregates = []
    for title, part in _parts(items):
        values = scored(part, ("overall",), float)
        known = [item.value for item in values if item.value is not None]
        aggregates.append(official(title, LIMITS, values, sum(known) / len(known) if known else None, NOTE))
        aggregates.append(corrected(title, LIMITS, values))
    return aggregates


def _parts(items: Sequence[ScoredEdit]) -> list[tuple[str, list[ScoredEdit]]]:
    parts = [("overall", list(items))]
    for group in ("class", "dimension"):
        values = dict.fromkeys(item.groups[group] for item in items if group in item.groups)
        parts += [(f"{group} {value}", [item for item in items if item.groups.get(group) == value]) for value in values]
    return parts
