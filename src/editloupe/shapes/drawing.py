"""Scenes to pixels, many at once: shapes are cut out once with anti-aliasing, then laid into cells of 32 x 32.

Training draws hundreds of thousands of pictures, so everything per picture is array work; and the benchmark uses the
very same function, so that the embedded judge sees in the benchmark what it saw in training.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from editloupe.shapes.scene import KINDS, SIZES, Scene, Thing

__all__ = ["CELL", "SHIFT", "SIDE", "image", "pixels"]

CELL = 32
SIDE = 4 * CELL
SHIFT = 2  # the largest jitter of place, in pixels
_SCALES = (-1, 0, 1)
_RADIUS = {"big": 11.5, "small": 7.0}
_FINE = 8  # supersampling

_BACKGROUND = {"day": (206, 222, 236), "night": (16, 20, 46), "snow": (246, 248, 252), "fog": (150, 152, 156)}
_COLOUR = {
    "red": (214, 40, 44),
    "yellow": (244, 200, 36),
    "green": (38, 158, 66),
    "blue": (40, 96, 222),
    "purple": (150, 56, 186),
}
_INK = (40, 36, 40)
_LIGHT = (255, 240, 150)
_SNOW = (252, 253, 255)
_FOG = (172, 174, 178)


def image(scene: Scene) -> Image.Image:
    """Draw one scene."""
    return Image.fromarray(pixels([scene])[0])


def pixels(scenes: Sequence[Scene]) -> NDArray[np.uint8]:
    """Draw scenes: an array (scenes, 128, 128, 3).

    Whole numbers all the way, so that a seed makes the same bytes on every machine.
    """
    drawn = np.empty((len(scenes), SIDE, SIDE, 3), np.uint8)
    last: Scene | None = None
    for number, scene in enumerate(scenes):
        # An edit shares most cells with its source: what the picture before already shows is copied.
        alike = last is not None and (last.background, last.tone) == (scene.background, scene.tone)
        drawn[number] = drawn[number - 1] if alike else _BACKGROUND[scene.background]
        shown = last.cells if alike and last is not None else Scene().cells
        for index, (before, thing) in enumerate(zip(shown, scene.cells, strict=True)):
            if before != thing:
                top, left = CELL * (index // 4), CELL * (index % 4)
                drawn[number, top : top + CELL, left : left + CELL] = _tile(scene, thing)
        last = scene
    return drawn


def _tile(scene: Scene, thing: Thing | None) -> NDArray[np.int32] | tuple[int, ...]:
    """Draw one cell; an empty one is its colour."""
    background = _BACKGROUND[scene.background]
    if thing is None:
        return background
    weights, halo = _weights()
    right, down, scale, shade = thing.jitter
    part = weights[_index(thing.kind, thing.size, scale, right, down)]
    colour = _toned(tuple(value + shade for value in _COLOUR[thing.colour]), scene.tone)
    snow = _SNOW if scene.tone == "white" else colour
    tile = part @ np.array((background, colour, _toned(_INK, scene.tone), snow), np.int32)
    if thing.lit:
        tile += (part[:, :1] * (halo * (np.array(_LIGHT, np.int32) - np.array(background, np.int32)))) >> 8
    whole: NDArray[np.int32] = ((tile + 128) >> 8).reshape(CELL, CELL, 3)
    return whole


def _toned(colour: tuple[int, ...], tone: str) -> tuple[int, ...]:
    if tone == "dim":
        return tuple(5 * value // 8 for value in colour)
    if tone == "pale":
        return tuple((value + fog) // 2 for value, fog in zip(colour, _FOG, strict=True))
    return tuple(min(255, value) for value in colour)


def _index(kind: str, size: str, scale: int, right: int, down: int) -> int:
    index = (KINDS.index(kind) * len(SIZES) + SIZES.index(size)) * len(_SCALES) + _SCALES.index(scale)
    width = 2 * SHIFT + 1
    return (index * width + right + SHIFT) * width + down + SHIFT


@functools.cache
def _weights() -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """How much of each pixel is background, body, ink (outline and details) and snow, in 256ths, and the halo of light.

    The weights are (things at every jitter, pixels of a cell, 4), so that a tile is one product with its four colours.
    """
    tiles = []
    for kind in KINDS:
        for size in SIZES:
            for scale in _SCALES:
                body, ink, cap = _cut_out(kind, _RADIUS[size] * (1 + 0.06 * scale))
                covered = body * (1 - ink)
                parts = np.stack([covered * (1 - cap), ink, covered * cap], axis=-1)
                whole = np.rint(256 * parts).astype(np.int32)
                whole = np.concatenate([256 - whole.sum(-1, keepdims=True), whole], axis=-1)
                for right in range(-SHIFT, SHIFT + 1):
                    for down in range(-SHIFT, SHIFT + 1):
                        window = whole[SHIFT - down :, SHIFT - right :][:CELL, :CELL]
                        tiles.append(window.reshape(CELL * CELL, 4))
    axis = (np.arange(CELL) + 0.5 - CELL / 2) / (CELL / 2)
    distance = np.hypot(axis[:, None], axis[None, :])
    halo = np.rint(256 * np.clip(1.25 - 0.75 * distance, 0.15, 1.0)).astype(np.int32)
    return np.stack(tiles), halo.reshape(-1, 1)


def _cut_out(kind: str, radius: float) -> tuple[NDArray[np.float32], ...]:
    """Draw one thing large in the middle of a cell, and shrink it: body, ink, and what lies under snow."""
    side = CELL + 2 * SHIFT
    body, ink = (Image.new("L", (side * _FINE, side * _FINE)) for _ in range(2))
    middle = side * _FINE / 2
    outer = radius * _FINE
    line = 1.2 * _FINE

    def draw(shape: Callable[[ImageDraw.ImageDraw, float, int], None]) -> None:
        """Lay the outline's ink, and the body inside it."""
        shape(ImageDraw.Draw(body), outer, 255)
        shape(ImageDraw.Draw(ink), outer, 255)
        shape(ImageDraw.Draw(ink), outer - line, 0)

    def polygon(pen: ImageDraw.ImageDraw, points: Sequence[tuple[float, float]], size: float, fill: int) -> None:
        pen.polygon([(middle + x * size, middle + y * size) for x, y in points], fill=fill)

    def disc(pen: ImageDraw.ImageDraw, x: float, y: float, size: float, fill: int, *, flat: float = 1.0) -> None:
        x, y = middle + x * outer, middle + y * outer
        pen.ellipse((x - size, y - size * flat, x + size, y + size * flat), fill=fill)

    match kind:
        case "circle":
            draw(lambda pen, size, fill: disc(pen, 0, 0, size, fill))
        case "square":
            draw(lambda pen, size, fill: polygon(pen, _SQUARE, size, fill))
        case "triangle":
            draw(lambda pen, size, fill: polygon(pen, _TRIANGLE, size, fill))
        case "star":
            draw(lambda pen, size, fill: polygon(pen, _STAR, size * 1.08, fill))
        case "cross":
            draw(lambda pen, size, fill: polygon(pen, _CROSS, size if fill else size + line * 0.3, fill))
        case "seed":
            draw(lambda pen, size, fill: disc(pen, 0, 0, size * 0.95, fill, flat=0.5))
            disc(ImageDraw.Draw(ink), 0, 0, outer * 0.22, 255)
        case "flower":
            for angle in range(90, 450, 72):
                x, y = 0.6 * math.cos(math.radians(angle)), -0.6 * math.sin(math.radians(angle))
                disc(ImageDraw.Draw(body), x, y, outer * 0.4, 255)
            disc(ImageDraw.Draw(body), 0, 0, outer * 0.45, 255)
            disc(ImageDraw.Draw(ink), 0, 0, outer * 0.34, 255)
        case "lamp":
            disc(ImageDraw.Draw(ink), 0, -0.28, outer * 0.72, 255)
            disc(ImageDraw.Draw(ink), 0, -0.28, outer * 0.72 - line, 0)
            disc(ImageDraw.Draw(body), 0, -0.28, outer * 0.72, 255)
            polygon(ImageDraw.Draw(ink), _BASE, outer, 255)
        case _:
            raise ValueError(f"no shape is called {kind!r}")
    rows = np.arange(side)[:, None] + 0.5
    snow_line = side / 2 - radius * 0.15
    under_snow = np.clip(snow_line - rows + 0.5, 0, 1).astype(np.float32)
    return _shrunk(body), _shrunk(ink), under_snow


def _shrunk(mask: Image.Image) -> NDArray[np.float32]:
    return np.asarray(mask.reduce(_FINE), np.float32) / np.float32(255)


_SQUARE = [(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)]
_TRIANGLE = [(0, -1.0), (1.0, 0.85), (-1.0, 0.85)]
_CROSS = [
    (-0.34, -1),
    (0.34, -1),
    (0.34, -0.34),
    (1, -0.34),
    (1, 0.34),
    (0.34, 0.34),
    (0.34, 1),
    (-0.34, 1),
    (-0.34, 0.34),
    (-1, 0.34),
    (-1, -0.34),
    (-0.34, -0.34),
]
_BASE = [(-0.36, 0.5), (0.36, 0.5), (0.36, 1.0), (-0.36, 1.0)]
_STAR = [
    (
        (1.0 if point % 2 == 0 else 0.44) * math.sin(math.pi * point / 5),
        -(1.0 if point % 2 == 0 else 0.44) * math.cos(math.pi * point / 5),
    )
    for point in range(10)
]
