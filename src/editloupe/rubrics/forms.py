"""Where an answer stands in what a judge said after its thoughts, and in which form; `replies` makes it a score."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

from editloupe.rubrics.json_objects import JsonObject, whole_objects
from editloupe.rubrics.numbers import Number, is_interval, number_in, plain

__all__ = ["Form", "Place", "ScoreLine", "Unread", "has_object", "is_only_object", "json_place", "place_of"]

Form: TypeAlias = Literal["json", "fence", "prefaced-json", "prefaced-fence", "score-line", "number", "word", "choice"]
ScoreLine: TypeAlias = Literal["first", "last"]

_FENCE_BEGIN = re.compile(r"```[ \t]*[A-Za-z0-9_+-]*\s*\Z")
_FENCE_END = re.compile(r"\s*```")
_END_MARKS = re.compile(
    r"(?:\s*(?:<\|im_end\|>|<\|endoftext\|>|</s>|<eos>|<end_of_turn>|<\|eot_id\|>|<\|return\|>|<\|end\|>|<turn\|>))+\s*\Z"
)
_BROKEN = re.compile(r"\{\s*[\"'“”‘]")
_FIRST_DIGIT = re.compile(r"(?!0\d)\d")
_NEVER_BEFORE = tuple("[,(\"'“‘`=")
_N = r"\d+(?:\.\d+)?"
_LABEL = re.compile(
    r"[\s>#•\-–]*(?:\(?\d{1,2}[.)]\s+)?"
    r"(?:(?:(?:my|the|your)\s+)?(?:(?:final|overall|total|combined)\s+)*(?:score|rating|grade|mark)|overall|总体|综合"
    r"|(?:最终|最后|总体|整体|综合)?(?:评分|分数|得分|打分)|总分|总评分|总得分|总评|最终分)"
    rf"(?:\s*[(（]\s*(?:(?P<low>{_N})\s*(?:-|–|—|~|to|到|至)|out\s+of|满分|/)\s*(?P<high>{_N})\s*分?\s*[)）])?"
    r"\s*[:：=]\s*(?P<said>.*)",
    re.IGNORECASE,
)


class Unread(Exception):  # noqa: N818 - it is a finding rather than an error
    """Why no answer can be told: one sentence, and its kind."""

    def __init__(self, message: str, kind: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Place:
    """An answer.

    Attributes:
        form: in which form it stands.
        value: the JSON value, or the `Number`.
        start: where it begins in the answer's text.
        after: whether more stands behind it.
    """

    form: Form
    value: Any
    start: int
    after: bool = False


@dataclass(frozen=True, slots=True)
class _Line:
    words: str
    start: int
    number: Number | None

    @property
    def answers(self) -> bool:
        """Whether something with a digit stands there: a heading ``Score:`` over a list is no answer."""
        return any(letter.isdigit() for letter in self.words)


def place_of(text: str, key: str, *, ended: bool, score_line: ScoreLine = "last") -> Place:
    """Find the one answer of a text.

    Args:
        text: what was said after the thoughts.
        key: of the JSON object.
        ended: whether the judge came to its end; else the text was cut off.
        score_line: where a line ``Score: 7`` counts.

    Raises:
        Unread: kinds ``prose``, ``bad-json``, ``two-scores``, ``interval``, ``not-a-number``, ``truncated``.
    """
    text = _END_MARKS.sub("", text)
    place = _json_place(text, key, ended=ended)
    if place is not None:
        return place
    if (number := number_in(text)) is not None:
        if not ended:  # "7" may be the beginning of "7.5"
            _cut("at a number")
        return Place("number", number, _digit(text, 0))
    return _line_place(text, ended=ended, score_line=score_line)


def json_place(text: str, key: str, *, ended: bool) -> Place:
    """Find the JSON object that holds the key.

    Raises:
        Unread: as `place_of`.
    """
    place = _json_place(_END_MARKS.sub("", text), key, ended=ended)
    if place is None:
        if not ended:
            _cut("before its JSON object")
        raise Unread("the reply has no JSON object at its beginning or its end", "prose")
    return place


def has_object(text: str) -> bool:
    """Whether a whole JSON object stands where an answer stands, so that a reply may end any time."""
    objects = list(whole_objects(text))
    return (
        bool(objects) and not _BROKEN.search(_without(text, objects)) and any(_own(text, stated) for stated in objects)
    )


def is_only_object(text: str) -> bool:
    """Whether a text is one JSON object, bare or in one code fence, and nothing else."""
    objects = list(whole_objects(text))
    if len(objects) != 1:
        return False
    before, after, _ = _around(text, objects[0])
    return not before.strip() and not after.strip()


def _json_place(text: str, key: str, *, ended: bool) -> Place | None:
    objects = list(whole_objects(text))
    rest = _without(text, objects)
    if _BROKEN.search(rest) or re.search(rf"[\"“]{re.escape(key)}[\"”]\s*[:：]", rest, re.IGNORECASE):
        if not ended:
            _cut("inside its JSON object")
        raise Unread("the reply has a JSON object that is broken, or goes on after it ended", "bad-json")
    holders = [holder for holder in objects if holder.named(key)]
    if not holders:
        if text.lstrip().startswith("{") or _FENCE_BEGIN.fullmatch(text[: text.find("{")].lstrip()):
            if not ended:
                _cut("before an answer")
            if objects:
                raise Unread(f"the JSON object has no key {key!r}", "prose")
            raise Unread("the reply begins like a JSON object and is none", "bad-json")
        return None
    members = [member for holder in holders for member in holder.named(key)]
    if any(len(holder.named(key)) > 1 for holder in holders):
        raise Unread(f"the JSON object has the key {key!r} several times", "two-scores")
    if any(not _same(member.value, members[0].value) for member in members):
        raise Unread("the reply has several JSON objects that say different things", "two-scores")
    holder = holders[0] if not text[: holders[0].start].strip(" \t\r\n`") else holders[-1]
    return _standing(text, holder, key, ended=ended)


def _standing(text: str, holder: JsonObject, key: str, *, ended: bool) -> Place:
    """An object counts at the beginning, or on lines of its own at the end."""
    member = holder.named(key)[0]
    before, after, fenced = _around(text, holder)
    if not _own(text, holder):
        raise Unread("a JSON object stands inside a sentence of the reply", "prose")
    if after.strip():
        if not ended:
            _cut("behind a JSON object")
        if before.strip() or not (fenced or "\n" in after[: len(after) - len(after.lstrip())]):
            raise Unread("the reply goes on after its JSON object", "prose")
        _only_words(after, member.value)
    elif before.strip() and not ended:
        _cut("behind a JSON object")  # it may have been an example
    form: Form = "fence" if fenced else "json"
    if before.strip():
        form = "prefaced-fence" if fenced else "prefaced-json"
    start = member.start
    if isinstance(member.value, int | float | str):
        start = _digit(text, member.start)
    return Place(form, member.value, start, bool(after.strip()))


def _only_words(after: str, value: Any) -> None:
    """Make sure that nothing behind the object could be another answer."""
    lines = [line for line in after.splitlines() if line.strip()]
    last = _line(lines[-1], 0)
    if last is not None and last.answers:
        number = (
            number_in(value) if isinstance(value, str) else Number(value) if isinstance(value, int | float) else None
        )
        if last.number is None or number is None or last.number.value != number.value:
            raise Unread("the JSON object and the last line say different scores", "two-scores")
        lines.pop()
    if any(letter.isdigit() for line in lines for letter in line):
        raise Unread("the reply goes on after its JSON object, with numbers", "prose")


def _line_place(text: str, *, ended: bool, score_line: ScoreLine) -> Place:
    lines: list[_Line] = []
    position: dict[int, int] = {}
    begin = filled = 0
    for raw in text.split("\n"):
        if raw.strip():
            if (stated := _line(raw, begin)) is not None:
                position[len(lines)] = filled
                lines.append(stated)
            filled += 1
        begin += len(raw) + 1
    wanted = 0 if score_line == "first" else filled - 1
    here = next((line for index, line in enumerate(lines) if position[index] == wanted), None)
    if not ended and not (score_line == "first" and here is not None and filled > 1):
        _cut("before a score line could be its last")
    if here is None and score_line == "first":
        here = _first_number(text)
    if here is None:
        if len([line for line in lines if line.answers]) > 1:
            raise Unread(f"the reply has {len(lines)} score lines, none of them its {score_line}", "two-scores")
        raise Unread(f"the reply has no JSON object, no {score_line} line 'Score: x' and is no number", "prose")
    if here.number is None:
        kind = "interval" if is_interval(here.words) else "not-a-number"
        raise Unread(f"the score line says {here.words!r}, not one number"[:200], kind)
    for line in lines:
        if line.answers and (line.number is None or line.number.value != here.number.value):
            raise Unread("the reply has several score lines that say different things", "two-scores")
    return Place("score-line", here.number, here.start)


def _line(raw: str, begin: int) -> _Line | None:
    match = _LABEL.fullmatch(plain(raw))
    if match is None:
        return None
    words = match["said"].strip()
    number = number_in(words)
    if number is not None and match["high"] is not None:
        top = float(match["high"])
        number = Number(number.value, top) if number.top in (None, top) else Number(number.value, number.top)
    colon = max(raw.find(mark) for mark in ":：=")
    return _Line(words, begin + _digit(raw, colon + 1), number)


def _first_number(text: str) -> _Line | None:
    """A first line that is nothing but a number, for prompts that ask for it there."""
    raw = next((line for line in text.split("\n") if line.strip()), "")
    number = number_in(raw)
    return None if number is None else _Line(raw, _digit(text, text.find(raw)), number)


def _around(text: str, stated: JsonObject) -> tuple[str, str, bool]:
    """What stands before and behind an object, without its code fence, and whether it has one."""
    before, after = text[: stated.start], text[stated.end :]
    begin = _FENCE_BEGIN.search(before)
    if begin is None:
        return before, after, False
    end = _FENCE_END.match(after)
    return before[: begin.start()], after if end is None else after[end.end() :], True


def _own(text: str, stated: JsonObject) -> bool:
    """Whether an object begins the text or a line of it, and is no element of something else."""
    before, _, fenced = _around(text, stated)
    if not before.strip():
        return True
    own_line = fenced or "\n" in before[len(before.rstrip()) :]
    return own_line and not before.rstrip().endswith(_NEVER_BEFORE)


def _without(text: str, objects: list[JsonObject]) -> str:
    pieces, position = [], 0
    for stated in objects:
        pieces.append(text[position : stated.start])
        position = stated.end
    return " ".join([*pieces, text[position:]])


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _digit(text: str, start: int) -> int:
    """The first digit from a place on that is no leading zero."""
    digit = _FIRST_DIGIT.search(text, start)
    return start if digit is None else digit.start()


def _cut(where: str) -> NoReturn:
    raise Unread(f"the reply was cut off {where}", "truncated")
