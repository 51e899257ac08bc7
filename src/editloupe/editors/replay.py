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
from editloupe.errors import ConfigError, ImageError, failure_from
from editloupe.records import EditRequest, Failure, ImageFile, Sample
from editloupe.store.filenames import safe_name

__all__ = ["Replay"]

_FORMATS = ("png", "jpg", "jpeg", "webp")
_SUFFIXES = tuple(f"{ending}.{format_}" for ending in ("", "_primary") for format_ in _FORMATS)
_IN_FOLDER = tuple(
    f"{{{category}}}/{{sample}}{suffix}" for category in ("category", "category_zh") for suffix in _SUFFIXES
) + tuple(f"{{sample}}{suffix}" for suffix in _SUFFIXES)
_NO_EDIT = "_SRCIMG"
"""How GEdit-Bench's published outputs mark the source image, which lies beside each edit."""

_FIELD = re.compile(r"\w+")


class Replay:
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
                (the English id), ``{category_zh}`` and any group of the sample, such as ``{language}``; or a bare
                folder, where the layout that the benchmark publishes (``extra["outputs"]``) is tried, then
                ``CATEGORY/SAMPLE`` and ``SAMPLE``, with and without ``_primary``, with English and Chinese categories,
                all as png, jpg, jpeg and webp.
        """

        images: plugins.ConfigPath

    def __init__(self, options: Options) -> None:
        # `abspath` takes ".." out of the text and leaves links alone: a link in the folder is the user's own choice
        fixed, brace, rest = options.images.partition("{")
        if brace:
            folder, slash, name = fixed.rpartition("/")
            self._root = os.path.abspath(folder + slash or ".")  # noqa: PTH100
            self._patterns: tuple[str, ...] = (name + brace + rest,)
        else:
            self._root = os.path.abspath(fixed)  # noqa: PTH100
            self._patterns = _IN_FOLDER
        _check(self._patterns[0], options.images)

    def inputs(self, sample: Sample) -> tuple[Path, ...]:
        """Return the file that is used for a sample; nothing where there is none."""
        try:
            # unlike `Path.is_file`, `isfile` answers False for names too long or with a null character
            found = next((path for path in self._candidates(sample) if os.path.isfile(path)), None)  # noqa: PTH113
        except ImageError:  # the pattern names a group that this sample lacks; `edit` says so
            return ()
        return () if found is None else (Path(found),)

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        """Return the ready images.

        A missing one (kind ``missing-file``, tried again by the next run) or a broken one is a failure of its own.
        """
        return [self._image_or_failure(request.sample) for request in requests]

    def _image_or_failure(self, sample: Sample) -> Image.Image | Failure:
        # Not raised: the batch would be taken apart to find which of its files are missing, and that is known here.
        try:
            return self._image(sample)
        except ImageError as error:
            return failure_from(error, "edit")

    def _image(self, sample: Sample) -> Image.Image:
        found = self.inputs(sample)
        if not found:
            raise ImageError(self._missing(sample), kind="missing-file", retryable=True)
        return images.decode(ImageFile(found[0], ""))

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
            **sample.groups,
            "category": sample.category,
            "category_zh": LABELS_ZH.get(sample.category, sample.category),
        }
        for identifier in dict.fromkeys((sample.id, safe_name(sample.id, set()))):
            for pattern in self._patterns:
                try:
                    yield pattern.format_map({**fields, "sample": identifier})
                except KeyError as error:
                    known = ", ".join(sorted({*fields, "sample"}))
                    raise ImageError(
                        f"the pattern {pattern!r} names {{{error.args[0]}}}; sample {sample.id!r} has: {known}",
                        kind="missing-file",
                    ) from error

    def _missing(self, sample: Sample) -> str:
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
    if not any(name == "sample" for _, name, _, _ in fields):
        raise ConfigError(f"the pattern {whole!r} does not hold {{sample}}, so all samples would share one image")
