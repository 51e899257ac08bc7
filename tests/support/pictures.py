"""Encoded images for tests: good ones, and one for each way in which a file can be bad."""

import base64
import io
import struct
import zlib

import numpy as np
from PIL import Image

from editloupe.images import picture_of
from editloupe.records import ImageBytes, Sample


def gradient(width=40, height=30):
    """Return a picture in which no two quarters are alike."""
    return Image.frombytes(
        "RGB",
        (width, height),
        bytes(v for y in range(height) for x in range(width) for v in (x * 255 // width, y * 255 // height, 90)),
    )


def noise(width, height, seed=0):
    """Return a picture in memory that no other size or seed gives."""
    pixels = np.random.default_rng([width, height, seed]).integers(0, 255, (height, width, 3), dtype=np.uint8)
    return picture_of(Image.fromarray(pixels))


def encode(image, form="PNG", **options):
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def png(width=40, height=30):
    return encode(gradient(width, height))


def b64(data):
    return base64.b64encode(data).decode()


def bomb():
    """Return a PNG of 70 bytes that claims to hold 200 megapixels."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 20000, 10000, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


REFUSED = {
    "zero bytes": b"",
    "text named png": b"this is a text, not a picture\n" * 20,
    "200 megapixels": bomb(),
    "1x900": encode(Image.new("RGB", (1, 900))),
    "header cut off": png()[:20],
}
"""What no store accepts."""

TRUNCATED = {"png": png(300, 200)[:-200], "jpeg": encode(gradient(300, 200), "JPEG")[:-900]}
"""What looks like an image until its pixels are decoded."""


def sample(instruction="", data=None, **fields):
    sources = (ImageBytes(png() if data is None else data),)
    return Sample(**{"id": "a", "category": "physical", "instruction": instruction, "sources": sources, **fields})
