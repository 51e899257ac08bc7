"""Reading a request's body under limits: bytes are counted as they arrive, before anything is parsed."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

from pydantic import BaseModel, ValidationError
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from editloupe.serve.limits import Limits
from editloupe.serve.messages import first_problem

__all__ = ["Body", "BodyReader", "Refused", "parsed"]

Message = TypeVar("Message", bound=BaseModel)

FIELD = "request"
"""The field of a multipart body that holds the JSON; its other parts are pictures."""


class Refused(Exception):  # noqa: N818 - what became of the request
    """A request that is answered with an error as a whole.

    Args:
        status: of HTTP.
        kind, message: of its failure.
        retryable: whether the same request may succeed another time.
        after: seconds to wait before.
    """

    def __init__(
        self, status: int, kind: str, message: str, *, retryable: bool = False, after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.message = message
        self.retryable = retryable
        self.after = after


class Body:
    """A body that has arrived: its JSON, and the pictures beside it."""

    __slots__ = ("parts", "text")

    def __init__(self, text: bytes, parts: Mapping[str, bytes]) -> None:
        self.text = text
        self.parts = parts


class BodyReader:
    """Reads bodies; what all open requests hold together is bounded.

    Args:
        limits: of one body, of all of them, and of the time that one may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._held = 0

    @contextmanager
    def holding(self) -> Iterator[_Held]:
        """Count what a request holds until it is answered."""
        held = _Held()
        try:
            yield held
        finally:
            self._held -= held.bytes

    async def read(self, request: Request, held: _Held) -> Body:
        """Read a request's body.

        Raises:
            Refused: it is too large, too slow, torn, or of another kind than JSON or multipart.
        """
        form = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if form not in ("application/json", "multipart/form-data"):
            raise Refused(415, "content-type", "send application/json, or multipart/form-data with a field `request`")
        try:
            async with asyncio.timeout(self._limits.body_seconds):
                data = await self._bytes(request, held)
        except TimeoutError:
            raise Refused(
                408, "slow-body", f"the body did not arrive within {self._limits.body_seconds:g} s", retryable=True
            ) from None
        except ClientDisconnect:
            raise Refused(400, "torn-body", "the connection ended before the body did", retryable=True) from None
        if form == "application/json":
            return Body(data, {})
        return await _multipart(request, data)

    async def _bytes(self, request: Request, held: _Held) -> bytes:
        limit = self._limits.body
        stated = request.headers.get("content-length", "")
        if stated.isdecimal() and int(stated) > limit:
            raise _too_large(limit)
        data = bytearray()
        async for chunk in request.stream():
            if len(data) + len(chunk) > limit:
                raise _too_large(limit)
            if self._held + len(chunk) > self._limits.held:
                raise Refused(
                    429,
                    "too-many-bytes",
                    "the bodies of open requests fill the memory set aside for them",
                    retryable=True,
                    after=1,
                )
            self._held += len(chunk)
            held.bytes += len(chunk)
            data += chunk
        return bytes(data)


class _Held:
    """Bytes that a request holds."""

    __slots__ = ("bytes",)

    def __init__(self) -> None:
        self.bytes = 0


class _InMemory(MultiPartParser):
    """Keeps parts in memory: the whole body was there already, and has been counted."""

    spool_max_size = 2**31


async def _multipart(request: Request, data: bytes) -> Body:
    async def once() -> AsyncGenerator[bytes, None]:
        yield data

    parser = _InMemory(request.headers, once(), max_files=10_000, max_fields=16, max_part_size=len(data) + 1)
    try:
        fields = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise Refused(400, "bad-multipart", f"the multipart body cannot be read: {str(error)[:200]}") from None
    text: bytes | None = None
    parts: dict[str, bytes] = {}
    try:
        for name, value in fields.multi_items():
            content = await value.read() if isinstance(value, UploadFile) else value.encode()
            if name == FIELD:
                text = content
            else:
                parts[name] = content
    finally:
        await fields.close()
    if text is None:
        raise Refused(400, "bad-multipart", f"the multipart body has no field {FIELD!r} with the JSON of the request")
    return Body(text, parts)


def parsed(message: type[Message], text: bytes) -> Message:
    """Parse the JSON of a request.

    Raises:
        Refused: it is no JSON, or not of this form; the sentence repeats no value.
    """
    try:
        return message.model_validate_json(text)
    except ValidationError as error:
        raise Refused(400, "bad-request", first_problem(error)) from None
    except (json.JSONDecodeError, RecursionError, UnicodeDecodeError):
        raise Refused(400, "bad-request", "the body is no JSON") from None


def _too_large(limit: int) -> Refused:
    return Refused(413, "too-large", f"the body is larger than {limit / 2**20:g} MiB; send fewer items a request")
