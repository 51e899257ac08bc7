"""KRIS-Bench (Wu et al., arXiv 2505.16707): 1,267 edits that need factual, conceptual or procedural knowledge.

``KRIS_Bench/{category}/annotation.json`` maps an id to ``{"ori_img", "gt_img", "ins_en", "explain_en"}``; `ori_img` is
one name or several. Counts: the published annotation files; dimensions and classes: the paper's taxonomy.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from editloupe import plugins
from editloupe.benchmarks.annotations import keyed_items, names, need_object, words
from editloupe.benchmarks.findings import Finding, counted
from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.benchmarks.sample_building import annotated, build_sample, failed, sha256_of
from editloupe.errors import DataError, ItemError
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["Kris"]

TAXONOMY = {
    "factual": {
        "attribute_perception": {
            "count_change": 50,
            "color_change": 50,
            "size_adjustment": 50,
            "part_completion": 50,
            "anomaly_correction": 75,
        },
        "spatial_perception": {"position_movement": 50, "viewpoint_change": 50},
        "temporal_perception": {"temporal_prediction": 74},
    },
    "conceptual": {
        "social_science": {"humanities": 75, "practical_knowledge": 50},
        "natural_science": {
            "biology": 68,
            "chemistry": 75,
            "geography": 75,
            "mathematics": 50,
            "medicine": 50,
            "physics": 75,
        },
    },
    "procedural": {
        "logical_reasoning": {"abstract_reasoning": 75, "rule-based_reasoning": 75},
        "instruction_decomposition": {"multi-element_composition": 75, "multi-instruction_execution": 75},
    },
}
"""Published samples by class, dimension and category."""

_PLACES = {
    category: {"dimension": dimension, "class": kind}
    for kind, dimensions in TAXONOMY.items()
    for dimension, categories in dimensions.items()
    for category in categories
}
_COUNTS = {name: count for kind in TAXONOMY.values() for group in kind.values() for name, count in group.items()}
_ANNOTATIONS = "annotation.json"
_FRAMES = "temporal_prediction"
"""The category whose instructions speak of frames by the numbers in their files' names."""

_NUMBERED = re.compile(r"[-_](\d+)\.\w+$")


class Kris(Benchmark):
    """Samples of all categories whose folder is there.

    Attributes:
        name: ``kris``.
        revision: SHA-256 over the annotation files.
        default_rubric: ``kris``.
        categories: the 20 published ones; another folder with annotations is read too.

    Raises:
        DataError: there is no such folder, or no annotations in it.
    """

    name = "kris"
    default_rubric = "kris"
    categories: Mapping[str, str] = {name: name.replace("_", " ").capitalize() for name in _COUNTS}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the folder with one folder per category, ``KRIS_Bench`` in the published repository.
        """

        path: plugins.ConfigPath

    def __init__(self, options: Options) -> None:
        given = Path(options.path)
        root = given / "KRIS_Bench" if (given / "KRIS_Bench").is_dir() else given
        annotations = {path.parent.name: path for path in root.glob(f"*/{_ANNOTATIONS}")}
        if not annotations:
            raise DataError(
                f"{str(root)!r} holds no {_ANNOTATIONS} in a folder per category; correct `path` in the benchmark's "
                "part of the config"
            )
        known = [name for name in _COUNTS if name in annotations]
        self._files = {name: annotations[name] for name in [*known, *sorted(set(annotations) - set(known))]}
        self._folder = ImageFolder(root)

    @cached_property
    def revision(self) -> str:
        """SHA-256 over the annotation files' names and hashes."""
        parts = [f"{name} {sha256_of(path)}\n" for name, path in sorted(self._files.items())]
        return hashlib.sha256("".join(parts).encode()).hexdigest()

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples, category by category, in their files' order.

        Raises:
            DataError: a file is no JSON, or no object.
        """
        for category, path in self._files.items():
            for key, item in keyed_items(path):
                yield self._sample(category, key, item, store)

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the counts and the folders."""
        yield from counted(samples, {(name, ""): count for name, count in _COUNTS.items()})
        yield from self._folder.findings(lambda name: name.split("/")[0])

    def _sample(self, category: str, key: str, item: Any, store: blobs.Store) -> Sample:
        identifier = f"{category}_{key}"
        groups = _PLACES.get(category, {})
        try:
            item = need_object(item)
            draft = Sample(
                identifier,
                category,
                words(item, "ins_en"),
                groups=groups,
                rationale=words(item, "explain_en"),
                extra={"outputs": [f"{category}/{key}"]},
                fields=annotated(item, id=key, key=key),
            )
            images, truths = names(item, "ori_img"), names(item, "gt_img")
            if category == _FRAMES and (numbers := _frame_numbers(images)):
                draft = replace(draft, extra={**draft.extra, "source_numbers": numbers})
        except ItemError as error:
            return failed(identifier, category, error, groups)
        return build_sample(
            draft,
            lambda: [self._folder.take(f"{category}/{name}", store) for name in images],
            lambda: [self._folder.take(f"{category}/{name}", store) for name in truths],
        )


def _frame_numbers(images: Sequence[str]) -> list[int]:
    """The numbers of frames called ``1-2.jpg``, ``1-3.jpg``; none unless each has one of its own."""
    numbers = [int(match[1]) for name in images if (match := _NUMBERED.search(name))]
    return numbers if len(set(numbers)) == len(images) else []
