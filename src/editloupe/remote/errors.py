"""What can go wrong between us and a service, translated once, whichever client met it."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from typing import Any

from editloupe.errors import ItemError
from editloupe.remote.waits import asked_wait

__all__ = ["RequestError", "from_answer", "sentence_of", "translated"]

_PASSING = (408, 409, 425, 429)
_FILTER_WORDS = (
    "content_filter",
    "content_policy",
    "content management policy",
    "moderation_blocked",
    "responsible_ai",
    "safety",
)
_NO_QUOTA = ("insufficient_quota", "billing_hard_limit", "exceeded your current quota")
_MARKUP = re.compile(r"<(script|style|head)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)


class RequestError(ItemError):
    """A request that brought no usable result.

    Args:
        message, kind, retryable: of the `Failure` that it becomes when it stays.
        again: whether the same request may be sent once more in this run.
        after: seconds that the service asks us to wait.
        noncompliant: the service answered, but not what was asked (another model, no probabilities).
        status: of the HTTP answer.
        size: bytes of the request, where they are known.
        reply: what a judge wrote, where that is the reason.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        again: bool = True,
        retryable: bool | None = None,
        after: float | None = None,
        noncompliant: bool = False,
        status: int | None = None,
        size: int = 0,
        reply: str | None = None,
    ) -> None:
        super().__init__(message, kind=kind, retryable=again if retryable is None else retryable)
        self.again = again
        self.after = after
        self.noncompliant = noncompliant
        self.status = status
        self.size = size
        self.reply = reply

    @property
    def push_back(self) -> bool:
        """Whether the service says that it has too much to do, rather than that something is wrong."""
        return self.kind == "rate-limit"


def translated(error: Exception) -> Exception:
    """A `RequestError` for what the clients openai and httpx raise; anything else comes back as it is."""
    import httpx

    if isinstance(error, TimeoutError | httpx.TimeoutException):
        return RequestError("the server did not answer in time", kind="timeout")
    if isinstance(error, httpx.TransportError):
        return RequestError(f"the connection to the server failed: {str(error)[:300]}", kind="connection")
    return _of_openai(error)


def _of_openai(error: Exception) -> Exception:
    try:
        import openai
    except ImportError:  # the extra of the editor `endpoint` does without this client
        return error
    if isinstance(error, openai.APITimeoutError):
        return RequestError("the server did not answer in time", kind="timeout")
    if isinstance(error, openai.APIStatusError):
        return from_answer(error.response)
    if isinstance(error, openai.APIConnectionError):
        cause = str(error.__cause__ or error)
        return RequestError(f"the connection to the server failed: {cause[:300]}", kind="connection")
    if isinstance(error, openai.OpenAIError | ValueError):  # an answer that is not JSON, for one
        return RequestError(f"the server's answer cannot be read: {str(error)[:300]}", kind="error-body")
    return error


def from_answer(response: Any) -> RequestError:
    """The error that an HTTP answer other than a success is.

    Args:
        response: of httpx, its body read.
    """
    size = int(response.request.headers.get("content-length") or 0)
    status = int(response.status_code)
    body = _body_of(response)
    words = sentence_of(body) or "(nothing more)"
    detail = _detail(body)
    code = f"{detail.get('code') or ''} {detail.get('type') or ''}".lower()
    if any(word in f"{code} {words}".lower() for word in _NO_QUOTA):
        return RequestError(
            f"the account has no quota left: {words}", kind="quota", again=False, retryable=True, status=status
        )
    if status == 413:
        return RequestError(
            f"the server takes no request of {size / 1e6:.1f} MB (413): {words}",
            kind="too-large",
            again=False,
            status=status,
            size=size,
        )
    if status in _PASSING or status >= 500:
        kind = "rate-limit" if status == 429 else "timeout" if status == 408 else "server-error"
        after = asked_wait(response.headers, body)
        return RequestError(f"the server said {status}: {words}", kind=kind, after=after, status=status, size=size)
    if any(word in f"{code} {words}".lower() for word in _FILTER_WORDS):
        return RequestError(f"the server's content filter refused: {words}", kind="content-filter", again=False)
    return RequestError(
        f"the server refused with {status}: {words}", kind="bad-request", again=False, status=status, size=size
    )


def sentence_of(body: Any, limit: int = 300) -> str:
    """The server's own words out of an error body in any of the usual shapes, a page of HTML among them."""
    if isinstance(body, list) and body:
        return sentence_of(body[0], limit)
    if isinstance(body, Mapping):
        for key in ("message", "error", "detail", "msg"):
            if body.get(key):
                return sentence_of(body[key], limit)
    text = str(body)
    if text.lstrip()[:1] == "<":
        title = _TITLE.search(text)
        plain = " ".join(html.unescape(_MARKUP.sub(" ", text)).split())
        text = html.unescape(title[1]) if title and title[1].strip() else plain
    return " ".join(text.split())[:limit]


def _body_of(response: Any) -> Any:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return response.text


def _detail(body: Any) -> Mapping[str, Any]:
    while isinstance(body, list) and body:
        body = body[0]
    inner = body.get("error", body) if isinstance(body, Mapping) else {}
    return inner if isinstance(inner, Mapping) else {}
