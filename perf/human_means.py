"""Coverage and width of means that people's labels of a random part correct, over simulated judges.

    python perf/human_means.py [STUDIES]        the table of docs/design/human-means.md (about a minute)

A study has 270 samples in five strata; people's scores are skewed, and samples of one source image share a part. The
judge sees the people's score through bias and noise, or not at all. So many samples of each stratum are drawn at
random and labelled.
"""

import argparse
import time

import numpy as np
from scipy import stats
from scipy.special import ndtr

from editloupe.statistics.prediction_powered import human_mean

STRATA, EACH = 5, 54
SCORES = np.round(10 * stats.beta(3, 1.5).ppf((np.arange(20_000) + 0.5) / 20_000))
JUDGES = (
    "honest, little noise",
    "two points too kind",
    "kind to bad edits only",
    "noise alone",
    "fails on 1 in 5, bad ones first",
)


def study(rng, kind, per_source):
    """(people, judge, clusters, strata) of one study, from an endless supply of samples."""
    strata = np.repeat(np.arange(STRATA), EACH)
    clusters = np.concatenate([stratum * EACH + np.arange(EACH) // per_source for stratum in range(STRATA)])
    shared = rng.standard_normal(STRATA * EACH)[clusters] + rng.standard_normal(STRATA * EACH)
    skill = ndtr(shared / np.sqrt(2) + 0.2 * (strata - 2))
    people = SCORES[(skill * len(SCORES)).astype(int).clip(0, len(SCORES) - 1)]
    noise = rng.normal(0, 1, len(people))
    if kind == JUDGES[1]:
        judge = people + 2 + noise
    elif kind == JUDGES[2]:
        judge = np.where(people < 5, people + 4, people) + noise
    elif kind == JUDGES[3]:
        judge = 5 + 3 * noise
    else:
        judge = people + noise
    judge = np.clip(np.round(judge), 0, 10)
    if kind == JUDGES[4]:
        judge[np.argsort(people + 2 * rng.standard_normal(len(people)))[: len(people) // 5]] = np.nan
    return people, judge, clusters, strata


def labelled(rng, people, strata, count):
    given = np.full(len(people), np.nan)
    for stratum in range(STRATA):
        drawn = rng.choice(np.flatnonzero(strata == stratum), count // STRATA, replace=False)
        given[drawn] = people[drawn]
    return given


def rows(count):
    print("| judge | samples of a source image | labels | covers | labels alone cover | width by labels alone |")
    print("|---|---|---|---|---|---|")
    for kind in JUDGES:
        for per_source in (1, 3):
            many = np.random.default_rng(99)
            truth = np.mean([study(many, kind, per_source)[0].mean() for _ in range(4000)])
            for labels in (20, 60, 120):
                rng = np.random.default_rng(labels)
                covers, alone, widths = [], [], []
                for _ in range(count):
                    people, judge, clusters, strata = study(rng, kind, per_source)
                    given = labelled(rng, people, strata, labels)
                    estimate = human_mean(judge, given, clusters, strata, limits=(0, 10))
                    covers.append(estimate.ci95[0] <= truth <= estimate.ci95[1])
                    alone.append(estimate.labels_alone[0] <= truth <= estimate.labels_alone[1])
                    widths.append(np.diff(estimate.ci95)[0] / np.diff(estimate.labels_alone)[0])
                cells = (
                    f"{np.mean(covers):.3f}",
                    f"{np.mean(alone):.3f}",
                    f"{np.median(widths):.2f} (at most {max(widths):.2f})",
                )
                print(f"| {kind} | {per_source} | {labels} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="?", type=int, default=2000)
    started = time.perf_counter()
    rows(parser.parse_args().studies)
    print(f"{time.perf_counter() - started:.0f} s")
