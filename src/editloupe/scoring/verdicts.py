"""Every score of a study, edit by edit: one walk through the ledger, which never holds more than a page of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from editloupe.config.parts import StudyConfig
from editloupe.planning import Page, pages_of
from editloupe.records import Edit, Failure, ImageFile, Picture, Sample, Stage
from editloupe.results import NOT_DONE, ReplyCounts, Verdict
from editloupe.rubrics.aggregates import ScoredEdit
from editloupe.rubrics.thoughts import thoughts_of
from editloupe.scoring.edit import EditScores, ReplyReader, scores_of
from editloupe.scoring.reply_counts import ReplyTally
from editloupe.store.ledger import Ledger, Outcome
from editloupe.streams import Spool

__all__ = ["Scored", "score_everything", "within"]

IN_MEMORY = 20_000
"""Verdicts of a study that are held in memory; those of a larger one lie in a temporary file."""


@dataclass(slots=True)
class Scored:
    """The scores of a study.

    Attributes:
        verdicts: one per (editor, sample, metric), editors and samples in the study's order.
        overall: the combined score by (editor, sample id).
        edits: the scores of each editor's edits, for the numbers that a rubric computes over all of them; only where
            it computes some.
        replies: what became of the questions.
    """

    verdicts: Sequence[Verdict]
    overall: dict[tuple[str, str], float | None] = field(default_factory=dict)
    edits: dict[str, list[ScoredEdit]] = field(default_factory=dict)
    replies: ReplyCounts = field(default_factory=ReplyCounts)


def score_everything(config: StudyConfig, ledger: Ledger, judge: str) -> Scored:
    """Score everything that a study's plan names.

    Args:
        config: the study.
        ledger: of the study.
        judge: its name.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    spool = Spool(Verdict, ledger.folder)
    scored = Scored(spool)
    tally = ReplyTally(config, ledger.shared_keys())
    for part in config.editors:
        kept = scored.edits.setdefault(part.name, [])
        for page in pages_of(config, ledger, [part.name]):
            outcomes = ledger.find(page.reply_keys)
            questions = _questions(page)
            for sample in page.samples:
                edit = page.edits.get((part.name, sample.id)) or not_done("edit")
                key_of = questions.get((part.name, sample.id), {})
                replies = ReplyReader(config, sample, partial(_outcome, outcomes, key_of))
                if isinstance(edit, Edit):
                    tally.add(part.name, replies, key_of)
                scores = scores_of(config, edit, replies)
                if scores is None:
                    continue
                scored.overall[part.name, sample.id] = scores.overall
                spool.extend(_verdicts(part.name, sample, edit, scores, judge, ledger.folder))
                if config.rubric.aggregates:
                    groups = dict(sample.groups)
                    kept.append(ScoredEdit(sample.category, groups, sample.cluster, scores.values))
    scored.replies = tally.result()
    if len(spool) <= IN_MEMORY:
        scored.verdicts = tuple(spool)
    return scored


def not_done(stage: Stage) -> Failure:
    """What stands for an outcome that a stage has not come to."""
    return Failure(stage, NOT_DONE, f"the stage {stage!r} has not come to this sample yet", retryable=True)


def within(picture: Picture, folder: Path) -> str | None:
    """The path of a picture relative to the study's folder; None for one that lies elsewhere."""
    if isinstance(picture, ImageFile):
        path, root = str(picture.path), f"{folder}/"
        if path.startswith(root):
            return path.removeprefix(root)
        if picture.path.is_relative_to(folder):
            return picture.path.relative_to(folder).as_posix()
    return None


def _questions(page: Page) -> dict[tuple[str, str], dict[str, str]]:
    """The keys of the replies by their places in the plan, of each (editor, sample id)."""
    by_edit: dict[tuple[str, str], dict[str, str]] = {}
    for (editor, sample, place), key in page.plan.items():
        if place:
            by_edit.setdefault((editor, sample), {})[place] = key
    return by_edit


def _outcome(outcomes: dict[str, Outcome], key_of: dict[str, str], place: str) -> Outcome:
    return outcomes.get(key_of.get(place, "")) or not_done("judge")


def _verdicts(
    editor: str, sample: Sample, edit: Edit | Failure, scores: EditScores, judge: str, folder: Path
) -> list[Verdict]:
    """The verdicts about one edit."""
    made = edit if isinstance(edit, Edit) else None
    image = None if made is None else within(made.image, folder)
    sources = tuple(path for picture in sample.sources if (path := within(picture, folder)))
    return [
        Verdict(
            editor=editor,
            sample=sample.id,
            category=sample.category,
            groups=sample.groups,
            metric=name,
            score=metric.score,
            failure=metric.failure,
            reply=None if metric.reply is None else metric.reply.text,
            labels=None if metric.reply is None else metric.reply.labels,
            cluster=sample.cluster,
            image=image,
            sources=sources,
            instruction=sample.instruction,
            judge=judge,
            digest=None if made is None else made.image.sha256,
            draws=metric.draws,
            notes=() if made is None else made.notes,
            thoughts=None if metric.reply is None else thoughts_of(metric.reply),
        )
        for name, metric in scores.shown.items()
    ]
