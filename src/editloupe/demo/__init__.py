"""The study that shows editloupe: its config lies in the package, so that every installation can run it."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CONFIG", "FOLDER"]

CONFIG = Path(__file__).with_name("config.yaml")
"""The config; the one at the root of a checkout has the same text."""

FOLDER = "studies/demo"
"""The study folder, from the current folder, where nobody names another one."""
