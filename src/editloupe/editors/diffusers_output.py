"""What a pipeline returns, checked: a black or broken picture is a failure, not an edit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from editloupe.records import Failure

__all__ = ["checked_images"]


def checked_images(output: Any, count: int) -> list[Image.Image | Failure]:
    """Return the pictures of a pipeline's output, failures in place of those that are none.

    Args:
        output: with ``images``: a list of Pillow images, or an array (batch, height, width, 3) of 0..1.
        count: how many were asked for.

    Raises:
        RuntimeError: another number came back.
    """
    images = list(output.images)
    if len(images) != count:
        raise RuntimeError(f"the pipeline returned {len(images)} images for {count} samples")
    flags = getattr(output, "nsfw_content_detected", None)
    flagged = [bool(flag) for flag in flags] if isinstance(flags, list) else [False] * count
    return [_checked(image, flag) for image, flag in zip(images, flagged, strict=True)]


def _checked(image: Image.Image | NDArray[np.float32], flagged: bool) -> Image.Image | Failure:
    if flagged:
        return Failure("edit", "safety-checker", "the pipeline's safety checker blacked the picture out")
    if not isinstance(image, Image.Image):
        array = np.asarray(image, dtype=np.float32)
        if not np.isfinite(array).all():
            share = 1 - np.isfinite(array).mean()
            return Failure(
                "edit", "nan-image", f"{share:.0%} of the picture's values are not numbers; try another dtype"
            )
        image = Image.fromarray((array.clip(0, 1) * 255).round().astype(np.uint8))
    if image.convert("RGB").getbbox() is None:  # no pixel that is not zero
        return Failure("edit", "black-image", "every pixel is black: a safety checker, or values that are not numbers")
    return image
