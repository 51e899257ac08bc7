"""Where a stage runs: in this process, or on workers that Ray places."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self

if TYPE_CHECKING:
    from editloupe.batching import Done
    from editloupe.config.parts import EditorPart, JudgePart, WorkerSettings
    from editloupe.planning import PlannedEdit, PlannedReply
    from editloupe.progress.bars import StageProgress
    from editloupe.protocols import Editor, Judge
    from editloupe.records import Reply

__all__ = ["Engine", "engine_of"]


class Engine(Protocol):
    """Takes work and yields what became of it, batch by batch, every item exactly once.

    Used in a `with`: workers are hired by the first call and stay, their models loaded, for all calls about the same
    model; they are gone when the `with` ends.
    """

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def edits(
        self, part: EditorPart, editor: Editor, plans: Sequence[PlannedEdit], progress: StageProgress, /
    ) -> Iterator[list[Done[PlannedEdit, Any]]]:
        """Make the planned edits of one editor; an outcome is pixels, or pixels that a worker has encoded."""

    def replies(
        self, part: JudgePart, judge: Judge, plans: Sequence[PlannedReply], progress: StageProgress, /
    ) -> Iterator[list[Done[PlannedReply, Reply]]]:
        """Ask the planned questions."""


def engine_of(settings: WorkerSettings) -> Engine:
    """The engine that a stage's `workers:` ask for, to be used in a `with`."""
    if settings.engine == "ray":
        from editloupe.workers.ray import RayEngine

        return RayEngine(settings)
    from editloupe.workers.here import HereEngine

    return HereEngine()
