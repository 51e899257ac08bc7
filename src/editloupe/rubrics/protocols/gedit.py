"""GEdit-Bench (Liu et al., Step1X-Edit, arXiv 2504.17761): per language and set, the unweighted mean of the groups.

Per edit SC = min(success, no over-editing), PQ = min(naturalness, no artifacts), O = sqrt(SC * PQ), as in VIEScore.
"""

from __future__ import annotations

from collections.abc import Sequence

from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit, mean_of_groups, means_by_group, official, scored

__all__ = ["numbers"]

GROUPS = 11
SCORES = {"SC": "semantics", "PQ": "quality", "O": "overall"}
LIMITS = (0.0, 10.0)


def numbers(items: Sequence[ScoredEdit]) -> list[AggregateValue]:
    """Official and corrected, for each language and set that the study has samples of.

    The published script averages in the same way; it puts random scores in place of replies that it cannot read, and
    those are left out here.
    """
    aggregates = []
    for language in ("en", "cn"):
        spoken = [item for item in items if item.groups.get("language") == language]
        both = [item for item in spoken if item.groups.get("intersection") == "true"]
        for name, part in (("full set", spoken), ("intersection", both)):
            for short, score in SCORES.items():
                if not part:
                    continue
                values = scored(part, (score,), float)
                means = means_by_group(values)
                mean = sum(means.values()) / len(means) if means else None
                title = f"{language}, {name}: {short}"
                aggregates.append(official(title, LIMITS, values, mean, f"over {len(means)} of {GROUPS} groups"))
                aggregates.append(mean_of_groups(title, LIMITS, values, groups=GROUPS))
    return aggregates
