"""The judge's card: what an audit found about a judge, in a few numbers that stand beside every score it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from editloupe.errors import ConfigError
from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.stored import record_from, stored

__all__ = ["CardRow", "JudgeCard", "MainCoefficient", "card_of", "read_card"]


@dataclass(frozen=True, slots=True)
class MainCoefficient:
    """The coefficient by which a judge is known, and which one it is."""

    name: str
    value: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class CardRow:
    """One coefficient of a card.

    Attributes:
        of: a dimension, score or category.
        n: how many edits or pairs it is computed from.
        name: which coefficient.
        value, ci95: of it.
    """

    of: str
    n: int
    name: str
    value: float | None
    ci95: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class JudgeCard:
    """What is known about a judge.

    Attributes:
        judge, signature: its name; the judge with its answer mode and decoding.
        rubric, benchmark: what it was asked, about which samples.
        against: what was taken for true.
        n: edits with a known truth and a score.
        coefficient: the first of the rows.
        rows: of every dimension, score or category.
        sanity: the verdict of each sanity probe; None where none was asked.
    """

    judge: str
    signature: str
    rubric: str
    benchmark: str
    against: tuple[str, ...]
    n: int
    coefficient: MainCoefficient
    rows: tuple[CardRow, ...]
    sanity: Mapping[str, str] | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object that the ledger and the report hold."""
        return stored(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the record of the object that the ledger holds.

        Raises:
            ValueError: it is no card.
        """
        return record_from(cls, data)


def card_of(audit: Audit) -> JudgeCard | None:
    """Make the card of an audit.

    The main coefficient is the area under the ROC curve where right and wrong edits are known, else the pairwise
    accuracy where preferences are known, else the rank correlation with the truth.

    Returns:
        None for an audit of a version that did not write the judge's signature.
    """
    if not audit.judge_signature:
        return None
    rows = tuple(_rows(audit))
    main = rows[0]
    return JudgeCard(
        judge=audit.judge,
        signature=audit.judge_signature,
        rubric=audit.rubric,
        benchmark=audit.benchmark,
        against=audit.against,
        n=audit.n,
        coefficient=MainCoefficient(main.name, main.value, main.ci95),
        rows=rows,
        sanity=None if audit.sanity is None else audit.sanity.verdicts,
    )


def read_card(path: str, signature: str) -> JudgeCard:
    """Read the card that a config names, from an ``audit.json``.

    Args:
        path: of the file.
        signature: of the judge that is to carry it.

    Raises:
        ConfigError: it cannot be read, is no audit, or is about another judge.
    """
    try:
        facts = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(facts, dict):
            raise TypeError("an audit is an object")
        card = card_of(Audit.from_json(facts)) if "judge_signature" in facts else None
    except OSError as error:
        raise ConfigError(f"judge: card {path!r} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"judge: card {path!r} is no audit; give the audit.json of `editloupe audit`") from error
    if card is None:
        raise ConfigError(f"judge: card {path!r} does not tell the judge's signature; run `editloupe audit` again")
    if card.signature != signature:
        raise ConfigError(
            f"judge: card {path!r} is about another judge: {card.signature!r}, while this study asks {signature!r}; "
            "audit this judge in this answer mode, or remove `card:`"
        )
    return card


def _rows(audit: Audit) -> Iterator[CardRow]:
    """The main coefficient first."""
    if audit.classes is not None:
        areas = audit.classes["score"]
        for name in sorted(areas, key=lambda score: score != "prompt_following"):
            area = areas[name]
            yield CardRow(name, area.right + area.wrong, "auroc", area.value, area.ci95)
    if audit.preferences is not None:
        dimensions = audit.preferences["score"]
        for name in sorted(dimensions, key=lambda dimension: dimension != "overall"):
            order = dimensions[name]
            share = order.accuracy_ties_wrong
            yield CardRow(name, order.right + order.wrong + order.ties, "accuracy_ties_wrong", share.value, share.ci95)
    if audit.overall.n or (audit.classes is None and audit.preferences is None):
        for name, agreement in {"overall": audit.overall, **audit.categories}.items():
            yield CardRow(name, agreement.n, "spearman", agreement.spearman.value, agreement.spearman.ci95)
