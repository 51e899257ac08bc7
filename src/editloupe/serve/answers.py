"""Errors about a request as a whole, in the same form as an item's failure."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

__all__ = ["failed"]


def failed(
    status: int, kind: str, message: str, *, retryable: bool = False, after: int | None = None, path: str = ""
) -> JSONResponse:
    """An answer that holds a failure and no score; the connection ends with it, as its body may not have been read.

    Args:
        status: of HTTP.
        kind, message, retryable: of the failure.
        after: seconds to wait before another try.
        path: of the request; ``/v1/decisions`` has OpenAI's form of an error, with the failure beside it.
    """
    headers = {"Connection": "close"}
    if after is not None:
        headers["Retry-After"] = str(after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    failure = {"kind": kind, "message": message, "retryable": retryable}
    body: dict[str, Any] = {"failure": failure}
    if path == "/v1/decisions":
        body["error"] = {"message": message, "type": "invalid_request_error", "param": None, "code": kind}
    return JSONResponse(body, status, headers)
