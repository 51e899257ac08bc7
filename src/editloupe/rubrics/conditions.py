"""When something of a rubric applies to a sample, as data."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

from editloupe.records import Sample

__all__ = ["Condition", "Conditional", "RubricModel"]


class RubricModel(BaseModel):
    """A part of a rubric's YAML: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Condition(RubricModel):
    """Holds where everything that it names is so; an empty one always holds.

    Attributes:
        category: the sample's category is one of these.
        groups: each of these groups of the sample has one of the values.
        reference: whether the benchmark has a reference image.
    """

    category: tuple[str, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    reference: bool | None = None

    def holds(self, sample: Sample) -> bool:
        """Tell whether it holds for a sample."""
        return (
            (not self.category or sample.category in self.category)
            and all(sample.groups.get(group) in values for group, values in self.groups.items())
            and (self.reference is None or self.reference == bool(sample.reference))
        )


class Conditional(RubricModel):
    """What applies only to some samples: those for which `when` holds, apart from those for which `unless` does."""

    when: Condition = Condition()
    unless: Condition | None = None

    def applies(self, sample: Sample) -> bool:
        """Tell whether this is for a sample at all."""
        return self.when.holds(sample) and not (self.unless is not None and self.unless.holds(sample))
