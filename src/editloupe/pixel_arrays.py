"""Arrays and tensors as pictures, by one stated rule: whole numbers from 0 to 255, the channels on one plain axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from editloupe.errors import ImageError

__all__ = ["is_array", "picture_from_array"]

_CHANNELS = (1, 3, 4)


def is_array(value: object) -> bool:
    """Whether a value is a NumPy array, a tensor, or something else with a shape and a type of numbers."""
    return not isinstance(value, Image.Image) and hasattr(value, "shape") and hasattr(value, "dtype")


def picture_from_array(array: Any) -> Image.Image:
    """Turn an array of pixels into a picture.

    Args:
        array: uint8; height x width, or with 1, 3 (RGB) or 4 (RGBA) channels on the last axis or, where only that can
            be meant, on the first.

    Raises:
        ImageError: other numbers, whose range would be a guess, or a shape of which the same is true.
    """
    shape, kind = tuple(int(size) for size in array.shape), str(array.dtype).removeprefix("torch.")
    words = f"an array of {kind} and shape {'x'.join(map(str, shape))}"
    if kind != "uint8":
        raise ImageError(f"{words} is no picture: give uint8 from 0 to 255, such as (x.clamp(0, 1) * 255).round()")
    if 0 in shape:
        raise ImageError(f"{words} is no picture: it holds no pixels")
    pixels = np.asarray(array.detach().cpu() if hasattr(array, "detach") else array)
    if pixels.ndim == 2:
        return Image.fromarray(pixels)
    if pixels.ndim != 3:
        raise ImageError(f"{words} is no picture: give one picture at a time, height x width x channels")
    last, first = shape[2] in _CHANNELS, shape[0] in _CHANNELS
    if last and first:
        raise ImageError(f"{words} may have its channels first or last; give a PIL image instead")
    if not last and not first:
        raise ImageError(f"{words} is no picture: none of its axes holds 1, 3 or 4 channels")
    pixels = np.ascontiguousarray(pixels if last else pixels.transpose(1, 2, 0))
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
