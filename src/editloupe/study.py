"""The story of a study: samples -> edits -> replies -> scores -> estimates -> report. Only this file knows the order.

All edits of all editors come first, then all replies, so that each model is loaded once. Both stages write to the
ledger as results arrive and do only what it does not hold; what comes after is a pure function of the ledger.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from types import TracebackType
from typing import Self

from PIL import Image

from editloupe.batching import Done
from editloupe.benchmarks.loading import SampleReader, changed_since, marks_of, remarks_of, same_samples
from editloupe.config.parts import EditorPart, StudyConfig, WorkerSettings
from editloupe.errors import ConfigError, DataError, ItemError, StudyStopped, failure_from
from editloupe.images import EncodedImage, encoded
from editloupe.judge_quality.card import read_card
from editloupe.judge_quality.sanity import Sanity
from editloupe.machine import hardware
from editloupe.pairs.asking import ask_pairs
from editloupe.planning import (
    Page,
    PlannedEdit,
    PlannedReply,
    depends_on_samples_alone,
    edit_request,
    full_signature,
    make_judge,
    pages_of,
    pending,
    plan_edits,
    plan_replies,
    questions_mark,
    require_scores,
    sampling_beside,
)
from editloupe.progress.bars import logging_to, stage_progress
from editloupe.protocols import Benchmark, Editor
from editloupe.records import Edit, Failure, Sample
from editloupe.report import write_report
from editloupe.report.remarks import outside_domain
from editloupe.report.tables import Tables
from editloupe.results import Results
from editloupe.sanity.judge_sanity import probe_judge
from editloupe.sanity.plan import Form
from editloupe.scoring.arrivals import Arrivals
from editloupe.scoring.standing_report import keep_tables, standing_tables
from editloupe.scoring.study import results_of
from editloupe.store.blobs import BlobStore, sweep, write_durably
from editloupe.store.keys import code_digest, digest_of, judge_signature, with_files
from editloupe.store.ledger import PAGE, Ledger, packed_sample
from editloupe.store.links import link_edits
from editloupe.store.standing import EDITS, LINKS, QUESTIONS, REPLIES, SAMPLES
from editloupe.store.writing import writing
from editloupe.streams import Spool, in_parts
from editloupe.workers import Engine, engine_of

__all__ = ["Study", "run_study", "tables_of_study"]

log = logging.getLogger(__name__)

WINDOW = 10_000
"""Edits or questions that an engine is handed, and lays out for its batches, at once; there may be a million."""

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
    return tables_of_study(config, stages=stages, retry_failed=retry_failed, anew=True).results


def tables_of_study(
    config: StudyConfig,
    *,
    stages: Sequence[str] = ("edit", "judge"),
    retry_failed: bool = False,
    sanity: bool = False,
    anew: bool = False,
) -> Tables:
    """Do what `run_study` does, and return the tables of the report with the results in them.

    Args:
        config, stages, retry_failed: as there.
        sanity: whether the judge is probed, in the short form, before it is asked the study's questions.
        anew: score everything and write the report even where the one that is there says all of it; otherwise the
            results in such tables hold no verdicts.

    Raises:
        StudyStopped: as there.
    """
    if sanity:
        require_scores(config, "a sanity probe")
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
        tables = None if anew or retry_failed else standing_tables(config, study.ledger)
        if tables is None:
            tables = _report(config, study.ledger)
            if stopped is None:
                keep_tables(config, study.ledger, tables)
        if stopped is not None:
            raise stopped
        return tables


def _report(config: StudyConfig, ledger: Ledger) -> Tables:
    """Score what the ledger holds and write the report."""
    results = results_of(config, ledger)
    ledger.save_fact("reading", dict(results.reading))
    if results.reading["changed"]:
        log.warning(
            "%d scores of the older report are read differently by version %d of the rule of reading; report.json "
            "names them under `reading`",
            results.reading["changed"],
            results.reading["version"],
        )
    return write_report(results, ledger.folder)


class Study:
    """One study folder, held by this process; a context manager.

    Args:
        config: what to do.
        retry_failed: try all recorded failures again.

    Attributes:
        ledger: of the folder.
        judge: the study's; it is loaded by its first question and closed with the study.

    Raises:
        StudyLocked: another process holds the folder.
        StorageError: the folder cannot be made or written.
    """

    def __init__(self, config: StudyConfig, *, retry_failed: bool = False) -> None:
        self.config = config
        self._retry_failed = retry_failed
        self._editors: dict[str, Editor] = {}
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
        self._store = BlobStore(
            config.out / "blobs", self.ledger.remembered, self.ledger.remember, self.ledger.note_taken
        )

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
        self._read_samples(benchmark)
        self._editors = {part.name: part.make() for part in config.editors}
        self._plan_every_editor()
        self.ledger.save_fact(
            "benchmark",
            {"name": benchmark.name, "revision": benchmark.revision, "categories": dict(benchmark.categories)},
        )

    def make_edits(self) -> None:
        """Stage 1: make every edit that the ledger does not hold, one editor after the other."""
        for part in self.config.editors:
            waiting = sum(map(len, self._waiting_edits(part.name)))
            if waiting:
                self._run_editor(part, waiting)
        if not self.ledger.stands(LINKS, ""):
            link_edits(self.config.out, [part.name for part in self.config.editors], self._made())
            self.ledger.conclude(LINKS, "")

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
        mark = questions_mark(self.config, judge, facts)
        if mark is None or not self.ledger.stands(QUESTIONS, mark):
            self.ledger.save_reply_plan(
                (plan.editor, plan.sample.id, plan.question_key, plan.key)
                for page in pages_of(self.config, self.ledger)
                for plan in self._questions_about(page)
            )
            if mark is not None:
                self.ledger.conclude(QUESTIONS, mark)
        self.ledger.save_fact("judge", facts)
        # Apart from the facts that the study's signature is made of: it tells about scores, and changes none.
        self.ledger.save_fact("judge_domain", list(judge.domain))
        self.ledger.save_fact("judge_sampling", sampling_beside(judge, self.config.mode))
        self.ledger.save_fact("judge_card", None if card is None else card.as_json())

    @property
    def questions(self) -> list[PlannedReply]:
        """All questions about the edits that are there, at once."""
        return [plan for page in pages_of(self.config, self.ledger) for plan in self._questions_about(page)]

    def ask_questions(self) -> None:
        """Stage 2: ask every question that the ledger holds no reply to."""
        part = self.config.judge
        if self.ledger.stands(REPLIES, "") and not self._retry_failed:
            return
        shared = self.ledger.shared_keys()
        waiting = len({key for keys in self._waiting_replies() for key in keys if key in shared})
        waiting += sum(key not in shared for keys in self._waiting_replies() for key in keys)
        if not waiting:
            self.ledger.conclude(REPLIES, "")
            return
        arrivals = Arrivals(self.config, self.ledger, shared, self._still_to_ask)
        started = time.perf_counter()
        workers = self.config.workers.judge
        with stage_progress("judge", waiting, unit="question") as progress, engine_of(workers) as engine:
            progress.loading(self.judge.name)
            windows = in_parts(self._unasked(shared), WINDOW)
            for batch in (done for plans in windows for done in engine.replies(part, self.judge, plans, progress)):
                self.ledger.record([(done.item.key, done.outcome) for done in batch])
                if progress.done == 0:  # the model is loaded now, so its devices are known
                    self._note_hardware("judge", workers)
                scores = [arrivals.add(done.item, done.outcome) for done in batch]
                numbers = [score for reply in scores for score in reply.values() if score is not None]
                failed = sum(None in reply.values() for reply in scores)
                progress.advance(len(batch), numbers, failed=failed, note=self.judge.note)
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
        workers, started = self.config.workers.judge, time.perf_counter()
        with stage_progress("pairs", len(todo), unit="question") as progress:
            progress.loading(self.judge.name)
            for batch in engine.replies(self.config.judge, self.judge, todo, progress):
                self.ledger.record([(answered.item.key, answered.outcome) for answered in batch])
                if progress.done == 0:
                    self._note_hardware("judge", workers)
                failed = sum(isinstance(answered.outcome, Failure) for answered in batch)
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

    def _read_samples(self, benchmark: Benchmark) -> None:
        """Bring the ledger's samples up to date, and say what is to be said about the data."""
        part, ledger = self.config.benchmark, self.ledger
        remarks = ledger.fact("remarks")
        mark = digest_of(code_digest(), part.model_dump(mode="json"), part.options.model_dump(mode="json"))
        mark = digest_of(mark, benchmark.revision)
        settled = benchmark.settled and ledger.stands(SAMPLES, mark) and ledger.taken_as_before()
        if not settled:
            ledger.forget_taken()
        if remarks is not None and (settled or same_samples(part, benchmark, self._store, ledger.packed_samples())):
            for remark in remarks:
                log.warning("%s", remark)
            if not settled:
                self._conclude_samples(mark)
            return
        if remarks is not None:
            benchmark = part.make()  # what is left over from the comparison would be said twice
            ledger.forget_taken()
        before = marks_of(ledger.stream_samples())
        reader = SampleReader(part, benchmark, self._store, Spool(Sample, self.config.out))
        ledger.save_packed_samples(packed_sample(sample) for sample in reader)
        remarks = remarks_of(benchmark, reader.findings())
        for remark in remarks:
            log.warning("%s", remark)
        ledger.save_fact("remarks", remarks)
        self._conclude_samples(mark)
        if before and (changed := changed_since(before, ledger.stream_samples())):
            log.warning("%s", changed)

    def _conclude_samples(self, mark: str) -> None:
        """Keep that the samples are those of the data as it is; a missing file may be there the next time."""
        if all(sample.failure is None for sample in self.ledger.stream_samples()):
            self.ledger.conclude(SAMPLES, mark)

    def _plan_every_editor(self) -> None:
        """Plan the edits of all editors, unless they follow from what has not changed."""
        config, ledger = self.config, self.ledger
        signatures = {
            name: with_files(editor.signature, editor.files, ledger.digest) for name, editor in self._editors.items()
        }
        certain = all(depends_on_samples_alone(editor) for editor in self._editors.values())
        mark = digest_of(code_digest(), config.seed, signatures)
        if certain and ledger.stands(EDITS, mark):
            return
        self.ledger.save_edit_plan(
            (plan.editor, plan.request.sample.id, plan.key)
            for part in config.editors
            for plan in plan_edits(
                part, self._editors[part.name], ledger.stream_samples(), seed=config.seed, ledger=ledger
            )
        )
        ledger.save_fact("editors", signatures)
        if certain:
            ledger.conclude(EDITS, mark)

    def _waiting_edits(self, editor: str) -> Iterator[dict[str, str]]:
        """The keys of the edits that an editor is to make now, by sample id, part by part."""
        for plan in in_parts(self.ledger.stream_plan(editor), PAGE):
            keys = {sample: key for (_, sample, question), key in plan if not question}
            waiting = pending(self.ledger, list(keys.values()), retry_failed=self._retry_failed)
            # Editors that take the same files share their keys, and one try a run is enough.
            yield {sample: key for sample, key in keys.items() if key in waiting and not self.ledger.failed_now(key)}

    def _unmade(self, part: EditorPart) -> Iterator[PlannedEdit]:
        """The edits that an editor is to make now, in the order of the samples."""
        signature = self.ledger.fact("editors")[part.name]
        for samples in in_parts(self.ledger.stream_samples(), PAGE):
            plan = self.ledger.plan_of([part.name], [sample.id for sample in samples])
            keys = {sample: key for (_, sample, question), key in plan.items() if not question}
            waiting = pending(self.ledger, list(keys.values()), retry_failed=self._retry_failed)
            for sample in samples:
                key = keys.get(sample.id)
                if key in waiting and not self.ledger.failed_now(key):
                    yield PlannedEdit(key, part.name, signature, edit_request(sample, self.config.seed))

    def _run_editor(self, part: EditorPart, count: int) -> None:
        started, noted = time.perf_counter(), 0
        kinds: Counter[str] = Counter()
        first: dict[str, str] = {}
        workers, editor = self.config.workers.edit, self._editors[part.name]
        with editor, stage_progress(f"edit {part.name}", count) as progress, engine_of(workers) as engine:
            progress.loading(part.name)
            windows = in_parts(self._unmade(part), WINDOW)
            for batch in (done for plans in windows for done in engine.edits(part, editor, plans, progress)):
                outcomes = [(done.item.key, self._kept(done)) for done in batch]
                self.ledger.record(outcomes)
                noted = _log_notes([outcome for _, outcome in outcomes], noted)
                if progress.done == 0:
                    self._note_hardware("edit", workers)
                failures = [outcome for _, outcome in outcomes if isinstance(outcome, Failure)]
                for failure in failures:
                    kinds[failure.kind] += 1
                    first.setdefault(failure.kind, failure.message)
                progress.advance(len(batch), failed=len(failures))
                self.ledger.record_speed("edit", len(batch), time.perf_counter() - started, progress.peak_memory())
                started = time.perf_counter()

        for kind, failed in kinds.items():
            log.warning("edit %s: %d of %d failed (%s), the first: %s", part.name, failed, count, kind, first[kind])

    def _made(self) -> Iterator[tuple[str, Sample, Edit]]:
        """Every edit that the ledger holds, editor by editor."""
        for part in self.config.editors:
            for page in pages_of(self.config, self.ledger, [part.name]):
                for sample in page.samples:
                    edit = page.edits.get((part.name, sample.id))
                    if isinstance(edit, Edit):
                        yield part.name, sample, edit

    def _questions_about(self, page: Page) -> Iterator[PlannedReply]:
        signature = judge_signature(self.judge, self.ledger.digest)
        return plan_replies(self.config, self.judge, signature, page.samples, page.edits)

    def _waiting_replies(self) -> Iterator[set[str]]:
        """The keys of the questions that are to be asked now, part by part."""
        keys = (key for (_, _, question), key in self.ledger.stream_plan() if question)
        return map(self._still_to_ask, in_parts(keys, PAGE))

    def _still_to_ask(self, keys: Sequence[str]) -> set[str]:
        return pending(self.ledger, keys, retry_failed=self._retry_failed)

    def _unasked(self, shared: Collection[str]) -> Iterator[PlannedReply]:
        """The questions that are to be asked now, each once; those about one sample stand side by side."""
        asked: set[str] = set()
        for page in pages_of(self.config, self.ledger):
            waiting = self._still_to_ask(page.reply_keys)
            if not waiting:
                continue
            for plan in self._questions_about(page):
                if plan.key in waiting and plan.key not in asked:
                    if plan.key in shared:
                        asked.add(plan.key)
                    yield plan

    def _note_hardware(self, stage: str, workers: WorkerSettings) -> None:
        """Keep what a stage ran on; of workers elsewhere only their engine is known here."""
        facts = hardware() if workers.engine == "here" else {"accelerators": f"workers of {workers.engine}"}
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


def _log_notes(outcomes: Sequence[Edit | Failure], logged: int) -> int:
    """Log what is to be known about edits, and return for how many that was done; the report shows all of it."""
    for edit in outcomes:
        if isinstance(edit, Edit) and edit.notes:
            if logged < NOTES_TOLD:
                log.warning("edit %s of %s: %s", edit.editor, edit.sample, "; ".join(edit.notes))
            elif logged == NOTES_TOLD:
                log.warning(
                    "edit %s: there is something to be known about more edits; the report shows it", edit.editor
                )
            logged += 1
    return logged
