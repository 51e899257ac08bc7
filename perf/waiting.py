"""An editor whose cost is waiting: two cores can show six devices with it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from editloupe import images
from editloupe.plugins import Options as PluginOptions


class Waiting:
    """Hands the source back after the sample's ``extra["seconds"]`` (or `seconds`); notes when it began and ended.

    The first item of each worker waits until `crowd` workers are there, so that the start of processes, which costs
    seconds on a small machine and minutes of nobody's time on a large one, is not measured.
    """

    class Options(PluginOptions):
        notes: str
        seconds: float = 0.0
        crowd: int = 1

    signature = "waiting"

    def __init__(self, options):
        self.options = options
        self._here = False

    def edit(self, requests):
        made = []
        folder = Path(self.options.notes)
        for request in requests:
            if not self._here:
                self._here = True
                (folder / f"here-{os.getpid()}").touch()
                while len(list(folder.glob("here-*"))) < self.options.crowd:
                    time.sleep(0.005)
            begun = time.time()
            time.sleep(float(request.sample.extra.get("seconds", self.options.seconds)))
            made.append(images.decode(request.sample.sources[0]))
            (folder / f"item-{request.sample.id}").write_text(f"{begun} {time.time()}")
        return made


def wall(notes):
    """Seconds from the first item's beginning to the last one's end."""
    times = [tuple(map(float, path.read_text().split())) for path in Path(notes).glob("item-*")]
    return max(end for _, end in times) - min(begun for begun, _ in times)
