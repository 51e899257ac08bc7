"""From a judge's words to a number, strictly: one rule, a pure function of the text, for every engine.

Thoughts are separated first (`thoughts`). What is left is read in one of three forms (`forms`), because they are what
prompts ask for; everything else is an `UnreadableReply`:

* one JSON object with the key, at the beginning, or on lines of its own at the end, bare or in a code fence;
* a line ``Score: 7`` that is the last one, where no JSON object answers;
* nothing but a number.

A reply that holds several scores is a JSON object; `parts` reads them one by one. `docs/design/replies.md` lists the
spellings. A reader that finds a score in any sentence turns a judge's confusion into data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

from editloupe.errors import UnreadableReply
from editloupe.records import Reply
from editloupe.rubrics.forms import Form, Place, ScoreLine, Unread, has_object, json_place, place_of
from editloupe.rubrics.numbers import Number, is_interval, number_in
from editloupe.rubrics.thoughts import split_thoughts

__all__ = [
    "READING",
    "answer_of",
    "expected_score",
    "expected_value",
    "form_of",
    "is_complete",
    "json_value",
    "number_of",
    "read_score",
    "refuse",
    "score_start",
]

READING = 2
"""The version of this rule: raised whenever a reply may be read differently than before."""


def read_score(reply: Reply, *, low: float, high: float, key: str = "score", score_line: ScoreLine = "last") -> float:
    """Read the score of a generated reply.

    Args:
        reply: what the judge said.
        low, high: the scale's ends, inclusive.
        key: the JSON key that holds the score.
        score_line: which line may be ``Score: 7``.

    Returns:
        The score as stated; never clipped or rescaled.

    Raises:
        UnreadableReply: kinds ``empty``, ``prose``, ``bad-json``, ``two-scores``, ``interval``, ``not-a-number``,
            ``out-of-range``, ``truncated``.
    """
    answer = answer_of(reply)
    try:
        place = place_of(answer, key, ended=_ended(reply), score_line=score_line)
    except Unread as why:
        refuse(str(why), why.kind, reply.text)
    return number_of(place.value, reply, low=low, high=high)


def json_value(reply: Reply, key: str) -> Any:
    """Return what stands under a key of the reply's JSON object.

    Raises:
        UnreadableReply: kinds ``empty``, ``prose``, ``bad-json``, ``two-scores``, ``truncated``.
    """
    answer = answer_of(reply)
    try:
        return json_place(answer, key, ended=_ended(reply)).value
    except Unread as why:
        refuse(str(why), why.kind, reply.text)


def number_of(value: object, reply: Reply, *, low: float, high: float) -> float:
    """A JSON value or `Number` as a score: a number, or one in quotes as a score line may say it.

    Raises:
        UnreadableReply: kinds ``not-a-number``, ``interval``, ``out-of-range``.
    """
    number = number_in(value) if isinstance(value, str) else value
    if isinstance(number, Number):
        if number.top is not None and number.top != high:
            refuse(f"the score is given out of {number.top:g}, not {high:g}", "out-of-range", reply.text)
        number = number.value
    if isinstance(number, bool) or not isinstance(number, int | float):
        kind = "interval" if isinstance(value, str) and is_interval(value) else "not-a-number"
        refuse(f"the score is {value!r}, not a number"[:200], kind, reply.text)
    if not low <= number <= high:  # before the conversion: an integer may be too large for a float
        refuse(f"the score {number} lies outside {low:g} to {high:g}"[:200], "out-of-range", reply.text)
    return float(number)


def answer_of(reply: Reply) -> str:
    """What was said after the thoughts.

    Raises:
        UnreadableReply: kinds ``truncated`` (the thoughts never ended, or nothing came before the limit) and ``empty``.
    """
    spoken = split_thoughts(reply.text, opened=reply.opened)
    if not spoken.closed:
        room = "; raise judge.max_thinking_tokens, or set judge.thinking to off" if reply.finish == "length" else ""
        refuse(f"the thoughts never ended{room}", "truncated", reply.text)
    answer = spoken.answer.replace("\ufeff", "")
    if not answer.strip():
        refuse("the reply is empty", "empty" if _ended(reply) else "truncated", reply.text)
    return answer


def form_of(reply: Reply, key: str = "score", score_line: ScoreLine = "last") -> Form | None:
    """In which form a reply answers; None where it does not."""
    try:
        return _place(reply, key, score_line).form
    except (Unread, UnreadableReply):
        return None


def score_start(text: str, *, opened: bool, key: str = "score") -> int | None:
    """Where the number begins that `read_score` reads from a reply that ended; None where it reads none."""
    reply = Reply(text, opened=opened)
    try:
        place, answer = _place(reply, key, "last"), answer_of(reply)
    except (Unread, UnreadableReply):
        return None
    return len(text) - len(answer) + place.start if text.endswith(answer) else None


def is_complete(text: str, *, opened: bool = False) -> bool:
    """Tell whether a reply that is still being written holds a JSON object as its answer, outside its thoughts.

    A score line or a number alone is never complete: more lines may follow, and "7" may be the beginning of "7.5".
    """
    spoken = split_thoughts(text, opened=opened)
    return spoken.closed and has_object(spoken.answer)


def _place(reply: Reply, key: str, score_line: ScoreLine) -> Place:
    return place_of(answer_of(reply), key, ended=_ended(reply), score_line=score_line)


def _ended(reply: Reply) -> bool:
    """Only a stated stop or a seen end token is an end."""
    return reply.finish in ("stop", "choice")


def expected_score(labels: Mapping[str, float]) -> float | None:
    """Expected score after reasoning: the mean of the numbers at the score's own token, by their probabilities.

    Args:
        labels: probability by number, as in `Reply.score_labels`.

    Returns:
        sum(x p(x)) / sum(p(x)), rounded to 4 decimals; None where the numbers hold no probability.
    """
    mass = sum(labels.values())
    return round(sum(float(label) * p for label, p in labels.items()) / mass, 4) if mass > 0 else None


def expected_value(labels: Mapping[str, float], *, low: float, high: float, min_mass: float) -> float:
    """Expected score under the probabilities of ordered labels, scaled linearly to the rubric's.

    With labels l_0 ... l_k of probabilities p_i, normalized by their mass: low + (high - low) / k
    * sum(i * p_i) / sum(p_i), rounded to 4 decimals because regrouping a batch moves floats by 1e-6.

    Args:
        labels: probability of each label under the full vocabulary, in the order of the scale.
        low, high: the scale's ends.
        min_mass: the least sum of the probabilities that still counts as an answer.

    Raises:
        UnreadableReply: kind ``label-mass``: the judge wanted to write something else.
    """
    mass = sum(labels.values())
    if not mass >= min_mass:
        refuse(
            f"the labels hold only {mass:.4f} of the probability, at least {min_mass:g} is asked",
            "label-mass",
            json.dumps({label: round(p, 6) for label, p in labels.items()}),
        )
    index = sum(position * p for position, p in enumerate(labels.values())) / mass
    return round(low + (high - low) * index / (len(labels) - 1), 4)


def refuse(message: str, kind: str, reply: str) -> NoReturn:
    """Raise `UnreadableReply`."""
    raise UnreadableReply(message, kind=kind, reply=reply)
