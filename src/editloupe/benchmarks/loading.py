"""From a benchmark to the samples of a study, one after the other: there may be more than fit into memory."""

from __future__ import annotations

import itertools
import logging
import pickle
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from editloupe.benchmarks.findings import group_findings, of_samples
from editloupe.config.parts import BenchmarkPart
from editloupe.errors import ConfigError
from editloupe.image_frames import frames_of
from editloupe.protocols import Benchmark
from editloupe.records import Finding, Sample
from editloupe.store.blobs import Store
from editloupe.store.ledger import packed_sample
from editloupe.streams import Spool

__all__ = [
    "Loaded",
    "SampleReader",
    "changed_since",
    "load_samples",
    "marks_of",
    "read_samples",
    "remarks_of",
    "same_samples",
    "selected",
]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The samples that a config asks for, and what is to be said about them."""

    samples: list[Sample]
    findings: list[Finding]


def load_samples(part: BenchmarkPart, benchmark: Benchmark, store: Store) -> list[Sample]:
    """Read the samples that a config asks for; what is to be said about the data goes to the log first.

    Raises:
        ConfigError: a category is asked for that no sample has.
        DataError: the benchmark's file cannot be read.
    """
    loaded = read_samples(part, benchmark, store)
    for remark in remarks_of(benchmark, loaded.findings):
        log.warning("%s", remark)
    return loaded.samples


def remarks_of(benchmark: Benchmark, findings: Iterable[Finding]) -> list[str]:
    """What is to be said about a benchmark's data, in lines for the log."""
    return [f"{benchmark.name}: {group.sentence}" for group in group_findings(findings)]


def read_samples(part: BenchmarkPart, benchmark: Benchmark, store: Store) -> Loaded:
    """Read all samples that a config asks for, and look at the data as a whole.

    Raises:
        ConfigError: a category is asked for that no sample has.
        DataError: the benchmark's file cannot be read.
    """
    reader = SampleReader(part, benchmark, store, [])
    return Loaded(list(reader), reader.findings())


class SampleReader:
    """Reads the samples that a config asks for, one after the other, and then looks at the data as a whole.

    Samples whose id occurs again get a suffix, because a sample that vanished would not be noticed. Where a limit ends
    the reading, nothing can be said about the whole, such as counts.

    Args:
        part: what is asked for.
        benchmark: reads the samples.
        store: keeps their images.
        everything: takes every sample without its images, also those that are not asked for; None where nobody asks
            for `findings`.
    """

    def __init__(
        self, part: BenchmarkPart, benchmark: Benchmark, store: Store, everything: list[Sample] | Spool[Sample] | None
    ) -> None:
        self._part = part
        self._benchmark = benchmark
        self._store = store
        self._everything = everything
        self._several: list[Finding] = []
        self._cut = False

    def __iter__(self) -> Iterator[Sample]:
        """Yield the samples.

        Raises:
            ConfigError: at the end, where a category is asked for that no sample has, or where there is no sample.
            DataError: the benchmark's file cannot be read.
        """
        part, names = self._part, _Names()
        categories: dict[str, None] = {}
        count = 0
        for sample in self._benchmark.samples(self._store):
            categories[sample.category] = None
            if self._everything is not None:
                self._everything.append(replace(sample, sources=(), reference=(), candidate=None))
                self._several += _several_frames(sample)
            if not _wanted(part, sample):
                continue
            count += 1
            yield names.unique(sample)
            if part.limit is not None and count >= part.limit:
                break
        self._cut = count == part.limit
        missing = [category for category in part.categories or () if category not in categories]
        if missing and not self._cut:
            raise ConfigError(
                f"the benchmark {self._benchmark.name!r} has no category {', '.join(map(repr, missing))}; "
                f"it has: {', '.join(categories)}"
            )
        if not count:
            raise ConfigError(f"the benchmark {self._benchmark.name!r} has no samples")

    def findings(self) -> list[Finding]:
        """What is to be said about the data, once all samples have been read."""
        everything = self._everything or ()
        findings = [*of_samples(everything), *self._several]
        if not self._cut:
            findings += self._benchmark.lint(everything)
        asked = self._part.categories
        return [finding for finding in findings if not finding.category or asked is None or finding.category in asked]


