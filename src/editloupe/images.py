"""Decoding, encoding and sizing of images; the one place where Pillow's errors become ours.

Rules, the same everywhere:

* orientation is applied wherever it stands (EXIF, XMP), transparency and colour keys are laid on white, of several
  frames the first one counts, the result is RGB and keeps nothing that could be applied a second time;
* pixels without a stated range (floating point, 32-bit integers) are refused: any scale would be a guess;
* an image above `MAX_PIXELS` is refused before its pixels are decoded (decompression bombs);
* an image longer than `MAX_ASPECT` times its other side is refused, because Qwen-VL's own resizing rule refuses it.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from editloupe.errors import ImageError
from editloupe.image_sniffing import described
from editloupe.records import ImageBytes, Picture

__all__ = [
    "MAX_ASPECT",
    "MAX_PIXELS",
    "SMALLEST_EDGE",
    "EncodedImage",
    "ResizedImage",
    "decode",
    "dimensions",
    "encode_png",
    "encoded",
    "fit",
    "fitted_size",
    "inspect",
    "picture_of",
    "resized_like",
    "seen_anew",
]

ORIENTATION = 0x0112
"""The EXIF tag; 5 to 8 turn the picture by a quarter."""

MAX_PIXELS = 100_000_000
SMALLEST_EDGE = 32
"""Pixels that each side of an image has at least when a judge is shown it: one patch with its merge, in Qwen3-VL."""
MAX_ASPECT = 200

# Pillow would open many more, one of them (EPS) by starting another program.
FORMATS = ("PNG", "JPEG", "WEBP", "AVIF", "BMP", "GIF", "TIFF", "PPM")  # JPEG brings MPO along

# Pillow's own limit would only warn at 89 megapixels; ours is checked from the header, and is a refusal.
Image.MAX_IMAGE_PIXELS = None

# Pillow's limit for an unpacked text or colour profile in a PNG is 1 MiB: real profiles of printers and the workflows
# that generators write into their pictures are larger. What is beyond these is refused with a sentence.
PngImagePlugin.MAX_TEXT_CHUNK = 32 << 20
PngImagePlugin.MAX_TEXT_MEMORY = 128 << 20


# Formats whose 16-bit grey Pillow opens in its 32-bit mode; anywhere else that mode holds 32 bits.
_SIXTEEN_BITS_AS_I = ("PNG", "PPM")


def inspect(data: bytes, name: str = "the image") -> tuple[int, int]:
    """Read an image's header and check it against the rules above, without decoding pixels.

    Args:
        data: the encoded image.
        name: how to call it in messages.

    Returns:
        (width, height) in pixels, as stored (before the EXIF orientation).

    Raises:
        ImageError: not an image, or refused.
    """
    return _checked(data, name).size


def decode(picture: Picture) -> Image.Image:
    """Decode a picture to RGB pixels.

    Raises:
        ImageError: missing, not an image, truncated, or refused.
    """
    name = str(picture.path) if hasattr(picture, "path") else "the image"
    image = _checked(_data(picture, name), name)
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
        upright.format = image.format  # a turned copy has forgotten it
        return _rgb(upright)
    except Exception as error:
        raise ImageError(f"{name!r} cannot be decoded: {_reason(error)}") from error


def dimensions(picture: Picture) -> tuple[int, int]:
    """Return (width, height) in pixels as `decode` will give them, from the header alone.

    Raises:
        ImageError: missing, not an image, or refused.
    """
    name = str(picture.path) if hasattr(picture, "path") else "the image"
    data = _data(picture, name)
    image = _checked(data, name)
    width, height = image.size
    if image.format == "PNG" and not _may_turn(data):
        return width, height
    return (height, width) if image.getexif().get(ORIENTATION, 1) in range(5, 9) else (width, height)


def _may_turn(png: bytes) -> bool:
    """Whether a PNG has a chunk that may hold an orientation; Pillow would decode its pixels to look behind them."""
    at = 8
    while at + 8 <= len(png):
        if png[at + 4 : at + 8] in (b"eXIf", b"zTXt", b"iTXt", b"tEXt"):
            return True
        at += 12 + int.from_bytes(png[at : at + 4], "big")
    return False


def encode_png(image: Image.Image) -> bytes:
    """Encode as PNG; lossless, at a compression level that does not hold the editors up."""
    buffer = io.BytesIO()
    _rgb(image).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An edited image as it goes into the store and between machines, with the truth about it where it is known.

    Attributes:
        data: encoded.
        width, height: pixels.
        truth: the true score of the edit, where it is known.
        notes: what a reader must know about the edit, one sentence each.
    """

    data: bytes = field(repr=False)
    width: int
    height: int
    truth: float | None = None
    notes: tuple[str, ...] = ()


