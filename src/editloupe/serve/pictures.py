"""Pictures as a client may send them: inside a data URL, or as a part of a multipart body. No path, no address."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from editloupe.errors import ImageError
from editloupe.images import inspect
from editloupe.serve.limits import Limits

__all__ = ["ReceivedPicture", "received"]

PART = "part:"


@dataclass(frozen=True, slots=True)
class ReceivedPicture:
    """An encoded picture in memory whose digest is computed once."""

    data: bytes = field(repr=False, compare=False)
    sha256: str

    def read(self) -> bytes:
        """Return the encoded bytes."""
        return self.data


def received(text: str, parts: Mapping[str, bytes], limits: Limits) -> ReceivedPicture:
    """Take a picture of a request.

    Args:
        text: a data URL, or ``part:NAME``.
        parts: of the multipart body.
        limits: its pixels are counted before any of them is decoded.

    Raises:
        ImageError: it is something else, or no acceptable picture.
    """
    data = _bytes(text, parts)
    width, height = inspect(data)
    if width * height > limits.pixels:
        raise ImageError(
            f"a picture has {width}x{height} = {width * height / 1e6:.1f} megapixels; this service takes at most "
            f"{limits.pixels / 1e6:.1f}",
            kind="too-many-pixels",
        )
    return ReceivedPicture(data, hashlib.sha256(data).hexdigest())


def _bytes(text: str, parts: Mapping[str, bytes]) -> bytes:
    if text.startswith(PART):
        data = parts.get(text.removeprefix(PART))
        if data is None:
            raise ImageError(f"there is no part {text[:80]!r} in the body", kind="missing-part")
        return data
    head, comma, encoded = text.partition(",")
    if not head.startswith("data:"):
        raise ImageError(
            "a picture is a data URL or `part:NAME` of a multipart body; paths and addresses are not followed",
            kind="not-a-picture",
        )
    if not comma or not head.endswith(";base64"):
        raise ImageError("a data URL holds `;base64,` before the picture", kind="not-base64")
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        raise ImageError("the data URL does not hold base64", kind="not-base64") from None
