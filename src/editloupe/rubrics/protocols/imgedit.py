"""ImgEdit-Bench, basic suite (Ye et al., ImgEdit, arXiv 2505.20275): mean of three scores, of a type, of the types."""

from __future__ import annotations

from collections.abc import Sequence

from editloupe.rubrics.aggregates import (
    AggregateValue,
    ScoredEdit,
    corrected,
    mean_of_groups,
    means_by_group,
    official,
    scored,
)

__all__ = ["numbers"]

TYPES = 9
SCORES = ("instruction", "naturalness", "coherence")
LIMITS = (1.0, 5.0)


def numbers(items: Sequence[ScoredEdit]) -> list[AggregateValue]:
    """Official and corrected, overall and by edit type.

    The published scripts round the mean of each edit and the mean of each type to two decimals, and do not enforce what
    the prompts demand, that the other scores may not exceed the first one. The mean over the types is not printed by
    them; it reproduces the published rows.
    """
    as_printed = scored(items, SCORES, lambda *three: round(sum(three) / 3, 2))
    means = {name: round(mean, 2) for name, mean in means_by_group(as_printed).items()}
    meant = scored(items, ("overall",), float)
    overall = sum(means.values()) / len(means) if means else None
    aggregates = [
        official("overall", LIMITS, as_printed, overall, f"over {len(means)} of {TYPES} types, each rounded"),
        mean_of_groups("overall", LIMITS, meant, groups=TYPES),
    ]
    for name in dict.fromkeys(item.category for item in items):
        printed = [score for score in as_printed if score.group == name]
        aggregates.append(official(name, LIMITS, printed, means.get(name), "rounded to 2 decimals"))
        aggregates.append(corrected(name, LIMITS, [score for score in meant if score.group == name]))
    return aggregates
