"""The scores of a study while its replies arrive: what each one says, and which group is complete with it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence

from editloupe.config.parts import StudyConfig
from editloupe.planning import Page, PlannedReply, pages_of, question_key
from editloupe.progress.bars import Group, Tally
from editloupe.records import Edit, Failure, Sample
from editloupe.scoring.edit import score_of
from editloupe.store.ledger import Ledger, Outcome

__all__ = ["Arrivals"]

_Asked = tuple[str, str, str, Sample]
"""(key, question, editor, sample) of one question."""


class Arrivals:
    """Knows every score of the study: those to come, those recorded, and those that cannot come any more.

    Args:
        config: the study.
        ledger: of the study.
        shared: the keys of replies that answer several questions at once.
        waiting: which of some keys are still to be asked.
    """

    def __init__(
        self,
        config: StudyConfig,
        ledger: Ledger,
        shared: Collection[str],
        waiting: Callable[[Sequence[str]], set[str]],
    ) -> None:
        self._config = config
        self._shared = shared
        self._groups: dict[tuple[str, str], list[Group]] = {}
        self._tally = Tally()
        for page in pages_of(config, ledger):
            self._expect(page)
        for page in pages_of(config, ledger):
            self._count_what_is_there(page, ledger, waiting)

    def add(self, plan: PlannedReply, outcome: Outcome) -> dict[str, float | None]:
        """Count a reply that has arrived; returns its scores by metric, None for a failed one."""
        scores = self._scores(plan.question_name, plan.sample, outcome)
        for metric, score in scores.items():
            groups = self._groups.get((plan.key, metric)) or [(plan.sample.category, plan.editor, metric)]
            for group in groups:
                self._tally.add(group, score)
        return scores

    def _expect(self, page: Page) -> None:
        for key, question, editor, sample in self._asked(page):
            for metric in self._config.rubric.read_from(question, sample):
                group = (sample.category, editor, metric)
                self._tally.expect(group)
                if key in self._shared:
                    self._groups.setdefault((key, metric), []).append(group)
        for group in self._lost(page):
            self._tally.expect(group)

    def _count_what_is_there(self, page: Page, ledger: Ledger, waiting: Callable[[Sequence[str]], set[str]]) -> None:
        keys = page.reply_keys
        still = waiting(keys)
        outcomes = ledger.find([key for key in keys if key not in still])
        if outcomes:
            for key, question, editor, sample in self._asked(page):
                if key in outcomes:
                    for metric, score in self._scores(question, sample, outcomes[key]).items():
                        self._tally.add((sample.category, editor, metric), score)
        for group in self._lost(page):
            self._tally.add(group, None)

    def _asked(self, page: Page) -> Iterator[_Asked]:
        rubric, draws = self._config.rubric, range(self._config.judge.draws)
        for sample, part in itertools.product(page.samples, self._config.editors):
            if isinstance(page.edits.get((part.name, sample.id)), Edit):
                for question, draw in itertools.product(rubric.asked(sample), draws):
                    key = page.plan.get((part.name, sample.id, question_key(question, draw)))
                    if key is not None:
                        yield key, question, part.name, sample

    def _lost(self, page: Page) -> Iterator[Group]:
        """The scores of edits that are not there."""
        for sample, part in itertools.product(page.samples, self._config.editors):
            if not isinstance(page.edits.get((part.name, sample.id)), Edit):
                for metric in self._config.rubric.metrics_of(sample):
                    yield sample.category, part.name, metric

    def _scores(self, question: str, sample: Sample, outcome: Outcome) -> dict[str, float | None]:
        rubric, mass = self._config.rubric, self._config.judge.min_label_mass
        scores: dict[str, float | None] = {}
        for metric in rubric.read_from(question, sample):
            score = score_of(rubric, metric, outcome, sample, min_label_mass=mass)
            scores[metric] = None if isinstance(score, Failure) else score
        return scores
