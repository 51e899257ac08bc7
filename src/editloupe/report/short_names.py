"""Names that fit: what many names share goes, and what is still too long is cut in the middle."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.cells import cell_len

from editloupe.report.words import printable

__all__ = ["cut", "short_names"]

WIDTH = 28
"""Cells of a short name, in which a Chinese character takes two."""

_BOUNDARY = re.compile(r"[/\\:_\-. ]+")
_TELLING = re.compile(r"[^\W\d_]{2}")


def short_names(names: Sequence[str], width: int = WIDTH) -> Mapping[str, str]:
    """Return a short form of each name, all different; names that fit stay as they are.

    Of a name that is too long goes as much of its beginning as it takes and as other names share, whole words or
    folders at a time, and the same goes from all that share it. What is still too long is cut in the middle.

    Args:
        names: all names that stand together; different ones.
        width: cells of the longest form, more only where two names would read the same.
    """
    short = {name: " ".join(printable(name).split()) for name in names}
    for name in names:
        while cell_len(short[name]) > width:
            shorter = _without_shared_beginning(short, short[name])
            if shorter is None:
                break
            short = shorter
    room = width
    cuts = {name: cut(form, room) for name, form in short.items()}
    while len(set(cuts.values())) < len(set(short.values())):
        room += 4
        taken = list(cuts.values())
        cuts = {name: cut(short[name], room) if taken.count(form) > 1 else form for name, form in cuts.items()}
    return cuts


def cut(text: str, width: int) -> str:
    """The text on one line; where it has more than `width` cells, its beginning, …, and more of its end.

    Words stay whole where that costs little.
    """
    line = " ".join(printable(text).split())
    if cell_len(line) <= width:
        return line
    head, tail = "", ""
    for char in line:
        if cell_len(head + char) > (width - 1) * 2 // 5:
            break
        head += char
    for char in reversed(line):
        if cell_len(char + tail) > width - 1 - cell_len(head):
            break
        tail = char + tail
    return f"{_to_last_boundary(head)}…{_to_last_boundary(tail[::-1])[::-1]}"


def _to_last_boundary(text: str) -> str:
    """The text up to its last boundary between words, where that leaves more than half of it; else all of it."""
    last = max((boundary.start() for boundary in _BOUNDARY.finditer(text)), default=0)
    return text[:last] if 2 * last > len(text) else text


def _without_shared_beginning(short: Mapping[str, str], name: str) -> dict[str, str] | None:
    """All names, less the first word or folder of `name` where another shares it; None where that would tell less."""
    boundary = _BOUNDARY.search(name)
    if boundary is None:
        return None
    beginning = name[: boundary.end()]
    rest = {full: form.removeprefix(beginning) for full, form in short.items()}
    shared = [full for full, form in short.items() if form.startswith(beginning)]
    telling = all(_TELLING.search(rest[full]) for full in shared)
    return rest if len(shared) > 1 and telling and len(set(rest.values())) == len(set(short.values())) else None
