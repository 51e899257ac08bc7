"""Label probabilities out of the alternatives that a server lists per token; nothing is guessed beyond the list."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

from editloupe.records import AnswerFormat
from editloupe.remote.errors import RequestError
from editloupe.rubrics.thoughts import CLOSING

__all__ = ["HIDDEN", "after_thoughts", "label_probabilities"]

HIDDEN = 0.005
"""The most probability that labels outside the listed alternatives may hold together and still count as 0."""

_TOKEN_ID = re.compile(r"token_id:\d+")


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
        RequestError: kinds ``no-logprobs``, ``token-ids``, ``few-logprobs`` (a cap hides labels), ``hidden-labels``.
    """
    if not any(getattr(token, "top_logprobs", None) for token in tokens):
        raise RequestError(
            "the server returned no token probabilities, though asked (behind a reasoning parser vLLM drops them); use "
            "`answer: text` with this server",
            kind="no-logprobs",
            noncompliant=True,
        )
    chosen = tokens[0] if prefill else _after(answer.begin, tokens)
    if chosen is None:
        return dict.fromkeys(answer.labels, 0.0)
    listed: dict[str, float] = {}
    chances = []
    for token in chosen.top_logprobs or [chosen]:
        chance = _chance(token.logprob)
        if chance is None:  # not said: like a token that is not listed
            continue
        chances.append(chance)
        name = _name(token) if prefill else _name(token).strip()
        listed[name] = listed.get(name, 0.0) + chance
    if not chances:
        raise RequestError(
            "the server listed tokens without their probabilities; use `answer: text` with this server",
            kind="no-logprobs",
            noncompliant=True,
        )
    hidden = [label for label in answer.labels if label not in listed]
    bound = min(len(hidden) * min(chances), max(0.0, 1.0 - sum(chances)))
    if bound > HIDDEN:
        capped = len(chances) < asked
        raise RequestError(
            f"{len(hidden)} of {len(answer.labels)} labels are not among the {len(chances)} tokens listed and may hold "
            f"{bound:.3f} of the probability" + ("; the server caps the list: use `answer: text`" if capped else ""),
            kind="few-logprobs" if capped else "hidden-labels",
            again=False,
            noncompliant=capped,
        )
    return {label: listed.get(label, 0.0) for label in answer.labels}


def after_thoughts(tokens: Sequence[Any]) -> list[Any]:
    """The tokens behind the last mark that ends thoughts; all of them where there is none."""
    ends = [mark.end() for mark in CLOSING.finditer("".join(_name(token) for token in tokens))]
    if not ends:
        return list(tokens)
    written = 0
    for index, token in enumerate(tokens):
        written += len(_name(token))
        if written >= ends[-1]:
            return list(tokens[index + 1 :])
    return []


def _chance(logprob: Any) -> float | None:
    """The probability; None where the server states none or no number."""
    if not isinstance(logprob, int | float) or math.isnan(logprob):
        return None
    return math.exp(min(0.0, logprob))


def _name(token: Any) -> str:
    """The token's text; by its bytes where the server gives an id for it."""
    text = str(token.token)
    if not _TOKEN_ID.fullmatch(text):
        return text
    spelled = getattr(token, "bytes", None)
    if not spelled:
        raise RequestError(
            f"the server names tokens by their ids ({text}); start it without --return-tokens-as-token-ids, or use "
            "`answer: text`",
            kind="token-ids",
            noncompliant=True,
        )
    return bytes(spelled).decode("utf-8", errors="replace")


def _after(begin: str, tokens: Sequence[Any]) -> Any:
    """The first token behind the beginning that is not just space; None if the reply begins otherwise."""
    written = ""
    for token in tokens:
        name = _name(token)
        if written.strip() == begin.strip() and name.strip():
            return token
        written += name
    return None
