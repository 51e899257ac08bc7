"""From a judge's words to a number, strictly.

Three forms are read, because they are what prompts ask for; everything else is an `UnreadableReply`:

* one JSON object with the key, bare or alone in one code fence: ``{"reasoning": "...", "score": 7}``;
* free text with exactly one line ``Score: 7`` (also ``7/10``, bold, or in Chinese);
* nothing but a number.

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

__all__ = ["expected_score", "expected_value", "is_complete", "read_score"]

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
    if not text.strip():
        _refuse("the reply is empty", "truncated" if reply.finish == "length" else "empty", text)

    value: float | int
    fenced = _FENCE.fullmatch(text)
    body = fenced.group(1) if fenced else text
    if body.lstrip().startswith("{"):
        value = _from_json(body, key, reply)
    elif match := _BARE.fullmatch(text):
        if reply.finish == "length":  # "7" may be the beginning of "7.5"
            _refuse("the reply was cut off at a number", "truncated", text)
        value = float(match.group(1))
    else:
        value = _from_line(reply, high)
    if not low <= value <= high:
        _refuse(f"the score {value} lies outside {low:g} to {high:g}"[:200], "out-of-range", text)
    return float(value)


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
        _refuse(
            f"the labels hold only {mass:.4f} of the probability, at least {min_mass:g} is asked",
            "label-mass",
            json.dumps({label: round(p, 6) for label, p in labels.items()}),
        )
    index = sum(position * p for position, p in enumerate(labels.values())) / mass
    return round(low + (high - low) * index / (len(labels) - 1), 4)


def _from_json(body: str, key: str, reply: Reply) -> float | int:
    pairs: list[tuple[str, Any]] = []

    def keep(items: list[tuple[str, Any]]) -> dict[str, Any]:
        pairs[:] = items  # the outermost object is completed last
        return dict(items)

    try:
        found = json.loads(body, object_pairs_hook=keep, parse_constant=lambda name: name)
    except (ValueError, RecursionError):
        if reply.finish == "length":
            _refuse("the reply was cut off inside its JSON object", "truncated", reply.text)
        _refuse("the reply starts like a JSON object and is none, or goes on after it", "prose", reply.text)
    values = [value for name, value in pairs if name == key]
    if not isinstance(found, dict) or not values:
        _refuse(f"the JSON object has no key {key!r}", "prose", reply.text)
    if len(values) > 1:
        _refuse(f"the JSON object has the key {key!r} {len(values)} times", "two-scores", reply.text)
    value = values[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        _refuse(f"the score is {value!r}, not a number", "not-a-number", reply.text)
    return value  # an integer may be too large for a float: the range is checked first


def _from_line(reply: Reply, high: float) -> float:
    lines = list(_LINE.finditer(reply.text))
    if not lines:
        kind = "truncated" if reply.finish == "length" else "prose"
        _refuse("the reply has no JSON object, no line 'Score: x' and is no number", kind, reply.text)
    if len(lines) > 1:
        _refuse(f"the reply has {len(lines)} score lines", "two-scores", reply.text)
    if reply.finish == "length" and "\n" not in reply.text[lines[0].end(1) :]:
        _refuse("the reply was cut off in its score line", "truncated", reply.text)
    match = _VALUE.fullmatch(lines[0].group(1))
    if match is None:
        _refuse(f"the score line says {lines[0].group(1)!r}, not a number", "not-a-number", reply.text)
    if match.group(2) is not None and float(match.group(2)) != high:
        _refuse(f"the score is given out of {match.group(2)}, not {high:g}", "out-of-range", reply.text)
    return float(match.group(1))


def _refuse(message: str, kind: str, reply: str) -> NoReturn:
    raise UnreadableReply(message, kind=kind, reply=reply)
