"""Questions that it takes to put four editors in order on `shapes`: adaptive pairs, all pairs, single scores.

    python perf/pairs.py                        the table of docs/design/pairs.md (some minutes)

The editors are procedural ones of skill 0.95, 0.9, 0.85 and 0.8, so the right order is known; their edits and true
scores are those of the package. The embedded judge was never taught to compare, so the judge is a stated one. It sees
the true score of each picture with a normal error, and is stricter or milder from question to question by another one,
which moves all pictures of a question alike. It rounds a single score to 0 to 10; of a pair it says a tie where it sees
less than a point between the two, and names the first picture without looking in a tenth of its answers. Equal
questions are asked once, and pairs of equal pictures not at all, as in a study.

Each row is 20 studies, each of other samples. "in order" is the least number of questions from which on the order was
right in 19 of 20; one knows it only afterwards. "settled" is where all neighbours are told apart, corrected for all six
pairs, in 19 of 20: that is what a study can know. A single score sees each edit once, a pair two edits twice.
"""

import argparse
import itertools
import random
import time

import numpy as np
from scipy import stats

from editloupe.benchmarks.shapes import COUNTS
from editloupe.editors.procedural import Procedural, resulting_scene
from editloupe.pairs.adaptive import PairState, next_round
from editloupe.records import Sample
from editloupe.shapes.scene import Scene
from editloupe.shapes.tasks import task
from editloupe.shapes.truth import truth
from editloupe.statistics.bradley_terry import PairData
from editloupe.statistics.pair_order import order_of
from editloupe.statistics.paired import holm
from editloupe.store.keys import noise_seed

SKILLS = (0.95, 0.9, 0.85, 0.8)
PAIRS = list(itertools.combinations(range(len(SKILLS)), 2))
RIGHT = list(range(len(SKILLS)))
NONE = np.zeros((len(SKILLS), len(SKILLS)), dtype=bool)
BIAS = 0.1


def samples(world):
    for category, count in COUNTS.items():
        for number in range(count):
            drawn = task(category, random.Random(f"shapes/1/{world}/{category}/{number}"))
            yield Sample(
                f"{world}/{category}-{number}",
                category,
                "",
                extra={"scene": drawn.scene.json(), "correct": drawn.correct.json()},
            )


def edits(seed, worlds, *, shared):
    """(true scores, which picture) of each editor and sample, both (editors, samples)."""
    everything = [sample for world in range(worlds) for sample in samples(1000 + worlds * seed + world)]
    random.Random(seed).shuffle(everything)
    scores, pictures = np.zeros((2, len(SKILLS), len(everything)))
    for column, sample in enumerate(everything):
        scene, correct = (Scene.from_json(sample.extra[name]) for name in ("scene", "correct"))
        noise, known = noise_seed(seed, sample.id, 0), {}
        for editor, skill in enumerate(SKILLS):
            options = Procedural.Options(skill=skill, seed=0 if shared else editor)
            made, _ = resulting_scene(sample, options, noise)
            scores[editor, column] = truth(scene, correct, made)
            pictures[editor, column] = known.setdefault(str(made.json()), len(known))
    return scores, pictures.astype(int)


def single_scores(rng, scores, pictures, error, mood):
    """(editors, samples) scores, and how many questions each sample takes."""
    given = np.zeros_like(scores)
    asked = np.zeros(scores.shape[1], dtype=int)
    for column in range(scores.shape[1]):
        known = {}
        for editor, picture in enumerate(pictures[:, column]):
            if picture not in known:
                seen = scores[editor, column] + rng.normal(0, error) + rng.normal(0, mood)
                known[picture] = np.clip(np.round(seen), 0, 10)
            given[editor, column] = known[picture]
        asked[column] = len(known)
    return given, asked


def pair_outcomes(rng, scores, pictures, error, mood):
    """(pairs, samples, 3) outcomes, and which questions they take: (pairs, samples), -1 for none."""
    outcomes = np.zeros((len(PAIRS), scores.shape[1], 3))
    questions = np.full((len(PAIRS), scores.shape[1]), -1)
    number = 0
    for column in range(scores.shape[1]):
        known = {}
        for at, (i, j) in enumerate(PAIRS):
            a, b = pictures[i, column], pictures[j, column]
            if a == b:
                outcomes[at, column, 2] = 1
                continue
            key = (min(a, b), max(a, b))
            if key not in known:
                both = []
                for turned in (False, True):
                    tone = rng.normal(0, mood)
                    seen = scores[[i, j], column] + tone + rng.normal(0, error, 2)
                    answer = 2 if abs(seen[0] - seen[1]) < 1 else int(seen[1] > seen[0])
                    both.append(int(turned) if rng.random() < BIAS else answer)
                known[key] = (number, a, np.mean(np.eye(3)[both], axis=0))
                number += 1
            own, first, share = known[key]
            questions[at, column] = own
            outcomes[at, column] = share if first == a else share[[1, 0, 2]]
    return outcomes, questions


