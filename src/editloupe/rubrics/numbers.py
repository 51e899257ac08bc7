"""How judges write a number: ``8``, ``8/10``, ``8 out of 10``, ``8 points``, bold, boxed, or in full-width digits."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["Number", "is_interval", "number_in", "plain"]

_N = r"[-+]?\d+(?:\.\d+)?"
_UNIT = r"(?:\s*(?:points?|pts|分))?"
_OF = r"\s*(?:/|out\s+of|of)\s*"
_VALUE = re.compile(
    rf"(?P<number>{_N}){_UNIT}(?:(?:{_OF}|\s*[(（]\s*(?:out\s+of|满分|/)\s*)(?P<top>{_N}){_UNIT}\s*[)）]?)?\s*[.。!]?",
    re.ASCII | re.IGNORECASE,
)
_INTERVAL = re.compile(
    rf"{_N}{_UNIT}\s*(?:-|–|—|~|～|to|or|到|至|或)\s*{_N}{_UNIT}(?:{_OF}{_N})?\s*[.。]?", re.IGNORECASE
)
_BOXED = re.compile(r"\$?\\boxed\{\s*([^{}]*?)\s*\}\$?")
_WIDE = str.maketrans("０１２３４５６７８９／．＋－", "0123456789/.+-")
_EMPHASIS = re.compile(r"[*_`]+")


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written, and the maximum that was named beside it."""

    value: float
    top: float | None = None


def plain(text: str) -> str:
    """The text without emphasis and in ASCII digits; emphasis between two digits joins nothing and stays."""
    text = text.translate(_WIDE)

    def bare(match: re.Match[str]) -> str:
        before, after = text[: match.start()][-1:], text[match.end() :][:1]
        return match[0] if before.isdigit() and after.isdigit() else ""

    return _EMPHASIS.sub(bare, text).strip()


def number_in(text: str) -> Number | None:
    """The number that a text consists of; None where it is anything else."""
    text = plain(text)
    boxed = _BOXED.match(text)
    if boxed is not None:
        text = boxed[1] + text[boxed.end() :]
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    return Number(float(match["number"]), None if match["top"] is None else float(match["top"]))


def is_interval(text: str) -> bool:
    """Whether a text names two numbers and leaves open which it is: ``7-8``, ``7 to 8``."""
    return _INTERVAL.fullmatch(plain(text)) is not None
