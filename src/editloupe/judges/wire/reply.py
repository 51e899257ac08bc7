"""A chat completion as a `Reply`, checked for being what was asked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

from editloupe.judges.wire.message import message_parts, written_text
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.probabilities import after_thoughts, label_probabilities
from editloupe.records import Question, Reply
from editloupe.remote.errors import RequestError, sentence_of
from editloupe.rubrics.thoughts import split_thoughts

__all__ = ["read_completion", "same_model", "usage_of"]

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
        RequestError: an error in a 200 answer, another model, a refusal, or probabilities that are missing or too few.
    """
    choices = getattr(completion, "choices", None)
    if getattr(completion, "error", None) or not choices:
        raise _error_body(completion)
    answered = getattr(completion, "model", None)
    if not same_model(options.model, answered, options.answers_as):
        raise RequestError(
            f"asked {options.model!r}, and {answered!r} answered; if both are one, name it in judge.answers_as",
            kind="wrong-model",
            noncompliant=True,
        )
    choice = choices[0]
    message = getattr(choice, "message", None)
    refusal = getattr(message, "refusal", None)
    if choice.finish_reason == "content_filter" or refusal:
        reason = sentence_of(refusal) if refusal else "the reply was withheld"
        raise RequestError(f"the server's content filter refused: {reason}", kind="content-filter", again=False)
    prompt, written = usage_of(completion)
    if question.answer.mode == "choice":
        tokens = getattr(getattr(choice, "logprobs", None), "content", None) or []
        thoughts = None
        if options.thinking == "on":
            thoughts = _thoughts_before_choice(message, choice.finish_reason, options)
            tokens = after_thoughts(tokens)
        labels = label_probabilities(tokens, question.answer, asked=options.top_logprobs, prefill=options.prefill)
        best = max(labels, key=labels.__getitem__)
        return Reply(best, "choice", prompt, written, labels, seconds, thoughts=thoughts)
    finish: Literal["stop", "length", "unknown"] = _FINISHES.get(str(choice.finish_reason).lower(), "unknown")
    text = written_text(message, finish, options)
    return Reply(text.answer, finish, prompt, written, None, seconds, thoughts=text.thoughts or None)


def _thoughts_before_choice(message: Any, finish: str | None, options: WireOptions) -> str | None:
    """What a judge thought before it chose.

    Raises:
        RequestError: kind ``truncated``: its thoughts never ended, so that no label follows them.
    """
    apart, content = message_parts(message)
    spoken = split_thoughts(content)
    if finish == "length" and not (spoken.closed and spoken.answer.strip()):
        raise RequestError(
            "the limit of new tokens was spent on thoughts, before a label; raise judge.max_thinking_tokens (now "
            f"{options.max_thinking_tokens}), or set judge.thinking to off",
            kind="truncated",
            again=False,
            reply=apart or content,
        )
    return apart or spoken.thoughts or None


def usage_of(completion: Any) -> tuple[int, int]:
    """(prompt, reply) tokens that the server counted; 0 where it counts none."""
    usage = getattr(completion, "usage", None)
    return int(getattr(usage, "prompt_tokens", 0) or 0), int(getattr(usage, "completion_tokens", 0) or 0)


def same_model(asked: str, answered: object, also: Sequence[str] = ()) -> bool:
    """Whether a reply comes from the model asked.

    Its name in any case, with or without a provider's prefix, a dated snapshot or a revision of it, or a stated alias.
    A server that names no model at all is believed: the address is the config's own choice.
    """
    if answered is None or answered == "" or answered in also:
        return True
    if not isinstance(answered, str):
        return False
    wanted, named = asked.casefold(), answered.casefold()
    # One of the two may lack the beginning: `gate/judge` is `judge`, but `mine/judge` is not `yours/judge`.
    return any(_is_release(shorter, named) for shorter in _without_prefixes(wanted)) or any(
        _is_release(wanted, shorter) for shorter in _without_prefixes(named)
    )


def _without_prefixes(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[index:]) for index in range(len(parts))]


def _is_release(asked: str, answered: str) -> bool:
    """Whether one name is the other, with nothing behind it but a date or a revision."""
    if not answered.startswith(asked):
        return False
    rest = answered.removeprefix(asked)
    return not rest or rest.startswith("@") or _SNAPSHOT.fullmatch(rest) is not None


def _error_body(completion: Any) -> RequestError:
    """A server that says 200 and sends an error: by its code where it gives one, else passing."""
    error = getattr(completion, "error", None)
    message = sentence_of(error or (completion if isinstance(completion, str) else "it holds no choices"))
    code = error.get("code") if isinstance(error, dict) else None
    number = int(str(code)) if str(code).isdecimal() else 500
    again = not 400 <= number < 500 or number in (408, 409, 425, 429)
    return RequestError(f"the server answered with an error: {message}", kind="error-body", again=again)
