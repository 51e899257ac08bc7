"""The tasks of the five kinds of reasoning: each makes a scene, its right result, and the blanks of its instruction.

Each function takes its random numbers from the one generator it is given and returns None where the dice make no fair
task of it (a name that fits two things, nothing that could fall); `task` then throws again.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from editloupe.shapes.difference import changed_places
from editloupe.shapes.scene import COLOURS, KINDS, PLAIN_KINDS, TONE_OF, Scene, Thing, beside, cell_at, shine

__all__ = ["TASKS", "Task", "task"]

_LIVELY = (*PLAIN_KINDS, "flower", "seed")  # lamps only where light is the point


@dataclass(frozen=True, slots=True)
class Task:
    """One task, without words.

    Attributes:
        name: of the wordings in `wordings.WORDINGS`.
        scene: what is to be edited.
        correct: the right result.
        blanks: what the wordings' placeholders stand for; vocabulary of the scene, or a `Thing` to be named.
    """

    name: str
    scene: Scene
    correct: Scene
    blanks: Mapping[str, str | Thing] = field(default_factory=dict)


def task(category: str, rng: random.Random) -> Task:
    """Make a task of a category."""
    makers = TASKS[category]
    make = makers[rng.randrange(len(makers))]
    while True:
        task = make(rng)
        if task is not None and changed_places(task.scene, task.correct):
            return task


# ---------------------------------------------------------------- physical: support, motion, no overlap


def _fall(rng: random.Random) -> Task | None:
    """One thing hangs in the air; let go of it."""
    scene, heights = _settled(rng)
    columns = [column for column in range(4) if heights[column] <= 2]
    if not columns:
        return None
    column = rng.choice(columns)
    row = rng.randrange(3 - heights[column])
    thing = _thing(rng)
    if _named(scene, thing):
        return None
    scene = scene.put(cell_at(column, row), thing)
    return Task("fall", scene, scene.move(cell_at(column, row), cell_at(column, 3 - heights[column])), {"thing": thing})


def _support(rng: random.Random) -> Task | None:
    """Take away what something else stands on."""
    scene, heights = _settled(rng)
    columns = [column for column in range(4) if heights[column] >= 2]
    if not columns:
        return None
    column = rng.choice(columns)
    top = 4 - heights[column]
    row = rng.randrange(top + 1, 4)
    gone = scene[cell_at(column, row)]
    if gone is None or len(_named(scene, gone)) > 1:
        return None
    correct = scene
    for above in range(row, top, -1):
        correct = correct.put(cell_at(column, above), scene[cell_at(column, above - 1)])
    return Task("support", scene, correct.put(cell_at(column, top), None), {"thing": gone})


def _slide(rng: random.Random) -> Task | None:
    """Push something along the floor until it meets something."""
    scene, heights = _settled(rng)
    columns = [column for column in range(4) if heights[column] == 1]
    if not columns:
        return None
    start = rng.choice(columns)
    side, step = rng.choice((("left", -1), ("right", 1)))
    end = start
    while 0 <= end + step < 4 and heights[end + step] == 0:
        end += step
    thing = scene[cell_at(start, 3)]
    if end == start or thing is None or len(_named(scene, thing)) > 1:
        return None
    return Task("slide", scene, scene.move(cell_at(start, 3), cell_at(end, 3)), {"thing": thing, "side": side})


# ---------------------------------------------------------------- environmental: background and things together


def _weather(rng: random.Random) -> Task:
    """Another time of day or weather; lamps burn at night."""
    before, after = rng.sample(list(TONE_OF), 2)
    scene = _scattered(rng, before, rng.randint(3, 6))
    if rng.random() < 0.5:
        cell, thing = rng.choice(scene.things())
        scene = scene.put(cell, Thing("lamp", thing.colour, thing.size, jitter=thing.jitter))
    scene = shine(scene, on=before == "night")
    return Task(after, scene, shine(scene.weather(after), on=after == "night"))


# ---------------------------------------------------------------- cultural: what colours and signs mean

_MEANINGS = {
    "stop": "red", "luck": "red", "go": "green", "shamrock": "green", "royal": "purple", "lent": "purple",
    "taxi": "yellow", "caution": "yellow", "europe": "blue", "denim": "blue",
}  # fmt: skip
_SIGNS = {
    "pharmacy": ("green", "cross"), "red_cross": ("red", "cross"), "sheriff": ("yellow", "star"),
    "china_star": ("yellow", "star"), "rose": ("red", "flower"), "sunflower": ("yellow", "flower"),
    "japan_sun": ("red", "circle"),
}  # fmt: skip


def _meaning(rng: random.Random) -> Task | None:
    """Give something the colour that stands for something."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(4, 7))
    meaning, colour = rng.choice(list(_MEANINGS.items()))
    cell, thing = rng.choice(scene.things())
    if thing.colour == colour or len(_named(scene, thing)) > 1:
        return None
    return Task(meaning, scene, scene.change(cell, colour=colour), {"thing": thing})


