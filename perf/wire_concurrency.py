"""How full does the judge over the wire keep a server? Fixed latency, plenty of capacity, the client on one core.

    python perf/wire_concurrency.py --json wire.json        under a minute

The server runs in a process of its own, on another core where there is one. A question is in flight from the moment the
server has read all of it until it answers; the share is the mean number in flight over the concurrency, between the
time when the first `concurrency` questions have arrived and the last arrival. Every question has a pair of pictures of
its own, so nothing comes from a cache.
"""

import argparse
import asyncio
import io
import json
import multiprocessing
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from editloupe.judges.openai import OpenAIJudge
from editloupe.records import AnswerFormat, ImageFile, ImagePart, Question, Reply

ANSWER = json.dumps(
    {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "perf",
        "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": '{"score": 7}'}}],
        "usage": {"prompt_tokens": 600, "completion_tokens": 8, "total_tokens": 608},
    }
).encode()
CASES = {  # how the pictures lie on disk, and the judge's encoding
    "PNG, sent as it is": ("PNG", "RGB", "png"),
    "PNG, encoded anew as JPEG": ("PNG", "RGB", "jpeg"),
}


def serve(port, latency, core, spans):
    """Answer everything after `latency` seconds; send (received, answered) of each request when the pipe says so."""
    pin(core)
    answered = []

    async def handle(reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")
                )
                await reader.readexactly(length)
                received = time.monotonic()
                await asyncio.sleep(latency)
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: ")
                writer.write(str(len(ANSWER)).encode() + b"\r\n\r\n" + ANSWER)
                await writer.drain()
                answered.append((received, time.monotonic()))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main():
        server = await asyncio.start_server(handle, "127.0.0.1", 0, limit=2**20)
        port.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, spans.recv)
        spans.send(answered)

    asyncio.run(main())


def pin(core):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})


def pictures(folder, count, size, kind, mode):
    rng = np.random.default_rng(0)
    made = []
    for index in range(count):
        coarse = Image.fromarray(rng.integers(0, 255, (size // 16, size // 16, 3), dtype=np.uint8))
        pixels = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC)).astype(int)
        image = Image.fromarray((pixels + rng.integers(-4, 5, pixels.shape)).clip(0, 255).astype(np.uint8))
        buffer = io.BytesIO()
        image.convert(mode).save(buffer, kind, compress_level=3)
        path = folder / f"{index}.{kind.lower()}"
        path.write_bytes(buffer.getvalue())
        made.append(ImageFile(path, f"{mode}{kind}{index}"))
    return made


def share_in_flight(spans, concurrency):
    arrivals = sorted(start for start, _ in spans)
    low, high = arrivals[concurrency - 1], arrivals[-1]
    busy = sum(max(0.0, min(end, high) - max(start, low)) for start, end in spans)
    return busy / (concurrency * (high - low)), high - low


def measure(name, options, cores):
    kind, mode, encoding = CASES[name]
    with tempfile.TemporaryDirectory() as folder:
        # Far more pictures than the judge remembers; each is used again only after all the others.
        pool = pictures(Path(folder), 160, options.size, kind, mode)
        questions = [
            Question(
                "You judge.",
                (ImagePart("source", pool[2 * index % 160]), ImagePart("edited", pool[(2 * index + 1) % 160])),
                f"Question {index}.",
                AnswerFormat(),
            )
            for index in range(options.questions)
        ]
        port, port_end = multiprocessing.Pipe()
        spans, spans_end = multiprocessing.Pipe()
        server = multiprocessing.Process(target=serve, args=(port_end, options.latency, cores[-1], spans_end))
        server.start()
        pin(cores[0])
        judge = OpenAIJudge(
            OpenAIJudge.Options(
                model="perf",
                base_url=f"http://127.0.0.1:{port.recv()}/v1",
                concurrency=options.concurrency,
                image={"encoding": encoding},
            )
        )
        cpu, started = time.process_time(), time.monotonic()
        outcomes = [outcome for batch in judge.stream(questions) for _, outcome, _ in batch]
        seconds, cpu = time.monotonic() - started, time.process_time() - cpu
        assert all(isinstance(outcome, Reply) for outcome in outcomes)
        spans.send(None)
        share, window = share_in_flight(spans.recv(), options.concurrency)
        server.join()
    return {
        "pictures": name,
        "questions": len(outcomes),
        "concurrency": options.concurrency,
        "latency_seconds": options.latency,
        "seconds": round(seconds, 2),
        "window_seconds": round(window, 2),
        "in_flight_share": round(share, 3),
        "cpu_ms_per_question": round(1000 * cpu / len(outcomes), 1),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--questions", type=int, default=480)
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--latency", type=float, default=0.2)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    multiprocessing.set_start_method("spawn")
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
    rows = []
    print("| pictures | in flight of what is allowed | CPU per question | seconds for all |")
    print("|---|---|---|---|")
    for name in CASES:
        row = measure(name, options, cores)
        rows.append(row)
        print(
            f"| {name} | {100 * row['in_flight_share']:.0f} % | {row['cpu_ms_per_question']} ms | {row['seconds']} |",
            flush=True,
        )
    if options.json:
        Path(options.json).write_text(json.dumps({"cores": len(cores), "rows": rows}, indent=2) + "\n")
