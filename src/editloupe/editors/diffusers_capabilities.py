"""What differs between the editing pipelines of diffusers, as data: one row per class.

A row says only what the pipelines do not tell themselves. ``known`` is ``run`` where a test runs the class with tiny
weights and ``read`` where the row was taken from the class's source; rows that were only read never batch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = ["CAPABILITIES", "Capability", "capability_of"]


@dataclass(frozen=True, slots=True)
class Capability:
    """How one pipeline class is called.

    Attributes:
        image: the name of the image argument.
        nesting: how the images of one prompt are handed over: ``plain`` (one image), ``references`` (a list; a batch
            would be mistaken for references to every prompt), ``nested`` (a list of such lists).
        prompt: the prompt; ``{instruction}`` is put in, ``{json}`` the instruction as a JSON string, ``{images}`` one
            `tag` per image.
        tag: how the prompt names an image; ``{number}`` is put in.
        guidance: the name of the argument that says how strongly the instruction counts.
        batches: ``equal-size`` puts samples whose first image has the same size into one call, ``one`` never does.
            No class takes images of different sizes in one call.
        steps: how many the class takes by itself.
        size: how the class chooses the size of an edit where it is told none: from the ``first`` or the ``last`` of its
            sources; a ``square`` whatever they are; the ``nearest`` of a list, though it can make any; of a ``fixed``
            list and nothing else.
        follow: parameters that make it follow its first source, where it has any.
        area: pixels of an edit that is told its size; None where the class brings what it is told to its own area.
        enlarges: whether smaller sources are brought up to that area.
        implied: parameters that the class needs to do what its other defaults promise; the config's come first.
        known: ``run``, ``read``, or ``inspected`` for a class without a row.
    """

    image: str = "image"
    nesting: Literal["plain", "references", "nested"] = "plain"
    prompt: str = "{instruction}"
    tag: str = ""
    guidance: str = "guidance_scale"
    batches: Literal["equal-size", "one"] = "one"
    steps: int = 50
    size: Literal["first", "last", "square", "nearest", "fixed"] = "first"
    follow: Mapping[str, Any] = field(default_factory=dict)
    area: int | None = 1024 * 1024
    enlarges: bool = True
    implied: Mapping[str, Any] = field(default_factory=dict)
    known: Literal["run", "read", "inspected"] = "read"

    def prompted(self, instruction: str, images: int = 1) -> str:
        """The instruction about so many images as this class wants it."""
        tags = "".join(self.tag.replace("{number}", str(number + 1)) for number in range(images))
        prompt = self.prompt.replace("{images}", tags)
        if "{json}" in prompt:
            return prompt.replace("{json}", json.dumps(instruction, ensure_ascii=False))
        return prompt.replace("{instruction}", instruction)

    def nested(self, images: Sequence[Any]) -> Any:
        """The images of one prompt as this class wants them."""
        return {"plain": images[0], "references": list(images), "nested": [list(images)]}[self.nesting]


# Without a negative prompt these classes leave `true_cfg_scale` unused and only log it.
_QWEN: dict[str, Any] = {"negative_prompt": " "}

CAPABILITIES: dict[str, Capability] = {
    # Takes a batch, but hands the pictures of a list to its text encoder at another size than a single one (its
    # `image_processor.resize` leaves lists alone): the edits differ by 1e-3.
    "QwenImageEditPipeline": Capability(guidance="true_cfg_scale", implied=_QWEN, known="run"),
    # Raises for more than one prompt.
    "QwenImageEditPlusPipeline": Capability(
        nesting="references", guidance="true_cfg_scale", size="last", implied=_QWEN, known="run"
    ),
    # Without a size it makes a square; one that is told is brought to its `max_area`.
    "FluxKontextPipeline": Capability(batches="equal-size", steps=28, size="square", area=None, known="run"),
    # Both read a list of images as references to every prompt.
    "Flux2Pipeline": Capability(nesting="references"),
    "Flux2KleinPipeline": Capability(nesting="references", known="run"),
    "StableDiffusionInstructPix2PixPipeline": Capability(batches="equal-size", steps=100, known="run"),
    # Prepares batches but refuses more than one prompt in `check_inputs`; reports no steps.
    "LongCatImageEditPipeline": Capability(known="run"),
    # Both make the nearest of a list of sizes, also of one that they are told.
    "Kandinsky5I2IPipeline": Capability(size="fixed"),
    "JoyImageEditPipeline": Capability(steps=40, size="fixed"),
    "BriaFiboEditPipeline": Capability(
        nesting="references", prompt='{"edit_instruction": {json}}', steps=30, size="nearest"
    ),
    # Refuses a prompt that does not name every image.
    "OmniGenPipeline": Capability(
        image="input_images",
        nesting="references",
        prompt="{images} {instruction}",
        tag="<img><|image_{number}|></img>",
        size="square",
        follow={"use_input_image_size_as_output": True},
    ),
    "GlmImagePipeline": Capability(nesting="nested"),
    "ZImageOmniPipeline": Capability(nesting="references", size="last", enlarges=False),
}


def capability_of(name: str, parameters: Mapping[str, Any]) -> Capability:
    """The row of a class, or what its signature tells: one at a time.

    Args:
        name: of the class.
        parameters: of its `__call__`, name -> default.

    Raises:
        LookupError: there is no row, and no image or prompt argument was recognised.
    """
    if name in CAPABILITIES:
        return CAPABILITIES[name]
    image = next((name for name in ("image", "images", "input_images", "input_image") if name in parameters), None)
    if image is None or "prompt" not in parameters:
        raise LookupError(f"{name} takes no image and prompt under a usual name; it takes {', '.join(parameters)}")
    guidance = next((name for name in ("true_cfg_scale", "guidance_scale") if name in parameters), "guidance_scale")
    steps = parameters.get("num_inference_steps")
    return Capability(
        image=image,
        nesting="plain" if image in ("image", "input_image") else "references",
        guidance=guidance,
        steps=steps if isinstance(steps, int) else 0,
        known="inspected",
    )
