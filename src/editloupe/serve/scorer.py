"""From an item to its questions, and from their replies to its answer: planned and read as in a study.

Pure functions of the config, apart from the pictures that are decoded; nothing here knows of HTTP or of batches.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editloupe.categories import category_id
from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError, ItemError
from editloupe.images import decode, inspect
from editloupe.planning import PlannedReply, full_signature, plan_replies, require_scores
from editloupe.protocols import Judge
from editloupe.records import Edit, Failure, Reply, Sample
from editloupe.rubrics.replies import READING
from editloupe.rubrics.validation import problems
from editloupe.scoring.edit import ReplyReader, scores_of
from editloupe.serve.limits import Limits
from editloupe.serve.messages import Item, failure_answer
from editloupe.serve.pictures import ReceivedPicture, received
from editloupe.store.keys import digest_of, judge_signature, with_files
from editloupe.store.ledger import Outcome

__all__ = ["PlannedItem", "Scorer"]

SELECTIONS = 64
"""Selections of metrics that are remembered; clients choose them."""


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item with its questions.

    Attributes:
        item: as it came.
        config: with the item's own selection of metrics.
        sample, edit: what a study would hold.
        plans: its questions, with their ledger keys.
    """

    item: Item
    config: StudyConfig
    sample: Sample
    edit: Edit
    plans: tuple[PlannedReply, ...]


