"""Edits that people have always made without a model: Pillow operations, named in English or Chinese."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image

from editloupe import images, plugins
from editloupe.editors.classic_operations import OPERATIONS
from editloupe.editors.classic_words import Step, steps
from editloupe.protocols import Editor
from editloupe.records import EditRequest

__all__ = ["Classic"]


class Classic(Editor):
    """Carries out the operations that an instruction names, in their order.

    Being procedural, it knows when it does not understand: an instruction about a part of the picture, or with a
    request that it has no operation for, is an error and not a half-done edit.

    Attributes:
        signature: its name and version; the version rises when the result of an instruction changes.
    """

    signature = "classic/1"

    class Options(plugins.Options):
        """There is nothing to choose."""

    def __init__(self, options: Options) -> None:
        del options

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image]:
        """Return the edited images.

        Raises:
            InstructionError: an instruction is not understood.
            ImageError: a source cannot be decoded.
        """
        return [self._image(request) for request in requests]

    def _image(self, request: EditRequest) -> Image.Image:
        todo = steps(request.sample.instruction)
        return apply(images.decode(request.sample.sources[0]), todo)


def apply(image: Image.Image, todo: Sequence[Step]) -> Image.Image:
    """Carry out the steps one after the other."""
    for step in todo:
        image = OPERATIONS[step.operation](image, step)
    return image
