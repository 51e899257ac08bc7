"""From a judge's words to a number, strictly.

Three forms are read, because they are what prompts ask for; everything else is an `UnreadableReply`:

* one JSON object with the key, bare or alone in one code fence: ``{"reasoning": "...", "score": 7}``;
* free text with exactly one line ``Score: 7`` (also ``7/10``, bold, or in Chinese);
* nothing but a number.

A reply that holds several scores is a JSON object and nothing else; `parts` reads them one by one.

Refused on purpose: the first digit found in a sentence, a range, two different answers, a value outside the scale (it
is not clipped), and a reply that was cut off before its answer was complete. A reader that finds a score in any
sentence turns a judge's confusion into data.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from editloupe.errors import UnreadableReply
from editloupe.records import Reply

__all__ = ["expected_score", "expected_value", "is_complete", "json_value", "read_score", "refuse"]

_NUMBER = r"[-+]?\d+(?:\.\d+)?"
_BARE = re.compile(rf"\s*({_NUMBER})\s*", re.ASCII)
_FENCE = re.compile(r"\s*```(?:json|JSON)?[ \t]*\n(.*?)\n?[ \t]*```\s*", re.DOTALL)
_LINE = re.compile(
    r"^[\s>*_#-]*(?:final[ \t]+|overall[ \t]+)?(?:score|评分|分数|得分)[\s*_]*[:：=][\s*_]*(.*?)[\s*_.。]*$",
    re.IGNORECASE | re.MULTILINE,
)
_VALUE = re.compile(rf"({_NUMBER})(?:\s*/\s*({_NUMBER}))?\s*分?", re.ASCII)


def read_score(reply: Reply, *, low: float, high: float, key: str = "score") -> float:
    """Read the score of a generated reply.

    Args:
        reply: what the judge said.
        low, high: the scale's ends, inclusive.
        key: the JSON key that holds the score.

    Returns:
        The score as stated; never clipped or rescaled.

    Raises:
        UnreadableReply: kinds ``empty``, ``prose``, ``two-scores``, ``not-a-number``, ``out-of-range``, ``truncated``.
    """
    text = reply.text
    _not_empty(reply)
    value: float | int
    body = _body(text)
    if body.lstrip().startswith("{"):
        found = _from_json(body, key, reply)
        if isinstance(found, bool) or not isinstance(found, int | float):
            refuse(f"the score is {found!r}, not a number", "not-a-number", reply.text)
        value = found  # an integer may be too large for a float: the range is checked first
    elif match := _BARE.fullmatch(text):
        if reply.finish == "length":  # "7" may be the beginning of "7.5"
            refuse("the reply was cut off at a number", "truncated", text)
        value = float(match.group(1))
    else:
        value = _from_line(reply, high)
    if not low <= value <= high:
        refuse(f"the score {value} lies outside {low:g} to {high:g}"[:200], "out-of-range", text)
    return float(value)


def json_value(reply: Reply, key: str) -> Any:
    """Return what stands under a key of a reply that is one JSON object, bare or alone in one code fence.

    Raises:
        UnreadableReply: kinds ``empty``, ``prose``, ``two-scores``, ``truncated``.
    """
    _not_empty(reply)
    body = _body(reply.text)
    if not body.lstrip().startswith("{"):
        kind = "truncated" if reply.finish == "length" else "prose"
        refuse("the reply is no JSON object", kind, reply.text)
    return _from_json(body, key, reply)


def is_complete(text: str) -> bool:
    """Tell whether a reply that is still being written holds a whole answer, so that writing on can only repeat it.

    That is the end of its JSON object (and of the code fence around it), or of a line ``Score: x``. A number alone is
    never complete: "7" may be the beginning of "7.5".
    """
    body = text.lstrip()
    if body.startswith("```"):
        return _FENCE.fullmatch(body) is not None
    if body.startswith("{"):
        try:
            json.JSONDecoder().raw_decode(body)
        except (ValueError, RecursionError):
            return False
        return True
    lines = _LINE.finditer(text)
    return any(_VALUE.fullmatch(line.group(1)) and "\n" in text[line.end(1) :] for line in lines)


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


def _not_empty(reply: Reply) -> None:
    if not reply.text.strip():
        refuse("the reply is empty", "truncated" if reply.finish == "length" else "empty", reply.text)


def _body(text: str) -> str:
    """The text without the code fence around it, if there is one."""
    fenced = _FENCE.fullmatch(text)
    return fenced.group(1) if fenced else text


def _from_json(body: str, key: str, reply: Reply) -> Any:
    pairs: list[tuple[str, Any]] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs[:] = items  # the outermost object is completed last
        return dict(items)

    try:
        found = json.loads(body, object_pairs_hook=keep, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        if reply.finish == "length":
            refuse("the reply was cut off inside its JSON object", "truncated", reply.text)
        refuse("the reply starts like a JSON object and is none, or goes on after it", "prose", reply.text)
    values = [value for name, value in pairs if name == key]
    if not isinstance(found, dict) or not values:
        refuse(f"the JSON object has no key {key!r}", "prose", reply.text)
    if len(values) > 1:
        refuse(f"the JSON object has the key {key!r} {len(values)} times", "two-scores", reply.text)
    return values[0]


def _from_line(reply: Reply, high: float) -> float:
    lines = list(_LINE.finditer(reply.text))
    if not lines:
        kind = "truncated" if reply.finish == "length" else "prose"
        refuse("the reply has no JSON object, no line 'Score: x' and is no number", kind, reply.text)
    if len(lines) > 1:
        refuse(f"the reply has {len(lines)} score lines", "two-scores", reply.text)
    if reply.finish == "length" and "\n" not in reply.text[lines[0].end(1) :]:
        refuse("the reply was cut off in its score line", "truncated", reply.text)
    match = _VALUE.fullmatch(lines[0].group(1))
    if match is None:
        refuse(f"the score line says {lines[0].group(1)!r}, not a number", "not-a-number", reply.text)
    if match.group(2) is not None and float(match.group(2)) != high:
        refuse(f"the score is given out of {match.group(2)}, not {high:g}", "out-of-range", reply.text)
    return float(match.group(1))


def refuse(message: str, kind: str, reply: str) -> NoReturn:
    """Raise `UnreadableReply`."""
    raise UnreadableReply(message, kind=kind, reply=reply)
