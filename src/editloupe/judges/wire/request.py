"""A question as the body of a chat completion: context first, ask last, images as data URLs."""

from __future__ import annotations

import base64
import io
import json
from functools import lru_cache
from typing import Any

from PIL import Image

from editloupe.errors import ImageError
from editloupe.images import decode, encode_png, fit, fitted_size, inspect
from editloupe.judges.conversation import conversation
from editloupe.judges.wire.options import WireImages, WireOptions
from editloupe.records import ImageFile, Picture, Question

__all__ = ["Pictures", "body_of", "messages_of", "size_of"]

_KEPT = 32
_ORIENTATION = 274
# Where a PNG may say how it is turned; Pillow would decode all pixels to look for it behind them.
_PNG_TURNED = (b"eXIf", b"Raw profile type exif", b"XML:com.adobe.xmp")
_OVERHEAD = 8
"""Tokens beyond the answer's beginning that a model may spend before its label when it writes the beginning itself."""


class Pictures:
    """Pictures as data URLs, sized by the local judge's rule; the latest ones are remembered.

    A PNG or JPEG file that is upright, opaque RGB and of the right size goes out byte for byte: nothing is lost, and
    encoding anew would cost more than the rest of the request.
    """

    def __init__(self, sizing: WireImages) -> None:
        self._sizing = sizing
        self.url = lru_cache(maxsize=_KEPT)(self._url)

    def _url(self, picture: Picture) -> str:
        name = picture.path.name if isinstance(picture, ImageFile) else "the image"
        try:
            data = picture.read()
        except OSError as error:
            raise ImageError(f"cannot read {name!r}: {error}", kind="missing-file", retryable=True) from error
        inspect(data, name)
        form = self._sendable(data, name)
        if form is None:
            image = fit(decode(picture), self._sizing.longest_edge)
            form, data = self._sizing.encoding, self._encoded(image)
        return f"data:image/{form};base64,{base64.b64encode(data).decode('ascii')}"

    def _sendable(self, data: bytes, name: str) -> str | None:
        """``png`` or ``jpeg`` where the bytes can go out as they are."""
        try:
            image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        except Exception:  # noqa: BLE001 - another format: it is decoded and encoded anew
            return None
        form = (image.format or "").lower()
        plain = image.mode == "RGB" and "transparency" not in image.info and getattr(image, "n_frames", 1) == 1
        if not plain or fitted_size(image.size, self._sizing.longest_edge) != image.size:
            return None
        if form == "png" and (self._sizing.encoding == "jpeg" or any(mark in data for mark in _PNG_TURNED)):
            return None
        try:
            if form == "jpeg" and image.getexif().get(_ORIENTATION, 1) != 1:
                return None
            if form == "png":
                image.verify()  # the checksums; a broken file is told here, not by each server in its own words
            else:
                image.load()
        except Exception as error:
            raise ImageError(f"{name!r} cannot be decoded: {error}") from error
        return form if form in ("png", "jpeg") else None

    def _encoded(self, image: Image.Image) -> bytes:
        if self._sizing.encoding == "png":
            return encode_png(image)
        buffer = io.BytesIO()
        # Full chroma: judges are asked about colours.
        image.save(buffer, "JPEG", quality=self._sizing.quality, subsampling=0)
        return buffer.getvalue()


def messages_of(question: Question, pictures: Pictures, *, prefill: bool) -> list[dict[str, Any]]:
    """The conversation that the local judge has, with its images as data URLs."""

    def shown(picture: Picture) -> dict[str, Any]:
        return {"type": "image_url", "image_url": {"url": pictures.url(picture)}}

    messages = []
    for message in conversation(question, shown):
        if message["role"] == "user":
            messages.append(message)
        elif message["role"] == "system" or prefill:
            # As plain text: not every server takes a list there.
            messages.append({"role": message["role"], "content": message["content"][0]["text"]})
    return messages


def body_of(
    question: Question, messages: list[dict[str, Any]], options: WireOptions, *, schema: bool, limit_name: str
) -> dict[str, Any]:
    """The arguments of the client's `create`.

    Args:
        question: what is asked.
        messages: of `messages_of`.
        options: the judge's.
        schema: whether the server takes `response_format`.
        limit_name: how the server calls the limit of new tokens.
    """
    choice = question.answer.mode == "choice"
    extra = dict(options.extra_body)
    if question.answer.begin and options.prefill:
        extra |= {"add_generation_prompt": False, "continue_final_message": True}
    if options.thinking != "auto":
        template = {"enable_thinking": options.thinking == "on", **extra.get("chat_template_kwargs", {})}
        extra["chat_template_kwargs"] = template
    body: dict[str, Any] = {"model": options.model, "messages": messages, "extra_body": extra}
    if options.temperature != "default":
        # A choice reads probabilities and samples nothing: its key knows no temperature.
        body["temperature"] = 0.0 if choice else options.temperature
        if options.temperature > 0 and not choice:
            body["seed"] = question.seed & 0x7FFFFFFF
    if choice:
        body |= {"logprobs": True, "top_logprobs": options.top_logprobs}
        body[limit_name] = 1 if options.prefill else len(question.answer.begin) + _OVERHEAD
    else:
        thinks = options.thinking == "on" or limit_name == "max_completion_tokens"
        body[limit_name] = options.token_limit(thinks=thinks)
        if schema and question.answer.schema:
            form = {"name": "verdict", "strict": True, "schema": json.loads(question.answer.schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
    return body


def size_of(messages: list[dict[str, Any]]) -> int:
    """About how many bytes the messages have on the way: their pictures, which are nearly all of it."""
    parts = [part for message in messages if isinstance(message["content"], list) for part in message["content"]]
    return sum(len(part["image_url"]["url"]) for part in parts if part["type"] == "image_url")
