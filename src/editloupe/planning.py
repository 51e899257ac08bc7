"""What there is to do, as keys: every edit of every editor, every question about every edit."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editloupe.benchmarks.loading import selected
from editloupe.config.parts import EditorPart, StudyConfig
from editloupe.errors import ConfigError
from editloupe.protocols import Editor, Judge
from editloupe.records import Edit, EditRequest, Failure, Picture, Question, Reply, Sample
from editloupe.rubrics.rubric import Rubric
from editloupe.store.blobs import blob_path
from editloupe.store.keys import code_digest, digest_of, edit_key, noise_seed, reply_key, with_files
from editloupe.store.ledger import PAGE, Ledger
from editloupe.streams import in_parts

__all__ = [
    "Page",
    "PixelRules",
    "PlannedEdit",
    "PlannedReply",
    "depends_on_samples_alone",
    "edit_request",
    "edits_of",
    "full_signature",
    "make_judge",
    "pages_of",
    "pending",
    "plan_edits",
    "plan_replies",
    "question_key",
    "questions_mark",
    "require_scores",
    "sampling_beside",
    "shared_inputs",
    "writes",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PlannedEdit:
    """One edit to make, and the key under which it is recorded."""

    key: str
    editor: str
    signature: str
    request: EditRequest


@dataclass(frozen=True, slots=True)
class PlannedReply:
    """One question to ask, and the key under which its reply is recorded.

    Attributes:
        question_name: the question's name in the rubric; `Rubric.read_from` says which metrics are read from its reply.
    """

    key: str
    editor: str
    sample: Sample
    question_name: str
    question: Question

    @property
    def question_key(self) -> str:
        """How the ledger's plan calls this question of this edit."""
        return question_key(self.question_name, self.question.draw)


def make_judge(config: StudyConfig) -> Judge:
    """Make the judge that a study names, at home in the study's folder.

    Raises:
        ConfigError: the judge cannot be made, or several draws are asked of one that always says the same.
    """
    judge = config.judge.make()
    written = writes(judge, config.mode if config.rubric.metrics else config.pair_mode)
    if config.judge.draws > 1 and (judge.deterministic or not written):
        raise ConfigError(
            f"judge: draws is {config.judge.draws}, but "
            + (
                "in the answer mode 'choice' nothing is drawn, so all draws would be the same; remove `draws:`"
                if not written
                else "this judge answers equal questions equally; set its `temperature:` above 0, or remove `draws:`"
            )
        )
    judge.work_in(config.out)
    return judge


def require_scores(config: StudyConfig, what: str) -> None:
    """Make sure that a study scores edits one by one, for what needs such scores.

    Raises:
        ConfigError: its rubric only compares edits.
    """
    if not config.rubric.metrics:
        raise ConfigError(
            f"{what} needs scores of single edits, and the rubric {config.rubric.name!r} only compares pairs; name "
            "another `rubric:` and keep the comparisons with `pairs:` beside it"
        )


def full_signature(config: StudyConfig, facts: Mapping[str, Any]) -> str:
    """Everything that a score depends on besides edit and rubric: the judge, and how it is asked.

    Args:
        config: the study.
        facts: the judge's ``signature`` and ``decoding``.
    """
    asked = f"mode={config.mode} compare_original={str(config.judge.compare_original).lower()}"
    if config.judge.draws > 1:
        asked = f"{asked} draws={config.judge.draws}"
    return " ".join([facts["signature"], asked, *([facts["decoding"]] if config.mode == "text" else [])])


def plan_edits(
    part: EditorPart, editor: Editor, samples: Iterable[Sample], *, seed: int, ledger: Ledger
) -> Iterator[PlannedEdit]:
    """Plan one editor's edits; samples that are failures themselves have none."""
    signature = with_files(editor.signature, editor.files, ledger.digest)
    shared = _SharedInputs()
    for sample in samples:
        if sample.failure is not None:
            continue
        request = edit_request(sample, seed)
        inputs = editor.inputs(sample) or ()
        shared.note(sample.id, inputs)
        digests = [(path.name, ledger.digest(path)) for path in inputs]
        suffix = editor.signature_suffix(sample)
        key = edit_key(sample, signature + suffix, digests, request.seed, 0)
        yield PlannedEdit(key, part.name, signature, request)
    if sentence := shared.sentence:
        log.warning("editor %s: %s", part.name, sentence)


