"""From a benchmark to the samples of a study."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from editloupe.benchmarks.findings import group_findings, of_samples
from editloupe.config.parts import BenchmarkPart
from editloupe.errors import ConfigError
from editloupe.image_frames import frames_of
from editloupe.protocols import Benchmark
from editloupe.records import Finding, Sample
from editloupe.store.blobs import Store

__all__ = ["Loaded", "changed_samples", "load_samples", "read_samples", "selected"]

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
    for group in group_findings(loaded.findings):
        log.warning("%s: %s", benchmark.name, group.sentence)
    return loaded.samples


def read_samples(part: BenchmarkPart, benchmark: Benchmark, store: Store) -> Loaded:
    """Read the samples that a config asks for, and look at the data as a whole.

    Samples whose id occurs again get a suffix, because a sample that vanished would not be noticed. Where a limit ends
    the reading, nothing can be said about the whole, such as counts.

    Raises:
        ConfigError: a category is asked for that no sample has.
        DataError: the benchmark's file cannot be read.
    """
    samples: list[Sample] = []
    everything: list[Sample] = []
    several: list[Finding] = []
    stated: dict[str, dict[str, set[str]]] = {}
    ids: set[str] = set()
    for sample in benchmark.samples(store):
        everything.append(replace(sample, sources=(), reference=(), candidate=None))
        several += _several_frames(sample)
        if not _wanted(part, sample):
            continue
        apart = _told_apart(sample, stated.setdefault(sample.id, {}))
        if sample.id in ids:
            number = next(n for n in itertools.count(2) if f"{sample.id}-{n}" not in ids)
            named = {**sample.extra, "stated_id": sample.id, "told_apart_by": apart}
            sample = replace(sample, id=f"{sample.id}-{number}", extra=named)  # noqa: PLW2901
        ids.add(sample.id)
        samples.append(sample)
        if part.limit is not None and len(samples) >= part.limit:
            break
    seen = dict.fromkeys(one.category for one in everything)
    cut = len(samples) == part.limit
    missing = [one for one in part.categories or () if one not in seen] if not cut else []
    if missing:
        raise ConfigError(
            f"the benchmark {benchmark.name!r} has no category {', '.join(map(repr, missing))}; "
            f"it has: {', '.join(seen)}"
        )
    if not samples:
        raise ConfigError(f"the benchmark {benchmark.name!r} has no samples")
    findings = [*of_samples(everything), *several]
    if not cut:
        findings += benchmark.lint(everything)
    asked = [one for one in findings if not one.category or part.categories is None or one.category in part.categories]
    return Loaded(samples, asked)


def changed_samples(before: Iterable[Sample], now: Iterable[Sample]) -> str:
    """Say which samples have become others under their names since the last run; empty where none have.

    Args:
        before: as the study keeps them.
        now: as the data has them.
    """
    known = {sample.id: sample for sample in before}
    there = [sample for sample in now if sample.id in known]
    found = [(sample.id, what) for sample in there if (what := _changes(known[sample.id], sample))]
    if not found:
        return ""
    name, what = found[0]
    if len(found) == 1:
        told = f"1 sample has changed under its name since the last run, {name!r} ({what}): it is"
    else:
        told = f"{len(found)} samples have changed under their names since the last run, the first {name!r} ({what}): "
        told += "they are"
    return f"{told} edited and judged anew, and a ready image of that name may be of the old sample"


def _changes(before: Sample, now: Sample) -> str:
    """What is another one; nothing where one of them is no usable sample."""
    if before.failure is not None or now.failure is not None:
        return ""
    pictures = [picture.sha256 for picture in before.sources] != [picture.sha256 for picture in now.sources]
    parts = (
        ("its instruction", before.instruction != now.instruction),
        ("its source image", pictures),
        ("its category", before.category != now.category),
    )
    return " and ".join(name for name, changed in parts if changed)


def selected(part: BenchmarkPart, samples: Iterable[Sample]) -> list[Sample]:
    """Those of a study's samples that a config asks for: of its categories, at most its limit."""
    return list(itertools.islice((sample for sample in samples if _wanted(part, sample)), part.limit))


def _told_apart(sample: Sample, before: dict[str, set[str]]) -> list[str]:
    """The fields by which a sample differs from all samples of its stated id that came before it.

    Args:
        sample: the next one of its id.
        before: the values that these had, by field; takes the sample's own.
    """
    values = {**sample.fields, **sample.groups, "category": sample.category}
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
