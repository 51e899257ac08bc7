"""The judge's card: what an audit found about a judge, in a few numbers that stand beside every score it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError

__all__ = ["card_of", "read_card"]


def card_of(audit: Mapping[str, Any]) -> dict[str, Any] | None:
    """Make the card of an audit.

    The main coefficient is the area under the ROC curve where right and wrong edits are known, else the pairwise
    accuracy where preferences are known, else the rank correlation with the truth.

    Returns:
        ``{judge, signature, rubric, benchmark, against, n, coefficient, rows, sanity}``; `signature` is the judge's,
        `coefficient` is ``{name, value, ci95}``, `rows` is a list of the same with `of` (a dimension, score or
        category) and `n`, `sanity` is the verdict of each sanity probe by its name, or None where none was asked. None
        for an audit of a version that did not write the judge's signature.
    """
    if "judge_signature" not in audit:
        return None
    rows = list(_rows(audit))
    main = rows[0]
    return {
        "judge": audit["judge"],
        "signature": audit["judge_signature"],
        "rubric": audit["rubric"],
        "benchmark": audit["benchmark"],
        "against": audit["against"],
        "n": audit["n"],
        "coefficient": {name: main[name] for name in ("name", "value", "ci95")},
        "rows": rows,
        "sanity": _sanity(audit.get("sanity")),
    }


def read_card(path: str, signature: str) -> dict[str, Any]:
    """Read the card that a config names, from an ``audit.json``.

    Args:
        path: of the file.
        signature: of the judge that is to carry it.

    Raises:
        ConfigError: it cannot be read, is no audit, or is about another judge.
    """
    try:
        audit = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(audit, dict):
            raise TypeError("an audit is an object")
        card = card_of(audit)
    except OSError as error:
        raise ConfigError(f"judge: card {path!r} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise ConfigError(f"judge: card {path!r} is no audit; give the audit.json of `editloupe audit`") from error
    if card is None:
        raise ConfigError(f"judge: card {path!r} does not tell the judge's signature; run `editloupe audit` again")
    if card["signature"] != signature:
        raise ConfigError(
            f"judge: card {path!r} is about another judge: {card['signature']!r}, while this study asks {signature!r}; "
            "audit this judge in this answer mode, or remove `card:`"
        )
    return card


def _sanity(found: Mapping[str, Any] | None) -> dict[str, str] | None:
    return None if found is None else {name: one["verdict"] for name, one in found["probes"].items()}


def _rows(audit: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The main coefficient first."""
    if audit["classes"] is not None:
        scores = audit["classes"]["score"]
        for name in sorted(scores, key=lambda one: one != "prompt_following"):
            yield _row(name, scores[name]["right"] + scores[name]["wrong"], "auroc", scores[name])
    if audit["preferences"] is not None:
        dimensions = audit["preferences"]["score"]
        for name in sorted(dimensions, key=lambda one: one != "overall"):
            one = dimensions[name]
            compared = one["right"] + one["wrong"] + one["ties"]
            yield _row(name, compared, "accuracy_ties_wrong", one["accuracy_ties_wrong"])
    if audit["overall"]["n"] or (audit["classes"] is None and audit["preferences"] is None):
        for name, one in {"overall": audit["overall"], **audit["categories"]}.items():
            yield _row(name, one["n"], "spearman", one["spearman"])


def _row(of: str, n: int, name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    return {"of": of, "n": n, "name": name, "value": found["value"], "ci95": found["ci95"]}