def edit_request(sample: Sample, seed: int) -> EditRequest:
    """What every editor is asked about a sample, in a study of this seed."""
    return EditRequest(sample, noise_seed(seed, sample.id, 0))


def depends_on_samples_alone(editor: Editor) -> bool:
    """Whether an edit follows from the sample and the editor's signature, and from nothing that lies elsewhere."""
    plugin = type(editor)
    return plugin.inputs is Editor.inputs and plugin.signature_suffix is Editor.signature_suffix


def shared_inputs(inputs: Iterable[tuple[str, Sequence[Path]]]) -> str:
    """Say which samples are edited from the same files as another sample; empty where none are.

    Args:
        inputs: (sample id, files that its edit is made from).
    """
    shared = _SharedInputs()
    for name, files in inputs:
        shared.note(name, files)
    return shared.sentence


class _SharedInputs:
    """Notices files that the edits of several samples are made from."""

    def __init__(self) -> None:
        self._first: dict[str, str] = {}
        self._count = 0
        self._example = ""

    def note(self, sample: str, files: Sequence[Path]) -> None:
        for path in files:
            first = self._first.setdefault(str(path), sample)
            if first != sample:
                self._count += 1
                self._example = self._example or f"{sample!r} with {first!r} ({path.name!r})"

    @property
    def sentence(self) -> str:
        if not self._count:
            return ""
        several = "1 sample shares" if self._count == 1 else f"{self._count} samples share"
        return f"{several} a ready image with another one, such as {self._example}"


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a study's samples, one after the other, with what the ledger holds about them.

    Attributes:
        samples: in the study's order.
        plan: ledger keys by (editor, sample id, question); an edit's question is empty.
        edits: what became of the edits, by (editor, sample id); what nobody has made yet is absent.
    """

    samples: list[Sample]
    plan: Mapping[tuple[str, str, str], str]
    edits: Mapping[tuple[str, str], Edit | Failure]

    @property
    def reply_keys(self) -> list[str]:
        """The keys of all replies about these samples."""
        return [key for (_, _, question), key in self.plan.items() if question]


def pages_of(config: StudyConfig, ledger: Ledger, editors: Sequence[str] | None = None) -> Iterator[Page]:
    """What a study's ledger holds, page by page; never more than a page of it is in memory.

    What is there is asked of the ledger alone, so judging and reporting need neither the benchmark's files nor what the
    editors are made of.

    Args:
        config: the study.
        ledger: of the study.
        editors: only these; all of the study where None.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    names = [part.name for part in config.editors] if editors is None else editors
    empty = True
    for samples in in_parts(selected(config.benchmark, ledger.stream_samples()), PAGE):
        empty = False
        plan = ledger.plan_of(names, [sample.id for sample in samples])
        outcomes = ledger.find([key for (_, _, question), key in plan.items() if not question])
        edits: dict[tuple[str, str], Edit | Failure] = {}
        for name, sample in itertools.product(names, samples):
            outcome = sample.failure or outcomes.get(plan.get((name, sample.id, ""), ""))
            if outcome is not None:
                assert not isinstance(outcome, Reply)
                edits[name, sample.id] = outcome
        yield Page(samples, plan, edits)
    if empty:
        study, asked = f"the study {str(ledger.folder)!r}", config.benchmark.categories or ()
        if not (there := dict.fromkeys(sample.category for sample in ledger.stream_samples())):
            raise ConfigError(f"{study} holds nothing yet; run it first")
        raise ConfigError(f"{study} has no samples of {', '.join(map(repr, asked))}; it has: {', '.join(there)}")