def _sign(rng: random.Random) -> Task | None:
    """Turn something into a sign that people know."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(4, 7))
    sign, (colour, kind) = rng.choice(list(_SIGNS.items()))
    cell, thing = rng.choice(scene.things())
    if (thing.colour, thing.kind) == (colour, kind) or len(_named(scene, thing)) > 1:
        return None
    return Task(sign, scene, scene.change(cell, colour=colour, kind=kind), {"thing": thing})


# ---------------------------------------------------------------- causal: what follows from an event


def _lamp(rng: random.Random) -> Task | None:
    """Light a lamp, or put it out: what stands beside it follows."""
    scene = _scattered(rng, "day", rng.randint(4, 7))
    cell, thing = rng.choice(scene.things())
    near = sum(scene[neighbour] is not None for neighbour in beside(cell))
    if not 1 <= near <= 3:
        return None
    scene = scene.put(cell, Thing("lamp", thing.colour, thing.size, jitter=thing.jitter))
    if rng.random() < 0.4:
        return Task("lamp_off", shine(scene, on=True), scene)
    return Task("lamp_on", scene, shine(scene, on=True))


def _grow(rng: random.Random) -> Task | None:
    """Water a seed: a flower of its colour grows."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(4, 7))
    cell = rng.choice(scene.things())[0]
    scene = scene.change(cell, kind="seed")
    seed = scene[cell]
    if seed is None or len(_named(scene, seed)) > 1:
        return None
    return Task("grow", scene, scene.change(cell, kind="flower"), {"thing": seed})


def _paint(rng: random.Random) -> Task | None:
    """Pour paint into a column from above: the first thing it meets takes the colour."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(5, 8))
    colour = rng.choice(COLOURS)
    column = rng.randrange(4)
    hit = [cell_at(column, row) for row in range(4) if scene[cell_at(column, row)] is not None]
    if len(hit) < 2:
        return None
    blanks: dict[str, str | Thing] = {"colour": colour, "column": "abcd"[column]}
    return Task("paint", scene, scene.change(hit[0], colour=colour), blanks)


# ---------------------------------------------------------------- referential: which one is meant


def _beside_only(rng: random.Random) -> Task | None:
    """The one directly left of (right of, above, below) the only thing of its kind."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(5, 8))
    anchor, thing = rng.choice(scene.things())
    if sum(other.kind == thing.kind for _, other in scene.things()) > 1:
        return None
    relation, right, down = rng.choice((("left of", -1, 0), ("right of", 1, 0), ("above", 0, -1), ("below", 0, 1)))
    column, row = "abcd".index(anchor[0]) + right, int(anchor[1]) - 1 + down
    if not (0 <= column < 4 and 0 <= row < 4):
        return None
    return _done_to(rng, "beside", scene, cell_at(column, row), {"place": relation, "kind": thing.kind})


