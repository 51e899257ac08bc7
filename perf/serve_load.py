"""The reward service under load: groups of eight against shuffled items against serving one by one.

A real `editloupe serve` process on random weights, which are right for timing and mean nothing otherwise, with the
rubric of the judge's own figures; every run has pictures that the service has not seen. Latency is measured at half of
the throughput that groups reached. On a shared machine, compare the service's seconds of CPU rather than the clock.

    python perf/serve_load.py --json serve-load.json
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
from PIL import Image

from editloupe.client import Client, Item

GROUP = 8


def picture(side, seed):
    """PNG bytes of a picture like no other: smooth, so that it has the size of a photograph."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (side // 8, side // 8, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    small.resize((side, side), Image.Resampling.BICUBIC).save(buffer, "PNG")
    return buffer.getvalue()


def groups_of(count, side, seed):
    """Groups of items that share their source and instruction, as a step of GRPO makes them."""
    made = []
    for number in range(count):
        source = picture(side, [seed, number, 0])
        edits = [picture(side, [seed, number, 1 + member]) for member in range(GROUP)]
        made.append([Item([source], edit, f"make it night, number {number}") for edit in edits])
    return made


@contextmanager
def service(model, settings):
    """An address of a service process that is ready."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "served.yaml"
        rubric = Path(__file__).with_name("judge_speed_rubric.yaml")
        config.write_text(f"judge: {{model: '{model}', min_label_mass: 0}}\nrubric: {rubric}\n")
        command = [sys.executable, "-m", "editloupe", "serve", str(config), "--port", "0"]
        for setting in settings:
            command += ["--set", setting]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                url = re.search(r"http://\S+?(?=;)", process.stdout.readline())[0]
                while httpx.get(f"{url}/health/ready", timeout=60).status_code != 200:
                    time.sleep(0.2)
                yield url, psutil.Process(process.pid)
            finally:
                process.send_signal(signal.SIGTERM)


def counts(url):
    text = httpx.get(f"{url}/metrics", timeout=60).text
    names = ("tokens_asked_total", "tokens_computed_total", "tokens_padding_total", "batch_questions_count")
    return [float(re.search(rf"^editloupe_{name} (\S+)", text, re.MULTILINE)[1]) for name in names]


def timed(url, process, items):
    """Send all items, 32 under way at a time, and say how it went."""
    before, busy = counts(url), sum(process.cpu_times()[:2])
    with Client(url, items_at_once=GROUP, requests_at_once=4, timeout=3600) as client:
        started = time.perf_counter()
        results = client.score(items)
        seconds = time.perf_counter() - started
    busy = sum(process.cpu_times()[:2]) - busy
    lost = {scored.failure.kind for scored in results if scored.failure is not None and scored.failure.retryable}
    assert not lost, lost
    print(f"{len(items)} items in {seconds:.1f} s, {busy:.1f} s of CPU", file=sys.stderr, flush=True)
    asked, computed, padding, batches = (after - old for after, old in zip(counts(url), before, strict=True))
    return {
        "items": len(items),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(busy, 2),
        "items_per_second": round(len(items) / seconds, 3),
        "tokens_asked": int(asked),
        "tokens_computed": int(computed),
        "padding": int(padding),
        "batches": int(batches),
    }


def latencies(url, groups, rate):
    """Seconds of each group, one request each, arriving at random at so many groups a second."""
    rng = random.Random(0)
    taken = []

    def ask(group):
        with Client(url, items_at_once=GROUP, timeout=3600) as client:
            started = time.perf_counter()
            client.score(group)
            taken.append(time.perf_counter() - started)

    threads = []
    for group in groups:
        threads.append(threading.Thread(target=ask, args=(group,)))
        threads[-1].start()
        time.sleep(rng.expovariate(rate))
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(taken, n=20, method="inclusive")
    return {"requests": len(taken), "p50": round(statistics.median(taken), 2), "p95": round(cuts[18], 2)}


def measured(options, answer):
    own = [f"judge.answer={answer}", f"judge.max_new_tokens={options.tokens}"]
    rows = {}
    rng = random.Random(0)

    def shuffled(seed):
        items = [item for group in groups_of(options.groups, options.size, seed) for item in group]
        rng.shuffle(items)
        return items

    with service(options.model, [*own, "judge.use_batch_inference=false"]) as (url, process):
        timed(url, process, shuffled(1)[:2])
        rows["one by one"] = timed(url, process, shuffled(2))
    with service(options.model, own) as (url, process):
        timed(url, process, shuffled(3)[:GROUP])
        for seed in range(options.repeat):
            for way, items in (
                ("shuffled", shuffled(10 + seed)),
                ("groups", [item for group in groups_of(options.groups, options.size, 20 + seed) for item in group]),
            ):
                row = timed(url, process, items)
                rows[way] = min(rows.get(way, row), row, key=lambda timing: timing["seconds"])
        rate = 0.5 * rows["groups"]["items_per_second"] / GROUP
        rows["groups"]["half_load"] = latencies(url, groups_of(options.requests, options.size, 30), rate)
    first = rows["one by one"]
    for row in rows.values():
        row["ratio"] = round(row["items_per_second"] / first["items_per_second"], 2)
        row["cpu_ratio"] = round(first["cpu_seconds"] / first["items"] * row["items"] / row["cpu_seconds"], 2)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default="random:63m")
    parser.add_argument("--answers", default="text,choice")
    parser.add_argument("--groups", type=int, default=8)
    parser.add_argument("--requests", type=int, default=24, help="groups for the latencies")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--tokens", type=int, default=24)
    parser.add_argument("--repeat", type=int, default=1)
    parser.add_argument("--json")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the service ends with us
    load = os.getloadavg()[0]
    measurement = {answer: measured(options, answer) for answer in options.answers.split(",")}
    print(f"load of the machine before: {load:.1f}, {os.cpu_count()} cores; {options.size} pixels")
    print("| answer | way | items | s | items/s | ratio | CPU s | ratio of CPU | computed | padding | batches |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for answer, rows in measurement.items():
        for way, row in rows.items():
            share = row["tokens_computed"] / max(1, row["tokens_asked"])
            padding = row["padding"] / max(1, row["tokens_computed"])
            cells = [answer, way, row["items"], row["seconds"], row["items_per_second"], f"{row['ratio']:.2f}x"]
            cells += [row["cpu_seconds"], f"{row['cpu_ratio']:.2f}x", f"{share:.0%}", f"{padding:.1%}", row["batches"]]
            print("| " + " | ".join(map(str, cells)) + " |")
        late = rows["groups"]["half_load"]
        seconds = f"p50 {late['p50']} s, p95 {late['p95']} s"
        print(f"{answer}, groups at half load: {seconds} of {late['requests']} requests")
    if options.json:
        text = json.dumps({"options": vars(options), "load": load, "found": measurement}, indent=2)
        Path(options.json).write_text(text + "\n")


if __name__ == "__main__":
    main()
