"""How large an edit is to be: in its first source's proportions, unless the config says otherwise.

Classes choose by themselves in different ways (`Capability.size`), and some of those are silently wrong for an edit: a
square whatever the source is, or the proportions of the last of several sources. Those are told a size.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import sqrt
from typing import Any

from editloupe.editors.diffusers_capabilities import Capability

__all__ = ["other_proportions", "own_size_is_kept", "size_parameters"]

Size = tuple[int, int]

SIDES = ("height", "width")
STEP = 16
"""Sides are multiples of it: eight pixels to a latent, two latents to a patch."""

ROUNDING = 32
"""Pixels by which a side may be off because a class rounds: some to multiples of 32."""


def own_size_is_kept(capability: Capability, params: Mapping[str, Any], sources: int) -> bool:
    """Whether a call goes out without a size that the config did not state.

    Args:
        capability: of the class.
        params: what the config states.
        sources: how many images a sample has.
    """
    if _is_stated(capability, params):
        return True
    if any(_sides(params)):  # one of the two: the other one follows from the source
        return False
    return capability.size in ("first", "fixed") or (capability.size == "last" and sources < 2)


def size_parameters(
    capability: Capability, params: Mapping[str, Any], takes: Iterable[str], sources: Sequence[Size]
) -> dict[str, Any]:
    """The parameters that make a class keep the proportions of its first source.

    Args:
        capability: of the class.
        params: what the config states.
        takes: the names of the class's parameters.
        sources: (width, height) of one sample's images.
    """
    if not set(SIDES) <= set(takes) or own_size_is_kept(capability, params, len(sources)):
        return {}
    width, height = sources[0]
    stated_height, stated_width = _sides(params)
    if stated_height:
        return {"width": _rounded(stated_height * width / height)}
    if stated_width:
        return {"height": _rounded(stated_width * height / width)}
    if capability.follow:
        return dict(capability.follow)
    if capability.area is None:  # the class brings what it is told to its own area
        return {"height": height, "width": width}
    scale = sqrt(capability.area / (width * height))
    if not capability.enlarges:
        scale = min(1.0, scale)
    return {"height": _rounded(height * scale), "width": _rounded(width * scale)}


def other_proportions(source: Size, made: Size) -> str | None:
    """Say that an edit has other proportions than its source; None where only rounding separates the two."""
    width, height = made
    wanted = height * source[0] / source[1]
    off = max(width / wanted, wanted / width) - 1
    if off <= 0.05 or min(abs(width - wanted), abs(height - width * source[1] / source[0])) <= ROUNDING:
        return None
    return (
        f"made at {width}x{height} from a source of {source[0]}x{source[1]}: the proportions differ by {off:.0%}, "
        "so the picture is stretched or cropped"
    )


def _is_stated(capability: Capability, params: Mapping[str, Any]) -> bool:
    return all(_sides(params)) or any(name in params for name in capability.follow)


def _sides(params: Mapping[str, Any]) -> tuple[int, int]:
    """The stated height and width; 0 where there is none."""
    height, width = (params.get(side) for side in SIDES)
    return (height if isinstance(height, int) else 0, width if isinstance(width, int) else 0)


def _rounded(pixels: float) -> int:
    return max(STEP, round(pixels / STEP) * STEP)
