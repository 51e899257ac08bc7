"""How often do 95 % intervals hold the true mean? Simulated studies of skewed 0-10 scores in clusters.

    python perf/interval_coverage.py            the table of docs/design/intervals.md (under a minute)

A study has G clusters (source images) of 1 to 5 edits. Scores within a cluster correlate through a Gaussian copula
(rho = 0.5), so every score has exactly the stated distribution and the true mean is known without simulation.
"""

import argparse
import time

import numpy as np
from scipy import stats

from editloupe.statistics.agreement import agreement
from editloupe.statistics.interval import mean_of_ratios_interval, ratio_interval

GRID = (np.arange(20_000) + 0.5) / 20_000
SCORES = {  # quantile functions on a grid
    "good editor: round(10 Beta(4, 1))": np.round(10 * stats.beta(4, 1).ppf(GRID)),
    "poor editor: round(10 Beta(1, 4))": np.round(10 * stats.beta(1, 4).ppf(GRID)),
    "30 % zeros, else 8-10": np.where(GRID < 0.3, 0.0, np.round(8 + 2 * GRID)),
    "90 % tens, else 0-9": np.where(GRID < 0.1, np.floor(100 * GRID), 10.0),
}
CLUSTERS = (10, 20, 50, 270)
MOST = 5


def studies(rng, quantiles, clusters, count):
    """Draw `count` studies; returns sums and sizes per cluster, each (count, clusters)."""
    sizes = rng.integers(1, MOST + 1, (count, clusters))
    shared = rng.standard_normal((count, clusters, 1))
    own = rng.standard_normal((count, clusters, MOST))
    uniform = stats.norm.cdf(np.sqrt(0.5) * (shared + own))
    scores = quantiles[(uniform * len(quantiles)).astype(int).clip(0, len(quantiles) - 1)]
    return np.sum(scores * (np.arange(MOST) < sizes[..., None]), axis=-1), sizes.astype(float)


def plain_t(sums, sizes):
    clusters, mean = len(sums), sums.sum() / sizes.sum()
    error = np.sqrt(clusters / (clusters - 1) * np.sum((sums - mean * sizes) ** 2)) / sizes.sum()
    reach = stats.t.ppf(0.975, clusters - 1) * error
    return mean - reach, mean + reach


def bca(sums, sizes):
    with np.errstate(all="ignore"):
        result = stats.bootstrap(
            (sums, sizes),
            lambda s, n, axis: s.sum(axis=axis) / n.sum(axis=axis),
            paired=True,
            vectorized=True,
            n_resamples=1000,
            rng=np.random.default_rng(0),
        ).confidence_interval
    return (result.low, result.high) if np.isfinite(result.low) else plain_t(sums, sizes)


def mean_coverage(count, count_bca):
    print("| scores | clusters | this | plain t | BCa | mean width | misses of this: too high / too low |")
    print("|---|---|---|---|---|---|---|")
    for name, quantiles in SCORES.items():
        truth = quantiles.mean()
        for clusters in CLUSTERS:
            rng = np.random.default_rng(clusters)
            sums, sizes = studies(rng, quantiles, clusters, count)

            def cover(method, rows, sums=sums, sizes=sizes, truth=truth):
                limits = np.array([method(sums[i], sizes[i]) for i in range(rows)])
                return np.mean((limits[:, 0] <= truth) & (truth <= limits[:, 1])), limits

            ours, limits = cover(lambda s, n: ratio_interval(s, n, limits=(0.0, 10.0)), count)
            plain, _ = cover(plain_t, count)
            boot, _ = cover(bca, count_bca if clusters < 100 else count_bca // 2)
            width = np.mean(limits[:, 1] - limits[:, 0])
            sides = f"{np.mean(limits[:, 0] > truth):.3f} / {np.mean(limits[:, 1] < truth):.3f}"
            print(
                f"| {name} | {clusters} | {ours:.3f} | {plain:.3f} | {boot:.3f} | {width:.2f} | {sides} |", flush=True
            )


def groups_coverage(count):
    """The unweighted mean of the means of K groups of 4 to 60 scores, whose levels differ."""
    rng = np.random.default_rng(3)
    print("\n| groups | scores per group | held | mean width |")
    print("|---|---|---|---|")
    quantiles = list(SCORES.values())
    for groups, sizes in ((11, (40, 100)), (9, (23, 117)), (11, (8, 20)), (5, (4, 8))):
        held, widths = 0, []
        for _ in range(count):
            counts = rng.integers(*sizes, groups, endpoint=True)
            kinds = rng.integers(0, len(quantiles), groups)
            sums, ones = (np.zeros((counts.sum(), groups)) for _ in range(2))
            group = np.repeat(np.arange(groups), counts)
            draws = rng.integers(0, len(GRID), counts.sum())
            sums[np.arange(len(group)), group] = [quantiles[kinds[g]][d] for g, d in zip(group, draws, strict=True)]
            ones[np.arange(len(group)), group] = 1
            truth = np.mean([quantiles[kind].mean() for kind in kinds])
            low, high = mean_of_ratios_interval(sums, ones, limits=(0.0, 10.0))
            held += low <= truth <= high
            widths.append(high - low)
        print(f"| {groups} | {sizes[0]} to {sizes[1]} | {held / count:.3f} | {np.mean(widths):.2f} |", flush=True)


def agreement_coverage(count):
    """A judge that sees the truth through noise: rounded scores, three edits of each of G samples."""
    noise = 0.6

    def draw(rng, clusters):
        truth = rng.standard_normal((clusters, 1)) * 0.7 + rng.standard_normal((clusters, 3))
        judge = truth + noise * rng.standard_normal(truth.shape)
        bend = [np.round(10 * stats.norm.cdf(scores).ravel() ** 0.5) for scores in (judge, truth)]
        return bend[0], bend[1], [str(source) for source in np.repeat(np.arange(clusters), 3)]

    names = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")
    rng = np.random.default_rng(1)
    many = [agreement(*draw(rng, 900), seed=0) for _ in range(6)]
    truths = {name: np.mean([getattr(sample, name).value for sample in many]) for name in names}
    print("\n| clusters of 3 | " + " | ".join(names) + " |")
    print("|---" * (len(names) + 1) + "|")
    for clusters in CLUSTERS:
        held = dict.fromkeys(names, 0)
        rows = count if clusters < 100 else count // 4
        for _ in range(rows):
            agreed = agreement(*draw(rng, clusters), seed=0)
            for name in names:
                low, high = getattr(agreed, name).ci95 or (np.nan, np.nan)
                held[name] += low <= truths[name] <= high
        print(f"| {clusters} | " + " | ".join(f"{held[name] / rows:.3f}" for name in names) + " |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=2000)
    parser.add_argument("--bca-studies", type=int, default=500)
    parser.add_argument("--agreement-studies", type=int, default=400)
    options = parser.parse_args()
    started = time.monotonic()
    mean_coverage(options.studies, options.bca_studies)
    groups_coverage(options.studies)
    agreement_coverage(options.agreement_studies)
    print(f"\n{time.monotonic() - started:.0f} s")
