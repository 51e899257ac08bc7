"""What the benchmarks of the judge share: one sample per candidate, and which of them people prefer.

A candidate is judged alone, so each is a sample of its own; candidates of one task form a group. What people said about
them stands in ``Sample.extra``, as JSON values, and never in a question:

* ``group``: the name of the task;
* ``preferred_to``: by dimension, the ids of the candidates that this one is preferred to;
* ``equal_to``: by dimension, the ids of those that people call equal to it, each pair told once;
* ``correct``: whether the edit is what the instruction asks for, where the benchmark says it.

Within a group candidates are numbered by the SHA-256 of their bytes: no order in a data file, such as the preferred one
first, can reach a question, its place in a batch, or a draw's seed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace

from editloupe.benchmarks.sample_building import build_sample
from editloupe.errors import ImageError, failure_from
from editloupe.records import Failure, Picture, Sample
from editloupe.store.blobs import Store

__all__ = ["OVERALL", "Group", "Preference", "group_of", "kept", "preferences_of"]

OVERALL = "overall"
"""The dimension of a benchmark that asks people which edit is better, all things considered."""


@dataclass(frozen=True, slots=True)
class Preference:
    """What people said about two candidates: the first is better in a dimension, or both are equal."""

    better: str
    worse: str
    dimension: str
    equal: bool = False


@dataclass(slots=True)
class Group:
    """The candidates of one task while a data file is read.

    Attributes:
        draft: what all samples of the group share; its id is the group's name.
        candidates: by the SHA-256 of their bytes, the picture or what is wrong with it.
        labels: human scores of candidates, by the same.
        preferences: for one of two candidates over the other, both named by the same.
    """

    draft: Sample
    candidates: dict[str, Picture | Failure] = field(default_factory=dict)
    labels: dict[str, float] = field(default_factory=dict)
    preferences: list[Preference] = field(default_factory=list)

    def samples(self) -> Iterator[Sample]:
        """One sample per candidate, in the order of the candidates' digests."""
        names = {digest: f"{self.draft.id}_{number}" for number, digest in enumerate(sorted(self.candidates), 1)}
        for digest, name in names.items():
            known = self.candidates[digest]
            failed = known if isinstance(known, Failure) else self.draft.failure
            yield replace(
                self.draft,
                id=name,
                label=self.labels.get(digest),
                candidate=None if isinstance(known, Failure) else known,
                extra={
                    **self.draft.extra,
                    "group": self.draft.id,
                    "preferred_to": self._others(digest, names, equal=False),
                    "equal_to": self._others(digest, names, equal=True),
                },
                failure=failed,
            )

    def _others(self, digest: str, names: dict[str, str], *, equal: bool) -> dict[str, list[str]]:
        others: dict[str, list[str]] = {}
        for preference in self.preferences:
            if preference.better == digest and preference.equal == equal:
                others.setdefault(preference.dimension, []).append(names[preference.worse])
        return others


def group_of(
    groups: dict[str, Group], row: int, category: str, instruction: str, source: Callable[[], bytes], store: Store
) -> Group:
    """The group of a row: those of one category, source image and instruction.

    Args:
        groups: so far, by name; a new one is added.
        row: its number from 1, for the name of what cannot be used.
        category, instruction: of the row.
        source: reads the encoded source image; may raise `ImageError`.
        store: keeps it.
    """
    draft = build_sample(Sample("", category, instruction), lambda: (store.put(source()),))
    key = f"{draft.sources[0].sha256} {instruction}" if draft.failure is None else f"row {row}"
    name = f"{category}_{hashlib.sha256(key.encode()).hexdigest()[:12]}"
    return groups.setdefault(name, Group(replace(draft, id=name)))


def kept(store: Store, read: Callable[[], bytes]) -> tuple[str, Picture | Failure]:
    """Put a candidate's image into the store.

    Args:
        store: keeps it.
        read: reads the encoded bytes; may raise `ImageError`.

    Returns:
        The SHA-256 of its bytes (of what is wrong where there are none), and the picture or what is wrong with it.
    """
    name = ""
    try:
        data = read()
        name = hashlib.sha256(data).hexdigest()
        return name, store.put(data)
    except ImageError as error:
        return name or hashlib.sha256(str(error).encode()).hexdigest(), failure_from(error, "sample")


def preferences_of(samples: Iterable[Sample]) -> list[Preference]:
    """What people said about pairs of these samples, by sample ids; a pair that is not wholly there is left out."""
    by_id = {sample.id: sample for sample in samples}
    preferences = []
    for sample in by_id.values():
        for key, equal in (("preferred_to", False), ("equal_to", True)):
            for dimension, others in sample.extra.get(key, {}).items():
                preferences += [Preference(sample.id, other, dimension, equal) for other in others if other in by_id]
    return preferences
