"""The engine `here`: a stage runs in this process, its model loaded once, when the first item needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from editloupe.batching import Done, stream
from editloupe.records import Stage

__all__ = ["run"]

Item = TypeVar("Item")
Result = TypeVar("Result")


def run(
    model: Any,
    items: Sequence[Item],
    function: Callable[[Sequence[Item]], Sequence[Result]],
    *,
    size: int,
    stage: Stage,
) -> Iterator[list[Done[Item, Result]]]:
    """Run one stage's `function` of `model` over `items`; the model is closed afterwards, whatever happens.

    Args:
        model: an editor or judge; its `close`, where it has one, frees its memory before the next stage.
        items, function, size, stage: as in `batching.stream`.

    Yields:
        What became of each batch, as it is done.
    """
    try:
        yield from stream(items, function, size=size, stage=stage)
    finally:
        with suppress(AttributeError):
            model.close()