def rated(outcomes):
    shares = outcomes.sum(axis=1)
    data = PairData.of([i for i, _ in PAIRS], [j for _, j in PAIRS], shares, range(len(PAIRS)), items=len(SKILLS))
    return order_of(data, NONE)


def told_apart(differences):
    """Whether all neighbours are, the right way; `differences` (samples, pairs).

    By the normal p of a mean: a study flips signs instead, which is the same at these sizes and takes a hundred times
    as long.
    """
    means, spread = differences.mean(axis=0), differences.std(axis=0, ddof=1)
    sure = np.abs(means) / np.maximum(spread, 1e-12) * np.sqrt(len(differences))
    corrected = holm([float(p) for p in 2 * stats.norm.sf(sure)])
    return all(p <= 0.05 and mean > 0 for (i, j), mean, p in zip(PAIRS, means, corrected, strict=True) if j == i + 1)


def adaptive(outcomes, questions):
    """After each round: (questions, order, whether all is settled, whether something wrong is)."""
    states = {two: PairState() for two in PAIRS}
    asked, steps = set(), []
    while True:
        now = next_round(states, len(SKILLS), outcomes.shape[1], 0.05)
        wrong = any(now.better[j, i] for i, j in PAIRS)
        steps.append((2 * len(asked), list(now.order), not now.open, wrong))
        if not now.more:
            return steps
        for two, more in now.more.items():
            state, at = states[two], PAIRS.index(two)
            part = slice(state.taken, state.taken + more)
            asked |= set(questions[at, part][questions[at, part] >= 0].tolist())
            state.taken += more
            state.values += (outcomes[at, part, 0] - outcomes[at, part, 1]).tolist()
            state.shares = tuple(np.add(state.shares, outcomes[at, part].sum(axis=0)))


def from_on(hits):
    """The first column from which on all hold in 19 of 20 rows; None where there is none."""
    enough = hits.mean(axis=0) >= 0.95
    return next((at for at in range(len(enough)) if enough[at:].all()), None)


def row(name, tables, cost):
    """One line: questions in order, questions settled."""
    cells = []
    for hits in tables:
        at = from_on(hits)
        cells.append("never" if at is None else f"{cost[:, at].mean():.0f}")
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def measure(studies, *, shared, error, mood):
    seeds = len(studies)
    grid = np.unique(np.geomspace(20, studies[0][0].shape[1], 24).astype(int))
    shape = (seeds, len(grid))
    right = {name: np.zeros(shape, dtype=bool) for name in ("single", "all", "adaptive")}
    settled = {name: np.zeros(shape, dtype=bool) for name in right}
    cost = {name: np.zeros(shape) for name in right}
    budgets, wrong, ends = np.geomspace(50, 20_000, len(grid)), 0, []
    for seed, (scores, pictures) in enumerate(studies):
        rng = np.random.default_rng(seed)
        given, asked = single_scores(rng, scores, pictures, error, mood)
        outcomes, questions = pair_outcomes(rng, scores, pictures, error, mood)
        for at, count in enumerate(grid):
            means = given[:, :count].mean(axis=1)
            right["single"][seed, at] = bool((np.diff(means) < 0).all())
            settled["single"][seed, at] = told_apart(
                np.stack([given[i, :count] - given[j, :count] for i, j in PAIRS], axis=1)
            )
            cost["single"][seed, at] = asked[:count].sum()
            right["all"][seed, at] = rated(outcomes[:, :count]) == RIGHT
            settled["all"][seed, at] = told_apart((outcomes[:, :count, 0] - outcomes[:, :count, 1]).T)
            cost["all"][seed, at] = 2 * len(np.unique(questions[:, :count][questions[:, :count] >= 0]))
        steps = adaptive(outcomes, questions)
        wrong += steps[-1][3]
        ends.append(steps[-1][0])
        for at, budget in enumerate(budgets):
            last = [step for step in steps if step[0] <= budget][-1]
            right["adaptive"][seed, at] = last[1] == RIGHT
            settled["adaptive"][seed, at] = last[2]
            cost["adaptive"][seed, at] = last[0]
    luck = "shared" if shared else "own"
    for name, words in (("single", "single scores"), ("all", "all pairs"), ("adaptive", "adaptive pairs")):
        row(f"{luck} | {error:g}, {mood:g} | {words}", (right[name], settled[name]), cost[name])
    stopped = f"adaptive stopped after {np.median(ends):.0f} (median), {max(ends)} at most"
    print(f"|  |  | settled wrongly: {wrong} of {seeds}; {stopped} |  |  |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--worlds", type=int, default=4, help="of 270 samples each")
    parser.add_argument("--errors", default="0.5,0;2,2", help="error and mood of the judge, in points; several by ;")
    given = parser.parse_args()
    started = time.time()
    print("| luck of the editors | judge's error, mood | plan | in order | settled |")
    print("|---|---|---|---|---|")
    for shared in (True, False):
        studies = [edits(seed, given.worlds, shared=shared) for seed in range(given.seeds)]
        for both in given.errors.split(";"):
            error, mood = map(float, both.split(","))
            measure(studies, shared=shared, error=error, mood=mood)
    print(f"\n{time.time() - started:.0f} s")
