"""Foreign text in Markdown, and rows of its tables."""

from __future__ import annotations

import re
from collections.abc import Iterable

from editloupe.report.words import one_line

__all__ = ["plain", "row"]

_SPECIAL = re.compile(r"([\\`*_\[\]|~#!$])")


def row(cells: Iterable[str]) -> str:
    """One row of a table."""
    return "| " + " | ".join(cells) + " |"


def plain(text: str, limit: int = 160) -> str:
    """Foreign text as text: one line, no Markdown, no HTML, no links."""
    escaped = one_line(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", escaped).replace("://", "&colon;//")
