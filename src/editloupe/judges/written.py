"""Tokens that a model wrote: their text, and whether they have used up the room for thoughts or for the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from editloupe.rubrics.thoughts import CLOSING, OPENING, split_thoughts

__all__ = ["ReplyRoom", "ThoughtsFirst", "WrittenTokens", "thoughts_before_choice"]

_NEAR = 16
"""Tokens among which a mark of thoughts is looked for; the longest is about that many where it is no single token."""


class WrittenTokens:
    """Makes text of written tokens: without control tokens, but with the marks of thoughts.

    Some tokenizers count those marks among their special tokens, and a reply without them would be all answer.

    Args:
        tokenizer: the checkpoint's.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        special = dict(zip(tokenizer.all_special_ids, tokenizer.all_special_tokens, strict=True))
        self._marks = {mark for mark, name in special.items() if OPENING.fullmatch(name) or CLOSING.fullmatch(name)}
        self._hidden = set(special) - self._marks

    def text(self, tokens: Sequence[int]) -> str:
        """The text of some tokens."""
        keep = self._marks and not self._marks.isdisjoint(tokens)
        shown = [token for token in tokens if token not in self._hidden] if keep else tokens
        text: str = self._tokenizer.decode(shown, skip_special_tokens=not keep, clean_up_tokenization_spaces=False)
        return text


def _begins_thinking(text: str) -> bool:
    """Whether a reply opens thoughts by itself."""
    return OPENING.match(text.lstrip()) is not None


def _closes_thoughts(text: str) -> bool:
    """Whether thoughts end somewhere in a text."""
    return CLOSING.search(text) is not None


@dataclass(frozen=True, slots=True)
class ThoughtsFirst:
    """What a judge wrote before its answer was begun for it.

    Attributes:
        said: its thoughts; None where it began without any, and what it wrote is dropped.
        unfinished: all that it wrote, where its thoughts never ended and no answer can follow.
        tail: what its last token holds behind the mark that ends thoughts.
    """

    said: str | None = None
    unfinished: str | None = None
    tail: str = ""

    def lead(self, separator: str) -> str:
        """What has to stand between what was written and the answer's beginning.

        Args:
            separator: what the chat template writes between the end of thoughts and an answer.
        """
        if self.said is None:
            return ""
        return separator.removeprefix(self.tail) if separator.startswith(self.tail) else separator


def thoughts_before_choice(text: str, *, opened: bool) -> ThoughtsFirst:
    """Look at what was written before a label is read.

    Args:
        text: written up to the end of thoughts, or until it was plain that there are none.
        opened: whether the prompt opened them.
    """
    if not opened and not _begins_thinking(text):
        return ThoughtsFirst()
    ends = [mark.end() for mark in CLOSING.finditer(text)]
    if not ends:
        return ThoughtsFirst(unfinished=text.strip())
    return ThoughtsFirst(split_thoughts(text, opened=opened).thoughts or "", tail=text[ends[-1] :])


class ReplyRoom:
    """Follows one reply and tells when it has to end: thoughts and answer have a limit each.

    Args:
        written: makes text of its tokens.
        answer: tokens of the answer at most.
        thoughts: tokens of the thoughts at most; None counts them as part of the answer.
        opened: whether the prompt opened the thoughts.
    """

    def __init__(self, written: WrittenTokens, answer: int, thoughts: int | None, *, opened: bool) -> None:
        self._written = written
        self._answer = answer
        self._thoughts = thoughts
        self.thinking = opened
        self.closed_at: int | None = None

    def is_past_thoughts(self, tokens: Sequence[int]) -> bool:
        """Whether the thoughts have ended, or the reply has plainly begun without any."""
        return self.closed_at is not None or (not self.thinking and len(tokens) >= _NEAR)

    def is_used(self, tokens: Sequence[int]) -> bool:
        """Look at a reply with one more token than the last time."""
        if self._thoughts is None:
            return len(tokens) >= self._answer
        if not self.thinking and len(tokens) <= _NEAR:
            self.thinking = _begins_thinking(self._written.text(tokens))
        if self.thinking and self.closed_at is None:
            if not _closes_thoughts(self._written.text(tokens[-_NEAR:])):
                return len(tokens) >= self._thoughts
            self.closed_at = len(tokens)
        return len(tokens) - (self.closed_at or 0) >= self._answer
