"""A whole study against the plain way: one process, each pair edited and judged in turn, models anew per category.

    python perf/study_against_one_by_one.py [--samples 270] [--seconds 1.5] [--json FILE]       about ten minutes

The editor's cost is fixed (it waits), the judge is the embedded one, and both ways ask it the same questions in the
same mode. The study's time is that of the whole command after its imports: planning, the start of Ray, six workers,
judging in batches, the ledger, the report. The plain way keeps nothing and writes no report.
"""

import argparse
import json
import os
import tempfile
import time
from itertools import groupby
from pathlib import Path

import yaml
from waiting import Waiting

from editloupe.benchmarks.loading import load_samples
from editloupe.config.parts import EditorPart, load_config
from editloupe.images import encode_png
from editloupe.records import EditRequest, ImageBytes
from editloupe.store.blobs import NoStore
from editloupe.study import run_study

DEVICES = 6


def configured(folder, samples, seconds, batch_size):
    (folder / "notes").mkdir()
    data = {
        "benchmark": {"name": "shapes", "limit": samples},
        "editors": ["identity"],
        "judge": {"model": "nano", "batch_size": batch_size},
        "workers": {"edit": {"engine": "ray", "devices": DEVICES, "gpus_per_worker": 0}},
        "out": "study",
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(data))
    config = load_config(folder / "config.yaml")
    waiting = Waiting.Options(notes=str(folder / "notes"), seconds=seconds)
    editor = EditorPart(type="waiting", name="waiting", batch_size=1, plugin=Waiting, options=waiting)
    return config.model_copy(update={"editors": (editor,)})


def one_by_one(config):
    benchmark = config.benchmark.plugin(config.benchmark.options)
    samples = sorted(load_samples(config.benchmark, benchmark, NoStore()), key=lambda sample: sample.category)
    started, replies = time.perf_counter(), 0
    for _, group in groupby(samples, key=lambda sample: sample.category):
        editor = config.editors[0].plugin(config.editors[0].options)
        judge = config.judge.plugin(config.judge.options)
        for sample in group:
            (image,) = editor.edit([EditRequest(sample, 0)])
            edited = ImageBytes(encode_png(image))
            for question in config.rubric.questions(
                sample, edited, mode=config.judge.answer, compare_original=True, seed=0
            ).values():
                replies += len(judge.answer([question]))
        judge.close()
    return time.perf_counter() - started, replies


def main():
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # the workers find `waiting` by it
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=270)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        config = configured(Path(folder), options.samples, options.seconds, options.batch_size)
        started = time.perf_counter()
        results = run_study(config)
        study = time.perf_counter() - started
        plain, replies = one_by_one(config)
    assert replies == len(results.verdicts)
    measured = {
        "samples": options.samples,
        "questions": replies,
        "editor_seconds": options.seconds,
        "study_seconds": study,
        "one_by_one_seconds": plain,
        "times": plain / study,
    }
    print("| samples | questions | editor, s per image | this study, s | one by one, s | times |")
    print("|---:|---:|---:|---:|---:|---:|")
    print(f"| {options.samples} | {replies} | {options.seconds:g} | {study:.1f} | {plain:.1f} | {plain / study:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(measured, indent=1))


if __name__ == "__main__":
    main()
