"""Ratings from pairs, against a library and an optimiser of another kind; simulated where truth is known."""

import choix
import numpy as np
import pytest
from scipy import optimize

from editloupe.statistics.bradley_terry import PairData, ratings_of

STRENGTHS = np.array([0.8, 0.3, 0.0, -1.1])
FIRST, SECOND = np.triu_indices(len(STRENGTHS), 1)


def simulated(rng, clusters, *, nu=0.7, shared=0.0, each=2):
    """All pairs of each sample, `each` samples a cluster; `shared` is how far a cluster moves every strength."""
    cluster = np.repeat(np.arange(clusters), each)
    strengths = STRENGTHS + rng.normal(0, shared, (clusters, 4))[cluster]
    a, b = np.exp(strengths[:, FIRST]).ravel(), np.exp(strengths[:, SECOND]).ravel()
    weights = np.stack([a, b, nu * np.sqrt(a * b)], axis=1)  # as Davidson wrote them
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    seen = (rng.random((len(a), 1)) > ends[:, :2]).sum(axis=1)
    count = clusters * each
    return PairData.of(
        np.tile(FIRST, count), np.tile(SECOND, count), np.eye(3)[seen], np.repeat(cluster, len(FIRST)), items=4
    )


@pytest.mark.parametrize("seed", range(5))
def test_without_ties_it_is_what_choix_finds(seed):
    rng = np.random.default_rng(seed)
    data = simulated(rng, 60, nu=0.0)
    wins = [(a, b) if won[0] else (b, a) for a, b, won in zip(data.first, data.second, data.outcomes, strict=True)]
    found = ratings_of(data)
    expected = choix.opt_pairwise(4, [tuple(map(int, one)) for one in wins], alpha=0.0, tol=1e-10)
    assert found.values == pytest.approx(expected - expected.mean(), abs=1e-5)
    assert found.ties == (0.0,)


