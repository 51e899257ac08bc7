"""What pulling from one queue is worth, with an editor whose cost is waiting, so that two cores can show six devices.

    python perf/workers.py [--json FILE]        two minutes

1. Scaling: the same items on one worker and on six.
2. Long tail: costs from a log-normal distribution. A pulled queue, against rounds with a barrier (each of six processes
   takes one item, all wait for the slowest), against equal shares fixed beforehand.
"""

import argparse
import json
import multiprocessing
import os
import random
import tempfile
import time
from pathlib import Path

from PIL import Image
from waiting import Waiting, wall

from editloupe.config.parts import EditorPart, WorkerSettings
from editloupe.images import picture_of
from editloupe.planning import PlannedEdit
from editloupe.progress.bars import StageProgress
from editloupe.records import EditRequest, Sample
from editloupe.workers.ray import RayEngine

DEVICES = 6
PICTURE = picture_of(Image.new("RGB", (1024, 1024), "teal"))


def pulled(costs, workers):
    with tempfile.TemporaryDirectory() as notes:
        options = Waiting.Options(notes=notes, crowd=workers)
        part = EditorPart(type="waiting", name="waiting", batch_size=1, plugin=Waiting, options=options)
        plans = []
        for number, cost in enumerate(costs):
            sample = Sample(f"{number}", "c", "Wait.", (PICTURE,), extra={"seconds": cost})
            plans.append(PlannedEdit(f"{number}", "waiting", "waiting", EditRequest(sample, number)))
        settings = WorkerSettings(engine="ray", devices=workers, gpus_per_worker=0)
        progress = StageProgress("edit", len(plans), None)
        with RayEngine(settings) as engine:
            done = [made for batch in engine.edits(part, Waiting(options), plans, progress) for made in batch]
        assert len(done) == len(costs)
        return wall(notes)


def rounds(pool, costs):
    """Each process takes one item, all wait for the slowest, then the next round."""
    started = time.perf_counter()
    for start in range(0, len(costs), DEVICES):
        pool.map(time.sleep, costs[start : start + DEVICES], chunksize=1)
    return time.perf_counter() - started


def shares(pool, costs):
    """Each process has its share from the beginning."""
    started = time.perf_counter()
    pool.map(sleep_all, [costs[number::DEVICES] for number in range(DEVICES)], chunksize=1)
    return time.perf_counter() - started


def sleep_all(costs):
    for cost in costs:
        time.sleep(cost)


def main():
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # the workers find `waiting` by it
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    even = [0.5] * 72
    rng = random.Random(0)
    tail = [min(6.0, rng.lognormvariate(-1.0, 0.9)) for _ in range(120)]
    figures = {
        "one worker": pulled(even, 1),
        "six workers": pulled(even, DEVICES),
        "pulled queue": pulled(tail, DEVICES),
    }
    with multiprocessing.Pool(DEVICES) as pool:
        figures |= {"rounds with a barrier": rounds(pool, tail), "equal shares": shares(pool, tail)}
    figures["speed-up of six workers"] = figures["one worker"] / figures["six workers"]
    figures["queue against rounds"] = figures["rounds with a barrier"] / figures["pulled queue"]
    figures["queue against equal shares"] = figures["equal shares"] / figures["pulled queue"]
    figures["lower bound for the long tail"] = max(*tail, sum(tail) / DEVICES)
    print(f"72 items of 0.5 s; 120 items of {min(tail):.2f} to {max(tail):.2f} s, {sum(tail):.1f} s together")
    print("| | |\n|---|---:|")
    for name, value in figures.items():
        unit = "x" if "against" in name or "speed" in name else " s"
        print(f"| {name} | {value:.2f}{unit} |")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
