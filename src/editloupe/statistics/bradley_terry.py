"""Ratings from pairs: the Bradley-Terry model with ties of Davidson, with intervals that respect clusters.

``docs/design/pairs.md`` has the formulas with their sources, and the coverage that ``perf/pairs_coverage.py`` measures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats
from scipy.linalg import block_diag, null_space
from scipy.special import stdtrit

__all__ = ["PairData", "Ratings", "ratings_of"]

Floats = NDArray[np.float64]
Codes = NDArray[np.intp]

LEVEL = 0.95

NOTHING = 1e-12
"""A weight below this is none: probabilities of labels are never exactly zero, and one in a billion is no win."""


@dataclass(frozen=True, slots=True)
class PairData:
    """Outcomes of comparisons.

    Attributes:
        first, second: (n,) who was compared, as numbers from 0.
        outcomes: (n, 3) shares of first wins, second wins, tie; each row adds up to its weight, mostly 1.
        clusters: (n,) what makes outcomes dependent, as numbers from 0.
        items: how many there are to be rated.
        dimensions: (n,) by what was compared, as numbers from 0; ties are as likely in all of one dimension.
    """

    first: Codes
    second: Codes
    outcomes: Floats
    clusters: Codes
    items: int
    dimensions: Codes

    @classmethod
    def of(
        cls,
        first: Sequence[int] | Codes,
        second: Sequence[int] | Codes,
        outcomes: Sequence[Sequence[float]] | Floats,
        clusters: Sequence[int] | Codes,
        *,
        items: int,
        dimensions: Sequence[int] | Codes | None = None,
    ) -> PairData:
        """Make it of sequences.

        Raises:
            ValueError: unequal lengths, or an outcome that is no share.
        """
        shares = np.asarray(outcomes, dtype=np.float64).reshape(-1, 3)
        count = len(shares)
        codes = [np.asarray(codes_of, dtype=np.intp) for codes_of in (first, second, clusters)]
        codes.append(np.zeros(count, np.intp) if dimensions is None else np.asarray(dimensions, dtype=np.intp))
        if any(len(codes_of) != count for codes_of in codes):
            raise ValueError("first, second, outcomes, clusters and dimensions have one entry per comparison")
        if not np.isfinite(shares).all() or (shares < 0).any():
            raise ValueError("outcomes are shares, finite and not negative")
        return cls(codes[0], codes[1], shares, codes[2], items, codes[3])


@dataclass(frozen=True, slots=True)
class Ratings:
    """What a fit found. What the data do not define is None, never 0.

    Attributes:
        values: of each item, the natural logarithm of its strength; those that have one add up to 0. None where no
            finite one fits: an item that won, or lost, all that ties it to the others, or that was never compared.
        ci95: of each, None below two clusters.
        ties: how much likelier a tie is than the geometric mean of the two wins, by dimension: Davidson's nu. None
            where there is no decided comparison.
        covariance: (items, items) of the values; NaN for an item without one.
        fit_p: of the test that one number an item explains the results of all pairs; None where there are no more pairs
            than numbers, or too few clusters.
        clusters: that the fit stands on.
    """

    values: tuple[float | None, ...]
    ci95: tuple[tuple[float, float] | None, ...]
    ties: tuple[float | None, ...]
    covariance: Floats
    fit_p: float | None
    clusters: int


def ratings_of(data: PairData, *, ridge: float = 0.0, balanced: bool = False) -> Ratings:
    """Rate the items by maximum likelihood.

    With strengths a, b and a tie parameter nu for the dimension (Davidson, *On Extending the Bradley-Terry Model to
    Accommodate Ties in Paired Comparison Experiments*, J. Am. Statist. Assoc. 65, 1970)::

        P(first) = e^a / Z    P(second) = e^b / Z    P(tie) = nu e^((a + b) / 2) / Z

    so without ties it is the model of Bradley & Terry. Where some values could drift apart for ever without making what
    was seen less likely, as those of an item that was never beaten, there is no finite maximum (Albert & Anderson, *On
    the Existence of Maximum Likelihood Estimates in Logistic Regression Models*, Biometrika 71, 1984; without ties this
    is the condition of Ford, 1957: results in both directions). The largest set of items that cannot is rated; the
    others get None. With a ridge everyone is rated.

    Intervals: value plus and minus t with G - 1 degrees of freedom times the cluster-robust error, the sandwich of
    G / (G - 1) times the outer products of the clusters' scores (Liang & Zeger, Biometrika 73, 1986).

    Args:
        data: the comparisons.
        ridge: weight of ``0.5 |values|^2``, subtracted from the log-likelihood.
        balanced: whether each dimension counts equally, however many comparisons it has.
    """
    rated = np.arange(data.items)
    unknown = Ratings(
        values=(None,) * data.items,
        ci95=(None,) * data.items,
        ties=(None,) * _dimensions(data),
        covariance=np.full((data.items, data.items), np.nan),
        fit_p=None,
        clusters=0,
    )
    while True:
        if len(rated) < 2:
            return unknown
        cells = _Cells(data, rated, balanced=balanced)
        if not (cells.counts[:, :2] > NOTHING).any():  # ties alone say nothing of how far apart two could be
            return unknown
        bounded = np.arange(len(rated)) if ridge else cells.bounded()
        if len(bounded) == len(rated):
            break
        rated = rated[bounded]
    parameters = cells.fitted(ridge)
    values: list[float | None] = [None] * data.items
    intervals: list[tuple[float, float] | None] = [None] * data.items
    covariance = np.full((data.items, data.items), np.nan)
    own, number = cells.covariance(parameters, ridge)
    for index, item in enumerate(rated):
        values[item] = float(parameters[index])
        if own is not None:
            reach = float(stdtrit(number - 1, (1 + LEVEL) / 2) * np.sqrt(own[index, index]))
            intervals[item] = (float(parameters[index]) - reach, float(parameters[index]) + reach)
    if own is not None:
        covariance[np.ix_(rated, rated)] = own
    return Ratings(
        values=tuple(values),
        ci95=tuple(intervals),
        ties=cells.ties(parameters),
        covariance=covariance,
        fit_p=cells.fit_p(parameters, ridge),
        clusters=number,
    )


def _dimensions(data: PairData) -> int:
    return int(data.dimensions.max()) + 1 if len(data.dimensions) else 1


class _Cells:
    """The comparisons of rated items, counted by dimension and pair, as a multinomial model that is linear in its logs.

    The parameters are a value per item, then the logarithm of nu per dimension in which there are ties.
    """

    def __init__(self, data: PairData, rated: Codes, *, balanced: bool) -> None:
        code_of = np.full(data.items, -1)
        code_of[rated] = np.arange(len(rated))
        kept = (code_of[data.first] >= 0) & (code_of[data.second] >= 0)
        first, second = code_of[data.first[kept]], code_of[data.second[kept]]
        outcomes, dimensions = data.outcomes[kept].copy(), data.dimensions[kept]
        turned = first > second
        outcomes[turned] = outcomes[turned][:, [1, 0, 2]]
        low, high = np.minimum(first, second), np.maximum(first, second)
        keys, cell = np.unique(np.stack([dimensions, low, high], axis=1), axis=0, return_inverse=True)
        cell = cell.reshape(-1)
        self.items, self.all_dimensions = len(rated), _dimensions(data)
        self.weights = np.ones(self.all_dimensions)
        totals = np.bincount(dimensions, weights=outcomes.sum(axis=1), minlength=self.all_dimensions)
        if balanced:
            present = totals > 0
            self.weights[present] = totals[present].mean() / totals[present]
        weighted = outcomes * self.weights[dimensions][:, None]
        _, group = np.unique(data.clusters[kept], return_inverse=True)
        self.clusters = int(group.max()) + 1 if len(group) else 0
        self.by_cluster = np.zeros((self.clusters, len(keys), 3))
        np.add.at(self.by_cluster, (group, cell), weighted)
        self.counts = self.by_cluster.sum(axis=0)
        tied = np.bincount(keys[:, 0], weights=self.counts[:, 2], minlength=self.all_dimensions)
        decided = np.bincount(keys[:, 0], weights=self.counts[:, :2].sum(axis=1), minlength=self.all_dimensions)
        self.with_ties = [
            dimension
            for dimension in range(self.all_dimensions)
            if tied[dimension] > NOTHING and decided[dimension] > NOTHING
        ]
        self.without_ties = [
            dimension for dimension in range(self.all_dimensions) if tied[dimension] <= NOTHING < decided[dimension]
        ]
        # A dimension of ties alone has no finite nu, and tells nothing about the values.
        informs = decided[keys[:, 0]] > NOTHING
        self.counts, self.by_cluster, keys = self.counts[informs], self.by_cluster[:, informs], keys[informs]
        self.keys = keys
        rows = np.arange(len(keys))
        self.design = np.zeros((len(keys), 3, self.items + len(self.with_ties)))
        self.design[rows, 0, keys[:, 1]] = 1
        self.design[rows, 1, keys[:, 2]] = 1
        self.design[rows, 2, keys[:, 1]] += 0.5
        self.design[rows, 2, keys[:, 2]] += 0.5
        for number, dimension in enumerate(self.with_ties):
            self.design[keys[:, 0] == dimension, 2, self.items + number] = 1
        self.possible = np.zeros((len(keys), 3))
        self.possible[np.isin(keys[:, 0], self.without_ties), 2] = -np.inf
        # Values add up to 0: what is fitted are coordinates in that space.
        self.basis = block_diag(null_space(np.ones((1, self.items))), np.eye(len(self.with_ties)))

    def fitted(self, ridge: float) -> Floats:
        """The parameters at the maximum of the likelihood."""
        totals = self.counts.sum(axis=1)

        def loss(reduced: Floats) -> tuple[float, Floats]:
            full = self.basis @ reduced
            logs = self._logs(full)
            known = self.counts > 0
            values = full[: self.items]
            value = 0.5 * ridge * float(values @ values) - float((self.counts[known] * logs[known]).sum())
            slope = np.einsum("co,cop->p", totals[:, None] * np.exp(logs) - self.counts, self.design)
            slope[: self.items] += ridge * values
            return value, self.basis.T @ slope

        solution = optimize.minimize(
            loss,
            np.zeros(self.basis.shape[1]),
            jac=True,
            hess=lambda reduced: self._reduced_information(self.basis @ reduced, ridge),
            method="trust-exact",
            options={"gtol": 1e-8, "maxiter": 1000},
        )
        return np.asarray(self.basis @ solution.x, dtype=np.float64)

    def bounded(self) -> Codes:
        """The largest set of items whose values cannot drift apart; of equally large ones the first.

        A direction of the parameters makes what was seen no less likely where each outcome that was seen gains at least
        as much as the others of its cell. One linear program finds which of these gains can be above 0; the directions
        are then those in which the others stay 0.
        """
        gains = [
            self.design[cell, seen] - self.design[cell, other]
            for cell in range(len(self.keys))
            for seen in range(3)
            for other in range(3)
            if seen != other and self.counts[cell, seen] > NOTHING and np.isfinite(self.possible[cell, other])
        ]
        rows = np.unique(np.array(gains), axis=0)
        count, size = rows.shape
        solution = optimize.linprog(
            np.concatenate([np.zeros(size), -np.ones(count)]),
            A_ub=np.hstack([-rows, np.eye(count)]),
            b_ub=np.zeros(count),
            bounds=[*((None, None),) * size, *((0.0, 1.0),) * count],
            method="highs",
        )
        fixed = rows[solution.x[size:] < 0.5]  # a cone: what can be above 0 can be 1
        directions = null_space(fixed) if len(fixed) else np.eye(size)
        moves = np.round(directions[: self.items], 6) + 0.0
        _, groups = np.unique(moves, axis=0, return_inverse=True)
        groups = groups.reshape(-1)
        sizes = np.bincount(groups)
        first = next(group for group in groups if sizes[group] == sizes.max())
        return np.flatnonzero(groups == first)

    def covariance(self, parameters: Floats, ridge: float) -> tuple[Floats | None, int]:
        """Of the values, cluster-robust, and the number of clusters; None below two of them."""
        number = self._present()
        if number < 2:
            return None, number
        moves = self._moves(parameters, ridge)
        own = number / (number - 1) * moves.T @ moves
        return own[: self.items, : self.items], number

    def ties(self, parameters: Floats) -> tuple[float | None, ...]:
        """Davidson's nu by dimension."""
        known = {
            dimension: float(np.exp(parameters[self.items + index])) for index, dimension in enumerate(self.with_ties)
        }
        return tuple(
            0.0 if dimension in self.without_ties else known.get(dimension) for dimension in range(self.all_dimensions)
        )

    def fit_p(self, parameters: Floats, ridge: float) -> float | None:
        """Test whether what is left of each pair's net result after the fit is chance, clusters kept whole.

        Hotelling's T squared of the clusters' residuals, with what the estimated parameters take from them.
        """
        number, spare = self._present(), len(self.keys) - self.items + 1
        if spare < 1 or number <= 2 * spare:
            return None
        chances = np.exp(self._logs(parameters))
        totals = self.by_cluster.sum(axis=2)
        net = self.by_cluster[:, :, 0] - self.by_cluster[:, :, 1]
        expected = chances[:, 0] - chances[:, 1]
        residuals = net - totals * expected
        centred = self.design - np.einsum("co,cop->cp", chances, self.design)[:, None, :]
        slopes = chances[:, 0, None] * centred[:, 0] - chances[:, 1, None] * centred[:, 1]
        own = residuals - self._moves(parameters, ridge) @ (self.counts.sum(axis=1)[:, None] * slopes).T
        spread = number / (number - 1) * own.T @ own
        left = residuals.sum(axis=0)
        values, vectors = np.linalg.eigh(spread)
        kept = values > 1e-9 * max(1.0, float(values.max()))
        rank = int(kept.sum())
        if rank == 0 or number <= 2 * rank:
            return None
        squared = float((((vectors[:, kept].T @ left) ** 2) / values[kept]).sum())
        return float(stats.f.sf(squared * (number - rank) / (rank * (number - 1)), rank, number - rank))

    def _present(self) -> int:
        return int((self.by_cluster.sum(axis=(1, 2)) > 0).sum())

    def _moves(self, parameters: Floats, ridge: float) -> Floats:
        """(clusters, parameters) by how much each cluster moves the estimate."""
        chances = np.exp(self._logs(parameters))
        totals = self.by_cluster.sum(axis=2)
        scores = np.einsum("gco,cop->gp", self.by_cluster - totals[:, :, None] * chances, self.design)
        reduced = np.linalg.solve(self._reduced_information(parameters, ridge), (scores @ self.basis).T)
        return np.asarray((self.basis @ reduced).T, dtype=np.float64)

    def _logs(self, full: Floats) -> Floats:
        """(cells, 3) logarithms of the chances of each outcome."""
        linear = self.design @ full + self.possible
        return np.asarray(linear - np.logaddexp.reduce(linear, axis=1)[:, None], dtype=np.float64)

    def _reduced_information(self, full: Floats, ridge: float) -> Floats:
        chances = np.exp(self._logs(full))
        totals = self.counts.sum(axis=1)
        mean = np.einsum("co,cop->cp", chances, self.design)
        second = np.einsum("c,co,cop,coq->pq", totals, chances, self.design, self.design)
        information = second - np.einsum("c,cp,cq->pq", totals, mean, mean)
        information[: self.items, : self.items] += ridge * np.eye(self.items)
        return np.asarray(self.basis.T @ information @ self.basis, dtype=np.float64)
