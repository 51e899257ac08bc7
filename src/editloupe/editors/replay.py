"""Ready images from a folder: what another program, or another machine, has edited."""

from __future__ import annotations

import os
import re
import string
from collections.abc import Iterator, Sequence
from pathlib import Path

from PIL import Image

from editloupe import images, plugins
from editloupe.categories import LABELS_ZH
from editloupe.editors.replay_files import Files
from editloupe.editors.replay_listing import Listing
from editloupe.errors import ConfigError, ImageError, failure_from
from editloupe.protocols import Editor
from editloupe.records import EditRequest, Failure, ImageFile, Sample
from editloupe.store.filenames import safe_name

__all__ = ["Replay"]

_FORMATS = ("png", "jpg", "jpeg", "webp")
_IMAGE = re.compile(r"(.+)\.(?:png|jpe?g|webp|bmp|gif|tiff?|avif)", re.IGNORECASE | re.DOTALL)
_SUFFIXES = tuple(f"{ending}.{format_}" for ending in ("", "_primary") for format_ in _FORMATS)
_IN_FOLDER = tuple(
    f"{{{category}}}/{{sample}}{suffix}" for category in ("category", "category_zh") for suffix in _SUFFIXES
) + tuple(f"{{sample}}{suffix}" for suffix in _SUFFIXES)
_NO_EDIT = "_SRCIMG"
"""How GEdit-Bench's published outputs mark the source image, which lies beside each edit."""

_FIELD = re.compile(r"\w+")
_SHARED = frozenset({"category", "category_zh", "language", "difficulty", "subtask", "task_type", "class", "dimension"})
"""Fields that many samples have in common, so that a pattern of these alone names no sample."""


