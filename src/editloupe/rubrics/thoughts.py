"""What a judge thought before it answered, told apart from the answer: a pure function of the text.

Thoughts are separated before anything is read, so a number in them is never a score. `docs/design/replies.md` lists
the marks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from editloupe.records import Reply
from editloupe.rubrics.json_objects import whole_objects

__all__ = ["CLOSING", "OPENING", "Spoken", "opens_thoughts", "split_thoughts", "thoughts_of"]

_NAMES = r"(?:think|thinking|thought|thoughts|reasoning|analysis|seed:think)"
OPENING = re.compile(
    rf"<{_NAMES}>|\[THINK\]|<\|begin_of_thought\|>|◁think▷|<unused94>(?:thought\n)?|<\|channel>thought"
    r"|(?:<\|start\|>assistant)?<\|channel\|>(?:analysis|commentary)[^<]{0,60}<\|message\|>",
    re.IGNORECASE,
)
"""How thoughts begin."""
CLOSING = re.compile(
    rf"</{_NAMES}>|\[/THINK\]|<\|end_of_thought\|>|◁/think▷|<unused95>|<channel\|>"
    r"|(?:<\|end\|>)?(?:<\|start\|>assistant)?<\|channel\|>final(?:[^<]{0,60})<\|message\|>",
    re.IGNORECASE,
)
"""How thoughts end."""
_MARK = re.compile(f"(?P<closing>{CLOSING.pattern})|(?P<opening>{OPENING.pattern})", re.IGNORECASE)
_UNFINISHED = re.compile(r"\{\s*[\"'“][^}]*\Z")
_QUOTES = "\"'`“‘「『"


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply in its two parts.

    Attributes:
        thoughts: what was thought; None where nothing was, empty for an empty block.
        answer: what was said after it, verbatim.
        closed: False where the thoughts never ended; `answer` then holds only what stood before them.
    """

    thoughts: str | None
    answer: str
    closed: bool


def split_thoughts(text: str, *, opened: bool = False) -> Spoken:
    """Tell thoughts from the answer.

    Marks inside the strings of a complete JSON object, and opening marks right after a quotation mark, are quoted and
    mark nothing. A closing mark without an opening one ends thoughts that the prompt opened: all before it was thought.

    Args:
        text: the reply, verbatim.
        opened: whether the prompt opened the thoughts, so that the reply begins inside them.
    """
    thoughts: list[str] = []
    answer: list[str] = []
    thinking, begin, start = opened, 0, 0
    for mark in _marks(text, opened=opened):
        if mark["closing"] is not None:
            if not thinking and _UNFINISHED.search(text[start : mark.start()]):
                continue  # quoted in a JSON object that is broken or cut off: no number after it is an answer
            thoughts += [*answer, text[begin : mark.start()]]
            answer, thinking, begin = [], False, mark.end()
            start = begin
        elif not thinking and text[mark.start() - 1 : mark.start()] not in tuple(_QUOTES):
            answer.append(text[begin : mark.start()])
            thinking, begin = True, mark.end()
    (thoughts if thinking else answer).append(text[begin:])
    pieces = [piece.strip() for piece in thoughts if piece.strip()]
    thought = "\n".join(pieces) if thoughts else None
    return Spoken(thought, "".join(answer), not thinking)


def opens_thoughts(prompt: str) -> bool:
    """Whether a rendered prompt ends with an opening mark, so that the reply begins inside thoughts."""
    ends = [mark.end() for mark in OPENING.finditer(prompt)]
    return bool(ends) and not prompt[ends[-1] :].strip()


def thoughts_of(reply: Reply) -> str | None:
    """What was thought before an answer, wherever it stands; None where nothing was."""
    if reply.thoughts is not None or reply.finish == "choice":
        return reply.thoughts
    return split_thoughts(reply.text, opened=reply.opened).thoughts or None


def _marks(text: str, *, opened: bool) -> Iterator[re.Match[str]]:
    """The marks that no complete JSON object quotes."""
    if not _MARK.search(text):
        return
    quoted = [] if opened and not CLOSING.search(text) else list(whole_objects(text))
    for mark in _MARK.finditer(text):
        if not any(quotation.start <= mark.start() < quotation.end for quotation in quoted):
            yield mark