def _ordinal(rng: random.Random) -> Task | None:
    """The second one of a kind from the left or right, of at least three."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(5, 8))
    kind = rng.choice(PLAIN_KINDS)
    columns = rng.sample(range(4), 3)
    for column in columns:
        cell = cell_at(column, rng.randrange(4))
        scene = scene.put(
            cell, Thing(kind, rng.choice(COLOURS), rng.choice(("big", "big", "small")), jitter=_jitter(rng))
        )
    cells = sorted(cell for cell, thing in scene.things() if thing.kind == kind)
    if len({cell[0] for cell in cells}) < len(cells):
        return None
    side = rng.choice(("left", "right"))
    return _done_to(rng, "ordinal", scene, cells[1 if side == "left" else -2], {"side": side, "kind": kind})


def _only(rng: random.Random) -> Task | None:
    """The only one of its colour, or the only small one."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(4, 7))
    cell, thing = rng.choice(scene.things())
    if rng.random() < 0.5:
        if sum(other.colour == thing.colour for _, other in scene.things()) > 1:
            return None
        return _done_to(rng, "only", scene, cell, {"what": thing.colour})
    if thing.size != "small" or sum(other.size == "small" for _, other in scene.things()) > 1:
        return None
    return _done_to(rng, "only", scene, cell, {"what": "small"})


def _outermost(rng: random.Random) -> Task | None:
    """The topmost, lowest, leftmost or rightmost thing."""
    scene = _scattered(rng, _any_weather(rng), rng.randint(4, 7))
    end = rng.choice(("topmost", "lowest", "leftmost", "rightmost"))
    axis, pick = {"topmost": (1, min), "lowest": (1, max), "leftmost": (0, min), "rightmost": (0, max)}[end]
    cells = [cell for cell, _ in scene.things()]
    outer = pick(cell[axis] for cell in cells)
    there = [cell for cell in cells if cell[axis] == outer]
    if len(there) > 1:
        return None
    return _done_to(rng, "outermost", scene, there[0], {"end": end})


def _done_to(rng: random.Random, name: str, scene: Scene, cell: str, blanks: dict[str, str | Thing]) -> Task | None:
    """Choose what is done to the thing that was meant."""
    thing = scene[cell]
    if thing is None:
        return None
    action = rng.choice(("paint", "paint", "remove", "resize"))
    if action == "paint":
        colour = rng.choice([colour for colour in COLOURS if colour != thing.colour])
        return Task(f"{name}/recolour", scene, scene.change(cell, colour=colour), {**blanks, "colour": colour})
    if action == "remove":
        return Task(f"{name}/remove", scene, scene.put(cell, None), blanks)
    size = "small" if thing.size == "big" else "big"
    return Task(f"{name}/resize", scene, scene.change(cell, size=size), {**blanks, "size": size})


TASKS: dict[str, tuple[Callable[[random.Random], Task | None], ...]] = {
    "physical": (_fall, _support, _slide),
    "environmental": (_weather,),
    "cultural": (_meaning, _sign),
    "causal": (_lamp, _grow, _paint),
    "referential": (_beside_only, _ordinal, _only, _outermost),
}


# ---------------------------------------------------------------- scenes by chance


def _jitter(rng: random.Random) -> tuple[int, int, int, int]:
    return rng.randint(-2, 2), rng.randint(-2, 2), rng.randint(-1, 1), rng.randint(-10, 10)


def _thing(rng: random.Random) -> Thing:
    size = "small" if rng.random() < 0.3 else "big"
    return Thing(rng.choice(_LIVELY), rng.choice(COLOURS), size, jitter=_jitter(rng))


def _any_weather(rng: random.Random) -> str:
    return "day" if rng.random() < 0.7 else rng.choice(list(TONE_OF))


def _scattered(rng: random.Random, weather: str, count: int) -> Scene:
    """Things like stickers, anywhere."""
    scene = Scene().weather(weather)
    for cell in rng.sample(scene.free(), count):
        scene = scene.put(cell, _thing(rng))
    return scene


def _settled(rng: random.Random) -> tuple[Scene, list[int]]:
    """Things that stand on the floor or on each other, and the heights of the four piles."""
    scene = Scene().weather(_any_weather(rng))
    heights = [rng.choice((0, 0, 1, 1, 2, 3)) for _ in range(4)]
    for column, height in enumerate(heights):
        for level in range(height):
            scene = scene.put(cell_at(column, 3 - level), _thing(rng))
    return scene, heights


def _named(scene: Scene, thing: Thing) -> list[str]:
    """Return the cells of all things that its name (size where small, colour, kind) would fit."""
    return [
        cell
        for cell, other in scene.things()
        if (other.kind, other.colour) == (thing.kind, thing.colour) and thing.size in ("big", other.size)
    ]


assert set(_LIVELY) < set(KINDS)
