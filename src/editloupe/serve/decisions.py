"""Typed questions over text and pictures: each is asked by choice, and the probabilities of its labels are the answer.

The input stands first and is the same for all questions of a request, so it is computed once. What differs comes after
it: a question's own pictures, its instructions, its options.
"""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from editloupe.errors import ItemError
from editloupe.images import decode
from editloupe.records import AnswerFormat, Failure, ImagePart, Question, Reply
from editloupe.serve.decision_messages import (
    AssistantMessage,
    ChoiceQuestion,
    DecisionQuestion,
    DecisionRequest,
    FunctionCall,
    ImageInput,
    InputItem,
    Part,
    PredicateQuestion,
    SystemMessage,
    TextInput,
    ToolCall,
    ToolOutput,
    UserMessage,
)
from editloupe.serve.limits import Limits
from editloupe.serve.messages import failure_answer
from editloupe.serve.pictures import received
from editloupe.store.keys import reply_key
from editloupe.store.ledger import Outcome

__all__ = ["Decision", "answers_of", "plan_decisions"]

LABELS = string.ascii_uppercase + string.ascii_lowercase + string.digits
"""What options are called; each is one token in the tokenizers of this family."""

BEGIN = '{"answer": "'
VERSION = 1
"""Raised when the same request is put to the judge in other words."""

Context = tuple[str | ImagePart, ...]


@dataclass(frozen=True, slots=True)
class Decision:
    """One question of a request, with its ledger key."""

    asked: DecisionQuestion
    question: Question
    key: str


def plan_decisions(request: DecisionRequest, signature: str, limits: Limits) -> list[Decision]:
    """Make the questions of a request.

    Args:
        request: checked in its form.
        signature: of the judge.
        limits: of pictures.

    Raises:
        ItemError: a picture cannot be used, or a question has more options than there are labels.
    """
    show = _Shower(limits)
    items: Sequence[InputItem]
    items = [UserMessage(role="user", content=request.input)] if isinstance(request.input, str) else request.input
    system = "\n".join(_text(item.content) for item in items if isinstance(item, SystemMessage))
    context = tuple(part for item in items if not isinstance(item, SystemMessage) for part in show.item(item))
    return [
        _decision(question, system, context, show, f"{signature} decisions={VERSION}") for question in request.questions
    ]


def answers_of(
    decisions: Sequence[Decision], outcomes: Mapping[str, Outcome], model: str, *, min_label_mass: float
) -> dict[str, Any]:
    """Make the answer to a request.

    A question whose labels hold less than `min_label_mass` of the probability together is a refusal: the judge wanted
    to say something else. So is one that failed for good, with its failure beside it.
    """
    outcomes_in_order = [outcomes[decision.key] for decision in decisions]
    replies = [outcome for outcome in outcomes_in_order if isinstance(outcome, Reply)]
    asked, written = (sum(getattr(reply, name) for reply in replies) for name in ("prompt_tokens", "reply_tokens"))
    return {
        "model": model,
        "answers": [
            {**_answer(decision.asked, outcome, min_label_mass), "name": decision.asked.name}
            for decision, outcome in zip(decisions, outcomes_in_order, strict=True)
        ],
        "usage": {
            "input_tokens": asked,
            "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
            "output_tokens": written,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": asked + written,
        },
    }


def _decision(asked: DecisionQuestion, system: str, context: Context, show: _Shower, signature: str) -> Decision:
    options = _options(asked)
    if len(options) > len(LABELS):
        raise ItemError(
            f"a question has {len(options)} options; at most {len(LABELS)} are taken", kind="too-many-options"
        )
    instructions = show.parts(asked.instructions)
    pictures = [index for index, part in enumerate(instructions) if isinstance(part, ImagePart)]
    first = pictures[-1] + 1 if pictures else 0
    words = [part for part in instructions[first:] if isinstance(part, str)]
    lines = [f"{label}. {option}" for label, option in zip(LABELS, options, strict=False)]
    ask = "\n".join([*words, *lines, 'Answer with one label. JSON: {"answer": "label"}'])
    answer = AnswerFormat("choice", tuple(LABELS[: len(options)]), BEGIN)
    question = Question(system, (*context, *instructions[:first]), ask, answer)
    return Decision(asked, question, reply_key(question, signature))


