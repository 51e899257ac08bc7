"""The story of a study: samples -> edits -> replies -> scores -> estimates -> report. Only this file knows the order.

All edits of all editors come first, then all replies, so that each model is loaded once. Both stages write to the
ledger as results arrive and do only what it does not hold; what comes after is a pure function of the ledger.
"""

from __future__ import annotations

import itertools
import logging
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from types import TracebackType
from typing import Any, Self

from PIL import Image

from editloupe.batching import Done
from editloupe.benchmarks.loading import changed_samples, load_samples
from editloupe.config.parts import EditorPart, StudyConfig, WorkerSettings
from editloupe.errors import ConfigError, DataError, ItemError, StudyStopped, failure_from
from editloupe.images import EncodedImage, encoded
from editloupe.judge_quality.card import read_card
from editloupe.judge_quality.sanity import Sanity
from editloupe.machine import hardware
from editloupe.pairs.asking import ask_pairs
from editloupe.planning import (
    PlannedEdit,
    PlannedReply,
    edits_of,
    make_judge,
    pending,
    plan_edits,
    plan_replies,
    sampling_beside,
)
from editloupe.progress.bars import Tally, logging_to, stage_progress
from editloupe.protocols import Editor
from editloupe.records import Edit, Failure, Sample
from editloupe.report import write_report
from editloupe.report.remarks import outside_domain
from editloupe.report.tables import Tables
from editloupe.results import Results
from editloupe.sanity.judge_sanity import probe_judge
from editloupe.sanity.plan import Form
from editloupe.scoring.study import full_signature, results_of, score_of
from editloupe.store.blobs import BlobStore, sweep, write_durably
from editloupe.store.keys import judge_signature
from editloupe.store.ledger import Ledger
from editloupe.store.links import link_edits
from editloupe.store.writing import writing
from editloupe.workers import Engine, engine_of

__all__ = ["Study", "run_study", "tables_of_study"]

log = logging.getLogger(__name__)

NOTES_TOLD = 3
"""Edits of one editor whose notes are logged; the others' stand in the report."""


def run_study(config: StudyConfig, *, stages: Sequence[str] = ("edit", "judge"), retry_failed: bool = False) -> Results:
    """Do what is left of a study and write its report.

    Args:
        config: the study.
        stages: ``edit``, ``judge`` or both; none only rebuilds the report from the ledger.
        retry_failed: try all recorded failures again, not only those that could pass another time.

    Raises:
        StudyStopped: a limit was reached, after the report of what there is was written.
    """
    return tables_of_study(config, stages=stages, retry_failed=retry_failed).results


def tables_of_study(
    config: StudyConfig,
    *,
    stages: Sequence[str] = ("edit", "judge"),
    retry_failed: bool = False,
    sanity: bool = False,
) -> Tables:
    """Do what `run_study` does, and return the tables of the report with the results in them.

    Args:
        config, stages, retry_failed: as there.
        sanity: whether the judge is probed, in the short form, before it is asked the study's questions.

    Raises:
        StudyStopped: as there.
    """
    with Study(config, retry_failed=retry_failed) as study:
        if "edit" in stages:
            study.plan_edits()
            study.make_edits()
        stopped: StudyStopped | None = None
        if "judge" in stages:
            study.plan_questions()
            try:
                if sanity:
                    study.probe_judge("short")
                study.ask_questions()
                study.ask_about_pairs()
            except StudyStopped as limit:  # the report shows what there is
                stopped = limit
        results = results_of(config, study.ledger)
        study.ledger.save_fact("reading", dict(results.reading))
        if results.reading["changed"]:
            log.warning(
                "%d scores of the older report are read differently by version %d of the rule of reading; report.json "
                "names them under `reading`",
                results.reading["changed"],
                results.reading["version"],
            )
        tables = write_report(results, study.ledger.folder)
        if stopped is not None:
            raise stopped
        return tables


