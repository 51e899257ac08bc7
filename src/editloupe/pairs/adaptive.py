"""Which pairs are asked next, where only what decides open ranks is to be asked. Pure numbers: it knows no files.

In each round the editors are put in order by what is known. Neighbours in that order whose own results do not settle
who is better get more samples, half as many again as they have; the others none. A result counts as settled by a test
that may be looked at after every round (`statistics.pair_order`), with the error divided by all pairs of editors,
because which of them become neighbours depends on the results.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.bradley_terry import PairData
from editloupe.statistics.pair_order import anytime_sign, order_of

__all__ = ["FIRST", "PairState", "Round", "next_round"]

FIRST = 8
"""Clusters of every pair in the first round: enough for a first order, too few to settle anything."""


@dataclass(slots=True)
class PairState:
    """What is known of two editors.

    Attributes:
        taken: how many clusters have been asked, from the first on.
        values: the net result of each of them that has one, -1 to 1, in that order.
        shares: (first is better, second is, tie), summed over them.
    """

    taken: int = 0
    values: list[float] = field(default_factory=list)
    shares: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Round:
    """What is to be asked next.

    Attributes:
        order: editors by what is known, best first.
        better: [i, j] whether it is settled that i is better than j.
        open: neighbours in the order of which that is not settled, either way.
        more: how many further clusters each pair gets; empty at the end.
    """

    order: tuple[int, ...]
    better: NDArray[np.bool_]
    open: tuple[tuple[int, int], ...]
    more: Mapping[tuple[int, int], int]


def next_round(states: Mapping[tuple[int, int], PairState], editors: int, clusters: int, error: float) -> Round:
    """Decide what is asked next.

    Args:
        states: of all pairs (i, j), i < j.
        editors: how many there are.
        clusters: how many there are.
        error: how likely a settled rank may be wrong, over all ranks together.
    """
    better = np.zeros((editors, editors), dtype=bool)
    for (i, j), state in states.items():
        sign = anytime_sign(state.values, error / len(states))
        better[i, j], better[j, i] = sign > 0, sign < 0
    order = order_of(_data(states, editors), better)
    neighbours = [(min(two), max(two)) for two in itertools.pairwise(order)]
    undecided = [(i, j) for i, j in neighbours if not better[i, j] and not better[j, i]]
    first = {two: min(FIRST, clusters) for two, state in states.items() if state.taken == 0 and clusters}
    more = first or {
        two: min(max(FIRST, states[two].taken // 2), clusters - states[two].taken)
        for two in undecided
        if states[two].taken < clusters
    }
    return Round(tuple(order), better, tuple(undecided), more)


def _data(states: Mapping[tuple[int, int], PairState], editors: int) -> PairData:
    pairs = list(states)
    return PairData.of(
        [i for i, _ in pairs],
        [j for _, j in pairs],
        [states[two].shares for two in pairs],
        range(len(pairs)),
        items=editors,
    )
