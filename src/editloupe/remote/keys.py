"""API keys: read from the environment when something is asked, never from a config."""

from __future__ import annotations

import os
import re

from editloupe.errors import ConfigError

__all__ = ["NO_KEY", "api_key", "check_name"]

NO_KEY = "none"
"""What a server gets that asks for no key; the client insists on sending something."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def check_name(name: str) -> str:
    """Refuse what is not the name of an environment variable; the message leaves out what was written there."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "api_key_env has to be the NAME of an environment variable in capitals, such as OPENAI_API_KEY; "
            "what is written there is not one (and is not repeated here, in case it is the key itself)"
        )
    return name


def api_key(name: str | None, who: str) -> str | None:
    """The key in the environment variable `name`; None where no name is given.

    Args:
        name: of the variable.
        who: whose key it is, for the message (``judge``, ``editor endpoint``).

    Raises:
        ConfigError: the variable is not set.
    """
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise ConfigError(f"{who}: the environment variable {name} is not set; api_key_env says that it holds the key")
    return key
