"""How often a gate is wrong, and how often it passes a candidate that it says it can pass.

    python perf/gate.py [STUDIES]        the table of docs/design/gate.md (about a minute)

Scores as in perf/paired_differences.py. False passes and false fails: the candidate's true mean is lower by exactly the
margin. Power: the candidate equals the base and the margin is the mean of the stated `reach`.
"""

import argparse
import time

import numpy as np
from paired_differences import SCORES, shift_for, studies, true_difference

from editloupe.statistics.noninferiority import FEWEST_DIFFERING, mean_bounds

LOWER = 0.5
LAYOUTS = 20
SPAN = 10.0


def bounds(rng, quantiles, clusters, count, shift):
    """Bounds of candidate minus base in `count` studies of some layouts of clusters."""
    for _ in range(LAYOUTS):
        differences, codes = studies(rng, quantiles, clusters, count // LAYOUTS, shift)
        for column in -differences.T:
            yield mean_bounds(column, codes, SPAN)


def rows(count):
    print("| scores | source images | decided by the interval | false pass | false fail | reach | power there |")
    print("|---|---|---|---|---|---|---|")
    for name, quantiles in SCORES.items():
        shift = shift_for(quantiles, LOWER)
        margin = -true_difference(quantiles, shift, np.random.default_rng(8))
        for clusters in (10, 20, 30, 50, 100, 270):
            rng = np.random.default_rng(clusters)
            worse = list(bounds(rng, quantiles, clusters, count, shift))
            passed = np.mean([bound.low > margin for bound in worse])
            failed = np.mean([bound.differing >= FEWEST_DIFFERING and bound.high < margin for bound in worse])
            believed = np.mean([bound.differing >= FEWEST_DIFFERING for bound in worse])
            equal = list(bounds(rng, quantiles, clusters, count, 0.0))
            reaches = [bound.reach for bound in equal if bound.reach is not None]
            share = len(reaches) / len(equal)
            cells = [f"{believed:.2f}", f"{passed:.3f}", f"{failed:.3f}"]
            if share > 0.9:
                reach = float(np.mean(reaches))
                cells += [f"{reach:.2f}", f"{np.mean([bound.low > -reach for bound in equal]):.3f}"]
            else:
                cells += ["not stated", ""]
            print(f"| {name} | {clusters} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="?", type=int, default=4000)
    started = time.perf_counter()
    rows(parser.parse_args().studies)
    print(f"{time.perf_counter() - started:.0f} s")