class _Names:
    """Gives each sample a name of its own."""

    def __init__(self) -> None:
        self._first: dict[str, bytes] = {}
        self._stated: dict[str, dict[str, set[str]]] = {}

    def unique(self, sample: Sample) -> Sample:
        """The sample, renamed where another one has its id already."""
        values = {**sample.fields, **sample.groups, "category": sample.category}
        name = sample.id
        if name not in self._first:
            self._first[name] = pickle.dumps(values)  # most ids occur once, and a dictionary of sets is large
            return sample
        before = self._stated.get(name)
        if before is None:
            first = pickle.loads(self._first[name])  # noqa: S301 - our own bytes
            before = self._stated[name] = {field: {value} for field, value in first.items()}
        apart = _told_apart(values, before)
        number = next(n for n in itertools.count(2) if f"{name}-{n}" not in self._first)
        named = {**sample.extra, "stated_id": name, "told_apart_by": apart}
        renamed = replace(sample, id=f"{name}-{number}", extra=named)
        self._first[renamed.id] = pickle.dumps({})
        return renamed


def same_samples(part: BenchmarkPart, benchmark: Benchmark, store: Store, kept: Iterator[str]) -> bool:
    """Whether a benchmark's samples are, one by one, those that a study keeps.

    Args:
        part, benchmark, store: as for `SampleReader`.
        kept: the samples as the ledger keeps them.

    Raises:
        ConfigError, DataError: as while reading.
    """
    for sample in SampleReader(part, benchmark, store, None):
        if packed_sample(sample) != next(kept, None):
            return False
    return next(kept, None) is None


def marks_of(samples: Iterable[Sample]) -> dict[str, tuple[int, ...]]:
    """What `changed_since` has to know of earlier samples, by id; nothing of unusable ones."""
    return {sample.id: _mark(sample) for sample in samples if sample.failure is None}


def changed_since(before: dict[str, tuple[int, ...]], now: Iterable[Sample]) -> str:
    """Say which samples have become others under their names since the last run; empty where none have.

    Args:
        before: `marks_of` the samples as the study kept them.
        now: as the data has them.
    """
    changed = [
        (sample.id, what)
        for sample in now
        if sample.failure is None and sample.id in before and (what := _changes(before[sample.id], sample))
    ]
    if not changed:
        return ""
    name, what = changed[0]
    if len(changed) == 1:
        which = f"1 sample has changed under its name since the last run, {name!r} ({what}): it is"
    else:
        which = (
            f"{len(changed)} samples have changed under their names since the last run, the first {name!r} ({what}): "
        )
        which += "they are"
    return f"{which} edited and judged anew, and a ready image of that name may be of the old sample"


_PARTS = ("its instruction", "its source image", "its category")


def _mark(sample: Sample) -> tuple[int, ...]:
    pictures = tuple(picture.sha256 for picture in sample.sources)
    return hash(sample.instruction), hash(pictures), hash(sample.category)


def _changes(before: tuple[int, ...], now: Sample) -> str:
    """The parts of a sample that are no longer what they were."""
    return " and ".join(name for name, old, new in zip(_PARTS, before, _mark(now), strict=True) if old != new)


def selected(part: BenchmarkPart, samples: Iterable[Sample]) -> Iterator[Sample]:
    """Those of a study's samples that a config asks for: of its categories, at most its limit."""
    return itertools.islice((sample for sample in samples if _wanted(part, sample)), part.limit)


def _told_apart(values: dict[str, str], before: dict[str, set[str]]) -> list[str]:
    """The fields by which a sample differs from all samples of its stated id that came before it.

    Args:
        values: of the next one of its id, by field.
        before: the values that these had; takes the sample's own.
    """
    apart = sorted(name for name, value in values.items() if name in before and value not in before[name])
    for name, value in values.items():
        before.setdefault(name, set()).add(value)
    return apart


def _several_frames(sample: Sample) -> Iterator[Finding]:
    for role, pictures in (("source", sample.sources), ("reference", sample.reference)):
        for picture in pictures:
            frames = frames_of(picture)
            if frames > 1:
                message = f"a {role} image of sample {sample.id!r} holds {frames} frames; only the first one is used"
                yield Finding("several-frames", message, sample.category, sample.groups.get("language", ""))


def _wanted(part: BenchmarkPart, sample: Sample) -> bool:
    return part.categories is None or sample.category in part.categories
