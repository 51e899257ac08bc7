"""The named mistakes of editors, as functions from the right result to a wrong one.

========================  ===================================================================================
``wrong-object``          what was asked is done to another thing
``wrong-attribute``       the right place is changed, but to a wrong value (a wrong colour, cell or weather)
``incomplete``            only part of what belongs together is done (the lamp burns, nothing beside it is lit)
``collateral``            the right edit, with one to three other things disturbed
``nothing``               the source, unchanged
========================  ===================================================================================
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from editloupe.shapes.difference import changed_places
from editloupe.shapes.scene import COLOURS, PLAIN_KINDS, SIZES, TONE_OF, Scene, Thing

__all__ = ["MISTAKES", "collateral", "incomplete", "mistaken", "nothing", "wrong_attribute", "wrong_object"]

_WEATHER = ("background", "tone")
_ATTRIBUTES = ("colour", "kind", "size", "lit")
"""Of a thing, which a mistake may get wrong; their order is a part of what a seed draws."""


def mistaken(scene: Scene, correct: Scene, rng: random.Random) -> tuple[Scene, str]:
    """Make one of the mistakes that fit the task.

    Returns:
        The resulting scene and the mistake's name.
    """
    names = list(MISTAKES)
    while True:
        name = rng.choice(names)
        result = MISTAKES[name](scene, correct, rng)
        if result is not None and changed_places(correct, result):
            return result, name


def nothing(scene: Scene, _correct: Scene, _rng: random.Random) -> Scene | None:
    """Leave the source as it is."""
    return scene


def collateral(scene: Scene, correct: Scene, rng: random.Random) -> Scene | None:
    """Do it right, and disturb what nobody asked about."""
    asked = changed_places(scene, correct)
    result = correct
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3))):
        result = _disturb(result, asked, rng)
    return result


def incomplete(scene: Scene, correct: Scene, rng: random.Random) -> Scene | None:
    """Do some of what belongs together, not all; None where there is only one thing to do."""
    places = changed_places(scene, correct)
    if len(places) < 2:
        return None
    done = rng.sample(places, rng.randint(1, len(places) - 1))
    result = scene
    for place in done:
        result = _set(result, place, correct)
    return result


def wrong_attribute(scene: Scene, correct: Scene, rng: random.Random) -> Scene | None:
    """Change the right place to a wrong value."""
    places = changed_places(scene, correct)
    place = rng.choice(places)
    if place in _WEATHER:
        other = rng.choice([name for name in TONE_OF if name not in (scene.background, correct.background)])
        return correct.weather(other)
    old, wanted = scene[place], correct[place]
    if wanted is None:
        if old is None or len(places) > 1:  # where a thing left for another place, the other place is the one to miss
            return None
        return scene.change(place, colour=_other(rng, COLOURS, old.colour))
    if old is None:
        if rng.random() < 0.5:
            free = [cell for cell in correct.free() if cell not in places]
            return correct.move(place, rng.choice(free)) if free else None
        return correct.change(place, colour=_other(rng, COLOURS, wanted.colour))
    name = rng.choice([name for name in _ATTRIBUTES if getattr(old, name) != getattr(wanted, name)])
    if name in ("size", "lit"):  # with two values only, the wrong one is the old one: another attribute is hit instead
        return correct.put(place, old).change(place, colour=_other(rng, COLOURS, old.colour))
    choices = COLOURS if name == "colour" else PLAIN_KINDS
    return correct.change(place, **{name: _other(rng, choices, getattr(old, name), getattr(wanted, name))})


def wrong_object(scene: Scene, correct: Scene, rng: random.Random) -> Scene | None:
    """Do what was asked, to another thing; None where the whole picture was meant."""
    places = changed_places(scene, correct)
    others = [cell for cell, _ in scene.things() if cell not in places]
    if not others or any(place in _WEATHER for place in places):
        return None
    victim = rng.choice(others)
    place = rng.choice(places)
    old, wanted = scene[place], correct[place]
    if wanted is None and len(places) == 1:
        return scene.put(victim, None)
    if old is None or wanted is None:
        free = [cell for cell in scene.free() if cell not in places]
        return scene.move(victim, rng.choice(free)) if free else None
    names = [name for name in _ATTRIBUTES if getattr(old, name) != getattr(wanted, name)]
    result = scene.change(victim, **{name: getattr(wanted, name) for name in names})
    return result if changed_places(scene, result) else None


MISTAKES: dict[str, Callable[[Scene, Scene, random.Random], Scene | None]] = {
    "wrong-object": wrong_object,
    "wrong-attribute": wrong_attribute,
    "incomplete": incomplete,
    "collateral": collateral,
    "nothing": nothing,
}


def _set(scene: Scene, place: str, source: Scene) -> Scene:
    """Copy one place from another scene."""
    if place in _WEATHER:
        return replace(scene, **{place: getattr(source, place)})
    return scene.put(place, source[place])


def _disturb(scene: Scene, asked: list[str], rng: random.Random) -> Scene:
    """Spoil one place that nobody asked about."""
    things = [cell for cell, _ in scene.things() if cell not in asked]
    free = [cell for cell in scene.free() if cell not in asked]
    kind = rng.choice(("lose", "recolour", "recolour", "reshape", "resize", "add", "weather"))
    if kind == "weather" and not any(place in _WEATHER for place in asked):
        return scene.weather(_other(rng, tuple(TONE_OF), scene.background))
    if (kind == "add" or not things) and free:
        jitter = (rng.randint(-2, 2), rng.randint(-2, 2), rng.randint(-1, 1), rng.randint(-10, 10))
        stray = Thing(rng.choice(PLAIN_KINDS), rng.choice(COLOURS), rng.choice(SIZES), jitter=jitter)
        return scene.put(rng.choice(free), stray)
    if not things:
        return scene
    cell = rng.choice(things)
    thing = scene[cell]
    if thing is None or kind == "lose":
        return scene.put(cell, None)
    if kind == "reshape":
        return scene.change(cell, kind=_other(rng, PLAIN_KINDS, thing.kind))
    if kind == "resize":
        return scene.change(cell, size=_other(rng, SIZES, thing.size))
    return scene.change(cell, colour=_other(rng, COLOURS, thing.colour))


def _other(rng: random.Random, choices: tuple[str, ...], *taken: str) -> str:
    return rng.choice([choice for choice in choices if choice not in taken])
