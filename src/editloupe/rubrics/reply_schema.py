"""The JSON schema of the reply that a prompt asks for, from the example that its template shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

__all__ = ["reply_schema"]

_SPACE = re.compile(r"\s*")
_WORDS = re.compile(r"[^\[\]{},\"]+")
_DECODER = json.JSONDecoder()
_NUMBER: dict[str, Any] = {"type": "number"}


class _Unknown(Exception):  # noqa: N818 - it is a finding rather than an error
    """The text is no example of an object whose values all have a known type."""


def reply_schema(template: str, keys: Iterable[str], *, words: bool = False) -> dict[str, Any] | None:
    """The schema of the last object in a template that holds all keys that are read; None where none can be told.

    ``{"reasoning": "two sentences", "score": a number from 0 to 10}`` asks for a string and a number, and ``"score":
    [success, restraint]`` for a list of numbers. Scale and length are left to the words and the reader: a value outside
    is to be seen, not bent.

    Args:
        template: the unfilled words of the prompt: a sample's own text may hold braces, too.
        keys: that the rubric reads.
        words: whether what is read are words; else an example in quotes stands for a number.
    """
    found = None
    wanted, place = set(keys), 0
    while (place := template.find("{", place)) >= 0:
        try:
            schema, end = _object(template, place)
        except (_Unknown, ValueError, IndexError, RecursionError):
            place += 1
            continue
        if wanted <= set(schema["properties"]):
            found = schema
        place = end
    if found is not None and not words:
        properties = found["properties"]
        properties |= {key: _NUMBER for key in wanted if properties[key] == {"type": "string"}}
    return found


def _object(text: str, place: int) -> tuple[dict[str, Any], int]:
    properties: dict[str, Any] = {}
    place = _skip(text, place + 1)
    while True:
        key, place = _DECODER.raw_decode(text, place)
        place = _skip(text, place)
        if not isinstance(key, str) or text[place] not in ":：":
            raise _Unknown
        properties[key], place = _value(text, _skip(text, place + 1))
        place = _skip(text, place)
        if text[place] == "}":
            break
        if text[place] != ",":
            raise _Unknown
        place = _skip(text, place + 1)
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return schema, place + 1


def _value(text: str, place: int) -> tuple[dict[str, Any], int]:
    if text[place] == "{":
        return _object(text, place)
    if text[place] == "[":
        return _list(text, place)
    if text[place] == '"':
        _, end = _DECODER.raw_decode(text, place)
        return {"type": "string"}, end
    words = _WORDS.match(text, place)
    if words is None or words[0].strip() == "null":
        raise _Unknown
    return ({"type": "boolean"} if words[0].strip() in ("true", "false") else _NUMBER), words.end()


def _list(text: str, place: int) -> tuple[dict[str, Any], int]:
    kinds: list[dict[str, Any]] = []
    place = _skip(text, place + 1)
    while True:
        kind, place = _value(text, place)
        kinds.append(kind)
        place = _skip(text, place)
        if text[place] == "]":
            break
        if text[place] != ",":
            raise _Unknown
        place = _skip(text, place + 1)
    if any(kind != kinds[0] for kind in kinds):
        raise _Unknown
    return {"type": "array", "items": kinds[0]}, place + 1


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return place if match is None else match.end()
