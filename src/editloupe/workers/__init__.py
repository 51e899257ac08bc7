"""Where a stage runs. An engine has two functions, `edits` and `replies`; see `here` for what they promise."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from editloupe.batching import Done
    from editloupe.config.parts import EditorPart, JudgePart, WorkerSettings
    from editloupe.planning import PlannedEdit, PlannedReply
    from editloupe.progress.bars import StageProgress
    from editloupe.protocols import Editor, Judge
    from editloupe.records import Reply

__all__ = ["Engine", "engine_of"]


class Engine(Protocol):
    """Takes the work of one stage and yields what became of it, batch by batch, every item exactly once."""

    def edits(
        self, part: EditorPart, editor: Editor, plans: Iterable[PlannedEdit], /
    ) -> Iterator[list[Done[PlannedEdit, Any]]]:
        """Make the planned edits of one editor; an outcome is pixels, or pixels that a worker has encoded."""

    def replies(
        self, part: JudgePart, judge: Judge, plans: Iterable[PlannedReply], /
    ) -> Iterator[list[Done[PlannedReply, Reply]]]:
        """Ask the planned questions."""


def engine_of(place: WorkerSettings, progress: StageProgress) -> Engine:
    """The engine that a stage's `workers:` ask for."""
    if place.engine == "ray":
        from editloupe.workers.ray import RayEngine

        return RayEngine(place, progress)
    from editloupe.workers import here

    return here
