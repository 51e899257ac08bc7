"""A table of samples: JSONL, JSON, CSV or TSV beside a folder of images, or a data set with the images inside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from pydantic import field_validator, model_validator

from editloupe import plugins
from editloupe.benchmarks import table_rows
from editloupe.benchmarks.columns import wanted
from editloupe.benchmarks.dataset_rows import every_hub_row, every_local_row, files_digest
from editloupe.benchmarks.findings import Finding
from editloupe.benchmarks.picture_cells import PictureCells
from editloupe.benchmarks.sample_building import data_file, sha256_of
from editloupe.benchmarks.table_sample import has_columns, sample_of, unusable, without_ids
from editloupe.benchmarks.table_text import known_encoding
from editloupe.categories import LABELS, LABELS_ZH
from editloupe.errors import DataError
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store import blobs

__all__ = ["Table"]

_DATA_SETS = (".parquet", ".arrow")


class Table(Benchmark):
    """Samples of a table or data set of one's own, in its order.

    Columns: ``image`` (or ``source_image``, ``input_image`` and the like: one path, a JSON list of paths, or an image
    itself), ``instruction`` (or ``edit_prompt``, ``prompt`` and the like), ``category``; where known ``id``,
    ``description``, ``rationale``, ``reference`` (images of a correct result), ``label`` (a human score). Any other
    column is a group, such as ``language`` or ``difficulty``.

    Attributes:
        name: the file's name without extension, or the data set's.
        revision: SHA-256 of the table (the images' own hashes stand in the keys of what is made from them), or the
            hub's id and revision.
        default_rubric: ``reasoning``.
        categories: labels of the five well-known ids; any other category is welcome.

    Raises:
        DataError: there is no such file, or its extension is none of these.
    """

    name: str
    default_rubric = "reasoning"
    settled = True
    categories: Mapping[str, str]

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the table; or a folder with the Parquet files of a data set.
            images: the folder where relative image paths begin; the table's own folder where None.
            language: the language of rows that do not say theirs; a tag, it selects nothing.
            encoding: of a text file; its mark or UTF-8 where None.
            hub: a data set's id on the hub, in place of `path`.
            revision: of the hub's data set; has to be stated, so that the samples stay the same.
            split: of a data set.
        """

        path: plugins.ConfigPath | None = None
        images: plugins.ConfigPath | None = None
        language: str | None = None
        encoding: str | None = None
        hub: str | None = None
        revision: str | None = None
        split: str = "train"

        @field_validator("encoding")
        @classmethod
        def _codec(cls, value: str | None) -> str | None:
            return None if value is None else known_encoding(value)

        @model_validator(mode="after")
        def _one_place(self) -> Self:
            if (self.path is None) == (self.hub is None):
                raise ValueError("give either `path`, a table or a folder of Parquet files, or `hub`, a data set's id")
            if (self.hub is None) != (self.revision is None):
                raise ValueError(
                    "`hub` and `revision` belong together; the revision is a commit of the data set's page"
                )
            return self

    def __init__(self, options: Options) -> None:
        self._options = options
        self._path = None if options.path is None else Path(options.path)
        if self._path is not None and not self._path.is_dir():
            self._path = data_file(str(self._path))
            table_rows.check_extension(self._path, _DATA_SETS)
        home = Path() if self._path is None else self._path if self._path.is_dir() else self._path.parent
        self._pictures = PictureCells(home if options.images is None else Path(options.images))
        self.name = str(options.hub).rpartition("/")[2] if self._path is None else self._path.stem
        self.categories = LABELS_ZH if options.language == "zh" else LABELS

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the table or of the data set's files, or the hub's id and revision."""
        if self._path is None:
            return f"{self._options.hub}@{self._options.revision}"
        return files_digest(str(self._path), self._options.split) if self._is_data_set else sha256_of(self._path)

    def samples(self, store: blobs.Store) -> Iterator[Sample]:
        """Yield the samples in the table's order.

        Raises:
            ConfigError: a package is missing, or the hub cannot be reached.
            DataError: a line that cannot be read (with its number and byte offset), or a needed column is missing.
        """
        usable, other = False, None
        for index, row in enumerate(self._rows()):
            if isinstance(row, str):
                yield unusable(index, row)
                continue
            if has_columns(row):
                usable = True
            elif other is None:
                other = list(row)
            yield sample_of(index, row, self._pictures, store, language=self._options.language)
        if other is not None and not usable:
            raise DataError(f"no row of {self._options.path or self._options.hub!r} can be used: {wanted(other)}")

    def lint(self, samples: Sequence[Sample]) -> Iterator[Finding]:
        """Yield what is to be said of the rows' names and of the folders in which the images lie."""
        yield from without_ids(samples)
        yield from self._pictures.folder.findings(lambda _: "")

    @property
    def _is_data_set(self) -> bool:
        return self._path is None or self._path.is_dir() or self._path.suffix.lower() in _DATA_SETS

    def _rows(self) -> Iterator[Mapping[str, Any] | str]:
        options = self._options
        if self._path is None:
            return every_hub_row(str(options.hub), str(options.revision), options.split)
        if self._is_data_set:
            return every_local_row(str(self._path), options.split)
        return table_rows.rows(self._path, options.encoding)
