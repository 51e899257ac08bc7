"""What crosses to a worker on another machine and back: plain dataclasses and bytes, no paths and no open models."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import Any

from editloupe.config.parts import EditorPart, JudgePart
from editloupe.errors import ImageError, failure_from
from editloupe.planning import PlannedEdit, PlannedReply
from editloupe.protocols import Editor, Judge
from editloupe.records import Failure, ImageBytes, ImagePart, Picture, Sample

__all__ = ["ModelSpec", "edit_with_bytes", "model_spec", "reply_with_bytes", "sizing_of"]

SIZING = ("batch_size", "use_batch_inference")
"""Keys of a part of the config that say how its model is used, not what it is; they travel with each chunk."""


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """How a worker builds the model: the plugin's class by name, its options and its part of the config as JSON.

    Two that are equal build the same model: a worker that has built one can go on with the other.
    """

    plugin: str
    options: dict[str, Any]
    part: dict[str, Any]
    signature: str

    def build(self, stage: str) -> tuple[EditorPart | JudgePart, Editor | Judge]:
        """The part of the config, and the editor or judge."""
        module, _, name = self.plugin.partition(":")
        plugin: Any = importlib.import_module(module)
        for step in name.split("."):
            plugin = getattr(plugin, step)
        options = plugin.Options.model_validate(self.options)
        kind: type[EditorPart | JudgePart] = EditorPart if stage == "edit" else JudgePart
        part = kind(plugin=plugin, options=options, **self.part)
        return part, part.make()


def model_spec(part: EditorPart | JudgePart, model: Editor | Judge) -> ModelSpec:
    """The spec of a model that this process has planned with."""
    options = part.options if model.pinned is None else model.pinned
    return ModelSpec(
        f"{part.plugin.__module__}:{part.plugin.__qualname__}",
        options.model_dump(mode="json"),
        part.model_dump(mode="json", exclude={"options", *SIZING}),
        model.signature,
    )


def sizing_of(part: EditorPart | JudgePart) -> dict[str, Any]:
    """How large the batches are, as an update of a worker's own part."""
    return {name: getattr(part, name) for name in SIZING if name in type(part).model_fields}


def edit_with_bytes(plan: PlannedEdit) -> PlannedEdit | Failure:
    """The plan with its source images and its candidate as bytes, or why they cannot be read."""
    sample = plan.request.sample
    try:
        sources = tuple(_bytes(picture) for picture in sample.sources)
        candidate = None if sample.candidate is None else _bytes(sample.candidate)
    except ImageError as error:
        return failure_from(error, "edit")
    carried = replace(sample, sources=sources, reference=(), candidate=candidate)
    return replace(plan, request=replace(plan.request, sample=carried))


def reply_with_bytes(plan: PlannedReply, known: dict[str, ImageBytes]) -> PlannedReply | Failure:
    """The plan with its question's images as bytes, or why they cannot be read.

    Args:
        plan: with a question.
        known: images of the same parcel by digest; one that several questions show is packed once.
    """
    context: list[str | ImagePart] = []
    for part in plan.question.context:
        if isinstance(part, str):
            context.append(part)
            continue
        if part.picture.sha256 not in known:
            try:
                known[part.picture.sha256] = _bytes(part.picture)
            except ImageError as error:
                return failure_from(error, "judge")
        context.append(replace(part, picture=known[part.picture.sha256]))
    sample = Sample(plan.sample.id, plan.sample.category, plan.sample.instruction)
    return replace(plan, sample=sample, question=replace(plan.question, context=tuple(context)))


def _bytes(picture: Picture) -> ImageBytes:
    try:
        return ImageBytes(picture.read())
    except OSError as error:
        message = f"cannot read {str(getattr(picture, 'path', 'the image'))!r}: {error.strerror or error}"
        raise ImageError(message, kind="missing-file", retryable=True) from error
