"""Which rubric has numbers of its own over the whole study; each is a named pure function of one editor's scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from editloupe.rubrics.aggregates import AggregateValue, ScoredEdit
from editloupe.rubrics.protocols import gedit, imgedit, kris, re_edit, rise

__all__ = ["AGGREGATES"]

AGGREGATES: dict[str, Callable[[Sequence[ScoredEdit]], list[AggregateValue]]] = {
    "gedit": gedit.numbers,
    "imgedit": imgedit.numbers,
    "kris": kris.numbers,
    "re-edit": re_edit.numbers,
    "rise": rise.numbers,
}
