"""Which pairs of edits there are to compare, and the questions about each, as keys."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.planning import PixelRules, PlannedReply, writes
from editloupe.protocols import Judge
from editloupe.records import Edit, Failure, Sample
from editloupe.results import NOT_DONE
from editloupe.store.keys import noise_seed, reply_key
from editloupe.store.ledger import PairRow

__all__ = ["Pair", "PairQuestion", "PairQuestions", "all_pairs", "cluster_order", "editor_pairs", "in_shared_order"]


@dataclass(frozen=True, slots=True)
class Pair:
    """The edits of one sample by two editors, in the study's order.

    Attributes:
        sample: of both.
        a, b: the editors.
        edit_a, edit_b: what became of their edits.
    """

    sample: Sample
    a: str
    b: str
    edit_a: Edit | Failure
    edit_b: Edit | Failure

    @property
    def failure(self) -> Failure | None:
        """That of the edit that failed: then the pair failed, and neither editor has lost."""
        return next((edit for edit in (self.edit_a, self.edit_b) if isinstance(edit, Failure)), None)

    @property
    def identical(self) -> bool:
        """Whether both edits are the same file, so that there is nothing to ask."""
        a, b = self.edit_a, self.edit_b
        return isinstance(a, Edit) and isinstance(b, Edit) and a.image.sha256 == b.image.sha256


@dataclass(frozen=True, slots=True)
class PairQuestion:
    """One question about a pair.

    Attributes:
        pair: whose edits are compared.
        metric: by what.
        turned: whether the second editor's edit is shown first.
        plan: the question and its key, in the form that every engine takes.
    """

    pair: Pair
    metric: str
    turned: bool
    plan: PlannedReply

    @property
    def row(self) -> PairRow:
        """How the ledger keeps it."""
        draw = self.plan.question.draw
        return (self.pair.sample.id, self.pair.a, self.pair.b, self.metric, self.turned, draw, self.plan.key)


class PairQuestions:
    """Renders the questions about pairs.

    Args:
        config: the study.
        judge: asked for nothing but how it works.
        signature: the judge's, weights included.

    Raises:
        ConfigError: the judge looks verdicts on single edits up, so it cannot compare two.
    """

    def __init__(self, config: StudyConfig, judge: Judge, signature: str) -> None:
        if type(judge).address is not Judge.address:
            raise ConfigError(
                f"pairs: the judge {config.judge.type!r} looks verdicts up that were given on single edits, so it "
                "cannot compare two; take another judge, or remove `pairs:`"
            )
        assert config.pairs is not None
        self._config, self._rubric = config, config.pairs.questions
        self._draws_seeds = writes(judge, config.pair_mode) and not judge.deterministic
        self._signature = f"{signature} {judge.decoding}" if config.pair_mode == "text" else signature
        self._pixels = PixelRules(judge)

    def about(self, pair: Pair) -> list[PairQuestion]:
        """The questions about one pair, in both orders; none where an edit failed or both are the same."""
        a, b = pair.edit_a, pair.edit_b
        if not isinstance(a, Edit) or not isinstance(b, Edit) or pair.identical:
            return []
        asked = []
        for turned, draw in itertools.product((False, True), range(self._config.judge.draws)):
            first, second = (b, a) if turned else (a, b)
            drawn = (draw,) if draw else ()
            questions = self._rubric.questions(
                pair.sample,
                first.image,
                second.image,
                mode=self._config.pair_mode,
                compare_original=self._config.judge.compare_original,
                draw=draw,
                seed=noise_seed(self._config.seed, "pair", first.key, second.key, *drawn) if self._draws_seeds else 0,
            )
            for metric, question in questions.items():
                key = reply_key(question, self._signature + self._pixels.mark(question))
                names = f"{pair.b} : {pair.a}" if turned else f"{pair.a} : {pair.b}"
                asked.append(
                    PairQuestion(pair, metric, turned, PlannedReply(key, names, pair.sample, metric, question))
                )
        return asked


def editor_pairs(config: StudyConfig) -> list[tuple[str, str]]:
    """The pairs of editors that a plan may compare, each in the study's order."""
    names = [part.name for part in config.editors]
    assert config.pairs is not None
    baseline = config.pairs.baseline
    return [two for two in itertools.combinations(names, 2) if baseline is None or baseline in two]


def all_pairs(
    editors: Sequence[tuple[str, str]], samples: Iterable[Sample], edits: Mapping[tuple[str, str], Edit | Failure]
) -> Iterator[Pair]:
    """Every sample's pairs.

    Args:
        editors: the pairs of editors.
        samples: in the study's order.
        edits: by (editor, sample id); what is absent has not been made yet.
    """
    missing = Failure("edit", NOT_DONE, "the stage 'edit' has not come to this sample yet", retryable=True)
    for sample in samples:
        for a, b in editors:
            yield Pair(sample, a, b, edits.get((a, sample.id), missing), edits.get((b, sample.id), missing))


def cluster_order(samples: Iterable[Sample], seed: int) -> list[str]:
    """The source images in the order in which an adaptive plan takes them: shuffled, the same for all pairs."""
    order = sorted({sample.cluster for sample in samples})
    random.Random(noise_seed(seed, "pairs")).shuffle(order)
    return order


def in_shared_order(questions: Iterable[PairQuestion], editors: Sequence[str]) -> list[PlannedReply]:
    """The plans by sample, then the picture shown first, then the second, so that equal beginnings are side by side.

    Args:
        questions: sample by sample.
        editors: names, in the study's order.
    """
    number_of = {name: index for index, name in enumerate(editors)}
    samples: dict[str, int] = {}
    unique: dict[str, tuple[tuple[int, int, int], PlannedReply]] = {}
    for question in questions:
        first, second = (question.pair.b, question.pair.a) if question.turned else (question.pair.a, question.pair.b)
        at = samples.setdefault(question.pair.sample.id, len(samples))
        unique.setdefault(question.plan.key, ((at, number_of[first], number_of[second]), question.plan))
    return [plan for _, plan in sorted(unique.values(), key=lambda item: item[0])]
