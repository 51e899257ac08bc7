"""A rubric: what is asked about an edit, how a reply becomes a score, how scores combine. Its words are data (YAML)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from editloupe.benchmarks.categories import category_id
from editloupe.errors import ConfigError
from editloupe.plugins import names, nearest
from editloupe.records import AnswerFormat, ImagePart, Picture, Question, Reply, Sample
from editloupe.rubrics.combine import FORMULAS
from editloupe.rubrics.replies import expected_value, read_score

__all__ = ["Choice", "ImageSlot", "Metric", "Prompt", "Rubric", "Texts", "load_rubric"]

Mode = Literal["text", "choice"]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ImageSlot(_Data):
    """Where the pictures of one role go, and the line above them."""

    image: Literal["source", "edited", "reference"]
    label: str = ""


class Metric(_Data):
    """One thing that is scored.

    Attributes:
        default: whether it is asked when the config names no metrics.
        context: which context of the texts it looks at; metrics with the same one share its computation.
        low, high: the ends of its scale.
        worst: what a failure counts in ``mean_if_failures_worst``.
    """

    default: bool = True
    context: str = "pair"
    low: float = 0.0
    high: float = 10.0

    @property
    def worst(self) -> float:
        """The score that a failure stands for in ``mean_if_failures_worst``."""
        return self.low


class Choice(_Data):
    """How the answer mode ``choice`` asks: one label follows `begin`."""

    labels: tuple[str, ...] = tuple("0123456789")
    begin: str = '{"score": '


class Texts(_Data):
    """The words of a rubric in one language. A mapping is by category, ``default`` for the others."""

    system: str | dict[str, str]
    contexts: dict[str, list[str | ImageSlot]]
    asks: dict[str, str | dict[str, str]]
    reply: dict[Mode, str]


class Prompt(_Data):
    """A user's own prompt for one category (the seed's spelling): it replaces the rubric's words there."""

    system_prompt: str = ""
    user_prompt_template: str


class Rubric(_Data):
    """What is asked, read from YAML; `load_rubric` makes one.

    Attributes:
        name: how it is called in tables.
        version: raised whenever a change of its words or scale should be visible in a table.
        card: what it measures and what it does not, for the report.
        answer: the default answer mode.
        combine: the name of the formula in `combine.FORMULAS` that makes the overall score.
        metrics: by name.
        texts: by language.
        enabled: the metrics that are asked, in order; the default ones where the config names none.
        prompts: a user's own prompts by category id; each replaces system text, context text and ask there.
    """

    name: str
    version: int = 1
    card: str = ""
    answer: Mode = "text"
    choice: Choice = Choice()
    combine: str = "mean"
    metrics: dict[str, Metric]
    texts: dict[str, Texts]
    enabled: tuple[str, ...] = ()
    prompts: dict[str, Prompt] = Field(default_factory=dict)

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
        """Render the questions about one edit, by metric.

        Contexts are equal across metrics that look at the same pictures, and put the source and the sample's text
        before the edited image, so that engines can share what is equal across metrics and across editors.

        Args:
            sample: what was asked of the editor.
            edited: the edited image.
            mode: the answer mode; the rubric's own by default.
            compare_original: whether the judge sees the source images.
            draw, seed: of the judge's sampling.
        """
        mode = mode or self.answer
        roles: dict[str, Sequence[Picture]] = {
            "source": sample.sources if compare_original else (),
            "reference": sample.reference,
            "edited": (edited,),
        }
        fields = {
            "instruction": sample.instruction,
            "edit_instruction": sample.instruction,
            "description": sample.description,
            "original_description": sample.description,
            "rationale": sample.rationale,
            "category": sample.category,
        }
        answer = AnswerFormat("text")
        if mode == "choice":
            answer = AnswerFormat("choice", self.choice.labels, self.choice.begin)
        texts = self.texts_for(sample)
        own = self.prompts.get(sample.category)
        questions = {}
        for name in self.enabled:
            slots = texts.contexts[self.metrics[name].context]
            if own is not None:
                system, ask = own.system_prompt, _fill(own.user_prompt_template, fields)
                slots = [slot for slot in slots if isinstance(slot, ImageSlot)]
            else:
                system = _of_category(texts.system, sample.category)
                ask = _fill(_of_category(texts.asks[name], sample.category), fields)
                ask = f"{ask.rstrip()}\n{texts.reply[mode].strip()}"
            context = _context(slots, roles, fields)
            questions[name] = Question(_fill(system, fields).strip(), context, ask.strip(), answer, draw, seed)
        return questions

    def texts_for(self, sample: Sample) -> Texts:
        """The words in the sample's language (its group ``language``), English where there are none in it."""
        language = {"cn": "zh"}.get(sample.groups.get("language", "en"), sample.groups.get("language", "en"))
        return self.texts.get(language) or self.texts.get("en") or next(iter(self.texts.values()))

    def score(self, metric: str, reply: Reply, *, min_label_mass: float) -> float:
        """Read one reply.

        Raises:
            UnreadableReply: no score can be read from it.
        """
        scale = self.metrics[metric]
        if reply.labels is not None:
            return expected_value(reply.labels, low=scale.low, high=scale.high, min_mass=min_label_mass)
        return read_score(reply, low=scale.low, high=scale.high)

    def overall(self, scores: Mapping[str, float | None]) -> float | None:
        """Combine the metric scores of one edit; None as soon as one of them failed."""
        values = [scores[name] for name in self.enabled]
        known = [value for value in values if value is not None]
        return FORMULAS[self.combine](known) if len(known) == len(values) else None


