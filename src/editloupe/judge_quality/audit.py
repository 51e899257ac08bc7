"""What an audit found about a judge, and the object that ``audit.json`` holds: docs/study-folder.md names its keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from editloupe.judge_quality.human_means import HumanMeans
from editloupe.judge_quality.replies import ReplyCounts
from editloupe.judge_quality.sanity import Sanity
from editloupe.judge_quality.stored import record_from, stored
from editloupe.statistics.agreement import Agreement
from editloupe.statistics.auroc import Auroc
from editloupe.statistics.coefficient import Coefficient
from editloupe.statistics.preference import OrderAccuracy, PreferenceAccuracy, RankingAccuracy

__all__ = [
    "Audit",
    "ClassAgreement",
    "DimensionAgreement",
    "Flag",
    "HumanRatings",
    "MeanScores",
    "ModeAgreement",
    "RaterAgreement",
    "Repetition",
    "Stability",
]


@dataclass(frozen=True, slots=True)
class MeanScores:
    """The mean scores of one editor's edits, by the judge and in truth."""

    judge: float
    truth: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DimensionAgreement(PreferenceAccuracy):
    """How often the judge orders two edits as people do, in one dimension.

    Attributes:
        score: the name of the rubric's score that was compared.
        groups: whole rankings, by their number of candidates as text.
        categories: by task type, without means over categories.
    """

    score: str
    groups: Mapping[str, RankingAccuracy]
    categories: Mapping[str, OrderAccuracy]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassAgreement(Auroc):
    """How well one score tells right edits from wrong ones.

    Attributes:
        unscored: edits whose class is known and that have no score.
    """

    unscored: int


@dataclass(frozen=True, slots=True)
class Flag:
    """What a person found wrong with an edit or its sample, in their own words."""

    rater: str
    editor: str
    sample: str
    flag: str


@dataclass(frozen=True, slots=True)
class RaterAgreement:
    """How far two raters agree on the `n` edits that both scored."""

    raters: tuple[str, str]
    n: int
    spearman: Coefficient
    mae: Coefficient


@dataclass(frozen=True, slots=True)
class HumanRatings:
    """What became of ratings by people.

    Attributes:
        raters: by name, how many of their ratings were compared.
        ratings: how many ratings with a score were matched with an edit.
        edits: how many edits have a score from people.
        unknown: ratings of edits that the study does not have.
        changed: ratings of edits whose image is another one now.
        superseded: ratings that the same rater has given anew.
        blind: share of ratings given without seeing the editor's name and the judge's score; None without ratings.
        flags: what people found wrong.
        between_raters: how far each two raters agree.
    """

    raters: Mapping[str, int]
    ratings: int
    edits: int
    unknown: int
    changed: int
    superseded: int
    blind: float | None
    flags: tuple[Flag, ...]
    between_raters: tuple[RaterAgreement, ...]


@dataclass(frozen=True, slots=True)
class Repetition:
    """The same questions asked again in another way.

    Attributes:
        equal: share of equal outcomes, where both unreadable counts as equal; None where nothing was asked.
        largest_difference: of two scores; None where no question has both.
    """

    equal: float | None
    largest_difference: float | None


@dataclass(frozen=True, slots=True)
class Stability:
    """Whether the judge says the same thing twice: each way against asking one by one.

    Attributes:
        questions: how many scores were compared.
        batch_size: of the batches.
        batched, reversed, repeated: in batches, in reverse, and one by one once more.
    """

    questions: int
    batch_size: int
    batched: Repetition
    reversed: Repetition
    repeated: Repetition


@dataclass(frozen=True, slots=True)
class ModeAgreement:
    """How far the judge's two answer modes agree.

    Attributes:
        other: the mode that the study does not use.
        questions: how many have a score in both.
        spearman: rank correlation.
        mean_absolute_difference: of the scores.
    """

    other: str
    questions: int
    spearman: Coefficient
    mean_absolute_difference: Coefficient


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """What an audit found. What has a default was not written by every version.

    Attributes:
        judge: its name.
        judge_signature: the judge with its answer mode and decoding; empty where it was not written.
        rubric, benchmark: what it was asked, about which samples.
        signature: of the study's numbers.
        against: what is taken for true.
        n, unscored: edits with a known truth, with a score and without one.
        without_truth: edits whose truth is not known; they are left out.
        overall: over all edits.
        editors, categories: the same by editor and by category.
        means: by editor.
        expected: of the expected scores after reasoning; None where there are none.
        readings: by reading of the same replies; None for one without scores.
        preferences: by reading and dimension; None where no preferences are known.
        classes: by reading and score; None where it is not known which edits are right.
        human: what became of ratings by people; None without any.
        human_means: what people would have said of all edits; None without ratings.
        replies: what became of the questions.
        sanity: what the sanity probes of this judge with this rubric found; None where none was asked.
        stability, modes: None where nothing was asked again.
    """

    judge: str
    judge_signature: str = ""
    rubric: str = ""
    benchmark: str = ""
    signature: str
    against: tuple[str, ...] = ()
    n: int
    unscored: int
    without_truth: int = 0
    overall: Agreement
    editors: Mapping[str, Agreement]
    categories: Mapping[str, Agreement]
    means: Mapping[str, MeanScores]
    expected: Agreement | None = None
    readings: Mapping[str, Agreement | None] = field(default_factory=dict)
    preferences: Mapping[str, Mapping[str, DimensionAgreement]] | None = None
    classes: Mapping[str, Mapping[str, ClassAgreement]] | None = None
    human: HumanRatings | None = None
    human_means: HumanMeans | None = None
    replies: ReplyCounts = field(default_factory=ReplyCounts)
    stability: Stability | None = None
    modes: ModeAgreement | None = None
    sanity: Sanity | None = None

    def as_json(self) -> dict[str, Any]:
        """Return the object that ``audit.json`` holds."""
        # The forms and failures of replies have keys of their own there.
        return stored(replace(self, replies=ReplyCounts())) | {"replies": self.replies.as_json()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Make the record of the object that ``audit.json`` holds, of whatever version.

        Raises:
            ValueError: it is no audit.
        """
        replies = data.get("replies")
        counts = ReplyCounts() if replies is None else ReplyCounts.from_json(replies)
        return record_from(cls, {**data, "replies": counts})
