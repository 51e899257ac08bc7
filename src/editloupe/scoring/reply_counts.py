"""How many replies are read, in which form, and how many are lost, to what: a pure function of the ledger's replies."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from editloupe.config.parts import StudyConfig
from editloupe.planning import question_key
from editloupe.records import Edit, Failure, Reply, Sample
from editloupe.results import ReplyCount, ReplyCounts, ReplyExample
from editloupe.rubrics.thoughts import thoughts_of
from editloupe.scoring.edit import score_of
from editloupe.store.ledger import Outcome

__all__ = ["count_replies"]

_EXAMPLES = 3
_WORDS = 600
"""Characters of an example."""


@dataclass
class _Tally:
    """Counts by (stage, form or kind), with the first examples of each."""

    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: defaultdict[tuple[str, str], list[ReplyExample]] = field(default_factory=lambda: defaultdict(list))

    def add(self, stage: str, name: str, example: ReplyExample) -> None:
        self.counts[stage, name] += 1
        if len(self.examples[stage, name]) < _EXAMPLES:
            self.examples[stage, name].append(example)

    def rows(self) -> tuple[ReplyCount, ...]:
        """The commonest first."""
        order = sorted(self.counts.items(), key=lambda row: (-row[1], row[0]))
        return tuple(
            ReplyCount(name, count, tuple(self.examples[stage, name]), stage) for (stage, name), count in order
        )


def count_replies(
    config: StudyConfig,
    samples: Mapping[str, Sample],
    edits: Mapping[tuple[str, str], Edit | Failure],
    plan: Mapping[tuple[str, str, str], str],
    found: Mapping[str, Outcome],
) -> ReplyCounts:
    """Count the replies of a study, each once, whatever number of scores is read from it.

    A reply is lost as soon as one of its scores cannot be read. Questions that nobody has asked yet are not counted.

    Args:
        config: of the study.
        samples: by id.
        edits: by (editor, sample id).
        plan: ledger keys by (editor, sample id, question).
        found: what became of the questions, by ledger key.
    """
    read, lost = _Tally(), _Tally()
    thoughts = 0
    for editor, sample, question, outcome in _asked(config, samples, edits, plan, found):
        failure = outcome if isinstance(outcome, Failure) else None
        metrics = config.rubric.read_from(question, sample)
        if isinstance(outcome, Reply):
            thoughts += thoughts_of(outcome) is not None
            scores = (
                score_of(config.rubric, metric, outcome, sample, min_label_mass=config.judge.min_label_mass)
                for metric in metrics
            )
            failure = next((score for score in scores if isinstance(score, Failure)), None)
            words = outcome.text
        else:
            words = "" if failure is None else failure.reply or ""
        example = ReplyExample(editor, sample.id, question, words[:_WORDS], "" if failure is None else failure.message)
        if failure is not None:
            lost.add(failure.stage, failure.kind, example)
        elif isinstance(outcome, Reply):
            read.add("", config.rubric.form(metrics[0], outcome, sample), example)
    total = sum(read.counts.values()) + sum(lost.counts.values())
    return ReplyCounts(total, thoughts, read.rows(), lost.rows())


def _asked(
    config: StudyConfig,
    samples: Mapping[str, Sample],
    edits: Mapping[tuple[str, str], Edit | Failure],
    plan: Mapping[tuple[str, str, str], str],
    found: Mapping[str, Outcome],
) -> Iterator[tuple[str, Sample, str, Outcome]]:
    """(editor, sample, question, outcome) of what was asked; a reply that serves two equal edits once."""
    seen: set[str] = set()
    for (editor, name), edit in edits.items():
        if not isinstance(edit, Edit):
            continue
        questions = dict.fromkeys(
            config.rubric.question_of(metric) for metric in config.rubric.metrics_of(samples[name])
        )
        for question in questions:
            for draw in range(config.judge.draws):
                key = plan.get((editor, name, question_key(question, draw)), "")
                if key in found and key not in seen:
                    seen.add(key)
                    yield editor, samples[name], question, found[key]
