"""The fields of `/v1/decisions`, OpenAI's schema of typed questions, as a request brings them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, field_validator

__all__ = [
    "AssistantMessage",
    "ChoiceQuestion",
    "DecisionQuestion",
    "DecisionRequest",
    "FunctionCall",
    "ImageInput",
    "InputItem",
    "JSONInput",
    "Option",
    "Part",
    "PredicateQuestion",
    "ScoreQuestion",
    "SystemMessage",
    "TextInput",
    "ToolCall",
    "ToolOutput",
    "UserMessage",
]

MAX_QUESTIONS = 400
MAX_CHOICES = 255
JSON_LEVELS, JSON_VALUES = 32, 10_000
"""Levels and values that a part of JSON may have."""


class _Message(BaseModel):
    """Frozen; what the client wrote never stands in a message about it."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class TextInput(_Message):
    """Text."""

    type: Literal["input_text"]
    text: str
    prompt_cache_breakpoint: Any = None


class ImageInput(_Message):
    """A picture in a data URL."""

    type: Literal["input_image"]
    image_url: str
    detail: Literal["auto"] | None = Field(
        default=None, description="Pictures are shown at the judge's own size: `auto` or nothing."
    )
    prompt_cache_breakpoint: Any = None


class JSONInput(_Message):
    """JSON, which is shown as text."""

    type: Literal["input_json"]
    data: dict[str, Any] | list[dict[str, Any]]

    @field_validator("data")
    @classmethod
    def _not_too_much(cls, value: Any) -> Any:
        values, level = 0, [value]
        for _ in range(JSON_LEVELS):
            values += len(level)
            level = [inner for outer in level for inner in _inside(outer)]
        if level or values > JSON_VALUES:
            raise ValueError(f"JSON has at most {JSON_LEVELS} levels and {JSON_VALUES} values")
        return value


Part = Annotated[TextInput | ImageInput | JSONInput, Field(discriminator="type")]


class UserMessage(_Message):
    """What the questions are about."""

    type: Literal["message"] = "message"
    role: Literal["user"]
    content: str | list[Part]


class SystemMessage(_Message):
    """How the judge is to see it."""

    type: Literal["message"] = "message"
    role: Literal["system", "developer"]
    content: str | list[TextInput]


class OutputText(_Message):
    """What an assistant wrote."""

    type: Literal["output_text"]
    text: str


class Refusal(_Message):
    """What an assistant wrote when it refused."""

    type: Literal["refusal"]
    refusal: str


class AssistantMessage(_Message):
    """A turn of an assistant whose work is judged."""

    type: Literal["message"] = "message"
    role: Literal["assistant"]
    phase: Literal["commentary", "final_answer"] | None = None
    content: str | list[Annotated[OutputText | Refusal, Field(discriminator="type")]]


class FunctionCall(_Message):
    """A call of a function."""

    type: Literal["function_call"]
    arguments: str
    call_id: str
    name: str
    id: str | None = None
    namespace: str | None = None
    status: str | None = None


class ToolCall(_Message):
    """A call of another tool."""

    type: Literal["custom_tool_call"]
    input: str
    call_id: str
    name: str
    id: str | None = None
    namespace: str | None = None
    status: str | None = None


class ToolOutput(_Message):
    """What a call gave."""

    type: Literal["function_call_output", "custom_tool_call_output"]
    call_id: str
    output: str | list[Annotated[TextInput | ImageInput, Field(discriminator="type")]]
    id: str | None = None
    status: str | None = None


InputItem = UserMessage | SystemMessage | AssistantMessage | FunctionCall | ToolCall | ToolOutput


class _Question(_Message):
    instructions: str | list[Part]
    name: str | None = None


class PredicateQuestion(_Question):
    """How likely a statement is true."""

    type: Literal["predicate"]


class Option(_Message):
    """One of the values to choose from."""

    value: StrictStr | StrictBool
    description: str | None = None


class ChoiceQuestion(_Question):
    """Which of several values fits."""

    type: Literal["choice"]
    choices: list[Option] = Field(min_length=2, max_length=MAX_CHOICES)

    @field_validator("choices")
    @classmethod
    def _unique(cls, value: list[Option]) -> list[Option]:
        if len({(type(choice.value), choice.value) for choice in value}) < len(value):
            raise ValueError("each choice is unique")
        return value


class Level(_Message):
    """One step of a scale."""

    label: str
    description: str | None = None


class ScoreQuestion(_Question):
    """Where on a scale of ordered levels, the lowest first."""

    type: Literal["score"]
    levels: list[Level] = Field(min_length=2)


DecisionQuestion = Annotated[PredicateQuestion | ChoiceQuestion | ScoreQuestion, Field(discriminator="type")]


class DecisionRequest(_Message):
    """A request of typed questions about one input.

    Attributes:
        model: the judge's name.
        input: what all questions are about.
        questions: answered in order.
        prompt_cache_key, prompt_cache_options, safety_identifier: taken, and without effect: what questions share is
            computed once in any case.
    """

    model: str
    input: str | list[InputItem] = Field(min_length=1)
    questions: list[DecisionQuestion] = Field(min_length=1, max_length=MAX_QUESTIONS)
    prompt_cache_key: str | None = None
    prompt_cache_options: Any = None
    safety_identifier: str | None = None


def _inside(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []
