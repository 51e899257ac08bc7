"""API keys: read from the environment when a question is asked, and taken out of every text that could be kept."""

from __future__ import annotations

import os
import re
from dataclasses import replace

from editloupe.errors import ConfigError
from editloupe.records import Failure, Reply

__all__ = ["NO_KEY", "api_key", "check_name", "scrubbed", "without"]

NO_KEY = "none"
"""What a server gets that asks for no key; the client insists on sending something."""

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")


def check_name(name: str) -> str:
    """Refuse what is not the name of an environment variable; the message leaves out what was written there."""
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "judge.api_key_env has to be the NAME of an environment variable in capitals, such as OPENAI_API_KEY; "
            "what is written there is not one (and is not repeated here, in case it is the key itself)"
        )
    return name


def api_key(name: str | None) -> str | None:
    """The key in the environment variable `name`; None where no name is given.

    Raises:
        ConfigError: the variable is not set.
    """
    if name is None:
        return None
    key = os.environ.get(name, "").strip()
    if not key:
        raise ConfigError(f"the environment variable {name} is not set; judge.api_key_env says that it holds the key")
    return key


def without(key: str | None, text: str) -> str:
    """The text with the key blotted out: a server may repeat it in an error."""
    return text.replace(key, "***") if key else text


def scrubbed(key: str | None, outcome: Reply | Failure) -> Reply | Failure:
    """The outcome without the key in any of its texts."""
    if key is None:
        return outcome
    if isinstance(outcome, Reply):
        return replace(outcome, text=without(key, outcome.text))
    return replace(outcome, message=without(key, outcome.message), traceback=without(key, outcome.traceback))
