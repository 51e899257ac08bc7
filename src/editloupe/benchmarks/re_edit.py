"""RE-Edit (arXiv 2606.05172): 1,000 edits that need reasoning of five kinds, in one JSON with the images inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from editloupe import plugins
from editloupe.benchmarks.embedded_json import EmbeddedJson
from editloupe.benchmarks.findings import Finding, counted
from editloupe.benchmarks.sample_building import annotation_file
from editloupe.categories import FIVE, LABELS, LABELS_ZH
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["ReEdit"]

TOTAL = 1000
"""Published samples; how many of each kind is not stated, so only an absent kind is reported."""


class ReEdit(Benchmark):
    """The published file, read as a stream by the reader of its format.

    Attributes:
        name: ``re-edit``.
        revision: SHA-256 of the file.
        default_rubric: ``re-edit``.
        categories: the five kinds.

    Raises:
        DataError: there is no such file.
    """

    name = "re-edit"
    default_rubric = "re-edit"

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the JSON file, or a folder with one JSON file in it.
            language: which of a sample's two languages is used; the other one where a sample has only that.
        """

        path: plugins.ConfigPath
        language: Literal["en", "zh"] = "en"

    def __init__(self, options: Options) -> None:
        folder = Path(options.path)
        inside = sorted(path.name for path in folder.glob("*.json")) if folder.is_dir() else []
        file = annotation_file(options.path, inside if len(inside) == 1 else ["RE-Edit.json"])
        self._file = EmbeddedJson(EmbeddedJson.Options(path=str(file), language=options.language))
        self.categories: Mapping[str, str] = LABELS_ZH if options.language == "zh" else LABELS

    @property
    def revision(self) -> str:
        """SHA-256 of the file."""
        return self._file.revision

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the file's order.

        Raises:
            DataError: the file is no JSON, or neither a list nor an object of lists.
        """
        for sample in self._file.samples(store):
            outputs = [f"{sample.category}/{sample.id}_primary"]
            yield replace(sample, extra={**sample.extra, "outputs": outputs})

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the counts."""
        yield from counted(samples, {}, total=TOTAL)
        there = {sample.category for sample in samples}
        for name in FIVE:
            if name not in there:
                yield Finding("missing-group", "none of the published samples is there", name)
        for name in sorted(there - set(FIVE)):
            yield Finding("unknown-group", "a group that is not among the published ones", name)
