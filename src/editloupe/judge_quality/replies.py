"""What became of a study's questions to the judge: read in which form, or lost to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

__all__ = ["ReplyCount", "ReplyCounts", "ReplyExample"]


@dataclass(frozen=True, slots=True)
class ReplyExample:
    """One reply: where it belongs, its first words, and why it is lost, where it is."""

    editor: str
    sample: str
    question: str
    words: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class ReplyCount:
    """Replies of one form, or lost in one way.

    Attributes:
        name: the form, or the kind of failure.
        count: how many.
        examples: the first of them.
        stage: of the failure: ``judge`` where no usable reply came, ``score`` where it could not be read.
    """

    name: str
    count: int
    examples: tuple[ReplyExample, ...] = ()
    stage: str = ""


@dataclass(frozen=True, slots=True)
class ReplyCounts:
    """What became of a study's questions to the judge.

    Attributes:
        asked: how many there are; each is either read or lost.
        thoughts: how many replies hold thoughts before the answer.
        read: by form, the commonest first.
        lost: by stage and kind of failure, likewise.
    """

    asked: int = 0
    thoughts: int = 0
    read: tuple[ReplyCount, ...] = ()
    lost: tuple[ReplyCount, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``report.json`` and ``audit.json`` hold."""
        return {
            "asked": self.asked,
            "thoughts": self.thoughts,
            "read": [
                {"form": form.name, "count": form.count, "examples": [_stored(example) for example in form.examples]}
                for form in self.read
            ],
            "lost": [
                {
                    "stage": loss.stage,
                    "kind": loss.name,
                    "count": loss.count,
                    "examples": [{**_stored(example), "message": example.message} for example in loss.examples],
                }
                for loss in self.lost
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the record of the object that ``audit.json`` holds.

        Raises:
            ValueError: it is something else.
        """
        try:
            return cls(
                data["asked"],
                data["thoughts"],
                tuple(ReplyCount(form["form"], form["count"], _examples(form)) for form in data["read"]),
                tuple(ReplyCount(loss["kind"], loss["count"], _examples(loss), loss["stage"]) for loss in data["lost"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"these are no counts of replies: {error!r}") from error


def _stored(example: ReplyExample) -> dict[str, str]:
    return {"editor": example.editor, "sample": example.sample, "question": example.question, "words": example.words}


def _examples(count: Mapping[str, Any]) -> tuple[ReplyExample, ...]:
    return tuple(ReplyExample(**example) for example in count["examples"])