def encoded(image: Image.Image | EncodedImage) -> EncodedImage:
    """Encode an edited image, unless a worker has done so already."""
    if isinstance(image, EncodedImage):
        return image
    truth, notes = image.info.get("truth"), image.info.get("notes")
    return EncodedImage(
        encode_png(image),
        image.width,
        image.height,
        None if truth is None else float(truth),
        notes if isinstance(notes, tuple) else (),  # a file's own text of that name is a string
    )


def picture_of(image: Image.Image | bytes | str | Path) -> Picture:
    """Wrap what a caller has (pixels, encoded bytes, a path) as a `Picture` in memory.

    Raises:
        ImageError: the path cannot be read.
    """
    if isinstance(image, bytes):
        return ImageBytes(image)
    if isinstance(image, str | Path):
        try:
            return ImageBytes(Path(image).read_bytes())
        except OSError as error:
            raise ImageError(
                f"cannot read {str(image)!r}: {error.strerror}", kind="missing-file", retryable=True
            ) from error
    buffer = io.BytesIO()
    _rgb(image).save(buffer, "PPM")  # uncompressed: 2 ms where PNG takes 100
    return ImageBytes(buffer.getvalue())


def fit(image: Image.Image, longest_edge: int | None) -> Image.Image:
    """Bring an image to the size at which judges are shown it (bicubic); see `fitted_size`."""
    size = fitted_size(image.size, longest_edge)
    return image if size == image.size else image.resize(size, Image.Resampling.BICUBIC)


def fitted_size(size: tuple[int, int], longest_edge: int | None) -> tuple[int, int]:
    """The (width, height) that `fit` gives an image of this size.

    The longer side is at most `longest_edge` pixels, as long as the shorter one keeps `SMALLEST_EDGE`, and an image
    whose shorter side is below that is enlarged to it: Qwen-VL's processors refuse less, and each server in its own
    way. The sides keep their ratio.
    """
    short, long = min(size), max(size)
    scale = 1.0 if longest_edge is None else min(1.0, longest_edge / long)
    scale = max(scale, min(1.0, SMALLEST_EDGE / short)) if short >= SMALLEST_EDGE else SMALLEST_EDGE / short
    if scale == 1.0:
        return size
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def seen_anew(picture: Picture, longest_edge: int | None) -> bool:
    """Whether a judge sees other pixels of a picture by these rules than by those of version 0.1.0.

    Questions about such pictures are asked again, and no others: told from the header alone.

    Args:
        picture: any; of a file only the header is read.
        longest_edge: of the judge.
    """
    if isinstance(picture, ResizedImage):
        return seen_anew(picture.image, longest_edge) or seen_anew(picture.like, longest_edge)
    try:
        path = getattr(picture, "path", None)
        with Image.open(path if path is not None else io.BytesIO(picture.read()), formats=FORMATS) as image:
            size, mode, form, keyed = image.size, image.mode, image.format, "transparency" in image.info
    except Exception:  # noqa: BLE001 - what cannot be opened is told where it is decoded
        return False
    long = max(size)
    scale = 1.0 if longest_edge is None or long <= longest_edge else longest_edge / long
    before = size if scale == 1.0 else (max(1, round(size[0] * scale)), max(1, round(size[1] * scale)))
    without_range = mode == "F" or (mode == "I" and form not in _SIXTEEN_BITS_AS_I)
    return before != fitted_size(size, longest_edge) or (mode == "RGB" and keyed) or without_range


