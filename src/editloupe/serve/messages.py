"""What goes over the wire: the one place where a request's and an answer's fields are named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from editloupe.errors import ItemError
from editloupe.records import Failure

__all__ = [
    "NAME",
    "FailureAnswer",
    "Item",
    "ItemAnswer",
    "ScoreAnswer",
    "ScoreRequest",
    "failure_answer",
    "first_problem",
    "item_from",
]

MAX_TEXT = 20_000
"""Characters of an instruction, a description or a rationale."""

Text = Annotated[str, Field(max_length=MAX_TEXT)]
NAME = 200
"""Characters of an id or another name."""

Name = Annotated[str, Field(max_length=NAME)]
PictureText = Annotated[str, Field(description="A data URL, or `part:NAME`, which is a part of a multipart body.")]


class _Message(BaseModel):
    """Frozen; what the client wrote never stands in a message about it, because it may hold a picture."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)


class Item(_Message):
    """One edit to score.

    Attributes:
        sources: the pictures that were edited, first one first.
        edited: the result.
        instruction: what the editor was told.
        category: of the benchmark that the rubric belongs to, where its questions depend on it.
        id: comes back with the answer.
        metrics: of the rubric; those of the config where absent. The overall score is made of these.
        description, rationale, references, groups: what a benchmark says besides; rubrics may show it to the judge.
    """

    sources: list[PictureText] = Field(min_length=1)
    edited: PictureText
    instruction: Text
    category: Name = ""
    id: Name | None = None
    metrics: list[Name] | None = Field(default=None, min_length=1)
    description: Text = ""
    rationale: Text = ""
    references: list[PictureText] = Field(default_factory=list)
    groups: dict[Name, Name] = Field(default_factory=dict)


class ScoreRequest(_Message):
    """A request to score items.

    Attributes:
        items: each an `Item`; one that is wrong fails alone.
        timeout: seconds after which the answer comes with what there is; the service's deadline where absent.
        reply: whether the judge's words are wanted.
    """

    items: list[Any] = Field(min_length=1)
    timeout: float | None = Field(default=None, gt=0)
    reply: bool = False


class FailureAnswer(_Message):
    """Why there is no number.

    Attributes:
        kind: short name for counting.
        message: one sentence.
        retryable: whether the same item may succeed another time.
    """

    kind: str
    message: str
    retryable: bool


class ItemAnswer(_Message):
    """What became of one item: an overall score, or a failure.

    Attributes:
        id: the item's own.
        scores: by metric, derived scores included; null where one failed. Absent where nothing was asked.
        overall: null exactly where there is a `failure`.
        failure: of the first score that the overall one lacks.
        failures: by metric, of every score that failed.
        reply: the judge's words by question, where asked for.
        signature: everything that the scores depend on.
    """

    id: str | None = None
    scores: dict[str, float | None] | None = None
    overall: float | None = None
    failure: FailureAnswer | None = None
    failures: dict[str, FailureAnswer] | None = None
    reply: dict[str, str] | None = None
    signature: str | None = None


class ScoreAnswer(_Message):
    """The answer to a `ScoreRequest`: one `ItemAnswer` per item, in order, and who judged."""

    items: list[ItemAnswer]
    judge: str
    signature: str
    weights: str | None


def failure_answer(failure: Failure) -> dict[str, Any]:
    """A failure as it is sent; its traceback stays here."""
    return {"kind": failure.kind, "message": failure.message, "retryable": failure.retryable}


def item_from(raw: Any) -> Item:
    """Check one item of a request.

    Raises:
        ItemError: it lacks something, or has something unknown.
    """
    if not isinstance(raw, Mapping):
        raise ItemError(f"an item is an object, not {type(raw).__name__}", kind="bad-item")
    try:
        return Item.model_validate(raw)
    except ValidationError as error:
        raise ItemError(first_problem(error), kind="bad-item") from None


def first_problem(error: ValidationError) -> str:
    """The first thing that is wrong, in one sentence that repeats no value; of alternatives the one that fits best."""
    wrong = error.errors(include_url=False, include_input=False, include_context=False)
    problem = max(wrong, key=lambda entry: len(entry["loc"]))
    where = ".".join(str(part) for part in problem["loc"])[:200]
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{where or 'the body'}: {message[:1].lower()}{message[1:300]}"
