"""Editors for the tests of the workers; they note what they do in a folder that outlives them.

While that folder holds a file `CLOSED`, whoever has noted an item waits: a test decides by it what happens first.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from PIL import Image

from editloupe import images
from editloupe.errors import ConfigError
from editloupe.model_loading import loading_model
from editloupe.plugins import Options as PluginOptions
from editloupe.progress import activity
from editloupe.protocols import Editor, Judge
from editloupe.records import Failure, Reply

CLOSED = "closed"


def wait_while_closed(folder):
    while (Path(folder) / CLOSED).exists():
        time.sleep(0.02)


class Noting(Editor):
    """Writes one file per attempt: sample, process, node, devices; may wait, or kill its process at some samples."""

    class Options(PluginOptions):
        notes: str
        seconds: float = 0.0
        poison: tuple[str, ...] = ()
        hang: tuple[str, ...] = ()
        breaks: tuple[str, ...] = ()
        torn: bool = False

    def __init__(self, options):
        self.options = options
        self.broken = False

    signature = "noting"

    def edit(self, requests):
        made = []
        for request in requests:
            sample = request.sample.id
            note(self.options.notes, sample)
            activity.report(sample, 1, 2)
            if self.options.torn:
                with loading_model("noting", device="cpu", mend="less"):
                    raise OSError("the file is torn")
            self.broken |= sample in self.options.breaks
            if self.broken:  # for good, as CUDA is after a device-side assert
                raise RuntimeError("CUDA error: device-side assert triggered")
            if sample in self.options.poison:
                os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(3600 if sample in self.options.hang else self.options.seconds)
            wait_while_closed(self.options.notes)
            image = images.decode(request.sample.sources[0])
            image.info["truth"] = float(request.seed % 11)
            made.append(Failure("edit", "refused", "no") if sample == "refuse" else image)
        return made


class Broken(Editor):
    class Options(PluginOptions):
        pass

    def __init__(self, options):
        raise ConfigError("no such model")

    signature = "broken"

    def edit(self, requests):
        raise AssertionError


class NotingJudge(Judge):
    """Answers every question, and notes which sample it was about by the question's text."""

    class Options(PluginOptions):
        notes: str
        mood: str = ""

    name = "noting"
    signature = "noting judge"
    decoding = ""
    deterministic = True

    def __init__(self, options):
        self.options = options

    def answer(self, questions):
        for question in questions:
            assert all(picture.read() for picture in question.images)
            note(self.options.notes, question.ask[:40].replace("/", " "))
            wait_while_closed(self.options.notes)
        return [Reply("7") for _ in questions]


class SmallMemoryJudge(NotingJudge):
    """Has room for a few questions at once, and notes how many were too many."""

    class Options(NotingJudge.Options):
        fitting: int

    def answer(self, questions):
        if len(questions) > self.options.fitting:
            note(self.options.notes, f"refused {len(questions)}")
            raise MemoryError
        return super().answer(questions)


def note(folder, name):
    node = os.environ.get("RAY_NODE_ID", "")
    if not node:
        import ray

        node = ray.get_runtime_context().get_node_id() if ray.is_initialized() else ""
    text = f"{os.getpid()} {node} {os.environ.get('CUDA_VISIBLE_DEVICES', '')}"
    path = Path(folder) / f"{name}~{time.time_ns()}"
    path.with_suffix(".tmp").write_text(text)
    path.with_suffix(".tmp").rename(path)  # whole or not there


def notes(folder):
    """(name, pid, node, devices) of every attempt, in the order of time."""
    attempts = []
    for path in sorted(Path(folder).glob("*~*[0-9]"), key=lambda path: path.name.rpartition("~")[2]):
        name = path.name.rpartition("~")[0]
        pid, node, devices = path.read_text().split(" ")
        attempts.append((name, int(pid), node, devices))
    return attempts


def picture(number):
    return images.picture_of(Image.new("RGB", (32, 16), (number % 256, 40, 90)))