def _options(asked: DecisionQuestion) -> list[str]:
    if isinstance(asked, PredicateQuestion):
        return ["true", "false"]
    if isinstance(asked, ChoiceQuestion):
        return [
            _described(json.dumps(choice.value) if isinstance(choice.value, bool) else choice.value, choice.description)
            for choice in asked.choices
        ]
    return [_described(level.label, level.description) for level in asked.levels]


def _described(name: str, description: str | None) -> str:
    return f"{name}: {description}" if description else name


def _answer(asked: DecisionQuestion, outcome: Outcome, min_label_mass: float) -> dict[str, Any]:
    if isinstance(outcome, Failure):
        return {"type": "refusal", "failure": failure_answer(outcome)}
    assert isinstance(outcome, Reply)
    labels = outcome.labels or {}
    mass = sum(labels.values())
    if not labels or mass <= 0 or mass < min_label_mass:
        message = f"the labels hold {mass:.3g} of the probability; at least {min_label_mass:g} is asked for"
        return {"type": "refusal", "failure": {"kind": "label-mass", "message": message, "retryable": False}}
    chances = [value / mass for value in labels.values()]
    if isinstance(asked, PredicateQuestion):
        return {"type": "predicate", "probability": chances[0], "label_mass": mass}
    best = max(range(len(chances)), key=chances.__getitem__)
    if isinstance(asked, ChoiceQuestion):
        rows = [{"value": choice.value, "probability": p} for choice, p in zip(asked.choices, chances, strict=True)]
        count = len(chances)
        sure = max(0.0, (chances[best] - 1 / count) / (1 - 1 / count))
        chosen = asked.choices[best].value
        return {"type": "choice", "choice": chosen, "confidence": sure, "probabilities": rows, "label_mass": mass}
    levels = [
        {"value": index, "label": level.label, "probability": p}
        for index, (level, p) in enumerate(zip(asked.levels, chances, strict=True))
    ]
    score = sum(index * p for index, p in enumerate(chances))
    away = sum(p * abs(index - best) for index, p in enumerate(chances))
    middle = (len(chances) - 1) / 2
    usual = sum(abs(index - middle) for index in range(len(chances))) / len(chances)
    sure = max(0.0, 1 - away / usual)
    return {"type": "score", "score": score, "confidence": sure, "probabilities": levels, "label_mass": mass}


class _Shower:
    """Turns what a request holds into what a judge is shown; every picture is decoded once."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._count = 0

    def item(self, item: InputItem) -> Context:
        if isinstance(item, UserMessage):
            return self.parts(item.content)
        if isinstance(item, AssistantMessage):
            words = item.content if isinstance(item.content, str) else "\n".join(map(_said, item.content))
            return (f"Assistant: {words}",)
        if isinstance(item, FunctionCall):
            return (f"Call of {item.name}: {item.arguments}",)
        if isinstance(item, ToolCall):
            return (f"Call of {item.name}: {item.input}",)
        assert isinstance(item, ToolOutput)
        return ("Result:", *self.parts(item.output))

    def parts(self, content: str | Sequence[Part]) -> Context:
        return (content,) if isinstance(content, str) else tuple(self._part(part) for part in content)

    def _part(self, part: Part) -> str | ImagePart:
        if isinstance(part, TextInput):
            return part.text
        if not isinstance(part, ImageInput):
            return json.dumps(part.data, ensure_ascii=False)
        self._count += 1
        if self._count > self._limits.pictures:
            raise ItemError(f"a request has at most {self._limits.pictures} pictures", kind="too-many-pictures")
        picture = received(part.image_url, {}, self._limits)
        decode(picture)
        return ImagePart("input", picture)


def _text(content: str | Sequence[TextInput]) -> str:
    return content if isinstance(content, str) else "\n".join(part.text for part in content)


def _said(part: Any) -> str:
    return str(getattr(part, "text", None) or getattr(part, "refusal", ""))
