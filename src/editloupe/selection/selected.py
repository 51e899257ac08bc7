"""Which samples of a study are kept, and why the others are not: a pure function of its scores."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from editloupe.results import Results, Verdict
from editloupe.rubrics.rubric import OVERALL
from editloupe.selection.conditions import Condition, Top

__all__ = ["KeptEdit", "Selection", "select"]


@dataclass(frozen=True, slots=True)
class KeptEdit:
    """An edit that is kept: its sample, its picture relative to the study's folder, and all its scores."""

    sample: str
    group: str
    image: str | None
    scores: Mapping[str, float | None]


@dataclass(slots=True)
class Selection:
    """What became of an editor's edits; the counts and the kept ones add up to all of them.

    Attributes:
        kept: in the order of the study.
        failed: dropped because a score that is looked at is lacking: it failed, or does not apply.
        below: dropped by the condition.
        beyond: dropped because others of their group are better.
    """

    kept: list[KeptEdit] = field(default_factory=list)
    failed: int = 0
    below: int = 0
    beyond: int = 0

    @property
    def edits(self) -> int:
        """How many there are."""
        return len(self.kept) + self.failed + self.below + self.beyond


def select(
    results: Results, editor: str, *, where: Condition | None, top: Top | None, by: str | None, score: str = OVERALL
) -> Selection:
    """Choose among the edits of one editor.

    Args:
        results: of the study.
        editor: whose edits.
        where: what an edit's scores have to meet.
        top: how many are kept of those that do, the best by `score` first; of equal ones the earlier.
        by: the best of each group: ``category``, or the name of a group; all together where None.
        score: what is best.
    """
    looked_at = (where.names if where is not None else frozenset()) | ({score} if top is not None else frozenset())
    selection, passed = Selection(), []
    about = (verdict for verdict in results.verdicts if verdict.editor == editor)
    for (sample, _), group in groupby(about, lambda verdict: (verdict.sample, verdict.draw)):
        verdicts = list(group)
        scores = {verdict.metric: verdict.score for verdict in verdicts}
        scores[OVERALL] = results.overall.get((editor, sample))
        known = {name: value for name, value in scores.items() if value is not None}
        if not looked_at <= known.keys():
            selection.failed += 1
        elif where is not None and not where.holds(known):
            selection.below += 1
        else:
            image = next((verdict.image for verdict in verdicts if verdict.image is not None), None)
            passed.append(KeptEdit(sample, _group(verdicts[0], by), image, scores))
    selection.kept = passed if top is None else _best(passed, top, score)
    selection.beyond = len(passed) - len(selection.kept)
    return selection


def _group(verdict: Verdict, by: str | None) -> str:
    if by is None:
        return ""
    return verdict.category if by == "category" else verdict.groups.get(by, "")


def _best(edits: Sequence[KeptEdit], top: Top, score: str) -> list[KeptEdit]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, edit in enumerate(edits):
        groups[edit.group].append(index)
    chosen: set[int] = set()
    for indices in groups.values():
        best = sorted(indices, key=lambda index: -(edits[index].scores[score] or 0.0))  # stable: the earlier first
        chosen.update(best[: top.of(len(indices))])
    return [edit for index, edit in enumerate(edits) if index in chosen]
