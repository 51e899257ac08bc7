"""The words of a rubric, and how a sample is put into them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import SerializerFunctionWrapHandler, model_serializer, model_validator

from editloupe.images import ResizedImage
from editloupe.records import ImagePart, Picture, Sample
from editloupe.rubrics.conditions import Conditional, RubricModel
from editloupe.rubrics.forms import ScoreLine

__all__ = [
    "ByMode",
    "Choice",
    "ImageSlot",
    "Mode",
    "Prompt",
    "Texts",
    "fields_of",
    "fill",
    "in_mode",
    "of_category",
    "rendered",
]

Mode = Literal["text", "choice"]

_SCORE_FIRST = re.compile(
    r"first\s+line[^.\n]{0,40}\b(?:score|rating|number)|(?:score|rating|number)\b[^.\n]{0,40}\bfirst(?:\s+line|\s*[,.;]|\s*$)"
    r"|\b(?:begin|start)\b[^.\n]{0,30}\bwith\s+(?:the|your|a)\s+(?:score|rating|number)"
    r"|\bfirst\b[^.\n]{0,30}\b(?:score|rating)\b[^.\n]{0,30}\bthen\b|第一行[^。\n]{0,12}(?:分|数字)|先[^。\n]{0,10}分[^。\n]{0,10}(?:再|然后)",
    re.IGNORECASE | re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class ImageSlot(Conditional):
    """Where the pictures of one role go, for samples that it applies to, and the line above them.

    Attributes:
        image: the role; ``first`` and ``second`` are those of a pair.
        label: the line above; with ``{number}`` in it each of several pictures gets its own, numbered.
        size: ``source`` brings the picture to the width and height of the first source image.
    """

    image: Literal["source", "edited", "reference", "first", "second"]
    label: str = ""
    size: Literal["own", "source"] = "own"


class Choice(RubricModel):
    """How the answer mode ``choice`` asks: one label follows `begin`."""

    labels: tuple[str, ...] = tuple("0123456789")
    begin: str = '{"score": '


class ByMode(RubricModel):
    """An ask whose words depend on how it is answered: a digit stands for a tenth of a long scale, say."""

    mode: dict[Mode, str | dict[str, str]]


class Texts(RubricModel):
    """The words of a rubric in one language.

    A mapping of `system` or of an ask is by category, ``default`` for the others; one of a reply is by question. An ask
    may be worded for each answer mode.
    """

    system: str | dict[str, str]
    contexts: dict[str, list[str | ImageSlot]]
    asks: dict[str, str | dict[str, str] | ByMode]
    reply: dict[Mode, str | dict[str, str]]


class Prompt(RubricModel):
    """A user's own prompt for one category (the seed's spelling): it replaces the rubric's words there.

    Attributes:
        system_prompt: the system text.
        user_prompt_template: the question.
        score_line: which line of a reply without a JSON object may be ``Score: 7``.
    """

    system_prompt: str = ""
    user_prompt_template: str
    score_line: ScoreLine = "last"

    @model_validator(mode="after")
    def _first_only_where_said(self) -> Self:
        template = self.user_prompt_template
        if "score_line" not in self.model_fields_set and '{"' not in template and _SCORE_FIRST.search(template):
            raise ValueError(
                "the prompt asks for the score before the reasons, and a score counts on the last line; set "
                "`score_line: first` (or `last`, if it does not ask so)"
            )
        return self

    @model_serializer(mode="wrap")
    def _without_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        if self.score_line == "last":  # so that the hash of a rubric with older prompts stays what it was
            data.pop("score_line", None)
        return data


def fields_of(sample: Sample) -> dict[str, str]:
    """What each placeholder stands for."""
    return {
        "instruction": sample.instruction,
        "edit_instruction": sample.instruction,
        "description": sample.description,
        "original_description": sample.description,
        "rationale": sample.rationale,
        "reference_text": str(sample.extra.get("reference_text") or ""),
        "category": sample.category,
    }


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Put the fields in; a line whose placeholders are all empty is left out, and other braces stay as they are.

    One pass, so that braces inside a sample's own text are never read as placeholders.
    """
    lines = []
    for line in template.split("\n"):
        used = [name for name in _PLACEHOLDER.findall(line) if name in fields]
        if used and not any(fields[name] for name in used):
            continue
        lines.append(_PLACEHOLDER.sub(lambda match: fields.get(match[1], match[0]), line))
    return "\n".join(lines)


def of_category(text: str | Mapping[str, str], category: str) -> str:
    """The words of one category, or of one question."""
    return text if isinstance(text, str) else text.get(category, text.get("default", ""))


def in_mode(ask: str | Mapping[str, str] | ByMode, mode: Mode) -> str | Mapping[str, str]:
    """The words of an ask for one answer mode; empty where it has none for it."""
    return ask.mode.get(mode, "") if isinstance(ask, ByMode) else ask


def rendered(
    slots: Sequence[str | ImageSlot], roles: Mapping[str, Sequence[Picture]], sample: Sample, fields: Mapping[str, str]
) -> tuple[str | ImagePart, ...]:
    """A context with a sample's text and pictures in it; a role without pictures leaves no trace.

    Args:
        slots: of the rubric's context.
        roles: the pictures of each role.
        sample: its first source gives the size where a slot asks for it.
        fields: what each placeholder stands for.
    """
    parts: list[str | ImagePart] = []
    for slot in slots:
        if isinstance(slot, str):
            text = fill(slot, fields).strip("\n")
            parts += [text] if text else []
            continue
        pictures = [_sized(picture, slot, sample) for picture in roles[slot.image]] if slot.applies(sample) else []
        numbers = _numbers_of(sample, len(pictures)) if slot.image == "source" else ()
        for number, picture in enumerate(pictures, 1):
            if slot.label and ("{number}" in slot.label or number == 1):
                shown = numbers[number - 1] if numbers else str(number) if len(pictures) > 1 else ""
                parts.append(_numbered(slot.label, shown))
            parts.append(ImagePart(slot.image, picture))
    return tuple(parts)


def _numbers_of(sample: Sample, count: int) -> tuple[str, ...]:
    """The numbers that the benchmark itself gives its source images; none where it does not number them."""
    stated = sample.extra.get("source_numbers")
    return tuple(map(str, stated)) if isinstance(stated, list) and len(stated) == count else ()


def _numbered(label: str, number: str) -> str:
    """A single picture has no number, nor the space before it."""
    if number:
        return label.replace("{number}", number)
    return label.replace(" {number}", "").replace("{number}", "")


def _sized(picture: Picture, slot: ImageSlot, sample: Sample) -> Picture:
    if slot.size == "own" or not sample.sources or isinstance(picture, ResizedImage):
        return picture
    like = sample.sources[0]
    return ResizedImage(picture, like)
