"""How large a picture is when a judge sees it."""

from __future__ import annotations

from pydantic import Field

from editloupe.plugins import Options as PluginOptions

__all__ = ["ImageSizing"]


class ImageSizing(PluginOptions):
    """How images are sized before the checkpoint's own rule (multiples of its patches within its pixel budget)."""

    longest_edge: int | None = Field(default=1024, ge=32)
