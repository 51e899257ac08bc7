"""The report's own words, English and Chinese, and how numbers and foreign text are written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files

import yaml

from editloupe.report.comparisons import Comparisons
from editloupe.results import Language
from editloupe.statistics.summary import Estimate

__all__ = ["WORDS", "interval", "number", "one_line", "printable", "rank_range", "signed", "words"]

WORDS: Mapping[str, tuple[str, str]] = {
    key: (english, chinese)
    for key, (english, chinese) in yaml.safe_load(
        (files("editloupe.report") / "words.yaml").read_text(encoding="utf-8")
    ).items()
}
"""(English, Chinese) by key; the page gets all of them, for its switch."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def words(language: Language) -> Mapping[str, str]:
    """The words of one language by key."""
    return {key: pair[language == "zh"] for key, pair in WORDS.items()}


def number(value: float | None, digits: int = 2) -> str:
    """A number with fixed digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def signed(value: float | None, digits: int = 2) -> str:
    """A difference with its sign; a dash where there is none."""
    return "–" if value is None else f"{value:+.{digits}f}"


def rank_range(comparisons: Comparisons, editor: str) -> str:
    """``2``, or ``1–2`` where the comparisons leave both open; a dash for an editor without a score."""
    if editor not in comparisons.rank_ranges:
        return "–"
    best, worst = comparisons.rank_ranges[editor]
    return str(best) if best == worst else f"{best}–{worst}"


def interval(estimate: Estimate) -> str:
    """``low – high``, or a dash."""
    if estimate.ci95 is None:
        return "–"
    return f"{estimate.ci95[0]:.2f} – {estimate.ci95[1]:.2f}"


def printable(text: str) -> str:
    """Leave out control characters, which no page can show, and replace lone surrogates, which no file can hold."""
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, limit: int = 160) -> str:
    """The text on one line of at most `limit` characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
