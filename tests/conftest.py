import os
import signal
import sys
from pathlib import Path

# Tiny models are quicker on one thread, and tests that run beside others do not wait for a busy core.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

sys.path.insert(0, str(Path(__file__).parent / "support"))

from tiny import make_checkpoint

# A shell starts what runs in the background with interrupts ignored, and every child would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """An untrained Qwen3-VL of the real class."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny-qwen3-vl")
