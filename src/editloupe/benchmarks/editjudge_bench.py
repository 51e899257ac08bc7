"""EditJudge-Bench: one edit, an instruction that it follows, and instructions that it does not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from editloupe import plugins
from editloupe.benchmarks.sample_building import UNCATEGORIZED, build_sample, sha256_of, text
from editloupe.errors import DataError, ImageError, failure_from
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.store.blobs import Store

__all__ = ["EditJudgeBench"]


class EditJudgeBench(Benchmark):
    """The data set EditJudge-Bench, from a local folder.

    Beside ``images/SAMPLE_ID/before.jpg`` and ``after.jpg`` lies one JSON or JSONL file of objects with ``sample_id``,
    ``instruction_pos`` (the edit follows it) and ``instruction_neg_list`` (it does not); ``task_type`` or ``category``
    where known. Each instruction is a sample of its own about the same edit.

    Attributes:
        name: ``editjudge-bench``.
        revision: SHA-256 of the JSON file (the images' own hashes stand in the keys of what is made from them).
        default_rubric: ``preference``.
        categories: none are labelled.

    Raises:
        DataError: there is no such folder, or not exactly one JSON file in it.
    """

    name = "editjudge-bench"
    default_rubric = "preference"
    categories: Mapping[str, str] = {}

    class Options(plugins.Options):
        """Options of the config.

        Attributes:
            path: the folder, or the JSON file in it.
        """

        path: plugins.ConfigPath

    def __init__(self, options: Options) -> None:
        self._file = _the_file(options.path)

    @cached_property
    def revision(self) -> str:
        """SHA-256 of the JSON file."""
        return sha256_of(self._file)

    def samples(self, store: Store) -> Iterator[Sample]:
        """Yield one sample per instruction: the one that the edit follows and the others, in the order of their hashes.

        Raises:
            DataError: the JSON file cannot be read.
        """
        for index, item in enumerate(_items(self._file)):
            yield from self._group(index, item, store)

    def _group(self, index: int, item: Mapping[str, Any], store: Store) -> Iterator[Sample]:
        name = text(item.get("sample_id")) or f"{index}"
        category = text(item.get("task_type")) or text(item.get("category")) or UNCATEGORIZED
        wrong = item.get("instruction_neg_list")
        correct_by_instruction = {text(other): False for other in (wrong if isinstance(wrong, list) else [])}
        correct_by_instruction[text(item.get("instruction_pos"))] = True
        order = sorted(correct_by_instruction, key=lambda instruction: hashlib.sha256(instruction.encode()).hexdigest())
        ids = {instruction: f"{name}_{number}" for number, instruction in enumerate(order, 1)}
        folder = self._file.parent / "images" / name.lstrip("/")
        for instruction, correct in ((asked, correct_by_instruction[asked]) for asked in order):
            others = [ids[asked] for asked in order if not correct_by_instruction[asked]] if correct else []
            draft = Sample(
                id=ids[instruction],
                category=category,
                instruction=instruction,
                extra={
                    "group": name,
                    "correct": correct,
                    "preferred_to": {"prompt_following": others} if others else {},
                    "equal_to": {},
                },
            )
            sample = build_sample(draft, lambda: (store.take(_inside(folder) / "before.jpg"),))
            try:
                yield replace(sample, candidate=store.take(_inside(folder) / "after.jpg"))
            except ImageError as error:
                yield replace(sample, failure=sample.failure or failure_from(error, "sample"))


def _inside(folder: Path) -> Path:
    if ".." in folder.parts:
        raise ImageError(f"the sample id leads out of the data set, to {str(folder)!r}", kind="bad-sample")
    return folder


def _the_file(path: str) -> Path:
    root = Path(path)
    if root.is_file():
        return root
    files = sorted(path for path in root.glob("*") if path.suffix in (".json", ".jsonl")) if root.is_dir() else []
    if len(files) == 1:
        return files[0]
    if not root.exists():
        state = "does not exist"
    elif not files:
        state = "holds no JSON or JSONL file"
    else:
        state = f"holds several JSON files ({', '.join(path.name for path in files)})"
    raise DataError(f"the folder {path!r} {state}; give the folder of EditJudge-Bench, or its JSON file, as `path`")


def _items(file: Path) -> list[Mapping[str, Any]]:
    try:
        content = file.read_text(encoding="utf-8")
        items = (
            [json.loads(line) for line in content.splitlines() if line.strip()]
            if file.suffix == ".jsonl"
            else json.loads(content)
        )
    except (OSError, ValueError) as error:
        raise DataError(f"{str(file)!r} cannot be read as JSON: {error}") from error
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise DataError(f"{str(file)!r} is not a list of objects with `sample_id` and `instruction_pos`")
    return items
