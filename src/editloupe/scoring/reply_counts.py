"""How many replies are read, in which form, and how many are lost, to what: a pure function of the ledger's replies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from editloupe.config.parts import StudyConfig
from editloupe.planning import question_key
from editloupe.records import Failure, Reply
from editloupe.results import NOT_DONE, ReplyCount, ReplyCounts, ReplyExample
from editloupe.rubrics.thoughts import thoughts_of
from editloupe.scoring.edit import ReplyReader

__all__ = ["ReplyTally"]

_EXAMPLES = 3
_WORDS = 600
"""Characters of an example."""


@dataclass
class _Counts:
    """Counts by (stage, form or kind), with the first examples of each."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: defaultdict[tuple[str, str], list[ReplyExample]] = field(default_factory=lambda: defaultdict(list))

    def rows(self) -> tuple[ReplyCount, ...]:
        """The commonest first."""
        order = sorted(self.counts.items(), key=lambda row: (-row[1], row[0]))
        return tuple(
            ReplyCount(name, count, tuple(self.examples[stage, name]), stage) for (stage, name), count in order
        )


class ReplyTally:
    """Counts the replies of a study, each once, whatever number of scores is read from it.

    A reply is lost as soon as one of its scores cannot be read. Questions that nobody has asked yet are not counted.

    Args:
        config: of the study.
        shared: the keys that serve several questions, such as those about two equal edits; their replies count once.
    """

    def __init__(self, config: StudyConfig, shared: Collection[str]) -> None:
        self._config = config
        self._shared = shared
        self._seen: set[str] = set()
        self._read, self._lost = _Counts(), _Counts()
        self._thoughts = 0

    def add(self, editor: str, replies: ReplyReader, key_of: dict[str, str]) -> None:
        """Count the replies about one edit.

        Args:
            editor: its editor.
            replies: about it.
            key_of: their ledger keys by their places in the plan.
        """
        rubric, sample = self._config.rubric, replies.sample
        for question in dict.fromkeys(rubric.question_of(metric) for metric in rubric.metrics_of(sample)):
            for draw in range(self._config.judge.draws):
                place = question_key(question, draw)
                key = key_of.get(place, "")
                if key not in self._seen and self._count(editor, question, place, replies) and key in self._shared:
                    self._seen.add(key)

    def result(self) -> ReplyCounts:
        """What has been counted."""
        total = self._read.counts.total() + self._lost.counts.total()
        return ReplyCounts(total, self._thoughts, self._read.rows(), self._lost.rows())

    def _count(self, editor: str, question: str, place: str, replies: ReplyReader) -> bool:
        """Count one reply; False where nobody has asked yet."""
        outcome, sample, rubric = replies.outcome(place), replies.sample, self._config.rubric
        row: tuple[str, str]
        if isinstance(outcome, Failure):
            if outcome.kind == NOT_DONE and outcome.stage == "judge":
                return False
            counts, row = self._lost, (outcome.stage, outcome.kind)
            words, message = outcome.reply or "", outcome.message
        else:
            assert isinstance(outcome, Reply)
            self._thoughts += thoughts_of(outcome) is not None
            metrics = rubric.read_from(question, sample)
            scores = (replies.score(metric, place) for metric in metrics)
            failure = next((score for score in scores if isinstance(score, Failure)), None)
            words = outcome.text
            if failure is not None:
                counts, row, message = self._lost, (failure.stage, failure.kind), failure.message
            else:
                counts, row, message = self._read, ("", rubric.form(metrics[0], outcome, sample)), ""
        counts.counts[row] += 1
        if len(counts.examples[row]) < _EXAMPLES:
            counts.examples[row].append(ReplyExample(editor, sample.id, question, words[:_WORDS], message))
        return True
