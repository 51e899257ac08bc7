"""A wrong set-up, told by a server's first answers instead of by a thousand failures that are paid for.

What would hit every question alike stops the study with a sentence that names the key to change, but only as long as
that server has never given a usable answer: a gateway may have one bad worker.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from editloupe.errors import ConfigError
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.server import Server
from editloupe.records import Failure, Question, Reply
from editloupe.remote.errors import RequestError
from editloupe.rubrics.replies import is_complete

__all__ = ["ALIKE", "Answered", "FirstAnswers", "Outcome", "set_up_error", "too_large"]

Outcome = Reply | Failure
Answered = tuple[int, Outcome, float]

ALIKE = 8
"""Distinct questions that fail alike before anything has gone well, and are then taken for a wrong set-up."""
LARGE = 500_000
"""Bytes of a request from which on a refusal without a reason may be a gateway's limit."""

_PASSING = ("rate-limit", "server-error", "timeout", "connection", "error-body")
_TEMPLATE = ("continue_final_message", "add_generation_prompt", "prefill")


@dataclass(slots=True)
class FirstAnswers:
    """Keeps a server's failures back until one answer is usable, or eight have failed in one way.

    Args:
        name: the server's.
        options: the judge's.
        proven: whether one answer was usable already.
    """

    name: str
    options: WireOptions
    proven: bool = False
    _waiting: list[Answered] = field(default_factory=list)
    _alike: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, answered: Answered, error: RequestError | None) -> list[Answered]:
        """Take what became of a question in; returns what can be handed on now.

        Args:
            answered: index, outcome, seconds.
            error: the server's, where that is why the question failed.

        Raises:
            ConfigError: eight distinct questions have failed alike and none went well. Nothing of them is handed on, so
                nothing is recorded and the same command asks them again.
        """
        if self.proven:
            return [answered]
        cause = _cause(answered[1], error, self.options)
        if cause is None:
            if isinstance(answered[1], Failure):  # of our own making, such as a picture that is none
                return [answered]
            self.proven = True
            return [*self.held_back(), answered]
        if cause[0] in _PASSING:
            return [answered]
        self._waiting.append(answered)
        self._alike[cause] = self._alike.get(cause, 0) + 1
        if self._alike[cause] >= ALIKE:
            raise ConfigError(
                f"{self.name}: {ALIKE} questions failed in the same way and none went well: {cause[1].rstrip('.')}. "
                f"{_advice(*cause, self.options)} Nothing of this is recorded; run the same command again afterwards"
            )
        return []

    def held_back(self) -> list[Answered]:
        """Hand on what was kept back."""
        waiting, self._waiting = self._waiting, []
        return waiting


def set_up_error(
    server: Server, options: WireOptions, question: Question, error: RequestError, attempt: int
) -> ConfigError | None:
    """What one answer says about the whole set-up: a wrong key, model or address, probabilities that are not given."""
    if error.status == 401:
        return ConfigError(f"{server.name} does not accept the key (judge.api_key_env): {error}")
    if server.complied:
        return None
    if error.status == 404:
        limit = ""
        if error.size >= LARGE:
            limit = (
                f"; the request had {error.size / 1e6:.1f} MB, and some gateways answer so to one above their limit: "
                "set judge.image.encoding to jpeg, or judge.image.longest_edge smaller"
            )
        return ConfigError(f"{server.name} knows no model {options.model!r} at this address: {error}{limit}")
    words = str(error)
    if question.answer.mode == "choice" and error.kind == "bad-request":
        if any(word in words for word in _TEMPLATE):
            return ConfigError(f"{server.name} takes no beginning of the answer: set judge.prefill to false ({words})")
        if "logprobs" in words:
            return ConfigError(
                f"{server.name} gives no {options.top_logprobs} alternatives per token: lower "
                f"judge.top_logprobs, or set judge.answer to text ({words})"
            )
    if error.noncompliant and (attempt > 2 or not error.again):
        return ConfigError(f"{server.name}: {words}")
    return None


def too_large(error: RequestError, server: Server) -> RequestError:
    """The same error, or one that says that a request was larger than any that this server has taken.

    Gateways tell their limit by 413, and some by a 404 or 400 that says something else.
    """
    unexplained = error.status in (400, 404) and server.complied and error.kind == "bad-request"
    if error.kind == "too-large" or (unexplained and error.size >= LARGE and error.size > server.largest_taken * 1.05):
        return RequestError(
            f"{error}; the request had {error.size / 1e6:.1f} MB: set judge.image.encoding to jpeg, or "
            "judge.image.longest_edge smaller",
            kind="too-large",
            again=False,
            status=error.status if error.kind == "too-large" else None,
            size=error.size,
        )
    return error


def _cause(outcome: Outcome, error: RequestError | None, options: WireOptions) -> tuple[str, str] | None:
    """(kind, first line) of what makes an answer useless; None of one that is of use or failed here."""
    if error is not None:
        line = str(error).split("\n")[0]
        return error.kind, "a request is too large for it" if error.kind == "too-large" else line
    if isinstance(outcome, Reply) and outcome.finish != "choice":
        if not outcome.text:
            return "empty", "the reply is empty"
        if outcome.finish != "stop" and not is_complete(outcome.text, opened=outcome.opened):
            if outcome.finish == "unknown":
                return "truncated", "the server does not state that the reply ended, so it counts as cut off"
            return "truncated", f"the reply was cut off, at a limit of {options.max_new_tokens} new tokens"
    return None


def _advice(kind: str, line: str, options: WireOptions) -> str:
    """The key to change, as a sentence."""
    words = line.lower()
    larger = f"Raise judge.max_new_tokens (now {options.max_new_tokens})"
    room = f"judge.max_thinking_tokens (now {options.max_thinking_tokens})"
    off = "set judge.thinking to off"
    smaller = "Set judge.image.encoding to jpeg, or judge.image.longest_edge smaller."
    if kind == "truncated":
        return f"{larger}; if the model thinks, set judge.thinking to on and raise {room}, or {off}."
    if kind == "whitespace":
        return "Set judge.json_schema to false: the server's guided JSON goes on with white space for ever."
    if kind == "reasoning-field":
        return f"Start the server without its reasoning parser, or {off}."
    if kind == "empty":
        return f"{larger}, or {off}, or set judge.json_schema to false."
    if kind == "too-large":
        return smaller
    if kind == "content-filter":
        return "The service's filter refuses these pictures or words; choose another judge.model or judge.base_url."
    if kind == "quota":
        return "Fill the account, or name another key in judge.api_key_env."
    if "temperature" in words:
        return "Set judge.temperature to default."
    if any(word in words for word in ("response_format", "json_schema", "schema", "grammar", "guided")):
        return "Set judge.json_schema to false."
    if any(word in words for word in ("max_tokens", "max_completion_tokens", "context length", "context window")):
        return f"Change judge.max_new_tokens (now {options.max_new_tokens}), or set judge.image.longest_edge smaller."
    if any(word in words for word in ("chat_template_kwargs", "enable_thinking")):
        return "Set judge.thinking to auto."
    if any(word in words for word in ("image", "picture", "pixel", "payload", "too large")):
        return smaller
    return (
        "Look at judge.model, judge.temperature (default sends none), judge.json_schema (false sends none), "
        "judge.image.encoding (jpeg) and judge.extra_body."
    )
