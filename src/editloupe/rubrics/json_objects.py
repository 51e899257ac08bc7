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
        position = _after_space(text, start + 1)
        if text[start] != "{":
            return None
        while text[position] != "}":
            if members:
                if text[position] != ",":
                    return None
                position = _after_space(text, position + 1)
            if text[position] != '"':
                return None
            key, position = _DECODER.raw_decode(text, position)
            position = _after_space(text, position)
            if text[position] != ":":
                return None
            begin = _after_space(text, position + 1)
            value, end = _DECODER.raw_decode(text, begin)
            members.append(Member(key, value, begin, end))
            position = _after_space(text, end)
    except (ValueError, IndexError, RecursionError):
        return None
    return JsonObject(tuple(members), start, position + 1)


def whole_objects(text: str) -> Iterator[JsonObject]:
    """The complete objects of a text that stand inside no other, in order."""
    position = 0
    for _ in range(_MOST):
        begin = _BEGIN.search(text, position)
        if begin is None:
            return
        stated = object_at(text, begin.start())
        if stated is not None:
            yield stated
        position = begin.start() + 1 if stated is None else stated.end


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()
