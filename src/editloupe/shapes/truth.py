"""How good an edit is, from the scenes alone: 0 to 10 for any resulting scene.

    truth = 10 * done * kept

*done* is the share of what was asked that happened. Every asked place weighs the same: the background, the tone, and
each cell that the right result changes. A cell where another thing takes the place of one that leaves counts twice,
once for the leaving and once for the arriving. A place that was changed, but to a wrong value, earns `TOUCHED`.

*kept* is `SPARED` to the power of the number of disturbances: things that vanished, appeared, or lost an attribute
that nobody asked to change. So what was not asked can only cost, and an edit that does nothing earns nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from editloupe.shapes.scene import ATTRIBUTES, CELLS, Scene, Thing

__all__ = ["SPARED", "TOUCHED", "truth"]

TOUCHED = 0.4
SPARED = 0.7


def truth(scene: Scene, correct: Scene, result: Scene) -> float:
    """Score an edit.

    Args:
        scene: what was to be edited.
        correct: the right result.
        result: what came out.

    Returns:
        0 to 10; 10 for the right result, 0 where nothing of what was asked happened.
    """
    credited: list[float] = []
    disturbed = 0
    for name in ("background", "tone"):
        old, wanted, new = (getattr(state, name) for state in (scene, correct, result))
        if wanted != old:
            credited.append(_credit(old, wanted, new))
        else:
            disturbed += new != old
    moving_in = _moving_in(scene, correct)
    for cell in CELLS:
        earned, harm = _cell(scene[cell], correct[cell], result[cell], moved_in=cell in moving_in)
        credited += earned
        disturbed += harm
    done = sum(credited) / len(credited) if credited else 1.0
    return 10.0 * done * math.pow(SPARED, disturbed)


def _credit(old: object, wanted: object, new: object) -> float:
    return 1.0 if new == wanted else 0.0 if new == old else TOUCHED


def _cell(old: Thing | None, wanted: Thing | None, new: Thing | None, *, moved_in: bool) -> tuple[list[float], int]:
    """Return the credits earned in a cell, and how often something unasked was disturbed there."""
    if _same(old, wanted):
        return [], _disturbances(old, new, ())
    if old is None:
        return [_arrival(wanted, new)], 0
    if wanted is None:
        return [float(new is None)], 0 if new is None else _disturbances(old, new, ())
    if moved_in:
        return [float(not _same(old, new)), 0.0 if _same(old, new) else _arrival(wanted, new)], 0
    asked = [name for name in ATTRIBUTES if getattr(old, name) != getattr(wanted, name)]
    if new is None:
        return [0.0], 1
    credit = sum(_credit(*(getattr(state, name) for state in (old, wanted, new))) for name in asked) / len(asked)
    return [credit], _disturbances(old, new, asked)


def _arrival(wanted: Thing | None, new: Thing | None) -> float:
    """Credit a thing that should have come: less for every attribute that is wrong about it."""
    if wanted is None or new is None:
        return 0.0
    wrong: int = sum(getattr(wanted, name) != getattr(new, name) for name in ATTRIBUTES)
    return max(0.0, 1.0 - 0.35 * wrong)


def _disturbances(old: Thing | None, new: Thing | None, asked: Sequence[str]) -> int:
    if old is None or new is None:
        return int(old is not new)
    return sum(getattr(old, name) != getattr(new, name) for name in ATTRIBUTES if name not in asked)


def _same(thing: Thing | None, other: Thing | None) -> bool:
    return (thing and thing.looks()) == (other and other.looks())


def _moving_in(scene: Scene, correct: Scene) -> set[str]:
    """Return the occupied cells into which a thing moves that leaves another cell."""
    leaving = {thing.looks() for cell, thing in scene.things() if not _same(thing, correct[cell])}
    return {
        cell
        for cell, thing in correct.things()
        if scene[cell] is not None and not _same(scene[cell], thing) and thing.looks() in leaving
    }
