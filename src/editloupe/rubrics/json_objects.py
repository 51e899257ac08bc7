"""JSON objects in a text, with the place of each of their values."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["JsonObject", "Member", "object_at", "whole_objects"]

_SPACE = re.compile(r"[ \t\r\n]*")
_BEGIN = re.compile(r"\{\s*[\"}]")
_DECODER = json.JSONDecoder(parse_constant=lambda name: name, strict=False)
_MOST = 200
"""Beginnings that are tried at most: a text of thousands of braces is no answer, and each costs a pass."""


@dataclass(frozen=True, slots=True)
class Member:
    """One key of an object, its value, and where the value begins and ends in the text."""

    key: str
    value: Any
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class JsonObject:
    """An object with its members in order, equal keys included, and where it stands in the text."""

    members: tuple[Member, ...]
    start: int
    end: int

    def named(self, key: str) -> list[Member]:
        """The members with a key, in any case of its letters."""
        wanted = key.strip().casefold()
        return [member for member in self.members if member.key.strip().casefold() == wanted]


def object_at(text: str, start: int) -> JsonObject | None:
    """Read the JSON object that begins at a place; None where none does.

    Real line breaks and tabs inside strings are taken as they are; everything else is JSON's own grammar.
    """
    members: list[Member] = []
    try:
        place = _after_space(text, start + 1)
        if text[start] != "{":
            return None
        while text[place] != "}":
            if members:
                if text[place] != ",":
                    return None
                place = _after_space(text, place + 1)
            if text[place] != '"':
                return None
            key, place = _DECODER.raw_decode(text, place)
            place = _after_space(text, place)
            if text[place] != ":":
                return None
            begin = _after_space(text, place + 1)
            value, end = _DECODER.raw_decode(text, begin)
            members.append(Member(key, value, begin, end))
            place = _after_space(text, end)
    except (ValueError, IndexError, RecursionError):
        return None
    return JsonObject(tuple(members), start, place + 1)


def whole_objects(text: str) -> Iterator[JsonObject]:
    """The complete objects of a text that stand inside no other, in order."""
    place = 0
    for _ in range(_MOST):
        found = _BEGIN.search(text, place)
        if found is None:
            return
        one = object_at(text, found.start())
        if one is not None:
            yield one
        place = found.start() + 1 if one is None else one.end


def _after_space(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return place if match is None else match.end()
