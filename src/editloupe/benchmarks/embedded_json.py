"""The JSON that RE-Edit and its predecessors use: one object per sample, its image inside as base64.

A list of other objects with columns of the usual names, such as ``{"image", "instruction"}``, is read like a table.

The file is a list of samples or an object with a list of samples per category. It is read as a stream: an image is
about 2 MB of base64 and a whole benchmark 2 GB, so one item at a time is in memory and its image goes to the store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from editloupe import plugins
from editloupe.benchmarks import json_stream
from editloupe.benchmarks.columns import wanted
from editloupe.benchmarks.empty_cells import is_empty
from editloupe.benchmarks.findings import Finding
from editloupe.benchmarks.picture_cells import PictureCells
from editloupe.benchmarks.sample_building import (
    UNCATEGORIZED,
    annotated,
    build_sample,
    data_file,
    from_base64,
    sha256_of,
    stem,
    text,
)
from editloupe.benchmarks.table_sample import has_columns, sample_of, without_ids
from editloupe.categories import LABELS, LABELS_ZH, category_id
from editloupe.errors import DataError, ImageError, ItemError, failure_from
from editloupe.protocols import Benchmark
from editloupe.records import Picture, Sample
from editloupe.store import blobs

__all__ = ["EmbeddedJson"]


class EmbeddedJson(Benchmark):
    """Samples of a JSON file with embedded images.

    Attributes:
        name: the file's name without extension.
        revision: SHA-256 of the file.
        default_rubric: ``reasoning``.
        categories: the five ids with their labels; a file may hold others.

    Raises:
        DataError: there is no such file.
    """

    name: str
    default_rubric = "reasoning"
    categories: Mapping[str, str]

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the JSON file.
            language: which of a sample's two languages is used; the other one where a sample has only that.
        """

        path: plugins.ConfigPath
        language: Literal["zh", "en"] = "zh"

    def __init__(self, options: Options) -> None:
        self._path = data_file(options.path)
        self._language: Literal["zh", "en"] = options.language
        self._pictures = PictureCells(self._path.parent)
        self.name = self._path.stem
        self.categories = LABELS_ZH if options.language == "zh" else LABELS

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the file; computed when asked for, at about 1 GB/s."""
        return sha256_of(self._path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the file's order.

        Raises:
            DataError: the file is no JSON, or neither a list nor an object of lists.
        """
        known, other = False, None
        for index, (key, item) in enumerate(json_stream.items(self._path)):
            if isinstance(item, Mapping):
                known = known or _is_known(item)
                other = other or list(item)
            yield self._sample(index, key, item, store)
        if other is not None and not known:
            raise DataError(f"no sample of {str(self._path)!r} can be used: {wanted(other)}")

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the samples' names, and of folders with images that are not inside."""
        yield from without_ids(samples)
        yield from self._pictures.folder.findings(lambda _: "")

    def _sample(self, index: int, key: str | None, item: Any, store: blobs.Store) -> Sample:
        if not isinstance(item, Mapping):
            category = category_id(key or "") or UNCATEGORIZED
            error = ItemError(f"item {index} is {item!r:.60}, not an object", kind="bad-sample")
            return Sample(f"{category}_{index}", category, "", failure=failure_from(error, "sample"))
        if not _is_own_format(item) and has_columns(item):
            row = item if key is None or "category" in item else {"category": key, **item}
            return sample_of(index, row, self._pictures, store, language=None)
        category = category_id(text(item.get("subset")) or key or "") or UNCATEGORIZED
        image_path = text(item.get("original_image_path"))
        used, instruction = self._instruction(item)
        draft = Sample(
            id=stem(image_path) or f"{category}_{index}",
            category=category,
            instruction=instruction,
            groups={"language": used, **_given(difficulty=text(item.get("difficulty")))},
            description=_in_language(item, "original_description", used),
            rationale=_in_language(item, "rationale_short", used),
            extra=_given(tags=item.get("tags"), seed=item.get("seed")),
            fields=annotated(item, id=stem(image_path), stem=stem(image_path), position=str(index)),
        )
        return build_sample(draft, lambda: (self._image(item, image_path, store),))

    def _instruction(self, item: Mapping[str, Any]) -> tuple[str, str]:
        """Return the language that is used and the instruction in it."""
        other = "en" if self._language == "zh" else "zh"
        for language in (self._language, other):
            words = text(item.get(_field("edit_instruction", language)))
            if words:
                return language, words
        return self._language, ""

    def _image(self, item: Mapping[str, Any], image_path: str, store: blobs.Store) -> Picture:
        encoded = item.get("src_img_b64")
        if isinstance(encoded, str) and not is_empty(encoded):
            return store.put(from_base64(encoded))
        if not is_empty(encoded):
            raise ImageError(f"src_img_b64 is {encoded!r:.40}, not base64 text", kind="not-base64")
        if not image_path:
            raise ImageError("neither src_img_b64 nor original_image_path says where the image is", kind="no-image")
        return self._pictures.take(image_path, store)[0]


def _is_own_format(item: Mapping[str, Any]) -> bool:
    """Whether an item has the fields of this format, which other lists of samples name otherwise."""
    return bool({"src_img_b64", "original_image_path"} & item.keys()) and bool(
        {"edit_instruction", "edit_instruction_en"} & item.keys()
    )


def _is_known(item: Mapping[str, Any]) -> bool:
    return _is_own_format(item) or has_columns(item)


def _field(name: str, language: str) -> str:
    return name if language == "zh" else f"{name}_en"


def _in_language(item: Mapping[str, Any], name: str, language: str) -> str:
    other = "en" if language == "zh" else "zh"
    return text(item.get(_field(name, language))) or text(item.get(_field(name, other)))


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value != [] and not is_empty(value)}
