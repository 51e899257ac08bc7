"""Everything a report is made of, as one frozen object: the study hands it over, the report adds nothing but form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.card import JudgeCard
from editloupe.judge_quality.probe import Probe
from editloupe.judge_quality.replies import ReplyCount, ReplyCounts, ReplyExample
from editloupe.judge_quality.sanity import Sanity
from editloupe.pair_results import PairResults
from editloupe.records import Failure
from editloupe.statistics.summary import Estimate

__all__ = [
    "NOT_DONE",
    "Aggregate",
    "BenchmarkInfo",
    "Category",
    "EditorInfo",
    "JudgeInfo",
    "Language",
    "ReplyCount",
    "ReplyCounts",
    "ReplyExample",
    "Results",
    "SampleNote",
    "Scale",
    "Speed",
    "Verdict",
]

Language = Literal["en", "zh"]

NOT_DONE = "not-done"
"""The kind of failure of what a stage has not come to."""


@dataclass(frozen=True, slots=True)
class Category:
    """A category of the benchmark: its English id, how it is shown, and its number of samples."""

    id: str
    label: str
    samples: int


@dataclass(frozen=True, slots=True)
class BenchmarkInfo:
    """The benchmark as it was run, categories in the order of the tables.

    Attributes:
        name, revision, categories: of it.
        limited: whether a limit ended the reading, so that there may be more samples than these.
    """

    name: str
    revision: str
    categories: tuple[Category, ...]
    limited: bool = False

    @property
    def samples(self) -> int:
        """How many samples there are."""
        return sum(category.samples for category in self.categories)


@dataclass(frozen=True, slots=True)
class EditorInfo:
    """An editor by its name in this study, and the signature of what it is."""

    name: str
    signature: str


@dataclass(frozen=True, slots=True)
class JudgeInfo:
    """The judge.

    Attributes:
        name, signature: of it.
        warning: what it says of itself; the first line of every report (``untrained weights: these scores mean
            nothing``).
        domain: the names of the benchmarks that it was made for, where this one is not among them; empty where it is,
            or where the judge does not say.
        stated_sampling: how its makers have it draw the tokens that it took greedily here; empty where they agree.
    """

    name: str
    signature: str
    warning: str = ""
    domain: tuple[str, ...] = ()
    stated_sampling: str = ""


@dataclass(frozen=True, slots=True)
class Scale:
    """The ends of a scale, and the score that a failure stands for where failures count."""

    low: float = 0.0
    high: float = 10.0
    worst: float = 0.0

    @property
    def limits(self) -> tuple[float, float]:
        """(low, high)."""
        return self.low, self.high


@dataclass(frozen=True, slots=True)
class Speed:
    """How a stage went: items done, wall seconds, and the highest memory of its device in bytes, where known."""

    items: int
    seconds: float
    peak_memory_bytes: int | None = None

    @property
    def items_per_second(self) -> float | None:
        """None where nothing was timed."""
        return self.items / self.seconds if self.seconds > 0 and self.items else None


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number of the rubric's own over the whole study, for every editor.

    Attributes:
        name: as in ``overall``, ``en, full set: O``, ``accuracy``.
        variant: ``official`` is what the benchmark's published script computes, ``corrected`` what its paper means.
        low, high: the ends of its scale.
        values: by editor; `Estimate.mean` is the number, None where there is no data.
        note: what a reader must know: ``over 9 of 11 groups``.
    """

    name: str
    variant: str
    low: float
    high: float
    values: Mapping[str, Estimate]
    note: str = ""


@dataclass(frozen=True, slots=True)
class SampleNote:
    """What the benchmark says about a sample besides its instruction.

    Attributes:
        description, rationale: texts; empty where there are none.
        references: pictures of a correct result, relative to the study folder.
        label: a human score, where it exists.
    """

    description: str = ""
    rationale: str = ""
    references: tuple[str, ...] = ()
    label: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One (editor, sample, metric); every applicable one exists, so that n + failed adds up.

    Attributes:
        editor, sample: names.
        category: the English category id.
        groups: further ways to group (``language``, ``difficulty``, ...).
        metric: of the rubric.
        score: None where it failed.
        failure: why there is no score; of whatever stage it happened in.
        reply: the judge's words, also where they could not be read.
        thoughts: what the judge thought before it answered; None where it did not.
        labels: for answers by choice: probability of each label.
        cluster: what makes verdicts dependent: the digest of the source images, or the sample's id.
        image: the edited image, relative to the study folder, ``/`` between parts.
        sources: the source images, likewise.
        instruction: what the editor was told.
        judge: the judge's name.
        digest: SHA-256 of the edited image's file.
        draw: which of several edits of the sample.
        draws: what each draw of the judge gave, where it was asked several times; `score` is their mean.
        notes: what is to be known about the edit, one sentence each.
    """

    editor: str
    sample: str
    category: str
    metric: str
    score: float | None
    cluster: str
    instruction: str
    judge: str
    failure: Failure | None = None
    reply: str | None = None
    labels: Mapping[str, float] | None = None
    image: str | None = None
    sources: tuple[str, ...] = ()
    groups: Mapping[str, str] = field(default_factory=dict)
    draw: int = 0
    digest: str | None = None
    draws: tuple[float | None, ...] = ()
    notes: tuple[str, ...] = ()
    thoughts: str | None = None

    @property
    def words(self) -> str | None:
        """The judge's words, wherever they were kept."""
        if self.reply is not None or self.failure is None:
            return self.reply
        return self.failure.reply


