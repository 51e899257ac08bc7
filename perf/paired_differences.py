"""Paired differences over simulated studies: coverage of the interval, uniformity of p, power at the detectable one.

    python perf/paired_differences.py           the table of docs/design/paired.md (about a minute)

A study has G clusters (source images) of 1 to 4 samples. Both editors' scores come from one skewed distribution through
a Gaussian copula: a shared part (hard and easy pictures), a part per sample, and noise of their own. For the power the
second editor's latent skill is lowered until the true difference is the mean detectable one.
"""

import argparse
import time

import numpy as np
from scipy import stats

from editloupe.statistics.paired import paired_differences

GRID = (np.arange(20_000) + 0.5) / 20_000
SCORES = {
    "good editors: round(10 Beta(4, 1))": np.round(10 * stats.beta(4, 1).ppf(GRID)),
    "30 % zeros, else 8-10": np.where(GRID < 0.3, 0.0, np.round(8 + 2 * GRID)),
    "90 % tens, else 0-9": np.where(GRID < 0.1, np.floor(100 * GRID), 10.0),
}
MOST = 4


def studies(rng, quantiles, clusters, count, shift=0.0):
    """(differences, cluster numbers): each column of (samples, count) is one study with the same clusters."""
    codes = np.repeat(np.arange(clusters), rng.integers(1, MOST + 1, clusters))
    shape = (len(codes), count)
    shared = rng.standard_normal((clusters, count))[codes] + rng.standard_normal(shape)

    def scores(skill):
        latent = (shared + rng.standard_normal(shape)) / np.sqrt(3) + skill
        return quantiles[(stats.norm.cdf(latent) * len(quantiles)).astype(int).clip(0, len(quantiles) - 1)]

    return scores(0.0) - scores(-shift), codes


def true_difference(quantiles, shift, rng):
    differences, _ = studies(rng, quantiles, 20_000, 4, shift)
    return float(differences.mean())


def shift_for(quantiles, wanted):
    """The latent shift that makes the true difference the wanted one, by bisection over one fixed sample."""
    low, high = 0.0, 3.0
    for _ in range(18):
        middle = (low + high) / 2
        true = true_difference(quantiles, middle, np.random.default_rng(7))
        low, high = (middle, high) if true < wanted else (low, middle)
    return (low + high) / 2


def rows(count):
    print("| scores | clusters | p < 0.05 | p < 0.01 | KS p | covers 0 | detectable | power there | covers there |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, quantiles in SCORES.items():
        for clusters in (20, 50, 270):
            rng = np.random.default_rng(clusters)
            null = []
            for _ in range(20):  # 20 layouts of clusters
                differences, codes = studies(rng, quantiles, clusters, count // 20)
                null += paired_differences(differences, codes, limits=(-10, 10), seed=int(rng.integers(2**31)))
            p = np.array([difference.p for difference in null])
            detectable = float(np.mean([difference.detectable for difference in null]))
            shift = shift_for(quantiles, detectable)
            truth = true_difference(quantiles, shift, np.random.default_rng(8))
            moved = []
            for _ in range(20):
                differences, codes = studies(rng, quantiles, clusters, count // 20, shift)
                moved += paired_differences(differences, codes, limits=(-10, 10), seed=int(rng.integers(2**31)))
            power = np.mean([difference.p < 0.05 for difference in moved])
            pairs = ((null, 0), (moved, truth))
            covers = [
                np.mean([difference.ci95[0] <= at <= difference.ci95[1] for difference in several])
                for several, at in pairs
            ]
            uniform = stats.kstest(p, "uniform").pvalue
            cells = [f"{np.mean(p < 0.05):.3f}", f"{np.mean(p < 0.01):.3f}", f"{uniform:.2f}", f"{covers[0]:.3f}"]
            cells += [f"{detectable:.2f}", f"{power:.2f}", f"{covers[1]:.3f}"]
            print(f"| {name} | {clusters} | {' | '.join(cells)} |", flush=True)


def speed():
    rng = np.random.default_rng(0)
    scores = np.round(10 * rng.beta(4, 1, (2000, 20)))
    first, second = np.triu_indices(20, 1)
    started = time.perf_counter()
    paired_differences(scores[:, first] - scores[:, second], np.arange(2000))
    print(f"\n190 pairs of 20 editors on 2,000 samples: {time.perf_counter() - started:.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--studies", type=int, default=2000)
    rows(parser.parse_args().studies)
    speed()
