"""Ten minutes of the reward service under mixed and faulted requests: memory stays flat, and no number is made up.

The judge scores an edit by its colour, so every number that comes back is checked. Memory is read once the first fifth
is over, and at the end.

    python perf/serve_soak.py --minutes 10
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import random
import socket
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path

import httpx
import psutil

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "support"))

from editloupe.serve.limits import Limits
from editloupe.serve.recall import Recall
from served import RAISES, UNREADABLE, item, served

CLIENTS = 4
HEAD = b"POST /v1/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "


def faulted(rng, body):
    """A body with a fault that a network or a program makes."""
    at = rng.randrange(len(body))
    return rng.choice(
        [body[:at], body[:at] + bytes([body[at] ^ 1 << rng.randrange(7)]) + body[at + 1 :], b"[" * at, b""]
    )


def torn(url, rng, body):
    """Send a part of a request and leave."""
    with socket.create_connection((url.host, url.port)) as stream:
        stream.sendall(HEAD + str(len(body)).encode() + b"\r\n\r\n" + body[: rng.randrange(len(body))])


def client(url, seed, end, tally, lock):
    rng = random.Random(seed)
    counts = dict.fromkeys(("requests", "numbers", "failures", "refused", "torn", "wrong"), 0)
    with httpx.Client(base_url=url, timeout=60) as http:
        while time.monotonic() < end():
            scores = [rng.randrange(11) for _ in range(rng.randrange(1, 5))]
            expected = {}
            items = []
            for index, score in enumerate(scores):
                kind = rng.random()
                mark = UNREADABLE if kind < 0.1 else RAISES if kind < 0.15 else 0
                entry = item(score, number=rng.randrange(65_536), source=rng.randrange(200), mark=mark)
                if 0.15 <= kind < 0.25:
                    entry["edited"] = rng.choice(["/etc/passwd", "http://127.0.0.1/", entry["edited"][:-40], 7])
                elif not mark:
                    expected[index] = score
                items.append(entry)
            body = json.dumps({"items": items, "timeout": rng.choice([60, 60, 0.001])}).encode()
            counts["requests"] += 1
            fault = rng.random()
            if fault < 0.05:
                torn(http.base_url, rng, body)
                counts["torn"] += 1
                continue
            whole = fault >= 0.15
            sent = body if whole else faulted(rng, body)
            response = http.post("/v1/score", content=sent, headers={"content-type": "application/json"})
            if response.status_code != 200:
                counts["refused"] += 1
                counts["wrong"] += set(response.json()) != {"failure"}
                continue
            for index, answer in enumerate(response.json()["items"]):
                number = answer.get("overall")
                counts["wrong"] += (number is None) != ("failure" in answer)
                if number is None:
                    counts["failures"] += 1
                else:
                    counts["numbers"] += 1
                    counts["wrong"] += whole and number != expected.get(index)
    with lock:
        for name, value in counts.items():
            tally[name] = tally.get(name, 0) + value


def run(minutes, requests):
    """Run for so long, or until so many requests were sent."""
    process = psutil.Process()
    tally, lock, memory = {}, threading.Lock(), []
    started = time.monotonic()
    stop = started + 60 * minutes
    with (
        tempfile.TemporaryDirectory() as folder,
        Recall(Path(folder) / "ledger") as recall,
        served(Path(folder), recall=recall, limits=Limits(queue=64)) as (service, http),
    ):
        service.judge.batches = deque(maxlen=1)  # it keeps what it was asked, for tests
        total = service.measures.requests

        def end():
            sent = sum(
                sample.value for metric in total.collect() for sample in metric.samples if "_total" in sample.name
            )
            return 0.0 if requests and sent >= requests else stop

        url = str(http.base_url)
        threads = [threading.Thread(target=client, args=(url, seed, end, tally, lock)) for seed in range(CLIENTS)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            gc.collect()
            memory.append((time.monotonic() - started, process.memory_info().rss / 2**20))
            threads[0].join(5)
        seconds = time.monotonic() - started
        left = service.batcher.open
    settled = [size for at, size in memory if at >= seconds / 5] or [memory[-1][1]]
    return tally, seconds, settled[0], settled[-1], left


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--requests", type=int, default=0, help="end after so many, whatever the time")
    options = parser.parse_args()
    logging.getLogger("editloupe").setLevel(logging.CRITICAL)  # thousands of items break on purpose
    tally, seconds, before, after, left = run(options.minutes, options.requests)
    print(", ".join(f"{name} {value}" for name, value in tally.items()))
    print(f"{seconds:.0f} s; memory {before:.0f} MiB after a fifth, {after:.0f} MiB at the end; {left} left open")
    if tally["wrong"]:
        raise SystemExit("a number appeared that the judge did not give, or an answer had neither score nor failure")


if __name__ == "__main__":
    main()
