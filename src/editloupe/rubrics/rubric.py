"""A rubric: what is asked about an edit, how a reply becomes scores, how scores combine. Its words are data (YAML)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from editloupe.errors import ConfigError
from editloupe.records import AnswerFormat, Picture, Question, Reply, Sample
from editloupe.rubrics.combine import FORMULAS
from editloupe.rubrics.conditions import RubricModel
from editloupe.rubrics.derived import Derived
from editloupe.rubrics.forms import Form
from editloupe.rubrics.metrics import Metric
from editloupe.rubrics.pairwise import PairQuestions
from editloupe.rubrics.parts import Part, form_of_part, read_part
from editloupe.rubrics.replies import expected_value
from editloupe.rubrics.reply_schema import reply_schema
from editloupe.rubrics.texts import (
    Choice,
    ImageSlot,
    Mode,
    Prompt,
    Texts,
    fields_of,
    fill,
    in_mode,
    of_category,
    rendered,
)

__all__ = ["OVERALL", "Choice", "ImageSlot", "Metric", "Prompt", "Rubric", "Texts"]

OVERALL = "overall"
"""The derived score of this name is the overall score of an edit."""


class Rubric(RubricModel):
    """What is asked, read from YAML by `loading.load_rubric`.

    Attributes:
        name: how it is called in tables.
        version: raised whenever a change of its words or scale should be visible in a table.
        card: what it measures and what it does not, for the report.
        answer: the default answer mode.
        combine: the name of the formula in `combine.FORMULAS` that makes the overall score of the enabled metrics,
            where no derived score is called ``overall``.
        metrics: by name.
        derived: further scores, which follow from the metrics and from those that stand before them.
        aggregates: the name of its numbers over the whole study, in `aggregates.AGGREGATES`; none where empty.
        texts: by language.
        enabled: the metrics that are asked, in order; the default ones where the config names none.
        prompts: a user's own prompts by category id; each replaces system text, context text and ask there.
        pairs: what is asked about two edits of a sample; None where the rubric knows single edits alone. One that has
            this part may be without metrics.
    """

    name: str
    version: int = 1
    card: str = ""
    answer: Mode = "text"
    choice: Choice = Choice()
    combine: str = "mean"
    metrics: dict[str, Metric]
    derived: dict[str, Derived] = Field(default_factory=dict)
    aggregates: str = ""
    texts: dict[str, Texts]
    enabled: tuple[str, ...] = ()
    prompts: dict[str, Prompt] = Field(default_factory=dict)
    pairs: PairQuestions | None = None

    @model_serializer(mode="wrap")
    def _without_defaults(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        data: dict[str, Any] = dump(self)
        if self.pairs is None:  # so that the hash of a rubric for single edits stays what it was
            data.pop("pairs", None)
        return data

    def questions(
        self,
        sample: Sample,
        edited: Picture,
        *,
        mode: Mode | None = None,
        compare_original: bool = True,
        draw: int = 0,
        seed: int = 0,
    ) -> dict[str, Question]:
        """Render the questions about one edit, by name; a metric that shares none has one of its own name.

        Contexts are equal across questions that look at the same pictures, and put the source and the sample's text
        before the edited image, so that engines can share what is equal across metrics and across editors.

        Args:
            sample: what was asked of the editor.
            edited: the edited image.
            mode: the answer mode; the rubric's own by default.
            compare_original: whether the judge sees the source images.
            draw, seed: of the judge's sampling.

        Raises:
            ConfigError: as in `require`.
        """
        if not self.enabled:  # it compares edits alone, and may have no words for single ones
            return {}
        mode = mode or self.answer
        self.require(mode)
        roles: dict[str, Sequence[Picture]] = {
            "source": sample.sources if compare_original else (),
            "reference": sample.reference,
            "edited": (edited,),
        }
        fields = fields_of(sample)
        answer = AnswerFormat("text")
        if mode == "choice":
            answer = AnswerFormat("choice", self.choice.labels, self.choice.begin)
        texts = self.texts_for(sample)
        own = self.prompts.get(sample.category)
        questions = {}
        for name, metric in self.asked(sample).items():
            slots = texts.contexts[metric.context]
            if own is not None:
                system, ask = own.system_prompt, fill(own.user_prompt_template, fields)
                slots = [slot for slot in slots if isinstance(slot, ImageSlot)]
            else:
                system = of_category(texts.system, sample.category)
                ask = fill(of_category(in_mode(texts.asks[name], mode), sample.category), fields)
                ask = f"{ask.rstrip()}\n{of_category(texts.reply[mode], name).strip()}"
            if mode == "text":
                template = of_category(texts.reply[mode], name) if own is None else own.user_prompt_template
                answer = AnswerFormat("text", schema=self._schema(name, template))
            context = rendered(slots, roles, sample, fields)
            questions[name] = Question(fill(system, fields).strip(), context, ask.strip(), answer, draw, seed)
        return questions

    def _schema(self, question: str, template: str) -> str:
        """The schema of a question's reply as JSON text, from the words before a sample is put into them."""
        read = [self.metrics[name] for name in self.enabled if self.question_of(name) == question]
        words = any(metric.words for metric in read)
        schema = reply_schema(template, {metric.key for metric in read}, words=words)
        return "" if schema is None else json.dumps(schema, ensure_ascii=False)

    def require(self, mode: Mode) -> None:
        """Make sure that every question can be asked in an answer mode.

        Raises:
            ConfigError: the mode ``choice``, and a question that asks for several scores; or no words for the mode.
        """
        for question in dict.fromkeys(self.question_of(name) for name in self.enabled):
            worded = all(
                of_category(texts.reply.get(mode, ""), question) and in_mode(texts.asks[question], mode)
                for texts in self.texts.values()
            )
            if not worded or (mode == "choice" and not self._alone(question)):
                other = "choice" if mode == "text" else "text"
                raise ConfigError(
                    f"the rubric {self.name!r} cannot be asked in the answer mode {mode!r}: its question {question!r} "
                    f"is not made for it; set `answer: {other}`"
                )

    def question_of(self, metric: str) -> str:
        """The name of the question that a metric is read from."""
        return self.metrics[metric].question or metric

    def read_from(self, question: str, sample: Sample) -> tuple[str, ...]:
        """The enabled metrics that a sample's reply to a question is read for."""
        return tuple(name for name in self.metrics_of(sample) if self.question_of(name) == question)

    def metrics_of(self, sample: Sample) -> tuple[str, ...]:
        """The enabled metrics that apply to a sample, in order."""
        return tuple(name for name in self.enabled if self.metrics[name].applies(sample))

    def texts_for(self, sample: Sample) -> Texts:
        """The words in the sample's language (its group ``language``), English where there are none in it."""
        language = {"cn": "zh"}.get(sample.groups.get("language", "en"), sample.groups.get("language", "en"))
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()))

    def score(self, metric: str, reply: Reply, sample: Sample, *, min_label_mass: float) -> float:
        """Read one score of a reply about a sample's edit.

        Raises:
            UnreadableReply: no such score can be read from it.
        """
        part = self._part(metric, sample)
        if reply.labels is not None:
            scores = part.values.values() or part.words.values() or (part.low, part.high)
            return expected_value(reply.labels, low=min(scores), high=max(scores), min_mass=min_label_mass)
        return read_part(reply, part)

    def form(self, metric: str, reply: Reply, sample: Sample) -> Form:
        """In which form a reply gives a score.

        Raises:
            ValueError: no such score can be read from it.
        """
        form: Form | None = "choice" if reply.labels is not None else form_of_part(reply, self._part(metric, sample))
        if form is None:
            raise ValueError(f"the reply gives no score for {metric!r}")
        return form

    def overall(self, scores: Mapping[str, float | None]) -> float | None:
        """Combine the applicable scores of one edit, the derived ones included; None as soon as one of them failed."""
        if OVERALL in self.derived:
            return scores.get(OVERALL)
        values = [scores[name] for name in self.enabled if name in scores]
        known = [value for value in values if value is not None]
        return FORMULAS[self.combine](known) if known and len(known) == len(values) else None

    def asked(self, sample: Sample) -> dict[str, Metric]:
        """The questions about a sample's edit, each with the first metric that is read from it."""
        asked: dict[str, Metric] = {}
        for name in self.metrics_of(sample):
            asked.setdefault(self.question_of(name), self.metrics[name])
        return asked

    def _part(self, metric: str, sample: Sample) -> Part:
        """Where a score stands in the reply about a sample's edit."""
        question, key = self.question_of(metric), self.metrics[metric].key
        length = sum(self.question_of(name) == question and metric.key == key for name, metric in self.metrics.items())
        part = self.metrics[metric].part(sample, length=length, alone=self._alone(question))
        own = self.prompts.get(sample.category)
        return part if own is None else replace(part, score_line=own.score_line)

    def _alone(self, question: str) -> bool:
        """Whether a question's reply holds one score and nothing else."""
        return sum(self.question_of(name) == question for name in self.metrics) == 1
