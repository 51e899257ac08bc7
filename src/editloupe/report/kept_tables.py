"""The tables of a finished study as JSON, so that a run with nothing to do shows them without reading any score."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter

from editloupe.report.comparisons import Comparisons
from editloupe.report.failure_summary import FailureSummary
from editloupe.report.leaderboard import FailureCount, Standing
from editloupe.report.robustness import Robustness
from editloupe.report.tables import Noted, Tables
from editloupe.results import Results

__all__ = ["tables_from_json", "tables_to_json"]

_PAIRS = "pairs of key and value"


@dataclass(frozen=True, slots=True)
class _Kept:
    """The tables of a study that compares no pairs, as in `Tables`."""

    results: Results
    standings: tuple[Standing, ...]
    ranked: tuple[Standing, ...]
    comparisons: Comparisons
    robustness: Robustness
    failures: tuple[FailureCount, ...]
    failed: FailureSummary
    noted: Noted


def tables_to_json(tables: Tables) -> Any:
    """The numbers of every table; the results in it without what there is one of per edit or sample.

    Args:
        tables: of a study that compares no pairs.
    """
    values = {field.name: getattr(tables, field.name) for field in fields(_Kept)}
    values["results"] = replace(tables.results, verdicts=(), overall={}, notes={})
    return _with_plain_keys(_adapter().dump_python(_Kept(**values), warnings=False))


def tables_from_json(kept: Any) -> Tables:
    """The tables that `tables_to_json` has kept.

    Raises:
        ValueError: they are of another shape.
    """
    tables = _adapter().validate_python(_with_own_keys(kept))
    return Tables(**{field.name: getattr(tables, field.name) for field in fields(_Kept)})


@lru_cache(maxsize=1)
def _adapter() -> TypeAdapter[_Kept]:
    return TypeAdapter(_Kept)


def _with_plain_keys(value: Any) -> Any:
    """JSON knows no key but a text."""
    if isinstance(value, dict):
        if all(isinstance(key, str) for key in value):
            return {key: _with_plain_keys(part) for key, part in value.items()}
        return {_PAIRS: [[list(key), _with_plain_keys(part)] for key, part in value.items()]}
    return [_with_plain_keys(part) for part in value] if isinstance(value, list | tuple) else value


def _with_own_keys(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {_PAIRS}:
            return {tuple(key): _with_own_keys(part) for key, part in value[_PAIRS]}
        return {key: _with_own_keys(part) for key, part in value.items()}
    return [_with_own_keys(part) for part in value] if isinstance(value, list) else value
