"""What questions may take, told before they are asked: tokens by our own count, money by the stated prices."""

from __future__ import annotations

from collections.abc import Sequence

from editloupe.errors import ImageError
from editloupe.images import inspect
from editloupe.judges.wire.options import WireOptions
from editloupe.records import ImagePart, Picture, Question
from editloupe.remote.usage import abbreviated

__all__ = ["ceiling_of", "forecast"]

EDGE = 32
"""Pixels per side of what one image token covers in Qwen3-VL; other models count otherwise."""
CHARACTERS = 3
"""Characters per text token, on the careful side."""


def ceiling_of(question: Question, options: WireOptions, *, thinks: bool = False) -> tuple[int, int]:
    """(prompt, reply) tokens that a question may need, without looking at its pictures.

    Args:
        question: what is asked.
        options: the judge's.
        thinks: whether the server is known to count thoughts among the new tokens.
    """
    edge = options.image.longest_edge or 2048
    images = len(question.images) * (-(-edge // EDGE)) ** 2
    return images + _text_tokens(question), _reply_tokens(question, options, thinks=thinks)


def forecast(questions: Sequence[Question], times: int, options: WireOptions) -> str:
    """What asking about all edits would take, in one line; each source stands for the edits made from it.

    Args:
        questions: about one edit per sample.
        times: how many editors there are.
        options: the judge's.
    """
    prompt = reply = 0
    for question in questions:
        prompt += _text_tokens(question)
        reply += _reply_tokens(question, options)
        for part in question.context:
            if isinstance(part, ImagePart):
                prompt += _image_tokens(part.picture, options.image.longest_edge)
    prompt, reply = prompt * times, reply * times
    text = f"about {abbreviated(prompt)} tokens in, at most {abbreviated(reply)} out"
    if options.prices is None:
        return text
    cost = (prompt * options.prices.input + reply * options.prices.output) / 1e6
    limit = "" if options.max_cost is None else f" (max_cost {options.max_cost:g})"
    return f"{text}: at most about {cost:.2f} {options.prices.currency}{limit}"


def _text_tokens(question: Question) -> int:
    text = "".join(part for part in question.context if isinstance(part, str)) + question.system + question.ask
    wide = sum(ord(letter) > 0x2E80 for letter in text)  # a Chinese character is about one token
    return 16 + wide + (len(text) - wide) // CHARACTERS


def _reply_tokens(question: Question, options: WireOptions, *, thinks: bool = False) -> int:
    if question.answer.mode == "text":
        return options.token_limit(thinks=thinks or options.may_think)
    return 1 if options.prefill else len(question.answer.begin) + 8


def _image_tokens(picture: Picture, longest_edge: int | None) -> int:
    try:
        width, height = inspect(picture.read())
    except (ImageError, OSError):
        return 0
    scale = min(1.0, (longest_edge or max(width, height)) / max(width, height))
    return max(1, round(width * scale / EDGE)) * max(1, round(height * scale / EDGE))
