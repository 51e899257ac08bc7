"""The names that people give to the columns of images and instructions."""

from __future__ import annotations

from collections.abc import Collection, Iterable

__all__ = ["IMAGE_COLUMNS", "INSTRUCTION_COLUMNS", "chosen", "wanted"]

IMAGE_COLUMNS = (
    "image",
    "images",
    "source_image",
    "source_images",
    "input_image",
    "input_images",
    "original_image",
    "original_image_path",
    "src_image",
    "src_img",
    "source_img",
    "image_path",
    "img_path",
    "img",
    "image_file",
    "file_name",
    "filename",
    "source",
    "sources",
    "input",
    "src",
    "before",
    "src_img_b64",
    "image_base64",
)
"""Of the source images, the most usual first; a table's column is the first of these that it has."""

INSTRUCTION_COLUMNS = (
    "instruction",
    "edit_instruction",
    "editing_instruction",
    "edit_prompt",
    "editing_prompt",
    "prompt",
    "instructions",
    "instruction_en",
    "prompt_en",
    "edit_instruction_en",
    "instruction_text",
    "text_prompt",
    "user_prompt",
    "edit",
    "query",
    "text",
)
"""Of the instruction, in the same manner."""


def chosen(names: Iterable[str], there: Collection[str]) -> str | None:
    """The first of some names that a table has as a column."""
    return next((name for name in names if name in there), None)


def wanted(seen: Iterable[str]) -> str:
    """One sentence for a table of other columns: those that it has and those that it needs."""
    some = [repr(name) for name in seen][:12]
    return (
        f"there are the columns {', '.join(some) or '(none)'}; a column of images is needed "
        f"({', '.join(map(repr, IMAGE_COLUMNS[:5]))}, ...) and one of instructions "
        f"({', '.join(map(repr, INSTRUCTION_COLUMNS[:6]))}, ...): rename yours"
    )
