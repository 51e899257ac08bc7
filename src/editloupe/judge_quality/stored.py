"""Records to the JSON values that files and the ledger hold, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

__all__ = ["record_from", "stored"]

Record = TypeVar("Record")


def record_from(kind: type[Record], data: Mapping[str, Any]) -> Record:
    """Make a record of what a file or the ledger holds.

    What an older version did not write gets the record's own default; what the record does not know is left out.

    Raises:
        ValueError: a value that has no default is missing, or is of another type.
    """
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python(data)


def stored(record: object) -> dict[str, Any]:
    """Return the object that a file or the ledger holds for a record."""
    from pydantic import TypeAdapter

    values: dict[str, Any] = TypeAdapter(type(record)).dump_python(record, mode="json")
    return values