@dataclass(frozen=True, slots=True)
class Results:
    """A finished study.

    Attributes:
        version: of editloupe.
        signature: of everything the numbers depend on.
        rubric: its name.
        scale: of the overall score.
        metrics: the scale of each metric, in the order of the tables.
        editors: in the order of the config.
        verdicts: one per (editor, sample, metric), samples in the benchmark's order; those of a very large study lie on
            the disk and are read anew each time.
        overall: the combined score by (editor, sample); None, or missing, where it failed.
        speed: by stage, ``edit`` and ``judge``; None where nothing ran.
        config: resolved, JSON values.
        versions: of Python and the packages that matter.
        language: of the report's own words.
        audit: what `editloupe audit` found about the judge of these very numbers, or None.
        probe: what `editloupe probe` found about the judge of these very numbers and another one, or None.
        notes: what the benchmark says of its samples besides, by sample.
        hardware: by stage, what it ran on.
        aggregates: the rubric's own numbers over the whole study.
        card: what the rubric measures and what it does not, in its own words.
        judge_card: what an audit found about this judge, here or elsewhere, or None.
        sanity: what the sanity probes of this judge with this rubric found in this study, or None.
        title: what the study is called; empty where it has no name.
        reading: the version of the rule that read the replies, and which scores of an older report it reads otherwise.
        replies: what became of the questions to the judge.
        drawn: what `editloupe sample` drew for people to rate; None where nothing was drawn.
        pairs: what became of the pairs of edits, where the study compares any.
        cost: tokens and money by model, as ``cost.json`` keeps them; empty where nothing was asked over a wire.
    """

    version: str
    signature: str
    benchmark: BenchmarkInfo
    judge: JudgeInfo
    rubric: str
    scale: Scale
    metrics: Mapping[str, Scale]
    editors: tuple[EditorInfo, ...]
    verdicts: Sequence[Verdict]
    overall: Mapping[tuple[str, str], float | None]
    speed: Mapping[str, Speed | None] = field(default_factory=dict)
    config: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    language: Language = "en"
    audit: Audit | None = None
    probe: Probe | None = None
    notes: Mapping[str, SampleNote] = field(default_factory=dict)
    hardware: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cost: Mapping[str, Any] = field(default_factory=dict)
    aggregates: tuple[Aggregate, ...] = ()
    card: str = ""
    judge_card: JudgeCard | None = None
    sanity: Sanity | None = None
    title: str = ""
    reading: Mapping[str, Any] = field(default_factory=dict)
    replies: ReplyCounts = field(default_factory=ReplyCounts)
    drawn: Mapping[str, Any] | None = None
    pairs: PairResults | None = None

    @property
    def heading(self) -> str:
        """What the report is called: the study's title, else the benchmark's name."""
        return self.title or self.benchmark.name

    @property
    def notes_of_edits(self) -> dict[tuple[str, str, int], tuple[str, ...]]:
        """What is to be known about edits, by (editor, sample, draw); edits without notes are absent."""
        return {
            (verdict.editor, verdict.sample, verdict.draw): verdict.notes for verdict in self.verdicts if verdict.notes
        }

    @property
    def pictures(self) -> list[str]:
        """Every picture of the study, once, in the order of the samples; paths relative to the study folder."""
        pictures: dict[str, None] = {}
        for verdict in self.verdicts:
            pictures.update(dict.fromkeys(verdict.sources))
            if verdict.image is not None:
                pictures[verdict.image] = None
        for pair in self.pairs.verdicts if self.pairs is not None else ():
            pictures.update(dict.fromkeys(pair.sources))
            pictures.update(dict.fromkeys(image for image in pair.images if image is not None))
        for note in self.notes.values():
            pictures.update(dict.fromkeys(note.references))
        for probe in self.sanity.probes.values() if self.sanity is not None else ():
            for example in probe.examples:
                pictures.update(dict.fromkeys(example.pictures))
        return list(pictures)