class Study:
    """One study folder, held by this process; a context manager.

    Args:
        config: what to do.
        retry_failed: try all recorded failures again.

    Attributes:
        ledger: of the folder.
        judge: the study's; it is loaded by its first question and closed with the study.
        questions: about the edits that are there, once `plan_questions` has run.

    Raises:
        StudyLocked: another process holds the folder.
        StorageError: the folder cannot be made or written.
    """

    def __init__(self, config: StudyConfig, *, retry_failed: bool = False) -> None:
        self.config = config
        self._retry_failed = retry_failed
        self._samples: list[Sample] = []
        self._edits: dict[str, _EditorPlan] = {}
        self.questions: list[PlannedReply] = []
        with ExitStack() as stack:
            self.ledger = stack.enter_context(Ledger(config.out))
            with writing(config.out):
                sweep(config.out)
                kept = config.out / "config.yaml"
                self._former = kept.read_bytes() if kept.is_file() else None
                self._keep(config.as_yaml().encode())
                stack.enter_context(logging_to(config.out / "log.txt"))
            self.judge = stack.enter_context(make_judge(config))
            self._open = stack.pop_all()
        self._store = BlobStore(config.out / "blobs", self.ledger.remembered, self.ledger.remember)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def plan_edits(self) -> None:
        """Read the samples and plan all edits; needs the benchmark and the editors, not the judge.

        Raises:
            ConfigError, DataError: the config asks for what is not there. The folder keeps the config that it had.
        """
        with self._usable_config():
            self._plan_edits()

    @contextmanager
    def _usable_config(self) -> Iterator[None]:
        """Give the folder back the config that it had, where planning shows that this one cannot be used."""
        try:
            yield
        except (ConfigError, DataError):
            if self._former is not None:
                self._keep(self._former)
            raise

    def _keep(self, text: bytes) -> None:
        write_durably(self.config.out / "config.yaml", text)

    def _plan_edits(self) -> None:
        config = self.config
        benchmark = config.benchmark.make()
        for warning in outside_domain(self.judge.name, self.judge.domain, config.benchmark.name):
            log.warning("%s", warning)
        samples = load_samples(config.benchmark, benchmark, self._store)
        changed = changed_samples(self.ledger.samples(), samples)
        if changed:
            log.warning("%s", changed)
        for part in config.editors:
            editor = part.make()
            planned = plan_edits(part, editor, samples, seed=config.seed, ledger=self.ledger)
            self._edits[part.name] = _EditorPlan(part, editor, planned)
        everything = [plan for one in self._edits.values() for plan in one.planned]
        self.ledger.save_samples(samples)
        self.ledger.save_edit_plan([(plan.editor, plan.request.sample.id, plan.key) for plan in everything])
        self.ledger.save_fact("editors", {plan.editor: plan.signature for plan in everything})
        self.ledger.save_fact(
            "benchmark",
            {"name": benchmark.name, "revision": benchmark.revision, "categories": dict(benchmark.categories)},
        )

    def make_edits(self) -> None:
        """Stage 1: make every edit that the ledger does not hold, one editor after the other."""
        tried: set[str] = set()  # editors that take the same files share their keys, and one try a run is enough
        for one in self._edits.values():
            keys = [plan.key for plan in one.planned if plan.key not in tried]
            waiting = pending(self.ledger, keys, retry_failed=self._retry_failed)
            tried |= waiting
            todo = [plan for plan in one.planned if plan.key in waiting]
            if todo:
                self._run_editor(one, todo)
        samples, edits = edits_of(self.config, self.ledger)
        by_id = {sample.id: sample for sample in samples}
        made = [(editor, by_id[name], edit) for (editor, name), edit in edits.items() if isinstance(edit, Edit)]
        link_edits(self.config.out, [part.name for part in self.config.editors], made)

    def plan_questions(self) -> None:
        """Plan every question about the edits that the ledger holds; needs neither benchmark nor editors.

        Raises:
            ConfigError: the config asks for what is not there. The folder keeps the config that it had before.
        """
        with self._usable_config():
            self._plan_questions()

    def _plan_questions(self) -> None:
        judge = self.judge
        signature = judge_signature(judge, self.ledger.digest)
        facts = {
            "name": judge.name,
            "signature": signature,
            "decoding": judge.decoding,
            "warning": judge.warning,
        }
        named = self.config.judge.card
        card = None if named is None else read_card(named, full_signature(self.config, facts))
        self._samples, edits = edits_of(self.config, self.ledger)
        self.questions = plan_replies(self.config, judge, signature, self._samples, edits)
        self.ledger.save_reply_plan([(one.editor, one.sample.id, one.question_key, one.key) for one in self.questions])
        self.ledger.save_fact("judge", facts)
        # Apart from the facts that the study's signature is made of: it tells about scores, and changes none.
        self.ledger.save_fact("judge_domain", list(judge.domain))
        self.ledger.save_fact("judge_sampling", sampling_beside(judge, self.config.mode))
        self.ledger.save_fact("judge_card", None if card is None else card.as_json())

    def ask_questions(self) -> None:
        """Stage 2: ask every question that the ledger holds no reply to."""
        part = self.config.judge
        unique = {plan.key: plan for plan in self.questions}
        waiting = pending(self.ledger, list(unique), retry_failed=self._retry_failed)
        todo = [plan for plan in unique.values() if plan.key in waiting]
        if not todo:
            return
        tally = self._tally(waiting)
        started = time.perf_counter()
        place = self.config.workers.judge
        with stage_progress("judge", len(todo), unit="question") as progress, engine_of(place) as engine:
            progress.loading(self.judge.name)
            for batch in engine.replies(part, self.judge, todo, progress):
                self.ledger.record([(one.item.key, one.outcome) for one in batch])
                if progress.done == 0:  # the model is loaded now, so its devices are known
                    self._note_hardware("judge", place)
                found = [self._scores(one.item, one.outcome) for one in batch]
                numbers = [score for scores in found for score in scores.values() if score is not None]
                failed = sum(None in scores.values() for scores in found)
                progress.advance(len(batch), numbers, failed=failed, note=self.judge.note)
                tally.add({key: score for scores in found for key, score in scores.items()})
                self.ledger.record_speed("judge", len(batch), time.perf_counter() - started, progress.peak_memory())
                started = time.perf_counter()

    def ask_about_pairs(self) -> None:
        """Stage 2, where edits are compared two by two: ask about every pair of the plan."""
        if self.config.pairs is not None:
            with engine_of(self.config.workers.judge) as engine:  # its workers stay for all rounds
                ask_pairs(self.config, self.ledger, self.judge, partial(self._ask_about_pairs, engine))

    def _ask_about_pairs(self, engine: Engine, plans: Sequence[PlannedReply]) -> None:
        waiting = pending(self.ledger, [plan.key for plan in plans], retry_failed=self._retry_failed)
        todo = [plan for plan in plans if plan.key in waiting]
        if not todo:
            return
        place, started = self.config.workers.judge, time.perf_counter()
        with stage_progress("pairs", len(todo), unit="question") as progress:
            progress.loading(self.judge.name)
            for batch in engine.replies(self.config.judge, self.judge, todo, progress):
                self.ledger.record([(one.item.key, one.outcome) for one in batch])
                if progress.done == 0:
                    self._note_hardware("judge", place)
                failed = sum(isinstance(one.outcome, Failure) for one in batch)
                progress.advance(len(batch), failed=failed, note=self.judge.note)
                self.ledger.record_speed("judge", len(batch), time.perf_counter() - started, progress.peak_memory())
                started = time.perf_counter()

    def probe_judge(self, form: Form) -> Sanity:
        """Ask the judge the questions of the sanity probes; needs `plan_questions`.

        Args:
            form: ``full``, or ``short`` for three probes of them all.

        Raises:
            ConfigError: the judge looks its answers up.
        """
        return probe_judge(
            self.config, self.ledger, self.judge, self.questions, form=form, retry_failed=self._retry_failed
        )

    def _run_editor(self, one: _EditorPlan, todo: list[PlannedEdit]) -> None:
        started, told = time.perf_counter(), 0
        failures: list[Failure] = []
        place = self.config.workers.edit
        with one.editor, stage_progress(f"edit {one.part.name}", len(todo)) as progress, engine_of(place) as engine:
            progress.loading(one.part.name)
            for batch in engine.edits(one.part, one.editor, todo, progress):
                outcomes = [(each.item.key, self._kept(each)) for each in batch]
                self.ledger.record(outcomes)
                told = _tell_notes([outcome for _, outcome in outcomes], told)
                if progress.done == 0:
                    self._note_hardware("edit", place)
                lost = [outcome for _, outcome in outcomes if isinstance(outcome, Failure)]
                failures += lost
                progress.advance(len(batch), failed=len(lost))
                self.ledger.record_speed("edit", len(batch), time.perf_counter() - started, progress.peak_memory())
                started = time.perf_counter()

        for kind, count in Counter(failure.kind for failure in failures).items():
            first = next(failure.message for failure in failures if failure.kind == kind)
            log.warning("edit %s: %d of %d failed (%s), the first: %s", one.part.name, count, len(todo), kind, first)

    def _note_hardware(self, stage: str, place: WorkerSettings) -> None:
        """Keep what a stage ran on; of workers elsewhere only their engine is known here."""
        facts = hardware() if place.engine == "here" else {"accelerators": f"workers of {place.engine}"}
        self.ledger.save_fact("hardware", {**(self.ledger.fact("hardware") or {}), stage: facts})

    def _kept(self, done: Done[PlannedEdit, Image.Image | EncodedImage]) -> Edit | Failure:
        """Put an edited image into the store; an image that is refused there is a failure of its edit."""
        plan = done.item
        if isinstance(done.outcome, Failure):
            return done.outcome
        try:
            image = encoded(done.outcome)
            picture = self._store.put(image.data)
        except ItemError as error:
            return failure_from(error, "edit")
        return Edit(
            key=plan.key,
            editor=plan.editor,
            signature=plan.signature,
            sample=plan.request.sample.id,
            image=picture,
            seed=plan.request.seed,
            draw=plan.request.draw,
            width=image.width,
            height=image.height,
            seconds=done.seconds,
            truth=image.truth,
            notes=image.notes,
        )

    def _scores(self, plan: PlannedReply, outcome: Any) -> dict[str, float | None]:
        """What one reply says, by a key of its own for each metric that is read from it."""
        rubric, mass = self.config.rubric, self.config.judge.min_label_mass
        scores: dict[str, float | None] = {}
        for metric in rubric.read_from(plan.question_name, plan.sample):
            score = score_of(rubric, metric, outcome, plan.sample, min_label_mass=mass)
            scores[f"{plan.key} {metric}"] = None if isinstance(score, Failure) else score
        return scores

    def _tally(self, waiting: set[str]) -> Tally:
        """Knows every score of the study: those to come, those recorded, and those that cannot come any more."""
        found = self.ledger.find([plan.key for plan in self.questions if plan.key not in waiting])
        by_key = {plan.key: plan for plan in self.questions}
        known: dict[str, float | None] = {}
        for key, outcome in found.items():
            known.update(self._scores(by_key[key], outcome))
        planned = [
            (f"{plan.key} {metric}", (plan.sample.category, plan.editor, metric))
            for plan in self.questions
            for metric in self.config.rubric.read_from(plan.question_name, plan.sample)
        ]
        asked = {(plan.editor, plan.sample.id) for plan in self.questions}
        for part, sample in itertools.product(self.config.editors, self._samples):
            if (part.name, sample.id) not in asked:
                for metric in self.config.rubric.metrics_of(sample):
                    key = f"{part.name}/{sample.id}/{metric}"
                    planned.append((key, (sample.category, part.name, metric)))
                    known[key] = None
        return Tally(planned, known)


def _tell_notes(outcomes: Sequence[Edit | Failure], told: int) -> int:
    """Log what is to be known about edits, and return for how many that was done; the report shows all of it."""
    for edit in outcomes:
        if isinstance(edit, Edit) and edit.notes:
            if told < NOTES_TOLD:
                log.warning("edit %s of %s: %s", edit.editor, edit.sample, "; ".join(edit.notes))
            elif told == NOTES_TOLD:
                log.warning(
                    "edit %s: there is something to be known about more edits; the report shows it", edit.editor
                )
            told += 1
    return told


@dataclass(frozen=True, slots=True)
class _EditorPlan:
    part: EditorPart
    editor: Editor
    planned: list[PlannedEdit] = field(repr=False)
