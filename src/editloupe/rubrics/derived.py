"""The scores of a rubric that follow from others of the same edit."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from editloupe.records import Sample
from editloupe.rubrics.combine import FORMULAS
from editloupe.rubrics.conditions import Conditional, RubricModel

__all__ = ["Derived", "DerivedCase", "derived_scores"]


class DerivedCase(Conditional):
    """One way to derive a score.

    Attributes:
        formula: its name in `combine.FORMULAS`.
        of: the scores that it takes, in order; those that do not apply to a sample are left out, where the formula
            takes any number.
    """

    formula: str
    of: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> DerivedCase:
        if self.formula not in FORMULAS:
            raise ValueError(f"no formula is called {self.formula!r}; there are: {', '.join(FORMULAS)}")
        takes = FORMULAS[self.formula].takes
        if takes is not None and takes != len(self.of):
            raise ValueError(f"the formula {self.formula!r} takes {takes} scores, not {len(self.of)}")
        return self


class Derived(RubricModel):
    """A score that follows from others of the same edit.

    Attributes:
        low, high: the ends of its scale.
        cases: the first one that applies to a sample counts; where none does, neither does this score.
    """

    low: float = 0.0
    high: float = 10.0
    cases: tuple[DerivedCase, ...] = Field(min_length=1)

    @property
    def worst(self) -> float:
        """The score that a failure stands for in ``mean_if_failures_worst``."""
        return self.low

    @property
    def inputs(self) -> set[str]:
        """Every score that some case takes."""
        return {name for case in self.cases for name in case.of}

    def case(self, sample: Sample) -> DerivedCase | None:
        """The case of a sample."""
        return next((case for case in self.cases if case.applies(sample)), None)


def derived_scores(
    derived: Mapping[str, Derived], scores: Mapping[str, float | None], sample: Sample
) -> dict[str, float | str]:
    """The derived scores that apply to a sample; of one that failed, the name of the metric that it lacks.

    Args:
        derived: by name; each may take those before it.
        scores: of the metrics that apply, None where one failed.
        sample: whose edit it is.
    """
    known: dict[str, float | str] = {name: name if score is None else score for name, score in scores.items()}
    combined: dict[str, float | str] = {}
    for name, score in derived.items():
        case = score.case(sample)
        inputs = [known[input_name] for input_name in case.of if input_name in known] if case else []
        if case is None or len(inputs) < (FORMULAS[case.formula].takes or 1):
            continue
        lacking = next((value for value in inputs if isinstance(value, str)), None)
        numbers = [value for value in inputs if not isinstance(value, str)]
        combined[name] = known[name] = FORMULAS[case.formula](numbers) if lacking is None else lacking
    return combined
