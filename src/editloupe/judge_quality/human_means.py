"""What people would have said of every edit, as an audit holds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from editloupe.statistics.prediction_powered import HumanMean

__all__ = ["EditorHumanMeans", "HumanMeans"]


@dataclass(frozen=True, slots=True)
class EditorHumanMeans:
    """The corrected means of one editor.

    Attributes:
        refused: why there are none; None where there are.
        overall: over all samples that it has edited.
        categories: by category id.
    """

    refused: str | None = None
    overall: HumanMean | None = None
    categories: Mapping[str, HumanMean] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HumanMeans:
    """The corrected means of a study.

    Attributes:
        refused: why there are none; None where there are.
        seed, drawn, of: of the draw: its seed, how many samples were drawn, of how many.
        width: of the interval that is wished for, in points; None where none is.
        ignored: ratings of edits that were not drawn.
        editors: by name, those whose edits were drawn.
    """

    refused: str | None = None
    seed: int | None = None
    drawn: int = 0
    of: int = 0
    width: float | None = None
    ignored: int = 0
    editors: Mapping[str, EditorHumanMeans] = field(default_factory=dict)
