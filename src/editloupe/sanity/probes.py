"""The probes: how each changes a question, and whether the score has to fall by it or must stay."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from editloupe.config.parts import StudyConfig
from editloupe.errors import ImageError
from editloupe.judge_quality.sanity import Kind
from editloupe.planning import PlannedReply
from editloupe.records import ImagePart, Picture, Question, Sample
from editloupe.sanity.cases import Case, Cases
from editloupe.store.keys import noise_seed

__all__ = ["PROBES", "REPEAT", "SHORT", "Probe", "Variant", "changed_questions"]

REPEAT = "repeat"
"""The probe that asks the study's own question once more; what other things change is held against what it changes."""

OTHER_WORDS = {
    "en": "Please look at everything calmly before you answer; this is what you are asked.",
    "zh": "请先仔细看完全部内容再作答；以下是问题。",
}
"""Said before what is asked: it changes the wording and not the meaning."""


@dataclass(frozen=True, slots=True)
class Variant:
    """What a probe shows and says in place of the study's own question.

    Attributes:
        sample: with the words and pictures that the question is made of.
        picture: shown as the edit.
        before: a sentence before what is asked.
    """

    sample: Sample
    picture: Picture
    before: str = ""


@dataclass(frozen=True, slots=True)
class Probe:
    """One kind of question.

    Attributes:
        kind: `drop` where the score has to fall, `same` where it must stay.
        vary: makes the variant of an edit's questions; None where the edit does not allow it.
        counts: whether a question that was made so tests anything, beside the study's own.
    """

    kind: Kind
    vary: Callable[[Case, Cases], Variant | None]
    counts: Callable[[Question, Question], bool]


def _blank(case: Case, cases: Cases) -> Variant | None:
    try:
        return Variant(case.sample, cases.blank(case))
    except ImageError:
        return None


def _other_edit(case: Case, cases: Cases) -> Variant | None:
    partner = cases.partner(case)
    return None if partner is None else Variant(case.sample, partner.edit.image)


def _source(case: Case, _cases: Cases) -> Variant | None:
    return Variant(case.sample, case.sample.sources[0]) if case.sample.sources else None


def _instruction(case: Case, cases: Cases) -> Variant | None:
    """Everything that says what was asked comes from the other sample, or the judge could tell from the rest."""
    partner = cases.partner(case)
    if partner is None:
        return None
    sample, other = case.sample, partner.sample
    extra = {**sample.extra, "reference_text": other.extra.get("reference_text")}
    changed = replace(
        sample, instruction=other.instruction, rationale=other.rationale, reference=other.reference, extra=extra
    )
    return Variant(changed, case.edit.image)


def _repeat(case: Case, _cases: Cases) -> Variant | None:
    return Variant(case.sample, case.edit.image)


def _order(case: Case, _cases: Cases) -> Variant | None:
    """The source pictures from the last to the first, each with the number that it has."""
    sample = case.sample
    count = len(sample.sources)
    if count < 2:
        return None
    stated = sample.extra.get("source_numbers")
    numbers = list(map(str, stated)) if isinstance(stated, list) and len(stated) == count else _upto(count)
    extra = {**sample.extra, "source_numbers": numbers[::-1]}
    return Variant(replace(sample, sources=sample.sources[::-1], extra=extra), case.edit.image)


def _wording(case: Case, _cases: Cases) -> Variant | None:
    words = OTHER_WORDS["zh" if case.sample.groups.get("language") in ("zh", "cn") else "en"]
    return Variant(case.sample, case.edit.image, words)


def _differs(before: Question, after: Question) -> bool:
    return _content(before) != _content(after)


def _always(_before: Question, _after: Question) -> bool:
    return True


def _reordered(before: Question, after: Question) -> bool:
    """Only where each source has a label of its own: without numbers "the first picture" would mean another one."""
    sources = [label for role, _, label in _labelled(before) if role == "source"]
    numbered = all(sources) and len({*sources}) == len(sources)
    return numbered and _differs(before, after) and sorted(_labelled(before)) == sorted(_labelled(after))


PROBES: Mapping[str, Probe] = {
    "blank": Probe("drop", _blank, _differs),
    "other-edit": Probe("drop", _other_edit, _differs),
    "source": Probe("drop", _source, _differs),
    "instruction": Probe("drop", _instruction, _differs),
    REPEAT: Probe("same", _repeat, _always),
    "order": Probe("same", _order, _reordered),
    "wording": Probe("same", _wording, _differs),
}
"""By name, in the order of the tables."""

SHORT = ("blank", "instruction", REPEAT)
"""The probes of the short form: is the picture seen, is the instruction read, is the answer steady."""


def changed_questions(
    config: StudyConfig, case: Case, name: str, variant: Variant
) -> list[tuple[PlannedReply, Question]]:
    """Render a variant, draw by draw, and keep what differs from the study's own question.

    A question that does not show what the probe changes (one about the edited picture alone, where the instruction was
    exchanged) is left out, and the metrics that are read from it are not tested.

    Args:
        config: the study.
        case: the edit.
        name: of the probe.
        variant: of its questions.

    Returns:
        The study's question, and the probe's own in its place.
    """
    changed = []
    for planned in case.asked:
        asked = planned.question
        # A judge that draws its words gets a fresh seed, as for another draw: the same one would repeat the reply.
        seed = noise_seed(config.seed, "sanity", name, case.edit.key, asked.draw) if asked.seed else 0
        shown = variant.picture
        if shown == case.edit.image:  # as the study shows it: brought to the size of what was the first source
            shown = next((part.picture for part in _images(asked) if part.role == "edited"), shown)
        rendered = config.rubric.questions(
            variant.sample,
            shown,
            mode=config.judge.answer,
            compare_original=config.judge.compare_original,
            draw=asked.draw,
            seed=seed,
        ).get(planned.question_name)
        if rendered is None:
            continue
        if variant.before:
            rendered = replace(rendered, ask=f"{variant.before}\n{rendered.ask}")
        if PROBES[name].counts(asked, rendered):
            changed.append((planned, rendered))
    return changed


def _images(question: Question) -> list[ImagePart]:
    return [part for part in question.context if isinstance(part, ImagePart)]


def _content(question: Question) -> tuple[object, ...]:
    return question.system, question.context, question.ask, question.answer


def _labelled(question: Question) -> list[tuple[str, str, str]]:
    """Each picture's role and name with the words right above it."""
    labelled, above = [], ""
    for part in question.context:
        if isinstance(part, ImagePart):
            labelled.append((part.role, part.picture.sha256, above))
            above = ""
        else:
            above = part
    return labelled


def _upto(count: int) -> list[str]:
    return [str(number) for number in range(1, count + 1)]
