"""From a row of a table to a sample."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from editloupe.benchmarks.columns import IMAGE_COLUMNS, INSTRUCTION_COLUMNS, chosen, wanted
from editloupe.benchmarks.empty_cells import is_empty
from editloupe.benchmarks.findings import Finding
from editloupe.benchmarks.picture_cells import PictureCells, stem_of
from editloupe.benchmarks.sample_building import UNCATEGORIZED, annotated, build_sample, text
from editloupe.categories import category_id
from editloupe.errors import ItemError, failure_from
from editloupe.records import Sample
from editloupe.store.blobs import Store

__all__ = ["has_columns", "sample_of", "unusable", "without_ids"]

_NOT_GROUPS = frozenset(
    {"image", "images", "source", "sources", "id", "instruction", "category", "description", "rationale", "reference"}
    | {"label"}
)


def has_columns(row: Mapping[str, Any]) -> bool:
    """Whether a row has a column of images and one of instructions, filled or not."""
    return chosen(IMAGE_COLUMNS, row) is not None and chosen(INSTRUCTION_COLUMNS, row) is not None


def unusable(index: int, why: str) -> Sample:
    """The sample of a row that cannot be read at all."""
    error = ItemError(f"row {index + 1} {why}", kind="bad-sample")
    return Sample(f"{UNCATEGORIZED}_{index}", UNCATEGORIZED, "", failure=failure_from(error, "sample"))


def without_ids(samples: Iterable[Sample]) -> Iterator[Finding]:
    """Say, once for all, how many rows have no id: a row put in between gives every later one another name."""
    nameless = [sample for sample in samples if sample.failure is None and "id" not in sample.fields]
    if nameless:
        message = (
            f"{len(nameless)} rows have no id and are called by category and place, the first {nameless[0].id!r}; "
            "a column `id` keeps their names when rows are put in or taken out"
        )
        yield Finding("no-id", message)


def sample_of(
    index: int, row: Mapping[str, Any], pictures: PictureCells, store: Store, *, language: str | None = None
) -> Sample:
    """Make the sample of a row.

    Args:
        index: the row's place, from 0.
        row: its cells by the names of their columns.
        pictures: hands over the pictures that a cell names or holds.
        store: keeps them.
        language: of rows that do not say theirs.
    """
    category = category_id(text(row.get("category"))) or UNCATEGORIZED
    image = chosen([name for name in IMAGE_COLUMNS if not is_empty(row.get(name))], row) or chosen(IMAGE_COLUMNS, row)
    instruction = chosen(INSTRUCTION_COLUMNS, row)
    used = {name for name in (image, instruction) if name is not None}
    groups, extra = _groups(row, used, language)
    stated = text(row.get("id"))
    own = {name: value for name, value in row.items() if name not in groups}
    fields = annotated(own, id=stated, position=str(index), stem=stem_of(row.get(image)) if image else "")
    draft = Sample(
        id=stated or f"{category}_{index}",
        category=category,
        instruction=text(row.get(instruction)) if instruction else "",
        groups=groups,
        description=text(row.get("description")),
        rationale=text(row.get("rationale")),
        extra=extra,
        fields=fields,
    )
    try:
        draft = replace(draft, label=_label(row.get("label")))
        if instruction is None:
            raise ItemError(f"sample {draft.id!r} has no instruction: {wanted(row)}", kind="no-instruction")
    except ItemError as error:
        return replace(draft, failure=failure_from(error, "sample"))
    images = row.get(image) if image else None
    return build_sample(
        draft, partial(pictures.take, images, store), partial(pictures.take, row.get("reference"), store)
    )


def _groups(row: Mapping[str, Any], used: set[str], language: str | None) -> tuple[dict[str, str], dict[str, Any]]:
    """Return the row's other columns: plain values are groups, lists and objects are kept aside."""
    groups = {"language": language} if language else {}
    extra = {}
    for name, value in row.items():
        if name in _NOT_GROUPS or name in used or is_empty(value) or isinstance(value, bytes | bytearray):
            continue
        if isinstance(value, list | dict):
            if _is_plain(value):
                extra[name] = value
        else:
            groups[name] = str(value).strip()
    return groups, extra


def _is_plain(value: Any) -> bool:
    """Whether a nested value can be kept as JSON; another picture of a data set cannot."""
    try:
        json.dumps(value)
    except (TypeError, ValueError):
        return False
    return True


def _label(value: Any) -> float | None:
    if is_empty(value):
        return None
    try:
        label = float(value)
    except (TypeError, ValueError):
        label = math.nan
    if not math.isfinite(label):
        raise ItemError(f"the label {value!r:.80} is not a number", kind="bad-sample")
    return label
