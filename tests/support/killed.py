"""Runs a study in a process that kills itself at a named point, as a power cut would."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def _die():
    os.kill(os.getpid(), signal.SIGKILL)


def run_and_die(config_path: str, point: str, count: int) -> None:
    """Run the study; die at the `count`-th passing of `point`.

    Points: ``temporary`` (the image's temporary file is written), ``renamed`` (it has its name, there is no row yet),
    ``recorded`` (a batch of rows is committed), ``rows`` (so many rows are), ``reporting`` (before the report).
    """
    from editloupe import study
    from editloupe.config.parts import load_config
    from editloupe.store.ledger import Ledger

    passed = 0

    def passing(by=1):
        nonlocal passed
        passed += by
        if passed >= count:
            _die()

    replace, record = Path.replace, Ledger.record

    def replacing(self, target):
        is_image = "blobs" in Path(target).parts
        if is_image and point == "temporary":
            passing()
        result = replace(self, target)
        if is_image and point == "renamed":
            passing()
        return result

    def recording(self, outcomes):
        outcomes = list(outcomes)
        record(self, outcomes)
        if point == "recorded":
            passing()
        if point == "rows":
            passing(len(outcomes))

    Path.replace = replacing
    Ledger.record = recording
    if point == "reporting":
        study.write_report = lambda *_: passing()
    study.run_study(load_config(config_path))
    os._exit(0)  # the point was never passed often enough: the test sees that nobody was killed
