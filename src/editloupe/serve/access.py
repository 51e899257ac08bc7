"""Who may ask: a bearer token where one is set; on the loopback interface without one, no page of a browser."""

from __future__ import annotations

import hmac
import ipaddress
import os
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from editloupe.errors import ConfigError
from editloupe.serve.answers import failed

__all__ = ["Access", "is_loopback", "token_from"]

OPEN = ("/health/live", "/health/ready", "/docs", "/openapi.json")
"""Paths that need no token: they tell nothing about anybody's pictures or scores."""


def is_loopback(host: str) -> bool:
    """Whether an address to bind is reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_from(variable: str, host: str) -> str | None:
    """The token in an environment variable.

    Args:
        variable: its name.
        host: that is bound.

    Raises:
        ConfigError: other machines can reach the address, and there is no token.
    """
    token = os.environ.get(variable, "").strip()
    if not token and not is_loopback(host):
        raise ConfigError(
            f"serve: {host} can be reached from other machines, and the variable {variable} holds no token; "
            "set it, or bind 127.0.0.1"
        )
    if token and not (token.isascii() and token.isprintable() and " " not in token):
        raise ConfigError(f"serve: the token in {variable} may hold only letters, digits and signs, and no blanks")
    return token or None


class Access:
    """Middleware that lets in who may ask.

    Args:
        app: what is behind it.
        token: that requests must bear; None lets in every program of this machine.
    """

    def __init__(self, app: ASGIApp, token: str | None) -> None:
        self._app = app
        self._token = token

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it before its body is read."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            headers = Headers(scope=scope)
            if self._token is not None:
                scheme, _, given = headers.get("authorization", "").partition(" ")
                right = hmac.compare_digest(given.strip().encode(), self._token.encode())
                if scheme.lower() != "bearer" or not right:
                    message = "send the service's token as `Authorization: Bearer TOKEN`"
                    answer = failed(401, "unauthorized", message, path=scope["path"])
                    await answer(scope, receive, send)
                    return
            elif "origin" in headers or not is_loopback(urlsplit(f"//{headers.get('host', '')}").hostname or ""):
                # A page in this machine's browser could reach the port, under a name of its own as well.
                answer = failed(403, "browser", "without a token only programs of this machine are answered")
                await answer(scope, receive, send)
                return
        await self._app(scope, receive, send)
