"""Which of two editors is better, told at any time: tests that may be looked at after every result.

An adaptive plan looks at its results and asks on where they leave something open. A p that is made for one look would
then be too small. The test here is a bet against "not better": the capital that it wins is evidence however often one
looks (Ville, *Étude critique de la notion de collectif*, 1939; Waudby-Smith & Ramdas, *Estimating Means of Bounded
Random Variables by Betting*, J. R. Statist. Soc. B 86, 2024).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from editloupe.statistics.bradley_terry import PairData, ratings_of

__all__ = ["anytime_p", "anytime_sign", "circular_triads", "order_of", "rank_ranges"]

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

STAKES = np.arange(1, 20) / 20
"""Shares of the capital that are bet; a part of it on each, so that none has to be chosen ahead."""


RIDGE = 0.1
"""Of the ratings that give everyone a place, also who never lost."""


def anytime_p(values: Sequence[float] | Floats) -> float | None:
    """The two-sided p of "the mean is 0", valid at whatever time one looks.

    Args:
        values: from -1 to 1, one per independent cluster, in the order in which they were asked for.

    Returns:
        ``min(1, 2 / M)``, M the largest capital so far of the better of two bets, one on each sign; None without
        values. P(p <= x) <= x for every x, however many values are taken and whatever made one stop.
    """
    results = np.asarray(values, dtype=np.float64)
    if not len(results):
        return None
    most = max(_capital(results), _capital(-results))
    return float(min(1.0, 2 * np.exp(-most)))


def anytime_sign(values: Sequence[float] | Floats, error: float) -> int:
    """The sign of the mean where `anytime_p` is at most `error`, else 0."""
    p = anytime_p(values)
    if p is None or p > error:
        return 0
    results = np.asarray(values, dtype=np.float64)
    return 1 if _capital(results) > _capital(-results) else -1


def _capital(results: Floats) -> float:
    """Logarithm of the largest capital on the way, of a bet that the mean is above 0."""
    grown = np.cumsum(np.log1p(np.outer(results, STAKES)), axis=0)
    return float(np.logaddexp.reduce(grown, axis=1).max() - np.log(len(STAKES)))


def order_of(data: PairData, better: Flags) -> list[int]:
    """The items, best first: by rating; what is known of two neighbours counts before it.

    Args:
        data: the comparisons; the ratings are those with a small ridge, because everyone needs a place.
        better: [i, j] whether i is known to be better than j.
    """
    values = ratings_of(data, ridge=RIDGE).values
    order = sorted(range(data.items), key=lambda item: (-(values[item] or 0.0), item))
    for _ in range(data.items):  # in a circle there would be no end to this
        for rank in range(data.items - 1):
            if better[order[rank + 1], order[rank]]:
                order[rank], order[rank + 1] = order[rank + 1], order[rank]
    return order


def rank_ranges(better: Flags) -> list[tuple[int, int]]:
    """The best and the worst rank that what is known leaves to each.

    Args:
        better: [i, j] whether i is known to be better than j.

    Returns:
        (1 + those known to be better, all less those known to be worse), where who is better than a better one counts.
    """
    known = better.copy()
    for middle in range(len(known)):
        known |= known[:, [middle]] & known[[middle], :]
    known &= ~known.T  # a circle settles nothing among those in it
    return [(1 + int(known[:, item].sum()), len(known) - int(known[item].sum())) for item in range(len(known))]


def circular_triads(better: Flags) -> list[tuple[int, int, int]]:
    """The triples in which each beats the next and the last the first (Kendall & Babington Smith, Biometrika 31, 1940).

    Args:
        better: [i, j] whether i beats j.
    """
    count = len(better)
    return [
        (a, b, c)
        for a in range(count)
        for b in range(a + 1, count)
        for c in range(a + 1, count)
        if b != c and better[a, b] and better[b, c] and better[c, a]
    ]
