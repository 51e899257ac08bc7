"""How the tests of loaders read a benchmark."""

from editloupe.benchmarks.findings import group_findings
from editloupe.benchmarks.loading import read_samples
from editloupe.config.parts import BenchmarkPart
from editloupe.plugins import find
from editloupe.store.blobs import DecodingStore


def made(name, **options):
    plugin = find("benchmarks", name)
    return plugin(plugin.Options(**{key: str(value) if key == "path" else value for key, value in options.items()}))


def read(name, *, store=None, categories=None, limit=None, **options):
    """All samples, and what was found: how often, by (kind, group)."""
    benchmark = made(name, **options)
    part = BenchmarkPart(
        name=name,
        plugin=type(benchmark),
        options=benchmark.Options.model_construct(),
        categories=categories,
        limit=limit,
    )
    loaded = read_samples(part, benchmark, store or DecodingStore())
    return loaded.samples, {(pile.kind, pile.group): pile.count for pile in group_findings(loaded.findings)}


def without_counts(found):
    """Findings apart from those that every small folder has: it lacks most published samples."""
    return {key: count for key, count in found.items() if key[0] not in ("wrong-count", "missing-group")}