def load_rubric(
    name: str,
    *,
    metrics: Sequence[str] | None = None,
    prompts: Mapping[str, Prompt] | None = None,
) -> Rubric:
    """Load a rubric by name (entry point) or from a YAML file.

    Args:
        name: a registered name, or a path that ends in ``.yaml`` or ``.yml``.
        metrics: which of its metrics to ask; the default ones where None.
        prompts: a user's own prompts by category, in any spelling of the category.

    Raises:
        ConfigError: unknown name, unreadable file, or a rubric that does not fit together.
    """
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        if not path.is_file():
            raise ConfigError(f"there is no rubric file {name!r}")
        text = path.read_text(encoding="utf-8")
    else:
        known = names("rubrics")
        if name not in known:
            raise ConfigError(f"no rubric is called {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
        package, _, file = known[name].value.partition(":")
        text = files(package).joinpath(file).read_text(encoding="utf-8")
    try:
        data = yaml.safe_load(text)
        rubric = Rubric.model_validate(data)
    except (yaml.YAMLError, ValidationError) as error:
        raise ConfigError(f"the rubric {name!r} cannot be used: {error}") from error
    if rubric.combine not in FORMULAS:
        raise ConfigError(f"the rubric {name!r} combines by {rubric.combine!r}; known formulas: {', '.join(FORMULAS)}")
    for language, texts in rubric.texts.items():
        for metric, settings in rubric.metrics.items():
            if metric not in texts.asks or settings.context not in texts.contexts:
                raise ConfigError(f"the rubric {name!r} has no words in {language!r} for the metric {metric!r}")
    wanted = tuple(metrics) if metrics else tuple(name for name, one in rubric.metrics.items() if one.default)
    for metric in wanted:
        if metric not in rubric.metrics:
            raise ConfigError(
                f"the rubric {name!r} has no metric {metric!r}{nearest(metric, rubric.metrics)}; "
                f"it has: {', '.join(rubric.metrics)}"
            )
    own = {category_id(category): prompt for category, prompt in (prompts or {}).items()}
    if own and len(wanted) > 1:
        raise ConfigError("own prompts ask for one score; name a single metric in `rubric: {metrics: [...]}` with them")
    return rubric.model_copy(update={"enabled": wanted, "prompts": own})


_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


def _fill(template: str, fields: Mapping[str, str]) -> str:
    """Put the fields in; a line whose placeholders are all empty is left out, and other braces stay as they are.

    One pass, so that braces inside a sample's own text are never read as placeholders.
    """
    lines = []
    for line in template.split("\n"):
        used = [name for name in _PLACEHOLDER.findall(line) if name in fields]
        if used and not any(fields[name] for name in used):
            continue
        lines.append(_PLACEHOLDER.sub(lambda match: fields.get(match[1], match[0]), line))
    return "\n".join(lines)


def _of_category(text: str | Mapping[str, str], category: str) -> str:
    return text if isinstance(text, str) else text.get(category, text.get("default", ""))


def _context(
    slots: Sequence[str | ImageSlot], roles: Mapping[str, Sequence[Picture]], fields: Mapping[str, str]
) -> tuple[str | ImagePart, ...]:
    parts: list[str | ImagePart] = []
    for slot in slots:
        if isinstance(slot, str):
            text = _fill(slot, fields).strip("\n")
            parts += [text] if text else []
        elif pictures := roles[slot.image]:
            parts += [slot.label] if slot.label else []
            parts += [ImagePart(slot.image, picture) for picture in pictures]
    return tuple(parts)