class Replay(Editor):
    """Finds the edited image of each sample on disk.

    A missing or broken file is an error of its sample; the source image never takes its place.

    Attributes:
        signature: constant, because what an edit depends on is the bytes of its file, which `inputs` names.

    Raises:
        ConfigError: the pattern cannot be used.
    """

    signature = "replay"

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            images: a pattern such as ``outputs/{category}/{sample}.png``, which may use ``{sample}``, ``{category}``
                (the English id), ``{category_zh}``, any group of the sample, such as ``{language}``, any field of its
                annotation, such as ``{key}`` or ``{index}``, and ``*`` in the file's name; or a file of JSON lines
                that states an id and a path; or a bare folder, where the layout that the benchmark publishes
                (``extra["outputs"]``) is tried, then ``CATEGORY/SAMPLE`` and ``SAMPLE``, with and without
                ``_primary``, with English and Chinese categories, all as png, jpg, jpeg and webp.
        """

        images: plugins.ConfigPath

    def __init__(self, options: Options) -> None:
        self._listing = Listing(Path(options.images)) if _is_listing(options.images) else None
        # `abspath` takes ".." out of the text and leaves links alone: a link in the folder is the user's own choice
        start = min((options.images.find(mark) for mark in "{*" if mark in options.images), default=-1)
        if start >= 0 and self._listing is None:
            folder, slash, _ = options.images[:start].rpartition("/")
            self._root = os.path.abspath(folder + slash or ".")  # noqa: PTH100
            self._patterns: tuple[str, ...] = (options.images[len(folder + slash) :],)
        else:
            self._root = os.path.abspath(options.images)  # noqa: PTH100
            self._patterns = _IN_FOLDER
        _check(self._patterns[0], options.images)
        self._files = Files(self._root)

    def inputs(self, sample: Sample) -> tuple[Path, ...]:
        """Return the file that is used for a sample; nothing where there is none."""
        try:
            file = self._found(sample)
        except ImageError:  # `edit` says why
            return ()
        return () if file is None else (file,)

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        """Return the ready images.

        A missing one (kind ``missing-file``, tried again by the next run), a broken one, or one of several that may
        be meant (``several-files``) is a failure of its own.
        """
        return [self._image_or_failure(request.sample) for request in requests]

    def _image_or_failure(self, sample: Sample) -> Image.Image | Failure:
        # Not raised: the batch would be taken apart to find which of its files are missing, and that is known here.
        try:
            return self._image(sample)
        except ImageError as error:
            return failure_from(error, "edit")

    def _image(self, sample: Sample) -> Image.Image:
        file = self._found(sample)
        if file is None:
            raise ImageError(self._missing(sample), kind="missing-file", retryable=True)
        return images.decode(ImageFile(file, ""))

    def _found(self, sample: Sample) -> Path | None:
        """The file that is meant.

        Raises:
            ImageError: several are, or the pattern names a field that this sample lacks.
        """
        if self._listing is not None:
            return self._listing.file_of(sample)
        for path in self._candidates(sample):
            images = [name for name in self._files.matching(path) if not Path(name).stem.endswith(_NO_EDIT)]
            if len(images) > 1:
                names = ", ".join(repr(os.path.relpath(name, self._root)) for name in images[:3])
                raise ImageError(
                    f"{len(images)} files may be the ready image of sample {sample.id!r}: {names}; leave one of them",
                    kind="several-files",
                    retryable=True,
                )
            if images:
                return Path(images[0])
        return None

    def _candidates(self, sample: Sample) -> Iterator[str]:
        """Yield absolute paths inside of the fixed folder, the exact id first, then its name in a study folder."""
        for name in self._names(sample):
            path = os.path.normpath(f"{self._root}/{name}")
            if path.startswith(self._root.rstrip("/") + "/") and not Path(path).stem.endswith(_NO_EDIT):
                yield path

    def _names(self, sample: Sample) -> Iterator[str]:
        if self._patterns is _IN_FOLDER:  # a bare folder, perhaps one that the benchmark's authors describe
            for published in sample.extra.get("outputs", ()):
                yield from (f"{published}.{format_}" for format_ in _FORMATS)
        fields = {
            **sample.fields,
            **sample.groups,
            "category": sample.category,
            "category_zh": LABELS_ZH.get(sample.category, sample.category),
        }
        for identifier, patterns in self._spellings(sample):
            for pattern in patterns:
                try:
                    yield pattern.format_map({**fields, "sample": identifier})
                except KeyError as error:
                    known = ", ".join(sorted({*fields, "sample"}))
                    raise ImageError(
                        f"the pattern {pattern!r} names {{{error.args[0]}}}; sample {sample.id!r} has: {known}",
                        kind="missing-file",
                    ) from error

    def _spellings(self, sample: Sample) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what ``{sample}`` may stand for, and the patterns in which it does."""
        for identifier in dict.fromkeys((sample.id, safe_name(sample.id, set()))):
            yield identifier, self._patterns
        yield from self._of_file_name(sample.id, self._patterns)
        # An id that begins again in another category was given a number; files are called by what the data states.
        # That id alone would mean the first sample of it, so a pattern has to tell the two apart.
        stated = sample.extra.get("stated_id")
        if isinstance(stated, str):
            apart = {*sample.extra.get("told_apart_by", ())}
            apart |= {"category_zh"} if "category" in apart else set()
            patterns = tuple(pattern for pattern in self._patterns if apart & _names_in(pattern))
            yield stated, patterns
            yield from self._of_file_name(stated, patterns)

    def _of_file_name(self, identifier: str, patterns: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Of an id that is a file's name: the file itself, then another format of it."""
        match = _IMAGE.fullmatch(identifier)
        if match is None:
            return
        if self._patterns is _IN_FOLDER:
            bare = dict.fromkeys(
                pattern.removesuffix(Path(pattern).suffix) for pattern in patterns if "_primary" not in pattern
            )
            yield identifier, tuple(bare)
        yield match[1], patterns

    def _missing(self, sample: Sample) -> str:
        if self._listing is not None:
            return f"no ready image for sample {sample.id!r}: the list {str(self._listing.path)!r} does not name it"
        if not Path(self._root).is_dir():
            return f"no ready image for sample {sample.id!r}: the folder {self._root!r} does not exist"
        tried = [os.path.relpath(path, self._root) for path in self._candidates(sample)]
        if not tried:
            return (
                f"no ready image for sample {sample.id!r} of category {sample.category!r}: "
                f"its name leads out of the folder {self._root!r}, where nothing is read"
            )
        more = f" and {len(tried) - 3} more names" if len(tried) > 3 else ""
        return f"no ready image for sample {sample.id!r}: looked in {self._root!r} for {', '.join(tried[:3])}{more}"


def _is_listing(images_: str) -> bool:
    return images_.lower().endswith((".jsonl", ".ndjson")) and "{" not in images_ and not Path(images_).is_dir()


def _names_in(pattern: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(pattern) if name}


def _check(pattern: str, whole: str) -> None:
    """Refuse what `str.format` would read as more than a plain name in braces."""
    try:
        fields = [field for field in string.Formatter().parse(pattern) if field[1] is not None]
    except ValueError as error:
        raise ConfigError(f"the pattern {whole!r} cannot be read: {error}") from error
    for _, name, specification, conversion in fields:
        if not _FIELD.fullmatch(name or "") or (name or "").isdigit() or specification or conversion:
            raise ConfigError(
                f"the pattern {whole!r} holds {{{name}}}; use plain names such as {{category}} and {{sample}}"
            )
    if not {name for _, name, _, _ in fields} - _SHARED:
        raise ConfigError(
            f"the pattern {whole!r} does not hold {{sample}}, nor a field that is each sample's own, such as {{key}}, "
            "so all samples would share one image"
        )
