"""From a benchmark to the samples of a study."""

from __future__ import annotations

import itertools
import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

from editloupe.blobs import Store
from editloupe.config import BenchmarkPart
from editloupe.errors import ConfigError
from editloupe.records import Sample

__all__ = ["Benchmark", "load_samples", "selected"]

log = logging.getLogger(__name__)


class Benchmark(Protocol):
    """Where samples come from.

    Attributes:
        name, revision: which benchmark, and a stable name of its content.
        default_rubric: the rubric used when the config names none.
        categories: label by English id, for people; what is absent is labelled by its id.
    """

    name: str
    revision: str
    default_rubric: str
    categories: Mapping[str, str]

    def samples(self, store: Store) -> Iterator[Sample]:
        """Yield the samples in order; a bad one carries its `Failure`. Raises `DataError` for an unusable file."""


def load_samples(part: BenchmarkPart, benchmark: Benchmark, store: Store) -> list[Sample]:
    """Read the samples that a config asks for.

    Duplicate ids get a suffix and a warning, because a sample that vanished would not be noticed.

    Raises:
        ConfigError: a category is asked for that no sample has.
        DataError: the benchmark's file cannot be read.
    """
    samples: list[Sample] = []
    seen: Counter[str] = Counter()
    ids: set[str] = set()
    for sample in benchmark.samples(store):
        seen[sample.category] += 1
        if not _wanted(part, sample):
            continue
        if sample.id in ids:
            number = next(n for n in itertools.count(2) if f"{sample.id}-{n}" not in ids)
            log.warning("the sample id %r occurs again; this one is called %r", sample.id, f"{sample.id}-{number}")
            sample = replace(sample, id=f"{sample.id}-{number}")  # noqa: PLW2901
        ids.add(sample.id)
        samples.append(sample)
        if part.limit is not None and len(samples) >= part.limit:
            break
    missing = [one for one in part.categories or () if one not in seen] if len(samples) != part.limit else []
    if missing:
        raise ConfigError(
            f"the benchmark {benchmark.name!r} has no category {', '.join(map(repr, missing))}; "
            f"it has: {', '.join(seen)}"
        )
    if not samples:
        raise ConfigError(f"the benchmark {benchmark.name!r} has no samples")
    return samples


def selected(part: BenchmarkPart, samples: Iterable[Sample]) -> list[Sample]:
    """Those of a study's samples that a config asks for: of its categories, at most its limit."""
    return list(itertools.islice((sample for sample in samples if _wanted(part, sample)), part.limit))


def _wanted(part: BenchmarkPart, sample: Sample) -> bool:
    return part.categories is None or sample.category in part.categories
