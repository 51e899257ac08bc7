"""A number that was estimated from data, with its interval."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Coefficient"]


@dataclass(frozen=True, slots=True)
class Coefficient:
    """An estimate.

    Attributes:
        value: None where the data do not define it.
        ci95: its 95 % interval; None also below two clusters or where resamples are degenerate.
    """

    value: float | None = None
    ci95: tuple[float, float] | None = None
