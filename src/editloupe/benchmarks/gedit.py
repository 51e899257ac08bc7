"""GEdit-Bench (Liu et al., Step1X-Edit, arXiv 2504.17761): 606 requests of real users, each in English and Chinese.

The data set ``stepfun-ai/GEdit-Bench`` has one split with the columns ``task_type, key, instruction,
instruction_language, input_image, input_image_raw, Intersection_exist``. Counts: the published data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, Self

from pydantic import model_validator

from editloupe import plugins
from editloupe.benchmarks.annotations import flag, words
from editloupe.benchmarks.dataset_rows import data_files, files_digest, hub_rows, image_bytes, local_rows
from editloupe.benchmarks.findings import Finding, counted
from editloupe.benchmarks.sample_building import UNCATEGORIZED, annotated, build_sample, failed, parse_key
from editloupe.errors import ItemError
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["GEdit"]

TASKS = {
    "background_change": 40,
    "color_alter": 40,
    "material_alter": 40,
    "motion_change": 40,
    "ps_human": 70,
    "style_change": 60,
    "subject-add": 60,
    "subject-remove": 57,
    "subject-replace": 60,
    "text_change": 99,
    "tone_transfer": 40,
}
"""Published samples per task and language."""

_LANGUAGES = {"en": "en", "cn": "cn", "zh": "cn"}


class GEdit(Benchmark):
    """Samples of the data set, in its order.

    Attributes:
        name: ``gedit``.
        packages: what reading it needs.
        revision: the hub's id and revision, or SHA-256 over the files of a folder.
        default_rubric: ``gedit``.
        categories: the eleven tasks.

    Raises:
        DataError: the folder holds no data set.
    """

    name = "gedit"
    packages: ClassVar[Mapping[str, str]] = {"datasets": "hub"}
    default_rubric = "gedit"
    categories: Mapping[str, str] = {name: name.replace("_", " ").capitalize() for name in TASKS}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: a folder with the data set's parquet files, or as `save_to_disk` writes it.
            hub: the data set's id on the hub, in place of `path`.
            revision: of the hub's data set; has to be stated, so that the samples stay the same.
            language: only the requests in this language; `zh` is another name for the data's `cn`.
            image: which column is the source: `input_image` is what the published judging shows,
                `input_image_raw` the user's own picture in its full size.
        """

        path: plugins.ConfigPath | None = None
        hub: str | None = None
        revision: str | None = None
        language: Literal["both", "en", "cn", "zh"] = "both"
        image: Literal["input_image", "input_image_raw"] = "input_image"

        @model_validator(mode="after")
        def _one_place(self) -> Self:
            if (self.path is None) == (self.hub is None):
                raise ValueError("give either `path`, a folder, or `hub`, such as stepfun-ai/GEdit-Bench")
            if (self.hub is None) != (self.revision is None):
                raise ValueError(
                    "`hub` and `revision` belong together; the revision is a commit of the data set's page"
                )
            return self

    def __init__(self, options: Options) -> None:
        self._options = options
        if options.path is not None:
            data_files(options.path)
        self._languages = ("en", "cn") if options.language == "both" else (_LANGUAGES[options.language],)
        self._columns = (
            "task_type",
            "key",
            "instruction",
            "instruction_language",
            options.image,
            "Intersection_exist",
        )
        self._notes: list[Finding] = []

    @cached_property
    def revision(self) -> str:
        """The hub's id and revision, or SHA-256 over the names and bytes of a folder's files."""
        if self._options.path is None:
            return f"{self._options.hub}@{self._options.revision}"
        return files_digest(self._options.path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the data set's order.

        Raises:
            ConfigError: `datasets` is missing, or the hub cannot be reached.
            DataError: the data set cannot be read, or lacks a column.
        """
        self._notes = []
        for number, row in enumerate(self._rows()):
            sample = self._sample(number, row, store)
            if sample.groups.get("language", self._languages[0]) in self._languages:
                yield sample

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the counts, keys and languages."""
        expected = {(task, language): count for task, count in TASKS.items() for language in self._languages}
        yield from counted(samples, expected, by_language=True)
        yield from self._notes

    def _rows(self) -> Iterator[dict[str, Any]]:
        options = self._options
        if options.path is not None:
            return local_rows(options.path, self._columns, (options.image,))
        assert options.hub is not None
        assert options.revision is not None
        return hub_rows(options.hub, options.revision, self._columns, (options.image,))

    def _sample(self, number: int, row: Mapping[str, Any], store: blobs.Store) -> Sample:
        category, key, groups = UNCATEGORIZED, f"{UNCATEGORIZED}_{number}", {}
        try:
            category = words(row, "task_type") or UNCATEGORIZED
            language = self._language(words(row, "instruction_language"), category)
            groups = {"language": language, "intersection": str(flag(row["Intersection_exist"])).lower()}
            key = parse_key(row["key"], f"{category}_{number}", category, self._notes)
            draft = Sample(
                f"{key}-{language}",  # the same request has one key in both languages
                category,
                words(row, "instruction"),
                groups=groups,
                extra={
                    "outputs": [f"fullset/{category}/{language}/{key}", f"{category}/{language}/{key}"],
                },
                fields=annotated(row, key=key, position=str(number)),
            )
        except ItemError as error:
            return failed(key, category, error, groups)
        if language not in self._languages:
            return draft  # it is left out, so its image need not be looked at
        return build_sample(draft, lambda: (store.put(image_bytes(row[self._options.image])),))

    def _language(self, stated: str, category: str) -> str:
        if stated not in _LANGUAGES:
            raise ItemError(f"'instruction_language' is {stated!r}, neither 'en' nor 'cn'", kind="bad-sample")
        if stated != _LANGUAGES[stated]:
            self._notes.append(Finding("language-name", f"the language {stated!r} is taken for 'cn'", category, "cn"))
        return _LANGUAGES[stated]
