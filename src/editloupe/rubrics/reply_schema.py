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
    matching = None
    wanted, position = set(keys), 0
    while (position := template.find("{", position)) >= 0:
        try:
            schema, end = _object(template, position)
        except (_Unknown, ValueError, IndexError, RecursionError):
            position += 1
            continue
        if wanted <= set(schema["properties"]):
            matching = schema
        position = end
    if matching is not None and not words:
        properties = matching["properties"]
        properties |= {key: _NUMBER for key in wanted if properties[key] == {"type": "string"}}
    return matching


def _object(text: str, position: int) -> tuple[dict[str, Any], int]:
    properties: dict[str, Any] = {}
    position = _skip(text, position + 1)
    while True:
        key, position = _DECODER.raw_decode(text, position)
        position = _skip(text, position)
        if not isinstance(key, str) or text[position] not in ":：":
            raise _Unknown
        properties[key], position = _value(text, _skip(text, position + 1))
        position = _skip(text, position)
        if text[position] == "}":
            break
        if text[position] != ",":
            raise _Unknown
        position = _skip(text, position + 1)
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return schema, position + 1


def _value(text: str, position: int) -> tuple[dict[str, Any], int]:
    if text[position] == "{":
        return _object(text, position)
    if text[position] == "[":
        return _list(text, position)
    if text[position] == '"':
        _, end = _DECODER.raw_decode(text, position)
        return {"type": "string"}, end
    words = _WORDS.match(text, position)
    if words is None or words[0].strip() == "null":
        raise _Unknown
    return ({"type": "boolean"} if words[0].strip() in ("true", "false") else _NUMBER), words.end()


def _list(text: str, position: int) -> tuple[dict[str, Any], int]:
    kinds: list[dict[str, Any]] = []
    position = _skip(text, position + 1)
    while True:
        kind, position = _value(text, position)
        kinds.append(kind)
        position = _skip(text, position)
        if text[position] == "]":
            break
        if text[position] != ",":
            raise _Unknown
        position = _skip(text, position + 1)
    if any(kind != kinds[0] for kind in kinds):
        raise _Unknown
    return {"type": "array", "items": kinds[0]}, position + 1


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    return position if match is None else match.end()
