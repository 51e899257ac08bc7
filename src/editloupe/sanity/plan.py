"""What the probes of a study ask, as keyed questions: which edits, which of the study's questions changed, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.judge_quality.sanity import Reason
from editloupe.planning import PlannedReply
from editloupe.protocols import Judge
from editloupe.records import Question, Sample
from editloupe.sanity.cases import Case, Cases
from editloupe.sanity.probes import PROBES, REPEAT, SHORT, Variant, changed_questions
from editloupe.store.keys import reply_key

__all__ = ["EDITS", "Form", "PlannedProbe", "Shown", "most_questions", "plan_probe", "probes_of"]

Form = Literal["full", "short"]

EDITS = 100
"""How many edits each probe asks about, at most one per source image: so many that an awake judge passes although its
scores move by half a point of ten when it is asked twice."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A probe of one edit.

    Attributes:
        case: the edit.
        variant: what is shown and said instead.
        asked: the probe's questions, by the names that the study's plan has for its own.
        repeated: the study's questions once more, likewise; empty where the probe is not compared with them.
    """

    case: Case
    variant: Variant
    asked: Mapping[str, PlannedReply]
    repeated: Mapping[str, PlannedReply]


@dataclass(frozen=True, slots=True)
class PlannedProbe:
    """One probe.

    Attributes:
        name: of it.
        shown: an entry per edit.
        reason: why there is none, where the study does not allow this probe at all.
    """

    name: str
    shown: tuple[Shown, ...]
    reason: Reason = ""

    @property
    def questions(self) -> list[PlannedReply]:
        """All that it asks, the study's own questions included."""
        questions: list[PlannedReply] = []
        for shown in self.shown:
            questions += [planned for planned in shown.case.asked if planned.question_key in shown.asked]
            questions += [*shown.asked.values(), *shown.repeated.values()]
        return questions


def probes_of(form: Form) -> tuple[str, ...]:
    """The names of the probes of a form."""
    return tuple(PROBES) if form == "full" else SHORT


def plan_probe(name: str, config: StudyConfig, judge: Judge, signature: str, cases: Cases) -> PlannedProbe:
    """Plan one probe.

    Args:
        name: of the probe.
        config: the study.
        judge: of the study.
        signature: the judge's, weights included, and how it decodes.
        cases: the edits, in the drawn order.

    Raises:
        ConfigError: the judge looks its answers up, so that nothing can be asked of it.
    """
    shown: list[Shown] = []
    sources: set[str] = set()
    any_variant = False
    for case in cases:
        if len(shown) == EDITS:
            break
        variant = None if case.cluster in sources else PROBES[name].vary(case, cases)
        if variant is None:
            continue
        any_variant = True
        asked = _keyed(name, changed_questions(config, case, name, variant), signature)
        if not asked:
            continue
        repeated: Mapping[str, PlannedReply] = {}
        if PROBES[name].kind == "same" and name != REPEAT:
            same = changed_questions(config, case, REPEAT, Variant(case.sample, case.edit.image))
            again = _keyed(REPEAT, same, signature)
            repeated = {question: again[question] for question in asked}
        _refuse_lookups(judge, case, asked.values())
        shown.append(Shown(case, variant, asked, repeated))
        sources.add(case.cluster)
    reason: Reason = "" if shown else _why_none(name, cases, any_variant=any_variant)
    return PlannedProbe(name, tuple(shown), reason)


def most_questions(config: StudyConfig, samples: Sequence[Sample], form: Form) -> int:
    """How many questions the probes ask at most, before anything is edited.

    Args:
        config: the study.
        samples: those that are sound.
        form: of the probes.
    """
    per_source: dict[str, int] = {}
    for sample in samples:
        name = sample.sources[0].sha256 if sample.sources and sample.sources[0].sha256 else sample.id
        per_source[name] = max(per_source.get(name, 0), len(config.rubric.asked(sample)))
    dearest = sorted(per_source.values(), reverse=True)[:EDITS]
    probes = len(probes_of(form))
    if form == "full":  # the order of sources is held against asking twice, which may be about other edits
        probes += 1 if any(len(sample.sources) > 1 for sample in samples) else -1
    return sum(dearest) * probes * config.judge.draws


def _keyed(name: str, changed: Iterable[tuple[PlannedReply, Question]], signature: str) -> dict[str, PlannedReply]:
    return {
        planned.question_key: replace(planned, key=reply_key(question, f"{signature} sanity={name}"), question=question)
        for planned, question in changed
    }


def _refuse_lookups(judge: Judge, case: Case, asked: Iterable[PlannedReply]) -> None:
    for plan in asked:
        if judge.address(plan.question, editor=case.editor, sample=case.sample, metrics=()) != plan.question:
            raise ConfigError(
                f"the judge {judge.name!r} looks its answers up and sees no picture, so there is nothing to probe; "
                "leave out `--sanity`"
            )


def _why_none(name: str, cases: Cases, *, any_variant: bool) -> Reason:
    if name == "order":
        return "unnumbered" if cases.most_sources > 1 else "one-source"
    return "unchanged" if any_variant else "few"
