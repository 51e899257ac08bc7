"""What is asked about two edits of one sample, and how a reply becomes an outcome. Its words are data (YAML).

A pair is asked in both orders, which are one unit: what a judge gives away to the picture that it sees first it gives
once to either edit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

from pydantic import Field

from editloupe.errors import ConfigError
from editloupe.records import AnswerFormat, Picture, Question, Reply, Sample
from editloupe.rubrics.conditions import Conditional, RubricModel
from editloupe.rubrics.parts import Part, read_part
from editloupe.rubrics.replies import refuse
from editloupe.rubrics.reply_schema import reply_schema
from editloupe.rubrics.texts import ImageSlot, Mode, fields_of, fill, of_category, rendered

__all__ = ["Outcome", "PairChoice", "PairMetric", "PairQuestions", "PairTexts"]

Winner: TypeAlias = Literal["A", "B", "tie"]

_WORDS: Mapping[str, Winner] = {"a": "A", "b": "B", "tie": "tie"}
_LABELS: Mapping[str, Winner] = {"A": "A", "B": "B", "T": "tie"}
_VALUES: Mapping[str, float] = {"A": 1.0, "B": -1.0, "tie": 0.0}


class Outcome(NamedTuple):
    """Shares of one comparison: the picture called A is better, that called B is, neither; they add up to 1."""

    a: float
    b: float
    tie: float

    @property
    def turned(self) -> Outcome:
        """The same with the pictures' names exchanged."""
        return Outcome(self.b, self.a, self.tie)

    @property
    def net(self) -> float:
        """From -1, B is better, to 1, A is."""
        return self.a - self.b


class PairMetric(Conditional):
    """One thing in which two edits are compared.

    Attributes:
        default: whether it is asked when the config names no metrics.
        context: which context of the texts its question has.
    """

    default: bool = True
    context: str = "pair"


class PairChoice(RubricModel):
    """How the answer mode ``choice`` asks: one label follows `begin`.

    Attributes:
        begin: how the answer begins.
        labels: what each label stands for.
    """

    begin: str = '{"winner": "'
    labels: Mapping[str, Winner] = _LABELS


class PairTexts(RubricModel):
    """The words in one language.

    Attributes:
        system: the system text.
        contexts: by name; the pictures are called ``first`` and ``second``, in the order in which they are shown.
        asks: by metric.
        reply: how to answer, by mode.
        forced: how to answer where a tie is not allowed.
    """

    system: str
    contexts: dict[str, list[str | ImageSlot]]
    asks: dict[str, str | dict[str, str]]
    reply: dict[Mode, str]
    forced: dict[Mode, str] = Field(default_factory=dict)