@dataclass(frozen=True, slots=True)
class ResizedImage:
    """An image at the size of another one. Nothing is decoded before it is read.

    Its name is made of both images' names, not of its own bytes: those follow from the two, and planning a question
    would otherwise decode every edit of the study.
    """

    image: Picture
    like: Picture

    @property
    def sha256(self) -> str:
        """SHA-256 of what the bytes follow from, hexadecimal."""
        return hashlib.sha256(f"resized 1 {self.image.sha256} {self.like.sha256}".encode()).hexdigest()

    def read(self) -> bytes:
        """Return the encoded bytes, PNG; those of the image itself where it has the size already.

        Raises:
            OSError: one of the files is gone.
            ImageError: one of them is no image.
        """
        return resized_like(self.image, self.like)


def resized_like(image: Picture, like: Picture) -> bytes:
    """Return an image at the width and height of another one: PNG, bicubic; its own bytes where it has that size.

    Raises:
        OSError: one of the files is gone.
        ImageError: one of them is no image, or refused.
    """
    data = image.read()
    size = dimensions(ImageBytes(like.read()))
    if dimensions(ImageBytes(data)) == size:
        return data
    return encode_png(decode(ImageBytes(data)).resize(size, Image.Resampling.BICUBIC))


def _data(picture: Picture, name: str) -> bytes:
    try:
        return picture.read()
    except OSError as error:
        raise ImageError(
            f"cannot read {name!r}: {error.strerror or error}", kind="missing-file", retryable=True
        ) from error


def _checked(data: bytes, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise ImageError(f"{name!r} {described(data)}") from error
    except Exception as error:
        raise ImageError(f"{name!r} cannot be opened as an image: {_reason(error)}") from error
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"{name!r} has {width}x{height} = {width * height / 1e6:.0f} megapixels; "
            f"at most {MAX_PIXELS / 1e6:.0f} are accepted"
        )
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(f"{name!r} is {width}x{height}; sides may differ by a factor of at most {MAX_ASPECT}")
    return image


def _reason(error: Exception) -> str:
    """Pillow's reason, in words that say what to do where Pillow names a constant of its own."""
    words = str(error) or type(error).__name__
    if "MAX_TEXT_CHUNK" in words or "text chunks" in words:
        limit = PngImagePlugin.MAX_TEXT_CHUNK >> 20
        return f"a text or colour profile inside it is larger than {limit} MiB; save it without its metadata"
    return words


def _rgb(image: Image.Image) -> Image.Image:
    transparent = image.mode in ("RGBA", "LA", "PA", "RGBa", "La") or "transparency" in image.info
    if image.mode == "RGB" and not transparent:
        return image
    if transparent:
        layer = image.convert("RGBA")
        white = Image.new("RGBA", layer.size, "white")
        flat = Image.alpha_composite(white, layer).convert("RGB")
    elif image.mode.startswith("I;16") or (image.mode == "I" and image.format in _SIXTEEN_BITS_AS_I):
        flat = image.convert("I").point(lambda value: value / 256).convert("L").convert("RGB")
    elif image.mode in ("F", "I"):
        numbers = "floating point" if image.mode == "F" else "32-bit integer"
        raise ImageError(
            f"its pixels are {numbers} numbers without a stated range; save it with 8 or 16 bits per channel"
        )
    else:
        flat = image.convert("RGB")
    flat.info.pop("transparency", None)  # laid on white already: nobody is to do it again
    return flat
