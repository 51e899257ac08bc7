"""Errors about a request as a whole, in the same form as an item's failure."""

from __future__ import annotations

from starlette.responses import JSONResponse

__all__ = ["failed"]


def failed(
    status: int, kind: str, message: str, *, retryable: bool = False, after: int | None = None, close: bool = True
) -> JSONResponse:
    """An answer that holds a failure and no score.

    Args:
        status: of HTTP.
        kind, message, retryable: of the failure.
        after: seconds to wait before another try.
        close: whether the connection ends with it, because its body was not read.
    """
    headers = {"Connection": "close"} if close else {}
    if after is not None:
        headers["Retry-After"] = str(after)
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    failure = {"kind": kind, "message": message, "retryable": retryable}
    return JSONResponse({"failure": failure}, status, headers)
