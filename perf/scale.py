"""How a study grows: time, CPU and memory of its first run and of one that has nothing to do, at several sizes.

    python perf/scale.py                                    1 k, 10 k and 100 k replies
    python perf/scale.py --replies 1000000 --folder /big    one size, in a folder with room for it

The judge answers at once and the editor hands out ready pictures, so all that is measured is our own: reading the
table, planning, the ledger, the queue, reading the replies, the report. Every figure is of a process of its own.
"""

import argparse
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

METRICS = 3
SOURCES = 1000
PICTURES = 64


def fakes():
    """A judge and an editor that cost nothing."""
    import numpy as np
    from PIL import Image

    from editloupe import plugins
    from editloupe.images import encoded
    from editloupe.protocols import Editor, Judge
    from editloupe.records import Reply

    pictures = [encoded(Image.fromarray(np.full((40, 40, 3), number, np.uint8))) for number in range(PICTURES)]

    class Instant(Editor):
        signature = "ready pictures"

        class Options(plugins.Options):
            pass

        def __init__(self, options):
            pass

        def edit(self, requests):
            return [pictures[request.seed % PICTURES] for request in requests]

    class Oracle(Judge):
        name = "oracle"
        signature = "oracle"
        decoding = ""
        deterministic = True

        class Options(plugins.Options):
            pass

        def __init__(self, options):
            pass

        def answer(self, questions):
            return [
                Reply(f'{{"reasoning": "The edit does what was asked, and keeps the rest.", "score": {score}}}')
                for score in (
                    hashlib.sha256(repr(question.context).encode()).digest()[0] % 11 for question in questions
                )
            ]

    return Instant, Oracle


def study(folder, batch_size):
    """The study of a folder that `make` has filled."""
    from editloupe.config.parts import EditorPart, JudgePart, load_config

    editor, judge = fakes()
    config = load_config(folder / "config.yaml")
    instant = EditorPart(type="instant", name="instant", plugin=editor, options=editor.Options(), batch_size=batch_size)
    oracle = JudgePart(type="oracle", plugin=judge, options=judge.Options(), batch_size=batch_size, answer="text")
    return config.model_copy(update={"editors": (instant,), "judge": oracle})


def make(folder, samples):
    """A table of so many samples, and the pictures that they share."""
    import numpy as np
    from PIL import Image

    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for number in range(min(SOURCES, samples)):
        Image.fromarray(rng.integers(0, 255, (48, 48, 3), dtype=np.uint8)).save(folder / "pictures" / f"{number}.png")
    with (folder / "samples.jsonl").open("w") as file:
        for number in range(samples):
            row = {
                "id": f"sample-{number:07d}",
                "image": f"pictures/{number % SOURCES}.png",
                "instruction": f"Replace object {number} by a lamp of brass and leave the rest of the room as it is.",
                "category": ("physical", "causal", "referential", "cultural")[number % 4],
            }
            file.write(json.dumps(row) + "\n")
    settings = {
        "benchmark": {"path": "samples.jsonl"},
        "editors": [{"type": "identity"}],
        "rubric": {"name": "reasoning", "metrics": ["reasoning", "instruction_following", "consistency"]},
        "judge": {"type": "openai", "base_url": "http://localhost:1/v1", "model": "replaced"},
        "out": "study",
    }
    (folder / "config.yaml").write_text(json.dumps(settings))


def child(folder, batch_size):
    """One run in this process; its figures as JSON on standard error."""
    from editloupe.study import tables_of_study

    started = time.perf_counter()
    tables_of_study(study(folder, batch_size))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    figures = {
        "wall": time.perf_counter() - started,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss / 1024,
    }
    print(json.dumps(figures), file=sys.stderr)


def measured(folder, batch_size, limit):
    """The figures of one run in a process of its own."""
    command = [sys.executable, __file__, "--child", str(folder), "--batch-size", str(batch_size)]
    finished = subprocess.run(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, timeout=limit
    )
    if finished.returncode:
        raise SystemExit(finished.stderr)
    return json.loads(finished.stderr.splitlines()[-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--replies", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--folder", type=Path, help="where the studies lie; a temporary folder by default")
    parser.add_argument("--limit", type=float, default=3600, help="seconds that one run may take")
    parser.add_argument("--keep", action="store_true", help="leave the studies there")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child, options.batch_size)
        return
    root = Path(tempfile.mkdtemp(dir=options.folder))
    print(f"{os.cpu_count()} cores, batches of {options.batch_size}, {METRICS} questions about each edit", flush=True)
    print("| replies | run | wall s | CPU s | peak MiB | replies/s |\n|---|---|---|---|---|---|", flush=True)
    for replies in options.replies:
        folder = root / str(replies)
        make(folder, max(1, replies // METRICS))
        for run in ("first", "nothing to do"):
            figures = measured(folder, options.batch_size, options.limit)
            rate = f"{replies / figures['wall']:.0f}" if run == "first" else ""
            row = (
                f"{replies:,}",
                run,
                f"{figures['wall']:.1f}",
                f"{figures['cpu']:.1f}",
                f"{figures['peak']:.0f}",
                rate,
            )
            print(f"| {' | '.join(row)} |", flush=True)
        if not options.keep:
            shutil.rmtree(folder)
    if not options.keep:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
