"""One of several scores in a reply: where it stands, and what may stand there. As strict as `replies`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from editloupe.records import Reply
from editloupe.rubrics.forms import Form, ScoreLine
from editloupe.rubrics.numbers import plain
from editloupe.rubrics.replies import answer_of, form_of, json_value, number_of, read_score, refuse

__all__ = ["Part", "form_of_part", "read_part"]


@dataclass(frozen=True, slots=True)
class Part:
    """Where a score stands in a reply, and on which scale.

    Attributes:
        key: in the reply's JSON object.
        index: its place in the list under the key; None where the score itself stands there.
        length: of that list, exactly.
        low, high: the ends of the scale, inclusive.
        whole: whether only whole numbers are on it.
        words: a scale of words: what each one stands for.
        values: a scale of a few numbers: what each one stands for.
        alone: whether the reply holds nothing else, so that it may also be a bare number or a line ``Score: 7``.
        score_line: which line that may be.
    """

    key: str = "score"
    index: int | None = None
    length: int = 0
    low: float = 0.0
    high: float = 10.0
    whole: bool = False
    words: Mapping[str, float] = field(default_factory=dict)
    values: Mapping[float, float] = field(default_factory=dict)
    alone: bool = True
    score_line: ScoreLine = "last"


def read_part(reply: Reply, part: Part) -> float:
    """Read one score of a generated reply.

    Raises:
        UnreadableReply: kinds of `read_score`, and ``wrong-length``, ``not-whole``, ``not-a-word``.
    """
    if part.words:
        return _word(reply, part)
    if part.alone and part.index is None:
        value = read_score(reply, low=part.low, high=part.high, key=part.key, score_line=part.score_line)
    else:
        value = number_of(_at(json_value(reply, part.key), part, reply), reply, low=part.low, high=part.high)
    if part.values:
        if value not in part.values:
            known = ", ".join(f"{value:g}" for value in part.values)
            refuse(f"the score is {value:g}, not one of {known}", "out-of-range", reply.text)
        return float(part.values[value])
    if part.whole and value != int(value):
        refuse(f"the score is {value:g}, not a whole number", "not-whole", reply.text)
    return value


def form_of_part(reply: Reply, part: Part) -> Form | None:
    """In which form a reply gives a score; None where `read_part` cannot read it."""
    if part.words and _bare_word(reply, part) is not None:
        return "word"
    return form_of(reply, part.key, part.score_line)


def _at(value: object, part: Part, reply: Reply) -> object:
    if part.index is None:
        return value
    if not isinstance(value, list):
        refuse(f"{part.key!r} is {value!r}, not a list of {part.length}"[:200], "wrong-length", reply.text)
    if len(value) != part.length:
        refuse(f"{part.key!r} is a list of {len(value)}, not of {part.length}", "wrong-length", reply.text)
    return value[part.index]


def _word(reply: Reply, part: Part) -> float:
    bare = _bare_word(reply, part)
    if bare is not None:
        return float(part.words[bare])
    value = _at(json_value(reply, part.key), part, reply)
    word = value.strip().casefold() if isinstance(value, str) else None
    if word is None or word not in part.words:
        refuse(f"the answer is {value!r}, not one of {', '.join(part.words)}"[:200], "not-a-word", reply.text)
    return float(part.words[word])


def _bare_word(reply: Reply, part: Part) -> str | None:
    """The word of the scale that a reply consists of."""
    bare = plain(answer_of(reply)).rstrip(".。").casefold()
    alone = part.alone and part.index is None and reply.finish in ("stop", "choice")
    return bare if alone and bare in part.words else None
