"""What there is to do, as keys: every edit of every editor, every question about every edit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from editloupe.benchmarks.loading import selected
from editloupe.config.parts import EditorPart, StudyConfig
from editloupe.errors import ConfigError
from editloupe.protocols import Editor, Judge
from editloupe.records import Edit, EditRequest, Failure, ImageFile, Picture, Question, Reply, Sample
from editloupe.rubrics.rubric import Rubric
from editloupe.store.keys import edit_key, noise_seed, reply_key, with_files
from editloupe.store.ledger import Ledger

__all__ = [
    "PixelRules",
    "PlannedEdit",
    "PlannedReply",
    "edits_of",
    "full_signature",
    "make_judge",
    "pending",
    "plan_edits",
    "plan_replies",
    "question_key",
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
) -> list[PlannedEdit]:
    """Plan one editor's edits; samples that are failures themselves have none."""
    signature = with_files(editor.signature, editor.files, ledger.digest)
    planned = []
    used: list[tuple[str, Sequence[Path]]] = []
    for sample in samples:
        if sample.failure is not None:
            continue
        noise = noise_seed(seed, sample.id, 0)
        inputs = editor.inputs(sample) or ()
        used.append((sample.id, inputs))
        digests = [(path.name, ledger.digest(path)) for path in inputs]
        suffix = editor.signature_suffix(sample)
        key = edit_key(sample, signature + suffix, digests, noise, 0)
        planned.append(PlannedEdit(key, part.name, signature, EditRequest(sample, noise)))
    shared = shared_inputs(used)
    if shared:
        log.warning("editor %s: %s", part.name, shared)
    return planned


def shared_inputs(inputs: Iterable[tuple[str, Sequence[Path]]]) -> str:
    """Say which samples are edited from the same files as another sample; empty where none are.

    Args:
        inputs: (sample id, files that its edit is made from).
    """
    first: dict[Path, str] = {}
    others = [(name, path) for name, files in inputs for path in files if first.setdefault(path, name) != name]
    if not others:
        return ""
    name, path = others[0]
    several = "1 sample shares" if len(others) == 1 else f"{len(others)} samples share"
    return f"{several} a ready image with another one, such as {name!r} with {first[path]!r} ({path.name!r})"


def edits_of(config: StudyConfig, ledger: Ledger) -> tuple[list[Sample], dict[tuple[str, str], Edit | Failure]]:
    """The samples of a study as its ledger keeps them, and what became of their edits, by (editor, sample id).

    What is there is asked of the ledger alone, so judging and reporting need neither the benchmark's files nor what the
    editors are made of.

    Raises:
        ConfigError: nothing has been planned in this folder yet.
    """
    everything = list(ledger.samples())
    samples = selected(config.benchmark, everything)
    if not samples:
        study = f"the study {str(ledger.folder)!r}"
        if not everything:
            raise ConfigError(f"{study} holds nothing yet; run it first")
        asked, there = config.benchmark.categories or (), dict.fromkeys(sample.category for sample in everything)
        raise ConfigError(f"{study} has no samples of {', '.join(map(repr, asked))}; it has: {', '.join(there)}")
    plan = ledger.plan()
    found = ledger.find([key for (_, _, metric), key in plan.items() if not metric])
    edits: dict[tuple[str, str], Edit | Failure] = {}
    for part in config.editors:
        for sample in samples:
            outcome = sample.failure or found.get(plan.get((part.name, sample.id, ""), ""))
            if outcome is not None:
                assert not isinstance(outcome, Reply)
                edits[part.name, sample.id] = outcome
    return samples, edits


def plan_replies(
    config: StudyConfig,
    judge: Judge,
    signature: str,
    samples: Iterable[Sample],
    edits: Mapping[tuple[str, str], Edit | Failure],
) -> list[PlannedReply]:
    """Plan the questions about all edits; those about one sample stand side by side.

    Args:
        config: the study.
        judge: asked for nothing but how it decodes.
        signature: the judge's, weights included.
        samples: in the study's order.
        edits: by (editor, sample id); failures get no question.
    """
    planned = []
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
                    planned.append(PlannedReply(key, part.name, sample, name, question))
    return planned


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
    found = ledger.find(keys)
    waiting = set()
    for key in keys:
        outcome = found.get(key)
        if (
            outcome is None
            or (isinstance(outcome, Failure) and (outcome.retryable or retry_failed))
            or (isinstance(outcome, Edit) and _is_gone(outcome.image))
        ):
            waiting.add(key)
    return waiting


def _is_gone(picture: Picture) -> bool:
    return isinstance(picture, ImageFile) and not picture.path.exists()
