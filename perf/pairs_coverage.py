"""Ratings over simulated studies: coverage of the intervals, the test of fit, and how often an adaptive plan is wrong.

    python perf/pairs_coverage.py               the tables of docs/design/pairs.md (some ten minutes on a busy core)

A study has G clusters of 1 to 3 samples, in which four editors meet each other. A cluster moves all strengths by a
normal deviate, so that its results go together. The adaptive plan is asked with a judge that sees each picture with
noise, says a tie below a threshold, and names the first picture without looking in a share of its answers; in one row
two editors are equal, so that whatever is said about them is wrong.
"""

import argparse
import itertools
import time

import numpy as np

from editloupe.pairs.adaptive import PairState, next_round
from editloupe.statistics.bradley_terry import PairData, ratings_of

STRENGTHS = np.array([0.8, 0.3, 0.0, -1.1])
FIRST, SECOND = np.triu_indices(4, 1)


def study(rng, clusters, nu, shared):
    cluster = np.repeat(np.arange(clusters), rng.integers(1, 4, clusters))
    strengths = STRENGTHS + rng.normal(0, shared, (clusters, 4))[cluster]
    a, b = np.exp(strengths[:, FIRST]).ravel(), np.exp(strengths[:, SECOND]).ravel()
    weights = np.stack([a, b, nu * np.sqrt(a * b)], axis=1)
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    seen = (rng.random((len(a), 1)) > ends[:, :2]).sum(axis=1)
    count = len(cluster)
    return PairData.of(np.tile(FIRST, count), np.tile(SECOND, count), np.eye(3)[seen], np.repeat(cluster, 6), items=4)


def truth_of(nu, shared):
    """What the ratings estimate: those of a study so large that it has no chance in it."""
    return np.array(ratings_of(study(np.random.default_rng(99), 40_000, nu, shared)).values)


def coverage(count):
    print("| clusters | nu | clusters differ by | holds the truth | mean width | fit refused at 5 % | no rating |")
    print("|---|---|---|---|---|---|---|")
    for clusters, nu, shared in itertools.product((10, 20, 50, 200), (0.0, 0.7), (0.0, 1.0)):
        truth, rng = truth_of(nu, shared), np.random.default_rng(clusters)
        held, widths, refused, without = [], [], [], 0
        for _ in range(count):
            ratings = ratings_of(study(rng, clusters, nu, shared))
            if None in ratings.values:
                without += 1
                continue
            ends = np.array(ratings.ci95)
            held += [low <= true <= high for true, (low, high) in zip(truth, ends, strict=True)]
            widths.append(np.mean(ends[:, 1] - ends[:, 0]))
            if ratings.fit_p is not None:
                refused.append(ratings.fit_p < 0.05)
        fit = f"{np.mean(refused):.3f}" if refused else "–"
        print(
            f"| {clusters} | {nu:g} | {shared:g} | {np.mean(held):.3f} | {np.mean(widths):.2f} | {fit} | {without} |",
            flush=True,
        )


def plan(rng, worth, clusters, *, noise, bias, most, error=0.05):
    count = len(worth)
    states = {two: PairState() for two in itertools.combinations(range(count), 2)}
    questions = 0
    while True:
        now = next_round(states, count, clusters, error)
        if not now.more or questions >= most:
            return now, questions
        for two, more in now.more.items():
            state = states[two]
            seen = worth[list(two)] + rng.normal(0, noise, (more, 2, 2))
            apart = seen[..., 0] - seen[..., 1]
            nets = np.where(abs(apart) > 0.3, np.sign(apart), 0.0)
            nets = np.where(rng.random((more, 2)) < bias, [1.0, -1.0], nets)
            questions += 2 * more
            state.taken += more
            state.values += nets.mean(axis=1).tolist()
            shares = [(nets > 0).sum() / 2, (nets < 0).sum() / 2, (nets == 0).sum() / 2]
            state.shares = tuple(old + new for old, new in zip(state.shares, shares, strict=True))


def wrong_orders(count):
    print("| editors' worth | samples | settled something wrong | settled everything | questions, median | all pairs |")
    print("|---|---|---|---|---|---|")
    rows = [([1.5, 1.0, 0.5, 0.0], 400), ([0.6, 0.4, 0.2, 0.0], 1000), ([0.5, 0.5, 0.0], 200), ([0.0] * 4, 200)]
    for worth, clusters in rows:
        wrong = settled = 0
        questions = []
        for seed in range(count):
            now, asked = plan(np.random.default_rng(seed), np.array(worth), clusters, noise=1.0, bias=0.2, most=10**9)
            questions.append(asked)
            settled += not now.open
            wrong += any(
                now.better[i, j] and worth[i] <= worth[j] for i, j in itertools.permutations(range(len(worth)), 2)
            )
        everything = clusters * len(worth) * (len(worth) - 1)
        names = ", ".join(f"{value:g}" for value in worth)
        print(
            f"| {names} | {clusters} | {wrong} of {count} | {settled} | {np.median(questions):.0f} | {everything} |",
            flush=True,
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=200)
    given = parser.parse_args()
    started = time.time()
    wrong_orders(given.seeds)
    print()
    coverage(given.studies)
    print(f"\n{time.time() - started:.0f} s")
