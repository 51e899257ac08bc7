"""How a study's pairs are asked about: plan and ask; an adaptive plan then looks at the answers, and asks on.

What is asked is in the ledger's plan before it is asked, so a study that is stopped goes on where it was.
"""

from __future__ import annotations

import itertools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from editloupe.config.parts import StudyConfig
from editloupe.pair_results import PairVerdict, Shares
from editloupe.pairs.adaptive import PairState, Round, next_round
from editloupe.pairs.planning import (
    Pair,
    PairQuestion,
    PairQuestions,
    all_pairs,
    cluster_order,
    editor_pairs,
    in_shared_order,
)
from editloupe.pairs.reading import verdicts_of
from editloupe.planning import PlannedReply, edits_of
from editloupe.protocols import Judge
from editloupe.records import Edit, Failure, Sample
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import Ledger, PairRow

__all__ = ["ask_pairs"]

log = logging.getLogger(__name__)

Two = tuple[int, int]


def ask_pairs(config: StudyConfig, ledger: Ledger, judge: Judge, ask: Callable[[Sequence[PlannedReply]], None]) -> None:
    """Ask about every pair of the plan.

    Args:
        config: a study that has `pairs`.
        ledger: of it.
        judge: of it.
        ask: asks what the ledger holds no reply to, and records the replies.

    Raises:
        StudyStopped: a limit of the judge was reached.
    """
    assert config.pairs is not None
    samples, edits = edits_of(config, ledger)
    questions = PairQuestions(config, judge, judge_signature(judge, ledger.digest))
    if config.pairs.adaptive is not None:
        _Rounds(config, ledger, questions, samples, edits, ask).run()
        return
    names = [part.name for part in config.editors]
    rows: list[PairRow] = []
    asked: list[PairQuestion] = []
    for pair in all_pairs(editor_pairs(config), samples, edits):
        about = questions.about(pair)
        asked += about
        rows += _rows(pair, about)
    ledger.save_pair_plan(rows, anew=True)
    ledger.save_fact("pairs", {"stopped": ""})
    ask(in_shared_order(asked, names))


def _rows(pair: Pair, about: Sequence[PairQuestion]) -> list[PairRow]:
    return [question.row for question in about] or [(pair.sample.id, pair.a, pair.b, "", False, 0, "")]


class _Rounds:
    """The rounds of an adaptive plan."""

    def __init__(
        self,
        config: StudyConfig,
        ledger: Ledger,
        questions: PairQuestions,
        samples: Sequence[Sample],
        edits: Mapping[tuple[str, str], Edit | Failure],
        ask: Callable[[Sequence[PlannedReply]], None],
    ) -> None:
        assert config.pairs is not None
        assert config.pairs.adaptive is not None
        self.config, self.ledger, self.ask_now = config, ledger, ask
        self.limits, self.questions, self.edits = config.pairs.adaptive, questions, edits
        self.names = [part.name for part in config.editors]
        self.clusters = cluster_order(samples, config.seed)
        self.states: dict[Two, PairState] = {
            two: PairState() for two in itertools.combinations(range(len(self.names)), 2)
        }
        self.keys: set[str] = set()
        self._members: dict[str, list[Sample]] = defaultdict(list)
        for sample in samples:
            self._members[sample.cluster].append(sample)

    def run(self) -> None:
        """Ask what an earlier run had planned, then round by round until nothing is open, or nothing is left."""
        self._take(self._planned(), anew=True)
        stopped = "settled"
        while True:
            now = next_round(self.states, len(self.names), len(self.clusters), self.limits.error)
            if not now.more:
                stopped = "samples" if now.open else "settled"
                break
            step, cut = self._within_budget(now)
            if step:
                self._take(step, anew=False)
            if cut:
                stopped = "budget" if self._open() else "settled"
                break
        self.ledger.save_fact("pairs", {"stopped": stopped})
        log.info("pairs: %s after %d questions", _SAID[stopped], len(self.keys))

    def _open(self) -> bool:
        return bool(next_round(self.states, len(self.names), len(self.clusters), self.limits.error).open)

    def _about(self, two: Two, cluster: str) -> list[tuple[Pair, list[PairQuestion]]]:
        a, b = (self.names[index] for index in two)
        pairs = all_pairs([(a, b)], self._members[cluster], self.edits)
        return [(pair, self.questions.about(pair)) for pair in pairs]

    def _planned(self) -> dict[Two, int]:
        """How far an earlier run had come: the first clusters whose rows all stand in the ledger's plan as they are."""
        kept = set(self.ledger.pair_plan())
        counts = {}
        for two in self.states:
            count = 0
            for cluster in self.clusters if kept else ():
                if any(row not in kept for pair, about in self._about(two, cluster) for row in _rows(pair, about)):
                    break
                count += 1
            if count:
                counts[two] = count
        return counts

    def _within_budget(self, now: Round) -> tuple[dict[Two, int], bool]:
        """As much of a round as the budget allows, the pairs in turn; and whether that is less than all."""
        most = self.limits.max_questions
        if most is None:
            return dict(now.more), False
        keys, taken = set(self.keys), dict.fromkeys(now.more, 0)
        for step in range(max(now.more.values())):
            for two, wanted in now.more.items():
                if step >= wanted:
                    continue
                cluster = self.clusters[self.states[two].taken + step]
                further = {question.plan.key for _, about in self._about(two, cluster) for question in about}
                if len(keys | further) > most:
                    return {pair: count for pair, count in taken.items() if count}, True
                keys |= further
                taken[two] += 1
        return taken, False

    def _take(self, step: Mapping[Two, int], *, anew: bool) -> None:
        """Plan and ask so many further clusters of each pair, and read what became of them."""
        new = [
            (cluster, two)
            for two, count in step.items()
            for cluster in self.clusters[self.states[two].taken : self.states[two].taken + count]
        ]
        order = {cluster: index for index, cluster in enumerate(self.clusters)}
        new.sort(key=lambda taken: (order[taken[0]], taken[1]))  # pairs of one sample side by side
        about = {(cluster, two): self._about(two, cluster) for cluster, two in new}
        rows = [row for several in about.values() for pair, asked in several for row in _rows(pair, asked)]
        self.ledger.save_pair_plan(rows, anew=anew)
        everything = [question for several in about.values() for _, asked in several for question in asked]
        self.keys |= {question.plan.key for question in everything}
        if everything:
            self.ask_now(in_shared_order(everything, self.names))
        replies = self.ledger.find([question.plan.key for question in everything])
        for (_, two), several in about.items():
            verdicts = [
                verdict
                for pair, asked in several
                for verdict in verdicts_of(self.config, pair, _rows(pair, asked), replies, self.ledger.folder)
            ]
            _count(self.states[two], verdicts)


def _count(state: PairState, verdicts: Iterable[PairVerdict]) -> None:
    """Add one cluster; one without any outcome counts as taken, and adds nothing else."""
    by_sample: dict[str, list[Shares]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.outcome is not None:
            by_sample[verdict.sample].append(verdict.outcome)
    state.taken += 1
    if by_sample:
        a, b, tie = np.mean([np.mean(outcomes, axis=0) for outcomes in by_sample.values()], axis=0).tolist()
        state.values.append(a - b)
        state.shares = (state.shares[0] + a, state.shares[1] + b, state.shares[2] + tie)


_SAID = {
    "settled": "every rank is settled",
    "budget": "max_questions is reached",
    "samples": "no sample is left, and some ranks are open",
}
