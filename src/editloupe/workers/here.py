"""The engine `here`: a stage runs in this process, its model loaded once, when the first item needs it.

An engine has two functions, `edits` and `replies`. Each takes the work of one stage and yields what became of it, batch
by batch, every item exactly once; the study commits each batch as it arrives. It runs the model that it is handed and
never closes it: that is for who made the model, in a `with`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from PIL import Image

from editloupe.batching import Done, stream
from editloupe.config.parts import EditorPart, JudgePart
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.protocols import Editor, Judge, StreamingJudge
from editloupe.records import Failure, Reply
from editloupe.streams import in_parts

__all__ = ["edits", "replies"]


WINDOW = 10_000
"""Questions that are laid out for batches together; a study may have more than fit into memory."""


def edits(
    part: EditorPart, editor: Editor, plans: Iterable[PlannedEdit]
) -> Iterator[list[Done[PlannedEdit, Image.Image | Failure]]]:
    """Make the planned edits of one editor."""

    def edit(batch: Sequence[PlannedEdit]) -> Sequence[Image.Image | Failure]:
        return editor.edit([plan.request for plan in batch])

    yield from stream(plans, edit, size=part.batch_size, stage="edit")


def replies(part: JudgePart, judge: Judge, plans: Iterable[PlannedReply]) -> Iterator[list[Done[PlannedReply, Reply]]]:
    """Ask the planned questions."""
    for window in in_parts(plans, WINDOW):
        yield from _replies(part, judge, window)


def _replies(part: JudgePart, judge: Judge, plans: Sequence[PlannedReply]) -> Iterator[list[Done[PlannedReply, Reply]]]:
    def answer(batch: Sequence[PlannedReply]) -> Sequence[Reply]:
        return judge.answer([plan.question for plan in batch])

    def prepare(plan: PlannedReply) -> None:
        judge.prepare(plan.question)

    if isinstance(judge, StreamingJudge):
        for answered in judge.stream([plan.question for plan in plans], [plan.sample.id for plan in plans]):
            yield [Done(plans[index], outcome, seconds) for index, outcome, seconds in answered]
        return
    questions = [plan.question for plan in plans]
    ordered = judge.plan(questions)
    size: int | Callable[[], int] = 1
    weights = None
    if part.use_batch_inference and part.batch_size == "auto":
        size = judge.budget(questions)
        weights = [weight for _, weight in ordered]
    elif part.use_batch_inference:
        size = int(part.batch_size)
    yield from stream(
        [plans[index] for index, _ in ordered],
        answer,
        size=size,
        stage="judge",
        weights=weights,
        prepare=prepare,
    )
