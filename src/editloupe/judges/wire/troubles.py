"""What can go wrong between us and a server, translated once from the client's errors."""

from __future__ import annotations

import email.utils
import time
from collections.abc import Mapping
from typing import Any

from editloupe.errors import ItemError

__all__ = ["Trouble", "sentence_of", "translated"]

_PASSING = (408, 409, 425, 429)
_FILTER_WORDS = ("content_filter", "content_policy", "content management policy", "responsible_ai")


class Trouble(ItemError):  # noqa: N818 - named after the event
    """A request that brought no usable reply.

    Args:
        message, kind, retryable: of the `Failure` that it becomes when it stays.
        again: whether the same question may be asked once more in this run.
        after: seconds that the server asks us to wait.
        unheeded: the server answered, but not what was asked (another model, no probabilities).
        status: of the HTTP answer.
    """

    def __init__(
        self,
        message: str,
        *,
        kind: str,
        again: bool = True,
        retryable: bool | None = None,
        after: float | None = None,
        unheeded: bool = False,
        status: int | None = None,
    ) -> None:
        super().__init__(message, kind=kind, retryable=again if retryable is None else retryable)
        self.again = again
        self.after = after
        self.unheeded = unheeded
        self.status = status


def translated(error: Exception) -> Exception:
    """A `Trouble` for what the client raises; anything else comes back as it is."""
    import openai

    if isinstance(error, openai.APITimeoutError | TimeoutError):
        return Trouble("the server did not answer in time", kind="timeout")
    if isinstance(error, openai.APIStatusError):
        return _of_status(error)
    if isinstance(error, openai.APIConnectionError):
        cause = str(error.__cause__ or error)
        return Trouble(f"the connection to the server failed: {cause[:300]}", kind="connection")
    if isinstance(error, openai.OpenAIError | ValueError):  # an answer that is not JSON, for one
        return Trouble(f"the server's answer cannot be read: {str(error)[:300]}", kind="error-body")
    return error


def sentence_of(body: Any, limit: int = 300) -> str:
    """The server's own words out of an error body in any of the usual shapes."""
    if isinstance(body, Mapping):
        for key in ("error", "message", "detail"):
            if body.get(key):
                return sentence_of(body[key], limit)
    return " ".join(str(body).split())[:limit]


def _of_status(error: Any) -> Trouble:
    status, said = int(error.status_code), sentence_of(error.body if error.body is not None else error.message)
    code = str(error.code or "")
    if status == 429 and "insufficient_quota" in f"{code} {error.type}":
        return Trouble(f"the account has no quota left: {said}", kind="quota", again=False, retryable=True)
    if status in _PASSING or status >= 500:
        kind = "rate-limit" if status == 429 else "timeout" if status == 408 else "server-error"
        after = _retry_after(error.response.headers)
        return Trouble(f"the server said {status}: {said}", kind=kind, after=after, status=status)
    if any(word in f"{code} {said}".lower() for word in _FILTER_WORDS):
        return Trouble(f"the server's content filter refused: {said}", kind="content-filter", again=False)
    return Trouble(f"the server refused with {status}: {said}", kind="bad-request", again=False, status=status)


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from ``retry-after-ms`` or ``Retry-After`` as a number or a date."""
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name)
        if value is None:
            continue
        try:
            return max(0.0, float(value) * scale)
        except ValueError:
            pass
        try:
            return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
        except ValueError:
            continue
    return None
