import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tiny import make_checkpoint


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory):
    """An untrained Qwen3-VL of the real class."""
    return make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny-qwen3-vl")