def edits_of(config: StudyConfig, ledger: Ledger) -> tuple[list[Sample], dict[tuple[str, str], Edit | Failure]]:
    """All samples of a study as its ledger keeps them, and what became of their edits, by (editor, sample id).

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    samples: list[Sample] = []
    by_page: dict[tuple[str, str], Edit | Failure] = {}
    for page in pages_of(config, ledger):
        samples += page.samples
        by_page.update(page.edits)
    places = itertools.product((part.name for part in config.editors), (sample.id for sample in samples))
    return samples, {place: by_page[place] for place in places if place in by_page}


def plan_replies(
    config: StudyConfig,
    judge: Judge,
    signature: str,
    samples: Iterable[Sample],
    edits: Mapping[tuple[str, str], Edit | Failure],
) -> Iterator[PlannedReply]:
    """Plan the questions about all edits; those about one sample stand side by side.

    Args:
        config: the study.
        judge: asked for nothing but how it decodes.
        signature: the judge's, weights included.
        samples: in the study's order.
        edits: by (editor, sample id); failures get no question.
    """
    pixels = PixelRules(judge)
    if config.mode == "text":
        signature = f"{signature} {judge.decoding}"
    for sample in samples:
        for part in config.editors:
            edit = edits.get((part.name, sample.id))
            if not isinstance(edit, Edit):
                continue
            for draw in range(config.judge.draws):
                drawn = (draw,) if draw else ()  # the first draw is what a study without draws asks
                seed = noise_seed(config.seed, "judge", edit.key, *drawn)
                questions = config.rubric.questions(
                    sample,
                    edit.image,
                    mode=config.judge.answer,
                    compare_original=config.judge.compare_original,
                    draw=draw,
                    seed=seed if writes(judge, config.mode) and not judge.deterministic else 0,
                )
                for name, asked in questions.items():
                    question = _addressed(judge, config.rubric, part.name, sample, name, asked)
                    key = reply_key(question, signature + pixels.mark(question))
                    yield PlannedReply(key, part.name, sample, name, question)


def questions_mark(config: StudyConfig, judge: Judge, facts: Mapping[str, Any]) -> str | None:
    """A digest of all that questions and their keys depend on besides the samples and edits in the ledger.

    Args:
        config: the study.
        judge: of the study.
        facts: its ``signature`` and ``decoding``.

    Returns:
        None where that cannot be told: a judge that is given each question in another form may look anywhere for it.
    """
    if type(judge).address is not Judge.address:
        return None
    names = [part.name for part in config.editors]
    benchmark = config.benchmark.model_dump(mode="json", include={"categories", "limit"})
    rubric = config.rubric.model_dump(mode="json")
    return digest_of(code_digest(), full_signature(config, facts), names, benchmark, rubric, config.seed)


def sampling_beside(judge: Judge, mode: str) -> str:
    """How a judge's makers have it draw the tokens that it takes greedily here; empty where it writes none."""
    return judge.stated_sampling if writes(judge, mode) else ""


def writes(judge: Judge, mode: str) -> bool:
    """Whether a judge writes anything: a reply, or thoughts before a choice."""
    return mode == "text" or judge.thinks


def _addressed(judge: Judge, rubric: Rubric, editor: str, sample: Sample, name: str, question: Question) -> Question:
    """A question as the judge has to be given it: one that looks verdicts up has to know which one is meant."""
    metrics = [(metric, rubric.metrics[metric]) for metric in rubric.read_from(name, sample)]
    return judge.address(question, editor=editor, sample=sample, metrics=metrics)


class PixelRules:
    """Marks the questions whose pictures a judge sees otherwise than by the rules of version 0.1.0.

    Their keys are raised and those of all other questions stay, so an old study asks nothing again but these.
    """

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        self._known: dict[str, bool] = {}

    def mark(self, question: Question) -> str:
        """What is added to the judge's signature in a question's key."""
        return " pixels=2" if any(self._anew(picture) for picture in question.images) else ""

    def _anew(self, picture: Picture) -> bool:
        if picture.sha256 not in self._known:
            self._known[picture.sha256] = self._judge.sees_anew(picture)
        return self._known[picture.sha256]


def question_key(name: str, draw: int) -> str:
    """How the ledger's plan calls a question of an edit: by its name, further draws by their number as well."""
    return f"{name}#{draw}" if draw else name


def pending(ledger: Ledger, keys: Sequence[str], *, retry_failed: bool) -> set[str]:
    """Which keys are to be done: not recorded, or failed in a way that could pass now, or their image is gone."""
    states = ledger.states(keys)
    blobs = ledger.folder / "blobs"
    waiting = set()
    for key in keys:
        state = states.get(key)
        if (
            state is None
            or (state.failed and (state.retryable or retry_failed))
            or (state.sha256 is not None and not blob_path(blobs, state.sha256).exists())
        ):
            waiting.add(key)
    return waiting
