"""Signatures and the keys made from them: one stable string of everything that a number depends on.

A key is the SHA-256 of a canonical JSON text. Throughput settings (batch size, workers, device) are in none of them, so
changing those recomputes nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from editloupe.records import ImagePart, Question, Sample

__all__ = [
    "code_digest",
    "digest_of",
    "edit_key",
    "judge_signature",
    "noise_seed",
    "reply_key",
    "with_files",
]

VERSION = 1
"""Raised when the meaning of a key changes; every study is then computed anew."""

Digest = Callable[[Path], str]


def digest_of(*parts: Any) -> str:
    """SHA-256 (hexadecimal) of JSON values, independent of dictionary order and platform."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def code_digest() -> str:
    """A hash of this package's own Python files.

    A conclusion that an earlier run has drawn holds for the program that drew it: another version may ask otherwise.
    """
    root = Path(__file__).parent.parent
    files = sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))
    text = hashlib.sha256()
    for name in files:
        text.update(name.encode() + b"\0" + (root / name).read_bytes() + b"\0")
    return text.hexdigest()


def noise_seed(study_seed: int, *parts: str | int) -> int:
    """Seed of one item's noise in [0, 2**63), from the study's seed and what names the item.

    It does not depend on batch, order, device or worker, and is the same for all editors.
    """
    return int(digest_of("seed", study_seed, *parts)[:16], 16) >> 1


def with_files(signature: str, files: Iterable[Path], digest: Digest) -> str:
    """Append a hash of the bytes of the files that a signature depends on (weights, ready images)."""
    digests = [(path.name, digest(path)) for path in files]
    return f"{signature} files={digest_of(*digests)[:16]}" if digests else signature


def judge_signature(judge: Any, digest: Digest) -> str:
    """The full signature of a judge: what it says of itself and the bytes of its weights."""
    return with_files(judge.signature, judge.files, digest)


def edit_key(sample: Sample, signature: str, inputs: Iterable[tuple[str, str]], seed: int, draw: int) -> str:
    """Ledger key of an edit.

    Args:
        sample: its source images' bytes and instruction count; its id only through `seed`.
        signature: the editor's, weights included.
        inputs: (name, digest) of further files that this edit is made from, such as a ready image.
        seed, draw: of the noise.
    """
    sources = [picture.sha256 for picture in sample.sources]
    return digest_of("edit", VERSION, sources, sample.instruction, signature, sorted(inputs), str(seed), draw)


def reply_key(question: Question, signature: str) -> str:
    """Ledger key of a reply: the rendered question, its images' bytes, the judge's signature, the draw."""
    context = [[part.role, part.picture.sha256] if isinstance(part, ImagePart) else part for part in question.context]
    answer = [question.answer.mode, list(question.answer.labels), question.answer.begin]
    return digest_of(
        "reply", VERSION, question.system, context, question.ask, answer, signature, question.draw, str(question.seed)
    )