class Scorer:
    """Plans the questions about items and reads the replies.

    Args:
        config: whose judge and rubric are served.
        judge: made from it.
        digest: of a file, for the signature of local weights.

    Attributes:
        judge_signature: of the judge and its weights.
        signature: of the judge as it is asked, decoding included.
        weights: digest of the judge's local files; None where its name pins them.

    Raises:
        ConfigError: the rubric only compares edits.
    """

    def __init__(self, config: StudyConfig, judge: Judge, digest: Callable[[Path], str]) -> None:
        require_scores(config, "a service")
        self.config = config
        self._judge = judge
        self.judge_signature = judge_signature(judge, digest)
        self.weights = with_files("", judge.files, digest).removeprefix(" files=") or None
        self.signature = full_signature(config, {"signature": self.judge_signature, "decoding": judge.decoding})
        self._selections: dict[tuple[str, ...], StudyConfig] = {}

    def plan(self, item: Item, parts: Mapping[str, bytes], limits: Limits) -> PlannedItem:
        """Plan the questions about an item; its pictures are checked to their last pixel.

        Args:
            item: checked in its form.
            parts: of the multipart body.
            limits: of its pictures.

        Raises:
            ItemError: a picture cannot be used, or nothing can be asked about such an item.
        """
        count = len(item.sources) + len(item.references) + 1
        if count > limits.pictures:
            raise ItemError(
                f"an item has {count} pictures; at most {limits.pictures} are taken", kind="too-many-pictures"
            )
        config = self._selection(item.metrics)
        sources = tuple(received(picture, parts, limits) for picture in item.sources)
        references = tuple(received(picture, parts, limits) for picture in item.references)
        edited = received(item.edited, parts, limits)
        sample = Sample(
            id="item",
            category=category_id(item.category) if item.category else "",
            instruction=item.instruction,
            sources=sources,
            groups=item.groups,
            description=item.description,
            rationale=item.rationale,
            reference=references,
        )
        if not config.rubric.metrics_of(sample):
            raise ItemError(
                f"no metric of the rubric {config.rubric.name!r} applies to the category {sample.category!r} with "
                "these groups and references",
                kind="no-metric",
            )
        edit = self._edit(sample, edited)
        edits = {(config.editors[0].name, sample.id): edit}
        plans = tuple(plan_replies(config, self._judge, self.judge_signature, [sample], edits))
        self._decode(plans, (*sources, *references, edited))
        return PlannedItem(item, config, sample, edit, plans)

    def answer(self, planned: PlannedItem, outcomes: Mapping[str, Outcome], *, reply: bool = False) -> dict[str, Any]:
        """Read the scores of an item.

        Args:
            planned: by `plan`.
            outcomes: what became of its questions, by ledger key.
            reply: whether the judge's words are wanted.
        """
        by_place = {plan.question_key: outcomes[plan.key] for plan in planned.plans}
        replies = ReplyReader(planned.config, planned.sample, by_place.__getitem__)
        scores = scores_of(planned.config, planned.edit, replies)
        assert scores is not None  # `plan` refuses items without a metric
        answer: dict[str, Any] = {"id": planned.item.id} if planned.item.id is not None else {}
        failures = {name: score.failure for name, score in scores.shown.items() if score.failure is not None}
        if len(failures) < len(scores.shown):
            answer["scores"] = {name: score.score for name, score in scores.shown.items()}
            answer["overall"] = scores.overall
        if scores.overall is None:
            answer["failure"] = failure_answer(_cause(failures))
        if failures:
            answer["failures"] = {name: failure_answer(failure) for name, failure in failures.items()}
        if reply:
            answer["reply"] = _words(by_place)
        answer["signature"] = self.signature_of(planned.config)
        return answer

    def signature_of(self, config: StudyConfig) -> str:
        """Everything that a score depends on besides its item: the judge, the rubric, the rule of reading."""
        rubric = config.rubric
        words = digest_of(rubric.model_dump(mode="json"))[:16]
        return f"{self.signature} rubric={rubric.name}/{rubric.version}+{words} reading={READING}"

    def _selection(self, metrics: Sequence[str] | None) -> StudyConfig:
        """The config with some of the rubric's metrics, checked as when a config names them."""
        if metrics is None:
            return self.config
        wanted = tuple(dict.fromkeys(metrics))
        known = self._selections.get(wanted)
        if known is not None:
            return known
        rubric = self.config.rubric
        for metric in wanted:
            if metric not in rubric.metrics:
                raise ItemError(
                    f"the rubric {rubric.name!r} has no metric {metric[:80]!r}; it has: {', '.join(rubric.metrics)}",
                    kind="unknown-metric",
                )
        for problem in problems(rubric, wanted):
            raise ItemError(f"the rubric {rubric.name!r} {problem}", kind="unknown-metric")
        chosen = rubric.model_copy(update={"enabled": wanted})
        try:
            chosen.require(self.config.mode)
        except ConfigError as error:
            raise ItemError(str(error), kind="unknown-metric") from error
        config = self.config.model_copy(update={"rubric": chosen})
        if len(self._selections) < SELECTIONS:
            self._selections[wanted] = config
        return config

    def _edit(self, sample: Sample, edited: ReceivedPicture) -> Edit:
        """The edited picture as a study's record; its key, which seeds the sampling, follows from what it shows."""
        sources = [picture.sha256 for picture in sample.sources]
        key = digest_of("served edit", sources, sample.instruction, sample.category, edited.sha256)
        width, height = inspect(edited.data)
        return Edit(key, self.config.editors[0].name, "served", sample.id, edited, 0, 0, width, height, 0.0)

    def _decode(self, plans: Sequence[PlannedReply], pictures: Sequence[ReceivedPicture]) -> None:
        """Decode every picture now: one that is cut off fails alone, and never in a batch with others."""
        for picture in dict.fromkeys(pictures):
            decode(picture)
        for plan in plans:
            self._judge.prepare(plan.question)


def _cause(failures: Mapping[str, Failure]) -> Failure:
    first = next(iter(failures.values()), None)
    return first or Failure("score", "no-overall", "the rubric derives no overall score for such an item")


def _words(by_place: Mapping[str, Outcome]) -> dict[str, str]:
    """The judge's words by question."""
    words_of = {
        question: outcome.text if isinstance(outcome, Reply) else None for question, outcome in by_place.items()
    }
    return {question: words for question, words in words_of.items() if words is not None}
