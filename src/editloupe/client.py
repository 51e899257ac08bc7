"""The client of `editloupe serve`: many edits in, a score or a failure for each out, and what trainers call.

    with Client("http://127.0.0.1:8300") as client:
        scored = client.score([Item([before], after, "make it night")])
        rewards = client.rewards(items, on_failure="nan")

`AsyncClient` is the same with `await`; `trainers` has the call shapes of reinforcement-learning stacks. A failure is
never a number: it is raised, NaN, or whatever the caller's own function makes of it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

from PIL import Image

from editloupe.errors import ImageError, ItemError, failure_from
from editloupe.images import encode_png
from editloupe.pixel_arrays import is_array, picture_from_array
from editloupe.records import Failure
from editloupe.remote.errors import RequestError, from_answer, translated
from editloupe.remote.retry import with_retries, with_retries_async
from editloupe.remote.waits import asked_wait

if TYPE_CHECKING:
    import httpx

__all__ = [
    "TOKEN_VARIABLE",
    "AsyncClient",
    "Client",
    "Item",
    "OnFailure",
    "Scored",
    "reward_of",
]

TOKEN_VARIABLE = "EDITLOUPE_SERVE_TOKEN"  # noqa: S105 - its name
"""The environment variable that holds the token, of the service as of its clients."""

ITEMS_AT_ONCE = 32
BYTES_AT_ONCE = 32 * 2**20
"""Of one request; a longer list is sent as several."""

ImageLike = Any
"""A PIL image, encoded bytes, a path of this machine, a data URL, or an array or tensor of uint8."""

OnFailure = Literal["raise", "nan"] | Callable[["Scored"], float]
"""What stands where there is no score: an error, NaN, or what the caller's own function makes of it."""


@dataclass(frozen=True, slots=True)
class Item:
    """One edit to score; see the service's own description of its fields."""

    sources: Sequence[ImageLike]
    edited: ImageLike
    instruction: str
    category: str = ""
    id: str | None = None
    metrics: Sequence[str] | None = None
    description: str = ""
    rationale: str = ""
    references: Sequence[ImageLike] = ()
    groups: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scored:
    """What became of an item.

    Attributes:
        overall: None exactly where there is a `failure`.
        scores: by metric; None where one failed.
        failure: why there is no overall score.
        failures: by metric, of every score that failed.
        reply: the judge's words by question, where asked for.
        id, signature: as the service gave them.
    """

    overall: float | None
    scores: Mapping[str, float | None] = field(default_factory=dict)
    failure: Failure | None = None
    failures: Mapping[str, Failure] = field(default_factory=dict)
    reply: Mapping[str, str] = field(default_factory=dict)
    id: str | None = None
    signature: str = ""


