"""The page about the judge: what its audit found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from editloupe.report.words import number, one_line

__all__ = ["COEFFICIENTS", "AuditPage", "AuditRow", "AuditTable", "audit_page"]

COEFFICIENTS = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One group of edits: each coefficient with its interval."""

    name: str
    n: int
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AuditTable:
    """Rows of one kind of group."""

    title: str
    rows: tuple[AuditRow, ...]


@dataclass(frozen=True, slots=True)
class AuditPage:
    """What ``audit.json`` holds, ready to print."""

    n: int
    unscored: int
    columns: tuple[str, ...]
    tables: tuple[AuditTable, ...]
    means: tuple[tuple[str, str, str], ...]
    stability: tuple[tuple[str, str, str], ...]
    stability_note: str
    modes: str


def audit_page(audit: Mapping[str, Any], text: Mapping[str, str]) -> AuditPage:
    """Lay an audit out.

    Args:
        audit: what `audit.audit_study` returned.
        text: the words of the report's language.
    """
    stability = audit["stability"]
    return AuditPage(
        n=audit["n"],
        unscored=audit["unscored"],
        columns=tuple(text[name] for name in COEFFICIENTS),
        tables=(
            AuditTable(text["overall"], tuple(_overall(audit, text))),
            AuditTable(text["editor"], tuple(_row(name, one) for name, one in audit["editors"].items())),
            AuditTable(text["category"], tuple(_row(name, one) for name, one in audit["categories"].items())),
        ),
        means=tuple(
            (one_line(name, 60), number(one["judge"]), number(one["truth"])) for name, one in audit["means"].items()
        ),
        stability=tuple(
            (text[name], _percent(stability[name]["equal"]), number(stability[name]["largest_difference"], 4))
            for name in ("batched", "reversed", "repeated")
        ),
        stability_note=text["stability_note"].format(**stability),
        modes=text["audit_modes"].format(
            mode=audit["modes"]["other"],
            questions=audit["modes"]["questions"],
            spearman=number(audit["modes"]["spearman"]["value"], 3),
            difference=number(audit["modes"]["mean_absolute_difference"]["value"], 3),
        ),
    )


def _overall(audit: Mapping[str, Any], text: Mapping[str, str]) -> Iterator[AuditRow]:
    yield _row(text["overall"], audit["overall"])
    if audit["expected"] is not None:
        yield _row(text["audit_expected"], audit["expected"])


def _row(name: str, one: Mapping[str, Any]) -> AuditRow:
    cells = []
    for coefficient in COEFFICIENTS:
        ends = one[coefficient]["ci95"]
        interval = "–" if ends is None else f"{ends[0]:.2f} – {ends[1]:.2f}"
        cells.append((number(one[coefficient]["value"], 3), interval))
    return AuditRow(one_line(name, 60), one["n"], tuple(cells))


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"
