"""The engine `here`: a stage runs in this process, its model loaded once, when the first item needs it.

The study commits each batch as it arrives. The model is the caller's, who made it in a `with`: it is never closed here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Self

from PIL import Image

from editloupe.batching import Ceiling, Done, stream
from editloupe.config.parts import EditorPart, JudgePart
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.progress.bars import StageProgress
from editloupe.protocols import Editor, Judge, StreamingJudge
from editloupe.records import Failure, Reply

__all__ = ["HereEngine", "replies"]


class HereEngine:
    """Runs stages in this process; what one call learns about batches that fit holds for the next.

    Attributes:
        largest_batch: the most questions that a batch has had.
    """

    def __init__(self) -> None:
        self.largest_batch = 0
        self._ceilings: dict[bool, Ceiling] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is held that has to be given back."""

    def edits(
        self, part: EditorPart, editor: Editor, plans: Sequence[PlannedEdit], progress: StageProgress | None = None, /
    ) -> Iterator[list[Done[PlannedEdit, Image.Image | Failure]]]:
        """Make the planned edits of one editor."""
        del progress  # the caller counts what arrives; there is no worker to show

        def edit(batch: Sequence[PlannedEdit]) -> Sequence[Image.Image | Failure]:
            return editor.edit([plan.request for plan in batch])

        ceiling = self._ceiling(part.batch_size, by_tokens=False)
        yield from stream(plans, edit, size=part.batch_size, stage="edit", ceiling=ceiling)

    def replies(
        self, part: JudgePart, judge: Judge, plans: Sequence[PlannedReply], progress: StageProgress | None = None, /
    ) -> Iterator[list[Done[PlannedReply, Reply]]]:
        """Ask the planned questions."""
        del progress

        def answer(batch: Sequence[PlannedReply]) -> Sequence[Reply]:
            self.largest_batch = max(self.largest_batch, len(batch))
            return judge.answer([plan.question for plan in batch])

        def prepare(plan: PlannedReply) -> None:
            judge.prepare(plan.question)

        if isinstance(judge, StreamingJudge):
            for answered in judge.stream([plan.question for plan in plans], [plan.sample.id for plan in plans]):
                yield [Done(plans[index], outcome, seconds) for index, outcome, seconds in answered]
            return
        questions = [plan.question for plan in plans]
        ordered = judge.plan(questions)
        by_tokens = part.use_batch_inference and part.batch_size == "auto"
        size: int | Callable[[], int] = 1
        if by_tokens:
            size = judge.budget(questions)
        elif part.use_batch_inference:
            size = int(part.batch_size)
        yield from stream(
            [plans[index] for index, _ in ordered],
            answer,
            size=size,
            stage="judge",
            weights=[weight for _, weight in ordered] if by_tokens else None,
            prepare=prepare,
            ceiling=self._ceiling(size() if callable(size) else size, by_tokens=by_tokens),
        )

    def _ceiling(self, size: int, *, by_tokens: bool) -> Ceiling:
        """What is known about batches that fit, in tokens or in items."""
        return self._ceilings.setdefault(by_tokens, Ceiling(size))


def replies(part: JudgePart, judge: Judge, plans: Sequence[PlannedReply]) -> Iterator[list[Done[PlannedReply, Reply]]]:
    """Ask the planned questions of a judge that nothing is known about yet."""
    yield from HereEngine().replies(part, judge, plans)
