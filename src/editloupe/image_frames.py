"""How many frames a picture holds: an animation, the pages of a TIFF. Only the first one is ever looked at."""

from __future__ import annotations

import io
import warnings

from PIL import Image

from editloupe.images import FORMATS
from editloupe.records import Picture

__all__ = ["frames_of"]


def frames_of(picture: Picture) -> int:
    """Count the frames of an image from its headers; 1 where it cannot be told.

    Args:
        picture: an image that was accepted. Of a file only the header is read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path = getattr(picture, "path", None)
            with Image.open(path if path is not None else io.BytesIO(picture.read()), formats=FORMATS) as image:
                return int(getattr(image, "n_frames", 1))
    except Exception:  # noqa: BLE001 - a remark must not fail what was accepted
        return 1