class PairQuestions(RubricModel):
    """The part ``pairs`` of a rubric.

    Attributes:
        answer: the default answer mode.
        key: where the answer stands in the reply's JSON object.
        words: the answers in mode ``text``, in small letters, and what each stands for.
        choice: how mode ``choice`` asks.
        metrics: by name.
        texts: by language.
        enabled: the metrics that are asked, in order.
        ties: whether the judge may say that neither is better.
    """

    answer: Mode = "text"
    key: str = "winner"
    words: Mapping[str, Winner] = _WORDS
    choice: PairChoice = PairChoice()
    metrics: dict[str, PairMetric]
    texts: dict[str, PairTexts]
    enabled: tuple[str, ...] = ()
    ties: bool = True

    def asked(self, metrics: Sequence[str] | None, *, ties: bool, rubric: str) -> PairQuestions:
        """The same with these metrics enabled, the default ones where None.

        Raises:
            ConfigError: an unknown metric, or something that does not fit together.
        """
        for name in metrics or ():
            if name not in self.metrics:
                raise ConfigError(
                    f"pairs: the rubric {rubric!r} compares by no metric {name!r}; there are: {', '.join(self.metrics)}"
                )
        wanted = tuple(metrics) if metrics else tuple(name for name, metric in self.metrics.items() if metric.default)
        for problem in self._problems(wanted, ties=ties):
            raise ConfigError(f"the part `pairs` of the rubric {rubric!r} {problem}")
        return self.model_copy(update={"enabled": wanted, "ties": ties})

    def metrics_of(self, sample: Sample) -> tuple[str, ...]:
        """The enabled metrics that apply to a sample, in order."""
        return tuple(name for name in self.enabled if self.metrics[name].applies(sample))

    def require(self, mode: Mode) -> None:
        """Make sure that there are words for an answer mode.

        Raises:
            ConfigError: there are none.
        """
        lacking = [name for name, texts in self.texts.items() if not self._reply(texts, mode)]
        if lacking:
            how = "" if self.ties else " without ties"
            raise ConfigError(
                f"pairs: the rubric has no words in {lacking[0]!r} for the answer mode {mode!r}{how}; set another "
                "`answer:` of the judge"
            )

    def questions(
        self,
        sample: Sample,
        first: Picture,
        second: Picture,
        *,
        mode: Mode,
        compare_original: bool = True,
        draw: int = 0,
        seed: int = 0,
    ) -> dict[str, Question]:
        """Render the questions about two edits in one order, by metric.

        Source and instruction stand before the pictures and the first picture before the second, so that engines share
        the former among all pairs of a sample, and the first picture among all pairs that begin with it.

        Args:
            sample: what was asked of the editors.
            first, second: the edits, as they are shown: A, then B.
            mode: the answer mode.
            compare_original: whether the judge sees the source images.
            draw, seed: of the judge's sampling.
        """
        roles: dict[str, Sequence[Picture]] = {
            "source": sample.sources if compare_original else (),
            "reference": sample.reference,
            "first": (first,),
            "second": (second,),
        }
        fields, texts = fields_of(sample), self._texts_for(sample)
        how = self._reply(texts, mode)
        answer = AnswerFormat("choice", tuple(self._labels), self.choice.begin)
        if mode == "text":
            schema = reply_schema(how, {self.key}, words=True)
            answer = AnswerFormat("text", schema="" if schema is None else json.dumps(schema, ensure_ascii=False))
        questions = {}
        for name in self.metrics_of(sample):
            ask = f"{fill(of_category(texts.asks[name], sample.category), fields).rstrip()}\n{how.strip()}"
            context = rendered(texts.contexts[self.metrics[name].context], roles, sample, fields)
            questions[name] = Question(fill(texts.system, fields).strip(), context, ask.strip(), answer, draw, seed)
        return questions

    def outcome(self, reply: Reply, *, min_label_mass: float) -> Outcome:
        """Read a reply, as strictly as a score.

        Raises:
            UnreadableReply: kinds of `replies.read_score`, and ``not-a-word``, ``label-mass``.
        """
        if reply.labels is not None:
            return self._chosen(reply.labels, min_label_mass)
        allowed = {word: _VALUES[winner] for word, winner in self.words.items() if self.ties or winner != "tie"}
        net = read_part(reply, Part(key=self.key, low=-1.0, high=1.0, words=allowed))
        return Outcome(float(net > 0), float(net < 0), float(net == 0))

    @property
    def _labels(self) -> dict[str, Winner]:
        return {label: winner for label, winner in self.choice.labels.items() if self.ties or winner != "tie"}

    def _chosen(self, probabilities: Mapping[str, float], min_mass: float) -> Outcome:
        mass = sum(probabilities.get(label, 0.0) for label in self._labels)
        if not mass >= min_mass or mass <= 0:
            refuse(
                f"the labels hold only {mass:.4f} of the probability, at least {min_mass:g} is asked",
                "label-mass",
                json.dumps({label: round(p, 6) for label, p in probabilities.items()}),
            )
        shares = dict.fromkeys(_VALUES, 0.0)
        for label, winner in self._labels.items():
            shares[winner] += probabilities.get(label, 0.0) / mass
        # Regrouping a batch moves floats by 1e-6.
        a, b = round(shares["A"], 4), round(shares["B"], 4)
        return Outcome(a, b, round(1.0 - a - b, 4))

    def _reply(self, texts: PairTexts, mode: Mode) -> str:
        return (texts.reply if self.ties else texts.forced).get(mode, "")

    def _texts_for(self, sample: Sample) -> PairTexts:
        language = sample.groups.get("language", "en")
        language = {"cn": "zh"}.get(language, language)
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()))

    def _problems(self, enabled: Sequence[str], *, ties: bool) -> list[str]:
        """What does not fit, as the rest of a sentence."""
        problems = [] if enabled and self.texts else ["has no metric or no words"]
        for language, texts in self.texts.items():
            for name in enabled:
                slots = texts.contexts.get(self.metrics[name].context)
                if name not in texts.asks or slots is None:
                    problems.append(f"has no words in {language!r} for the metric {name!r}")
                    continue
                shown = [slot.image for slot in slots if isinstance(slot, ImageSlot)]
                if [role for role in shown if role in ("first", "second")] != ["first", "second"]:
                    problems.append(f"does not show the pictures first and second of the metric {name!r} in this order")
        for where, winners in (("words", self.words.values()), ("choice.labels", self.choice.labels.values())):
            lacking = [winner for winner in ("A", "B", *(("tie",) if ties else ())) if winner not in winners]
            if lacking:
                problems.append(f"has no answer for {lacking[0]!r} among its `{where}`")
        return problems
