"""The operations of the `classic` editor: pictures in, pictures out; RGB, any size."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PIL import Image, ImageEnhance, ImageFilter, ImageOps

from editloupe.editors.classic_words import Step

__all__ = ["OPERATIONS", "Operation"]

Operation = Callable[[Image.Image, Step], Image.Image]

_COLOURS = {
    "red": (220, 40, 40),
    "orange": (255, 140, 20),
    "yellow": (250, 220, 40),
    "green": (40, 170, 70),
    "cyan": (40, 200, 210),
    "blue": (40, 90, 220),
    "purple": (140, 60, 190),
    "pink": (250, 130, 180),
    "brown": (140, 90, 50),
}

# left, top, right, bottom as shares of the sides
_REGIONS = {
    "left": (0.0, 0.0, 0.5, 1.0),
    "right": (0.5, 0.0, 1.0, 1.0),
    "top": (0.0, 0.0, 1.0, 0.5),
    "bottom": (0.0, 0.5, 1.0, 1.0),
    "center": (0.25, 0.25, 0.75, 0.75),
}

_QUARTERS = {90: Image.Transpose.ROTATE_90, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_270}


def _enhance(kind: Callable[[Image.Image], ImageEnhance._Enhance], change: float) -> Operation:
    """Make an operation that multiplies brightness, contrast or colour by ``1 + change * strength``, at least 0."""
    return lambda image, step: kind(image).enhance(max(0.0, 1 + change * step.strength))


def _blur(image: Image.Image, step: Step) -> Image.Image:
    """Blur with a radius of 1.2 % of the longer side, so that it looks the same at any size."""
    return image.filter(ImageFilter.GaussianBlur(0.012 * max(image.size) * step.strength))


def _sharpen(image: Image.Image, step: Step) -> Image.Image:
    return image.filter(ImageFilter.UnsharpMask(radius=2, percent=round(150 * step.strength), threshold=0))


def _rotate(image: Image.Image, step: Step) -> Image.Image:
    """Rotate counter-clockwise; quarter turns exactly, others on a white ground that holds the whole picture."""
    degrees = step.degrees % 360
    if degrees in _QUARTERS:
        return image.transpose(_QUARTERS[int(degrees)])
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor="white")


def _crop(image: Image.Image, step: Step) -> Image.Image:
    left, top, right, bottom = _REGIONS[step.choice or "center"]
    width, height = image.size
    x, y = round(left * width), round(top * height)
    return image.crop((x, y, max(x + 1, round(right * width)), max(y + 1, round(bottom * height))))


def _towards(image: Image.Image, colour: tuple[int, int, int], share: float) -> Image.Image:
    """Mix the colour in as light through a coloured glass: white becomes the colour, black stays."""
    glass = ImageOps.colorize(ImageOps.grayscale(image), "black", colour)
    return Image.blend(image, glass, min(1.0, share))


def _tint(image: Image.Image, step: Step) -> Image.Image:
    return _towards(image, _COLOURS[step.choice], 0.5 * step.strength)


def _sepia(image: Image.Image, step: Step) -> Image.Image:
    del step
    return ImageOps.colorize(ImageOps.grayscale(image), "#1e140a", "#fff3d6", mid="#a07d52")


def _balance(red: float, blue: float) -> Operation:
    """Make an operation that scales the red and the blue channel by ``1 + share * strength``."""

    def operation(image: Image.Image, step: Step) -> Image.Image:
        r, g, b = image.split()
        factors = ((r, 1 + red * step.strength), (g, 1.0), (b, 1 + blue * step.strength))
        return Image.merge("RGB", [band.point([min(255, round(v * f)) for v in range(256)]) for band, f in factors])

    return operation


def _pixelate(image: Image.Image, step: Step) -> Image.Image:
    cells = max(1.0, 48 / step.strength)
    scale = min(1.0, cells / max(image.size))
    small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    return small.resize(image.size, Image.Resampling.NEAREST)


OPERATIONS: Mapping[str, Operation] = {
    "brighten": _enhance(ImageEnhance.Brightness, 0.45),
    "darken": _enhance(ImageEnhance.Brightness, -0.5),
    "grayscale": lambda image, _: ImageOps.grayscale(image).convert("RGB"),
    "sepia": _sepia,
    "blur": _blur,
    "sharpen": _sharpen,
    "rotate": _rotate,
    "crop": _crop,
    "tint": _tint,
    "mirror": lambda image, _: ImageOps.mirror(image),
    "flip": lambda image, _: ImageOps.flip(image),
    "invert": lambda image, _: ImageOps.invert(image),
    "more contrast": _enhance(ImageEnhance.Contrast, 0.5),
    "less contrast": _enhance(ImageEnhance.Contrast, -0.5),
    "saturate": _enhance(ImageEnhance.Color, 0.7),
    "desaturate": _enhance(ImageEnhance.Color, -0.7),
    "posterize": lambda image, _: ImageOps.posterize(image, 3),
    "warmer": _balance(0.16, -0.2),
    "colder": _balance(-0.18, 0.18),
    "pixelate": _pixelate,
}
