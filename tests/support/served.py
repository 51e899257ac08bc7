"""A real service on the loopback interface, around a judge that a test can hold up, watch and break."""

from __future__ import annotations

import asyncio
import base64
import io
import threading
import time
from contextlib import ExitStack, contextmanager

import httpx
from PIL import Image

from editloupe.config.parts import JudgePart
from editloupe.images import decode
from editloupe.plugins import Options as PluginOptions
from editloupe.protocols import Judge
from editloupe.records import Reply
from editloupe.serve.app import make_app
from editloupe.serve.limits import Limits
from editloupe.serve.server import Server, listen
from editloupe.serve.service import Service
from editloupe.serve.settings import load_served

UNREADABLE, RAISES, TOO_MUCH = 255, 254, 253
"""Marks of pictures: what the judge does when one of them is in its batch."""


class GatedJudge(Judge):
    """Scores an edit by its red (0 to 200 for 0 to 10); a batch begins when the gate is open.

    Attributes:
        gate: cleared by a test that wants a batch to last.
        batches: the questions of each batch that went well.
        begun: how many batches have begun.
        error: raised by every batch, where set.
    """

    class Options(PluginOptions):
        seconds: float = 0.0
        streams: bool = False

    name = "gated"
    signature = "gated"
    decoding = "colors"
    deterministic = True

    def __init__(self, options):
        self.options = options
        self.gate = threading.Event()
        self.gate.set()
        self.batches = []
        self.begun = 0
        self.error = None

    def answer(self, questions):
        self.begun += 1
        self.gate.wait(60)
        time.sleep(self.options.seconds)
        if self.error is not None:
            raise self.error
        replies = [self._reply(question) for question in questions]
        self.batches.append(list(questions))
        return replies

    def _reply(self, question):
        if question.answer.mode == "choice":
            return self._chosen(question)
        if not question.images:
            return Reply('{"score": 5}')
        red, _, mark = decode(question.images[-1]).getpixel((0, 0))
        if mark == RAISES:
            raise RuntimeError("the model broke")
        if mark == TOO_MUCH:
            raise MemoryError
        if mark == UNREADABLE:
            return Reply("I cannot say.", prompt_tokens=10)
        return Reply(f'{{"score": {red / 20:g}}}', prompt_tokens=10)

    def _chosen(self, question):
        """The label of the last picture's score has six tenths, the others share three, the rest is something else."""
        red, _, mark = decode(question.images[-1]).getpixel((0, 0)) if question.images else (0, 0, 0)
        if mark == RAISES:
            raise RuntimeError("the model broke")
        labels = question.answer.labels
        best = labels[round(red / 20) % len(labels)]
        shares = {label: 0.6 if label == best else 0.3 / (len(labels) - 1) for label in labels}
        shares = {label: share / 9 if mark == UNREADABLE else share for label, share in shares.items()}
        return Reply(best, "choice", 10, 1, shares)


def gated_config(folder, text="rubric: shapes\n", *, batch_size=8, **options):
    """A config whose judge is `GatedJudge`."""
    path = folder / "served.yaml"
    path.write_text(text)
    config = load_served(str(path))
    part = JudgePart(type="gated", plugin=GatedJudge, options=GatedJudge.Options(**options), batch_size=batch_size)
    return config.model_copy(update={"judge": part})


@contextmanager
def running(service, *, token=None):
    """Serve in a thread of this process; yields the address. The end drains, as SIGTERM does."""
    ready = threading.Event()
    with listen("127.0.0.1", 0) as bound:
        server = Server(service, make_app(service, token=token), ready.set)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([bound])))
        thread.start()
        assert ready.wait(60)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            gate = getattr(service.judge, "gate", None)
            if gate is not None:
                gate.set()
            thread.join(60)
            assert not thread.is_alive()


@contextmanager
def served(folder, *, token=None, limits=None, wait=0.01, recall=None, config=None, awake=True, **options):
    """A service and a client of it: (service, httpx client)."""
    config = config or gated_config(folder, **options)
    with (
        ExitStack() as last,
        Service(config, limits=limits or Limits(), wait=wait, recall=recall) as service,
        running(service, token=token) as url,
    ):
        client = last.enter_context(httpx.Client(base_url=url, timeout=60))  # it outlives the server's end
        until(lambda: not awake or not service.not_ready)
        if awake:
            service.judge.batches.clear()
        yield service, client


def until(true, seconds=30):
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.005)


def picture(score=5, *, number=0, mark=0, side=32):
    """PNG bytes that the judge scores so; `number` makes pictures differ that are scored alike."""
    image = Image.new("RGB", (side, side), (round(score * 20), 0, mark))
    image.putpixel((side - 1, side - 1), (number % 256, number // 256, 1))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def data_url(data):
    return "data:image/png;base64," + base64.b64encode(data).decode()


def item(score=5, *, source=0, number=0, mark=0, **more):
    """An item as it is sent."""
    return {
        "sources": [data_url(picture(0, number=source, mark=1))],
        "edited": data_url(picture(score, number=number, mark=mark)),
        "instruction": "do it",
        **more,
    }
