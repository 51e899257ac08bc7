"""What stands where: a scene is sixteen cells, each empty or holding one thing, under one kind of weather."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "ATTRIBUTES",
    "CELLS",
    "COLOURS",
    "KINDS",
    "PLAIN_KINDS",
    "SIZES",
    "TONE_OF",
    "Scene",
    "Thing",
    "beside",
    "cell_at",
    "shine",
]

CELLS = tuple(f"{column}{row}" for row in "1234" for column in "abcd")
"""Names in reading order: columns a-d from the left, rows 1-4 from the top."""

PLAIN_KINDS = ("circle", "square", "triangle", "star", "cross")
KINDS = (*PLAIN_KINDS, "flower", "seed", "lamp")
COLOURS = ("red", "yellow", "green", "blue", "purple")
SIZES = ("big", "small")

TONE_OF = {"day": "clear", "night": "dim", "snow": "white", "fog": "pale"}
"""How things look under each background; a picture where the two disagree is half edited."""

ATTRIBUTES = ("kind", "colour", "size", "lit")

_INDEX = {cell: index for index, cell in enumerate(CELLS)}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing.

    Attributes:
        kind: one of `KINDS`.
        colour: one of `COLOURS`.
        size: one of `SIZES`.
        lit: whether light falls on it (a lamp: whether it is on).
        jitter: right, down, scale and shade: small deviations of its drawing, which mean nothing.
    """

    kind: str
    colour: str
    size: str = "big"
    lit: bool = False
    jitter: tuple[int, int, int, int] = (0, 0, 0, 0)

    def looks(self) -> tuple[str, str, str, bool]:
        """Return all that counts in comparisons: everything but the jitter."""
        return self.kind, self.colour, self.size, self.lit


@dataclass(frozen=True, slots=True)
class Scene:
    """Sixteen cells in reading order, and the weather.

    Attributes:
        cells: what each of `CELLS` holds.
        background: one of the keys of `TONE_OF`.
        tone: one of its values.
    """

    cells: tuple[Thing | None, ...] = (None,) * 16
    background: str = "day"
    tone: str = "clear"

    def __getitem__(self, cell: str) -> Thing | None:
        return self.cells[_INDEX[cell]]

    def things(self) -> list[tuple[str, Thing]]:
        """Return the occupied cells with what they hold, in reading order."""
        return [(cell, thing) for cell, thing in zip(CELLS, self.cells, strict=True) if thing is not None]

    def free(self) -> list[str]:
        """Return the empty cells in reading order."""
        return [cell for cell, thing in zip(CELLS, self.cells, strict=True) if thing is None]

    def put(self, cell: str, thing: Thing | None) -> Scene:
        """Return this scene with another content of a cell."""
        index = _INDEX[cell]
        return replace(self, cells=(*self.cells[:index], thing, *self.cells[index + 1 :]))

    def change(self, cell: str, **attributes: Any) -> Scene:
        """Return this scene with other attributes of the thing in a cell."""
        thing = self[cell]
        if thing is None:
            raise ValueError(f"nothing stands in {cell!r}")
        return self.put(cell, replace(thing, **attributes))

    def move(self, start: str, end: str) -> Scene:
        """Return this scene with a cell's content in another cell."""
        return self.put(end, self[start]).put(start, None) if start != end else self

    def weather(self, background: str) -> Scene:
        """Return this scene under another weather; background and tone together."""
        return replace(self, background=background, tone=TONE_OF[background])

    def json(self) -> dict[str, Any]:
        """Return the scene as JSON values."""
        return {
            "background": self.background,
            "tone": self.tone,
            "things": {
                cell: [thing.kind, thing.colour, thing.size, thing.lit, list(thing.jitter)]
                for cell, thing in self.things()
            },
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Scene:
        """Read what `json` wrote.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        scene = cls(background=data["background"], tone=data["tone"])
        for cell, (kind, colour, size, lit, jitter) in data["things"].items():
            right, down, scale, shade = (int(value) for value in jitter)
            scene = scene.put(cell, Thing(kind, colour, size, bool(lit), (right, down, scale, shade)))
        return scene


def cell_at(column: int, row: int) -> str:
    """Return the name of a cell from its column and row, both counted from 0."""
    return CELLS[4 * row + column]


def beside(cell: str) -> list[str]:
    """Return the cells that share a side with a cell, in reading order."""
    row, column = divmod(_INDEX[cell], 4)
    near = [(column, row - 1), (column - 1, row), (column + 1, row), (column, row + 1)]
    return [cell_at(x, y) for x, y in near if 0 <= x < 4 and 0 <= y < 4]


def shine(scene: Scene, *, on: bool) -> Scene:
    """Switch every lamp on or off; whatever shares a side with a lamp is lit with it."""
    for lamp, thing in scene.things():
        if thing.kind == "lamp":
            for cell in (lamp, *beside(lamp)):
                if scene[cell] is not None:
                    scene = scene.change(cell, lit=on)
    return scene
