"""The part `pairs` of a config: which two editors' edits of a sample are compared, and by what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from editloupe.errors import ConfigError
from editloupe.plugins import nearest
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.pairwise import PairQuestions
from editloupe.rubrics.rubric import Rubric

__all__ = ["STANDARD", "AdaptivePart", "PairsConfig", "PairsPart", "long_form", "resolved_pairs"]

STANDARD = "pairwise"
"""The rubric whose pair questions are asked where the study's own has none."""

PairMode = Literal["all", "baseline", "adaptive"]


class AdaptivePart(BaseModel):
    """Ask on only where ranks are open.

    Attributes:
        max_questions: the most questions that the plan may hold, over all runs; no limit but the samples where None.
        error: how likely a rank that is called settled may be wrong, over all ranks together.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_questions: int | None = Field(default=None, ge=2)
    error: float = Field(default=0.05, gt=0.0, lt=0.5)


class PairsPart(BaseModel):
    """What a config says under `pairs:`; with neither `baseline` nor `adaptive` every pair is asked.

    Attributes:
        baseline: the editor that all others are compared with, and with no other.
        adaptive: ask in rounds, only what decides open ranks.
        rubric: whose pair questions are asked; the study's own rubric where it has some, else the standard one.
        metrics: by which metrics; the rubric's default ones where None.
        ties: whether the judge may say that neither edit is better.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: str | None = None
    adaptive: AdaptivePart | None = None
    rubric: str | None = None
    metrics: tuple[str, ...] | None = None
    ties: bool = True

    @model_validator(mode="after")
    def _one_plan(self) -> Self:
        if self.baseline is not None and self.adaptive is not None:
            raise ValueError("`baseline` and `adaptive` are two plans; keep one")
        return self


class PairsConfig(BaseModel):
    """The part, resolved.

    Attributes:
        mode: which pairs are asked.
        baseline: of the mode ``baseline``.
        adaptive: of the mode ``adaptive``.
        questions: what is asked about a pair.
        rubric: the name of the rubric that they come from.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    mode: PairMode
    baseline: str | None
    adaptive: AdaptivePart | None
    questions: PairQuestions
    rubric: str


def long_form(value: Any) -> Any:
    """``all`` and ``adaptive`` as the mappings that they stand for."""
    return {"all": {}, "adaptive": {"adaptive": {}}}.get(value, value) if isinstance(value, str) else value


def resolved_pairs(
    part: PairsPart | None, rubric: Rubric, rubric_name: str, editors: Sequence[str], base: Path
) -> tuple[PairsConfig | None, Mapping[str, Any]]:
    """Resolve the part; a rubric without single metrics has one, whether the config names it or not.

    Args:
        part: what the config says; None where it says nothing.
        rubric: the study's.
        rubric_name: as the study keeps it.
        editors: names.
        base: the config's folder.

    Returns:
        The part, None where no pairs are asked, and what a study folder keeps of it.

    Raises:
        ConfigError: fewer than two editors, an unknown baseline, or a rubric that asks about no pairs.
    """
    if part is None and not rubric.metrics:
        part = PairsPart()
    if part is None:
        return None, {}
    if len(editors) < 2:
        raise ConfigError(f"pairs: a pair needs two editors, and this study has only {editors[0]!r}")
    if part.baseline is not None and part.baseline not in editors:
        raise ConfigError(
            f"pairs: no editor is called {part.baseline!r}{nearest(part.baseline, editors)}; there are: "
            f"{', '.join(editors)}"
        )
    name = part.rubric or (rubric_name if rubric.pairs is not None else STANDARD)
    if name.endswith((".yaml", ".yml")):
        name = str((base / Path(name).expanduser()).resolve())
    source = rubric.pairs if name == rubric_name else load_rubric(name).pairs
    if source is None:
        raise ConfigError(f"pairs: the rubric {name!r} has no part `pairs`; leave `rubric:` out or name {STANDARD!r}")
    questions = source.asked(part.metrics, ties=part.ties, rubric=name)
    mode: PairMode = "baseline" if part.baseline else "adaptive" if part.adaptive else "all"
    kept = part.model_copy(update={"rubric": name, "metrics": questions.enabled})
    resolved = PairsConfig(mode=mode, baseline=part.baseline, adaptive=part.adaptive, questions=questions, rubric=name)
    return resolved, kept.model_dump(mode="json", exclude_none=True)
