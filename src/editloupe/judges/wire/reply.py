"""A chat completion as a `Reply`, checked for being what was asked."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.troubles import Trouble, sentence_of
from editloupe.records import AnswerFormat, Question, Reply

__all__ = ["HIDDEN", "label_probabilities", "read_completion", "same_model", "usage_of"]

HIDDEN = 0.005
"""The most probability that labels outside the listed alternatives may hold together and still count as 0."""

_FINISHES: dict[str, Literal["stop", "length"]] = {
    **dict.fromkeys(("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "end"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "max_output_tokens"), "length"),
}
"""What servers call the two ends; any other word, or none, leaves open whether the reply is whole."""
_SNAPSHOT = re.compile(r"-(\d{4}-\d{2}-\d{2}|\d{8}|\d{4})")


def read_completion(completion: Any, question: Question, options: WireOptions, seconds: float) -> Reply:
    """Turn what the client returned into a reply.

    Args:
        completion: a ``ChatCompletion``, as far as the server kept to its form.
        question: what was asked.
        options: the judge's.
        seconds: since the question was sent.

    Raises:
        Trouble: an error in a 200 answer, another model, a refusal, or probabilities that are missing or too few.
    """
    choices = getattr(completion, "choices", None)
    if getattr(completion, "error", None) or not choices:
        raise _error_body(completion)
    answered = getattr(completion, "model", None)
    if not same_model(options.model, answered, options.answers_as):
        raise Trouble(
            f"asked {options.model!r}, and {answered!r} answered; if both are one, name it in judge.answers_as",
            kind="wrong-model",
            unheeded=True,
        )
    choice = choices[0]
    message = getattr(choice, "message", None)
    refusal = getattr(message, "refusal", None)
    if choice.finish_reason == "content_filter" or refusal:
        said = sentence_of(refusal) if refusal else "the reply was withheld"
        raise Trouble(f"the server's content filter refused: {said}", kind="content-filter", again=False)
    prompt, written = usage_of(completion)
    if question.answer.mode == "choice":
        found = getattr(getattr(choice, "logprobs", None), "content", None) or []
        labels = label_probabilities(found, question.answer, asked=options.top_logprobs, prefill=options.prefill)
        best = max(labels, key=labels.__getitem__)
        return Reply(best, "choice", prompt, written, labels, seconds)
    text = str(getattr(message, "content", None) or "").strip()
    return Reply(text, _FINISHES.get(str(choice.finish_reason).lower(), "unknown"), prompt, written, None, seconds)


def usage_of(completion: Any) -> tuple[int, int]:
    """(prompt, reply) tokens that the server counted; 0 where it counts none."""
    usage = getattr(completion, "usage", None)
    return int(getattr(usage, "prompt_tokens", 0) or 0), int(getattr(usage, "completion_tokens", 0) or 0)


def same_model(asked: str, answered: object, also: Sequence[str] = ()) -> bool:
    """Whether a reply comes from the model asked: its name, a dated snapshot or a revision of it, or a stated alias."""
    if answered in (asked, *also):
        return True
    if not isinstance(answered, str) or not answered.startswith(asked):
        return False
    rest = answered.removeprefix(asked)
    return rest.startswith("@") or _SNAPSHOT.fullmatch(rest) is not None


def label_probabilities(tokens: Sequence[Any], answer: AnswerFormat, *, asked: int, prefill: bool) -> dict[str, float]:
    """The probability of each label under the full vocabulary, where the answer's beginning ends.

    A server lists only the k most probable tokens. What it does not list is at most as probable as the last one it
    lists, so h labels outside hold together at most min(h * p_k, 1 - sum of the listed). Up to `HIDDEN` they count as
    0, which moves an expected score by at most 1 % of the scale at a label mass of 0.5; beyond, nothing is guessed.

    Args:
        tokens: the reply's tokens with their alternatives.
        answer: labels, and the beginning that comes before them.
        asked: how many alternatives were asked for.
        prefill: whether the beginning was ours; else the model had to write it, and labels count 0 if it did not.

    Raises:
        Trouble: kinds ``no-logprobs``, ``few-logprobs`` (a cap hides labels) and ``hidden-labels``.
    """
    if not tokens or not any(getattr(one, "top_logprobs", None) for one in tokens):
        raise Trouble(
            "the server returned no token probabilities, though asked; use `answer: text` with this server",
            kind="no-logprobs",
            unheeded=True,
        )
    place = tokens[0] if prefill else _after(answer.begin, tokens)
    if place is None:
        return dict.fromkeys(answer.labels, 0.0)
    listed: dict[str, float] = {}
    chances = []
    for one in place.top_logprobs or [place]:
        chance = math.exp(one.logprob)
        chances.append(chance)
        name = one.token if prefill else one.token.strip()
        listed[name] = listed.get(name, 0.0) + chance
    hidden = [label for label in answer.labels if label not in listed]
    bound = min(len(hidden) * min(chances), max(0.0, 1.0 - sum(chances)))
    if bound > HIDDEN:
        capped = len(chances) < asked
        raise Trouble(
            f"{len(hidden)} of {len(answer.labels)} labels are not among the {len(chances)} tokens listed and may hold "
            f"{bound:.3f} of the probability" + ("; the server caps the list: use `answer: text`" if capped else ""),
            kind="few-logprobs" if capped else "hidden-labels",
            again=False,
            unheeded=capped,
        )
    return {label: listed.get(label, 0.0) for label in answer.labels}


def _after(begin: str, tokens: Sequence[Any]) -> Any:
    """The first token behind the beginning that is not just space; None if the reply begins otherwise."""
    written = ""
    for one in tokens:
        if written.strip() == begin.strip() and one.token.strip():
            return one
        written += one.token
    return None


def _error_body(completion: Any) -> Trouble:
    """A server that says 200 and sends an error: by its code where it gives one, else passing."""
    error = getattr(completion, "error", None)
    said = sentence_of(error or (completion if isinstance(completion, str) else "it holds no choices"))
    code = error.get("code") if isinstance(error, dict) else None
    number = int(str(code)) if str(code).isdecimal() else 500
    again = not 400 <= number < 500 or number in (408, 409, 425, 429)
    return Trouble(f"the server answered with an error: {said}", kind="error-body", again=again)
