import os
import signal
import sys
from pathlib import Path

# Tiny models are quicker on one thread, and tests that run beside others do not wait for a busy core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent / "support"))

import browsing
from tiny import make_checkpoint

# Whole studies, commands in processes of their own, networks that are trained: what `make quick` leaves out.
SLOW = (
    "audit",
    "bench",
    "sanity",
    "study",
    "training",
    "test_cli",
    "test_diffusers",
    "test_launch",
    "test_nano",
    "test_wheel",
    "test_nano_over_http",
)

# How long an example takes says how busy the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# A shell starts what runs in the background with interrupts ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Mark tests by their fixtures and their rooms, so that a new one is marked without being thought of."""
    for item in items:
        room, module = item.path.parent.name, item.path.stem
        if "browser" in item.fixturenames:
            item.add_marker("browser")
        if room == "workers" and module != "test_queue":
            item.add_marker("ray")
        if "tiny_checkpoint" in item.fixturenames or {room, module} & {*SLOW}:
            item.add_marker("slow")


def pytest_collection_finish(session):
    """Stop before the first test where a browser is needed and missing."""
    if any(item.get_closest_marker("browser") for item in session.items):
        browsing.executable()


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """An untrained Qwen3-VL of the real class."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny-qwen3-vl")
