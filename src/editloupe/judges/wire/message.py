"""What a server's message says: the answer and the thoughts, wherever in it they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from editloupe.judges.wire.options import WireOptions
from editloupe.remote.errors import RequestError
from editloupe.rubrics.forms import is_only_object
from editloupe.rubrics.thoughts import OPENING, split_thoughts

__all__ = ["WrittenText", "written_text"]

_THOUGHT_FIELDS = ("reasoning_content", "reasoning")
_THOUGHT_PARTS = ("reasoning", "thinking", "redacted_thinking", "summary_text")
_EMPTY_ENDS = {"unknown": "; the server does not say why the reply ended"}
_ENDLESS = 64
"""White space characters at a cut-off reply's end from which on it is a loop rather than a pause."""


@dataclass(frozen=True, slots=True)
class WrittenText:
    """The answer, and the thoughts where the server keeps them apart."""

    answer: str
    thoughts: str = ""


def written_text(message: Any, finish: str, options: WireOptions) -> WrittenText:
    """Find the answer in a message.

    Content may be a text or a list of parts. A server behind a reasoning parser may put the whole answer into the field
    for thoughts: where that field holds one JSON object and nothing else, or one behind a closing tag of thoughts, and
    the server states a real end, it is the answer. Anything less plain is a failure that says what stands where.

    Args:
        message: of a chat completion.
        finish: how the reply ended, in our words.
        options: the judge's, for the sentences.

    Raises:
        RequestError: there is no answer: kinds ``truncated``, ``whitespace``, ``reasoning-field``, ``empty``.
    """
    field, thoughts = _thoughts(message)
    raw, among = _texts(getattr(message, "content", None))
    answer = raw.strip()
    thoughts = "\n".join(part for part in (thoughts, among) if part)
    if finish == "length" and len(raw) - len(raw.rstrip()) >= _ENDLESS and not is_only_object(answer):
        raise RequestError(
            "the reply goes on with white space up to the limit of new tokens; set judge.json_schema to false, as "
            "guided JSON does this with some models",
            kind="whitespace",
            again=False,
            reply=answer,
        )
    if answer:
        return WrittenText(answer, thoughts)
    if finish == "length":
        raise _spent(field, thoughts, options)
    if thoughts:
        spoken = split_thoughts(thoughts, opened=not OPENING.match(thoughts))
        rest = (spoken.answer if spoken.closed else thoughts).strip()
        if finish == "stop" and is_only_object(rest):
            return WrittenText(rest, (spoken.thoughts or "") if spoken.closed else "")
        raise RequestError(
            f"the content is empty, and {len(thoughts)} characters stand in {field}, which are not plainly an answer; "
            "start the server without --reasoning-parser, or set judge.thinking to off",
            kind="reasoning-field",
            again=False,
            reply=thoughts,
        )
    raise RequestError(
        "the content of the reply is empty, and no thoughts stand beside it" + _EMPTY_ENDS.get(finish, ""),
        kind="empty",
        again=False,
        reply="",
    )


def _spent(field: str, thoughts: str, options: WireOptions) -> RequestError:
    """The limit was reached before an answer was begun."""
    where = f"{len(thoughts)} characters of thoughts stand in {field}" if thoughts else "nothing was written"
    return RequestError(
        f"the limit of new tokens was spent before the answer: the content is empty, {where}; raise "
        f"judge.max_new_tokens (now {options.max_new_tokens}) or judge.max_thinking_tokens with judge.thinking on, or "
        "set judge.thinking to off",
        kind="truncated",
        again=False,
        reply=thoughts,
    )


def _thoughts(message: Any) -> tuple[str, str]:
    """The field that holds thoughts, and what stands there."""
    for name in _THOUGHT_FIELDS:
        plain, among = _texts(getattr(message, name, None))
        if plain.strip() or among.strip():
            return name, (plain or among).strip()
    return "its thoughts", ""


def _texts(content: Any) -> tuple[str, str]:
    """(text, thoughts) of a text or a list of parts, in order."""
    if isinstance(content, str):
        return content, ""
    if isinstance(content, Mapping):
        content = [content]
    if not isinstance(content, list):
        return "", ""
    text, thoughts = "", ""
    for part in content:
        if isinstance(part, str):
            text += part
        elif isinstance(part, Mapping):
            words = next(
                (part[name] for name in ("text", "thinking", "content") if isinstance(part.get(name), str)), ""
            )
            if part.get("type") in _THOUGHT_PARTS:
                thoughts += words
            else:
                text += words
    return text, thoughts