@pytest.mark.parametrize("seed", range(5))
def test_with_a_ridge_it_is_what_choix_finds(seed):
    data = simulated(np.random.default_rng(seed), 4, nu=0.0, each=1)
    wins = [(a, b) if won[0] else (b, a) for a, b, won in zip(data.first, data.second, data.outcomes, strict=True)]
    pairs = [tuple(map(int, one)) for one in wins]
    expected = choix.opt_pairwise(4, pairs, alpha=0.25, tol=1e-10)  # its alpha is of the squares, not of half of them
    assert ratings_of(data, ridge=0.5).values == pytest.approx(expected - expected.mean(), abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ridge", [0.0, 1.0])
def test_with_ties_and_several_dimensions_it_is_what_a_search_without_slopes_finds(seed, ridge):
    """The formula of one ability over several files with a tie parameter each, each file as heavy as the others."""
    rng = np.random.default_rng(seed)
    several = [simulated(rng, clusters, nu=nu) for clusters, nu in ((30, 0.4), (45, 1.5))]
    data = PairData.of(
        np.concatenate([one.first for one in several]),
        np.concatenate([one.second for one in several]),
        np.concatenate([one.outcomes for one in several]),
        np.concatenate([one.clusters for one in several]),
        items=4,
        dimensions=np.repeat([0, 1], [len(one.first) for one in several]),
    )
    totals = [len(one.first) for one in several]

    def loss(parameters):
        value = 0.5 * ridge * float(parameters[:4] @ parameters[:4])
        for one, log_nu, total in zip(several, parameters[4:], totals, strict=True):
            a, b = parameters[one.first], parameters[one.second]
            logs = np.stack([a, b, log_nu + (a + b) / 2], axis=1)
            logs -= np.log(np.exp(logs).sum(axis=1, keepdims=True))
            value -= np.mean(totals) / total * float((one.outcomes * logs).sum())
        return value

    expected = optimize.minimize(loss, np.zeros(6), method="Powell", options={"xtol": 1e-9, "ftol": 1e-14}).x
    found = ratings_of(data, ridge=ridge, balanced=True)
    assert found.values == pytest.approx(expected[:4] - expected[:4].mean(), abs=2e-4)
    assert found.ties == pytest.approx(np.exp(expected[4:]), rel=2e-3)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(3)
    held = []
    for _ in range(100):
        found = ratings_of(simulated(rng, 20))
        truth = STRENGTHS - STRENGTHS.mean()
        held += [low <= one <= high for one, (low, high) in zip(truth, found.ci95, strict=True)]
    assert 0.91 <= np.mean(held) <= 0.99


def test_intervals_are_wider_where_clusters_go_together():
    rng = np.random.default_rng(4)
    data = simulated(rng, 30, shared=1.5, each=8)
    apart = PairData.of(data.first, data.second, data.outcomes, range(len(data.first)), items=4)
    width, narrow = ([high - low for low, high in ratings_of(one).ci95] for one in (data, apart))
    assert min(np.array(width) / np.array(narrow)) > 1.2


def test_a_model_that_explains_the_results_is_seldom_refused_and_a_circle_is():
    rng = np.random.default_rng(5)
    fits = [ratings_of(simulated(rng, 40)).fit_p for _ in range(40)]
    assert np.mean([p < 0.05 for p in fits]) <= 0.1
    circle = [(0, 1, [0.8, 0.2, 0]), (1, 2, [0.8, 0.2, 0]), (0, 2, [0.2, 0.8, 0])]
    rows = [(a, b, np.eye(3)[rng.choice(3, p=p)], cluster) for cluster in range(40) for a, b, p in circle]
    found = ratings_of(PairData.of(*map(list, zip(*rows, strict=True)), items=3))
    assert found.fit_p < 0.001


WIN, LOSS, TIE = [1, 0, 0], [0, 1, 0], [0, 0, 1]


@pytest.mark.parametrize(
    ("rows", "rated"),
    [
        ([(0, 1, WIN), (0, 1, WIN)], []),
        ([(0, 1, WIN), (0, 1, TIE)], []),  # wins and ties: the further apart, the likelier
        ([(0, 1, TIE), (0, 1, TIE)], []),
        ([(0, 1, WIN), (0, 1, LOSS), (2, 0, WIN), (2, 1, WIN)], [0, 1]),
        ([(0, 1, WIN), (1, 2, WIN), (2, 0, WIN)], [0, 1, 2]),
        ([(0, 1, WIN), (0, 1, LOSS), (2, 3, WIN), (2, 3, LOSS)], [0, 1]),  # nothing ties the two groups together
        ([(0, 1, WIN), (0, 1, TIE), (1, 2, WIN), (1, 2, TIE), (0, 2, WIN), (0, 2, TIE)], [0, 1, 2]),
        ([], []),
    ],
)
def test_who_has_no_finite_rating_gets_none(rows, rated):
    data = PairData.of(
        [a for a, _, _ in rows], [b for _, b, _ in rows], [one for *_, one in rows], range(len(rows)), items=4
    )
    found = ratings_of(data)
    assert [one for one in range(4) if found.values[one] is not None] == rated
    assert all((found.ci95[one] is None) == (found.values[one] is None) for one in range(4))
    if rated:
        assert sum(found.values[one] for one in rated) == pytest.approx(0)
        assert max(abs(found.values[one]) for one in rated) < 5


def test_one_cluster_has_ratings_and_no_interval():
    data = PairData.of([0, 0, 0], [1, 1, 1], [WIN, WIN, LOSS], [0, 0, 0], items=2)
    found = ratings_of(data)
    assert found.values == pytest.approx((np.log(2) / 2, -np.log(2) / 2))
    assert found.ci95 == (None, None)


def test_the_order_of_names_changes_nothing():
    data = simulated(np.random.default_rng(6), 20)
    turn = np.array([2, 0, 3, 1])
    turned = PairData.of(turn[data.first], turn[data.second], data.outcomes, data.clusters, items=4)
    assert np.array(ratings_of(turned).values)[turn] == pytest.approx(ratings_of(data).values)


@pytest.mark.parametrize("outcome", [[0.5, -0.5, 1], [np.nan, 0, 1]])
def test_what_is_no_share_is_refused(outcome):
    with pytest.raises(ValueError, match="shares"):
        PairData.of([0], [1], [outcome], [0], items=2)
