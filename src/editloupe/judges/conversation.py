"""A question as the messages of a chat, in the form that chat templates take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from editloupe.records import ImagePart, Picture, Question

__all__ = ["conversation"]


def conversation(question: Question, shown: Callable[[Picture], dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the messages: system text where there is one, context and ask, how the reply begins where given.

    Args:
        question: what is asked.
        shown: what stands for an image beside its type: its pixels, or nothing where a placeholder is enough.
    """
    content: list[dict[str, Any]] = []
    for part in question.context:
        if isinstance(part, ImagePart):
            content.append({"type": "image", **shown(part.picture)})
        else:
            content.append(_text(part + "\n"))
    content.append(_text(question.ask))
    messages = [{"role": "user", "content": content}]
    if question.system:
        messages.insert(0, {"role": "system", "content": [_text(question.system)]})
    if question.answer.begin:
        messages.append({"role": "assistant", "content": [_text(question.answer.begin)]})
    return messages


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": text}
