"""The keys that everything behind an address shares, under one set of names; earlier spellings go on being read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from editloupe.errors import ConfigError
from editloupe.plugins import Options
from editloupe.remote.keys import check_name

__all__ = ["Prices", "RemoteOptions", "check_address"]


class Prices(Options):
    """Prices per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    currency: str = "USD"


def check_address(url: str) -> str:
    """Refuse what is no address, and one that holds a key.

    Raises:
        ConfigError: a user, a password or a query in it; the message leaves the value out.
        ValueError: it is no address.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc or parts.query:
        # Not as a ValueError, whose message would repeat the value.
        raise ConfigError("base_url may hold no user, password or query: keys come from api_key_env")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("an address starts with http:// or https://")
    return url


class RemoteOptions(Options):
    """What the config says about a model behind an address; each plugin adds `base_url` and its own keys.

    Attributes:
        model: as the service calls it.
        api_key_env: the environment variable that holds the key; no key is sent without it.
        timeout: seconds that one answer may take.
        retries: how often one request is sent again in all, whatever the reasons.
        max_cost: nothing is sent that could lead beyond it.
    """

    spellings: ClassVar[Mapping[str, str]] = {
        "url": "base_url",
        "key_variable": "api_key_env",
        "spending_cap": "max_cost",
        "attempts": "retries",
    }

    model: str
    api_key_env: str | None = None
    timeout: float = Field(default=300.0, gt=0)
    retries: int = Field(default=8, ge=0)
    max_cost: float | None = Field(default=None, gt=0)

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, value: str | None) -> str | None:
        return None if value is None else check_name(value)

    @classmethod
    def respelled(cls, name: str, value: Any) -> tuple[str, Any]:
        """An earlier spelling as today's key and value; `attempts` counted the first one as well."""
        if name == "attempts" and isinstance(value, int) and not isinstance(value, bool):
            value -= 1
        return super().respelled(name, value)
