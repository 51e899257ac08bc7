"""What an empty cell looks like: every tool writes nothing in its own way."""

from __future__ import annotations

import re
from typing import Any

__all__ = ["is_empty", "is_unnamed"]

# What pandas reads as missing, apart from NA, which is also a region and an element.
_WORDS = frozenset(
    (
        "#N/A",
        "#NA",
        "-1.#IND",
        "-1.#QNAN",
        "-NaN",
        "-nan",
        "1.#IND",
        "1.#QNAN",
        "<NA>",
        "N/A",
        "NULL",
        "NaN",
        "NaT",
        "None",
        "n/a",
        "nan",
        "null",
    )
)

_UNNAMED = re.compile(r"Unnamed: \d+(_level_\d+)?|__index_level_\d+__|")


def is_empty(value: Any) -> bool:
    """Whether a cell holds nothing: null, NaN, an empty text, or a word that a table writes for these."""
    if isinstance(value, str):
        plain = value.strip()
        return not plain or plain in _WORDS
    return value is None or bool(isinstance(value, float) and value != value)  # noqa: PLR0124 - NaN


def is_unnamed(column: str) -> bool:
    """Whether a column has no name of its own, as pandas' index and a spreadsheet's empty columns have none."""
    return _UNNAMED.fullmatch(column.strip()) is not None
