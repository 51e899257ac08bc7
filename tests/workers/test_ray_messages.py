"""What Ray and its workers say goes to the study's log and not to the terminal."""

import os
import time

import pytest

from editloupe.config.parts import WorkerSettings
from editloupe.progress.bars import logging_to
from editloupe.workers.connection import connected

ray = pytest.importorskip("ray")


def arrived(path, words):
    """Wait until the words are in the file; Ray hands them over on a thread of its own."""
    end = time.monotonic() + 30
    while words not in path.read_text() and time.monotonic() < end:
        time.sleep(0.05)
    return words in path.read_text()


@pytest.mark.slow
def test_workers_and_ray_itself_speak_into_the_log(tmp_path, capfd):
    path = tmp_path / "log.txt"
    with logging_to(path), connected(WorkerSettings(engine="ray", gpus_per_worker=0)):

        @ray.remote(max_retries=0)
        def chatter(die):
            print("chatter of a library", flush=True)  # noqa: T201 - as libraries do
            if die:
                os._exit(1)

        ray.get(chatter.remote(die=False))
        assert arrived(path, "chatter of a library")
        with pytest.raises(ray.exceptions.WorkerCrashedError):
            ray.get(chatter.remote(die=True))
        assert arrived(path, "(raylet)")
    said = capfd.readouterr()
    assert "chatter" not in said.out + said.err
    assert "(raylet)" not in said.out + said.err