class _Common:
    """What both clients are told.

    Args:
        url: of the service.
        token: to be let in; the variable `TOKEN_VARIABLE` where None.
        timeout: seconds that one answer may take.
        retries: how often a request, or an item that may succeed another time, is sent again.
        items_at_once: how many go into one request.
        requests_at_once: how many are under way together.
        reply: whether the judge's words are wanted.
        transport: of httpx, for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        timeout: float = 330.0,
        retries: int = 5,
        items_at_once: int = ITEMS_AT_ONCE,
        requests_at_once: int = 4,
        reply: bool = False,
        transport: Any = None,
    ) -> None:
        token = token or os.environ.get(TOKEN_VARIABLE, "").strip()
        self._settings: dict[str, Any] = {
            "base_url": url.rstrip("/") + "/",
            "headers": {"Authorization": f"Bearer {token}"} if token else {},
            "timeout": timeout,
            "transport": transport,
        }
        self._retries = retries
        self._items_at_once = items_at_once
        self._requests_at_once = requests_at_once
        self._reply = reply

    def _chunks(self, items: Sequence[Item]) -> list[_Chunk]:
        chunks: list[_Chunk] = []
        known: dict[int, tuple[str, bytes]] = {}  # by identity: a group's source is encoded once
        for item in items:
            entry = _entry(item, known)
            last = chunks[-1] if chunks else None
            if last is None or len(last.entries) >= self._items_at_once or last.size + entry.size > BYTES_AT_ONCE:
                last = _Chunk(self._reply)
                chunks.append(last)
            last.entries.append(entry)
            last.size += entry.size
        return chunks


class Client(_Common):
    """The client for ordinary code; a context manager. Arguments are those of `_Common`."""

    def __init__(self, url: str, **settings: Any) -> None:
        import httpx

        super().__init__(url, **settings)
        self._http = httpx.Client(**self._settings)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def score(self, items: Sequence[Item]) -> list[Scored]:
        """Score items; what is wrong with one, or with the service, is its `failure`, in order."""
        chunks = self._chunks(items)
        with ThreadPoolExecutor(self._requests_at_once) as pool:
            list(pool.map(self._settle, chunks))
        return [scored for chunk in chunks for scored in chunk.results()]

    def rewards(self, items: Sequence[Item], *, on_failure: OnFailure = "raise") -> list[float]:
        """The overall scores of items.

        Args:
            items: any number.
            on_failure: ``raise``; ``nan``; or a function that makes a number of what failed.

        Raises:
            ItemError: for the first failure, where that is wanted.
        """
        return [reward_of(scored, on_failure) for scored in self.score(items)]

    def _settle(self, chunk: _Chunk) -> None:
        import httpx

        def attempt() -> None:
            request = chunk.request()
            if request is None:
                return
            try:
                response = self._http.post("v1/score", **request)
            except httpx.HTTPError as error:
                raise translated(error) from error
            chunk.take(response)

        try:
            with_retries(attempt, self._retries)
        except RequestError as error:
            chunk.give_up(error)


class AsyncClient(_Common):
    """The client for asynchronous code; an asynchronous context manager. Arguments are those of `_Common`."""

    def __init__(self, url: str, **settings: Any) -> None:
        import httpx

        super().__init__(url, **settings)
        self._http = httpx.AsyncClient(**self._settings)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def score(self, items: Sequence[Item]) -> list[Scored]:
        """Score items; what is wrong with one, or with the service, is its `failure`, in order."""
        chunks = await asyncio.to_thread(self._chunks, items)
        free = asyncio.Semaphore(self._requests_at_once)

        async def settle(chunk: _Chunk) -> None:
            async with free:
                await self._settle(chunk)

        await asyncio.gather(*(settle(chunk) for chunk in chunks))
        return [scored for chunk in chunks for scored in chunk.results()]

    async def rewards(self, items: Sequence[Item], *, on_failure: OnFailure = "raise") -> list[float]:
        """The overall scores of items, as `Client.rewards` gives them.

        Raises:
            ItemError: for the first failure, where that is wanted.
        """
        return [reward_of(scored, on_failure) for scored in await self.score(items)]

    async def _settle(self, chunk: _Chunk) -> None:
        import httpx

        async def attempt() -> None:
            request = chunk.request()
            if request is None:
                return
            try:
                response = await self._http.post("v1/score", **request)
            except httpx.HTTPError as error:
                raise translated(error) from error
            chunk.take(response)

        try:
            await with_retries_async(attempt, self._retries)
        except RequestError as error:
            chunk.give_up(error)


@dataclass(slots=True)
class _Entry:
    """An item as it is sent, and what became of it; `failure` is set at once where its pictures cannot be read."""

    fields: dict[str, Any]
    pictures: dict[str, bytes]
    scored: Scored | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.pictures.values()))

    @property
    def pending(self) -> bool:
        return self.scored is None or (self.scored.failure is not None and self.scored.failure.retryable)


class _Chunk:
    """The items of one request; each attempt sends those that may still get a score."""

    def __init__(self, reply: bool) -> None:
        self.entries: list[_Entry] = []
        self.size = 0
        self._reply = reply

    def request(self) -> dict[str, Any] | None:
        """What httpx is to send; None when nothing is left to send."""
        pending = [entry for entry in self.entries if entry.pending]
        if not pending:
            return None
        body = {"items": [entry.fields for entry in pending], "reply": self._reply}
        pictures = {name: data for entry in pending for name, data in entry.pictures.items()}
        files = [(name, (name, data, "application/octet-stream")) for name, data in pictures.items()]
        return {"data": {"request": json.dumps(body)}, "files": files}

    def take(self, response: httpx.Response) -> None:
        """Take an answer.

        Raises:
            RequestError: it is none, or some of its items may succeed another time.
        """
        if response.status_code != 200:
            raise _refusal(response)
        pending = [entry for entry in self.entries if entry.pending]
        try:
            answers = response.json()["items"]
            all_scored = [_scored(answer) for answer in answers]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise RequestError("the service's answer cannot be read", kind="bad-answer", again=False) from error
        if len(all_scored) != len(pending):
            raise RequestError(
                f"{len(all_scored)} answers came for {len(pending)} items", kind="bad-answer", again=False
            )
        for entry, scored in zip(pending, all_scored, strict=True):
            entry.scored = scored
        left = next((entry.scored for entry in self.entries if entry.pending), None)
        if left is not None and left.failure is not None:
            raise RequestError(left.failure.message, kind=left.failure.kind)

    def give_up(self, error: RequestError) -> None:
        """Let what was never answered fail with the last error."""
        for entry in self.entries:
            if entry.scored is None:
                entry.scored = Scored(None, failure=failure_from(error, "judge"), id=entry.fields.get("id"))

    def results(self) -> list[Scored]:
        """One per item, in order."""
        return [entry.scored for entry in self.entries if entry.scored is not None]


def _entry(item: Item, known: dict[int, tuple[str, bytes]]) -> _Entry:
    pictures: dict[str, bytes] = {}

    def part(image: ImageLike) -> str:
        if id(image) not in known:
            data = _encoded(image)
            known[id(image)] = hashlib.sha256(data).hexdigest()[:32], data
        name, data = known[id(image)]
        pictures[name] = data
        return f"part:{name}"

    fields: dict[str, Any] = {} if item.id is None else {"id": item.id}
    try:
        fields |= {
            "sources": [part(image) for image in item.sources],
            "edited": part(item.edited),
            "references": [part(image) for image in item.references],
            "instruction": item.instruction,
            "category": item.category,
            "description": item.description,
            "rationale": item.rationale,
            "groups": dict(item.groups),
        }
    except ItemError as error:
        return _Entry(fields, {}, Scored(None, failure=_final(failure_from(error, "sample")), id=item.id))
    if item.metrics is not None:
        fields["metrics"] = list(item.metrics)
    return _Entry(fields, pictures)


def _final(failure: Failure) -> Failure:
    """A failure on this side of the wire: sending it again mends nothing."""
    return Failure(failure.stage, failure.kind, failure.message, failure.traceback)


def _encoded(image: ImageLike) -> bytes:
    """A picture as encoded bytes; pixels go out as PNG, whatever is encoded already as it is.

    Raises:
        ImageError: it is no picture.
    """
    if is_array(image):
        return encode_png(picture_from_array(image))
    if isinstance(image, Image.Image):
        return encode_png(image)
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, str) and image.startswith("data:"):
        try:
            return base64.b64decode(image.partition(",")[2], validate=True)
        except ValueError:
            raise ImageError("the data URL does not hold base64", kind="not-base64") from None
    if isinstance(image, str | Path):
        try:
            return Path(image).read_bytes()
        except OSError as error:
            raise ImageError(f"cannot read {str(image)!r}: {error.strerror}", kind="missing-file") from error
    raise ImageError(f"{type(image).__name__} is no image; give a PIL image, encoded bytes, a path, or a uint8 array")


def _refusal(response: httpx.Response) -> RequestError:
    try:
        failure = response.json()["failure"]
        kind, message, retryable = str(failure["kind"]), str(failure["message"]), bool(failure["retryable"])
    except (ValueError, KeyError, TypeError):
        return from_answer(response)
    after = asked_wait(response.headers)
    return RequestError(message, kind=kind, again=retryable, after=after, status=response.status_code)


def _scored(answer: Mapping[str, Any]) -> Scored:
    scores = {name: _number(value) for name, value in (answer.get("scores") or {}).items()}
    overall = _number(answer.get("overall"))
    stated = answer.get("failure")
    if (overall is None) == (stated is None):
        raise ValueError("an item has either an overall score or a failure")
    return Scored(
        overall=overall,
        scores=scores,
        failure=None if stated is None else _failure(stated),
        failures={name: _failure(failure) for name, failure in (answer.get("failures") or {}).items()},
        reply=answer.get("reply") or {},
        id=answer.get("id"),
        signature=str(answer.get("signature") or ""),
    )


def _failure(stated: Mapping[str, Any]) -> Failure:
    name, message = str(stated["kind"]), str(stated["message"])
    return Failure("score", name, message, retryable=bool(stated["retryable"]))


def _number(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a score is a finite number")
    return float(value)


def reward_of(scored: Scored, on_failure: OnFailure) -> float:
    """The overall score of an item, or what a caller wants in its place.

    Raises:
        ItemError: there is none, and ``raise`` is wanted.
    """
    if scored.overall is not None:
        return scored.overall
    if callable(on_failure):
        return on_failure(scored)
    if on_failure == "nan":
        return math.nan
    failure = scored.failure
    assert failure is not None
    raise ItemError(failure.message, kind=failure.kind, retryable=failure.retryable)
