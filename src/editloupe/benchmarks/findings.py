"""What is to be said about a benchmark's data before anything runs: frozen records, gathered in one list.

A benchmark may have a method ``lint(samples)`` that yields what only it can know, such as images that no annotation
names; it is asked once all samples have been read. What every benchmark shares is here.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from editloupe.records import Finding, Sample

__all__ = ["Finding", "FindingGroup", "counted", "group_findings", "of_samples"]

SHOWN = 3
"""Findings of one kind and group that are told in full."""

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_LETTER = re.compile(r"[^\W\d_]")


@dataclass(frozen=True, slots=True)
class FindingGroup:
    """The findings of one kind in one group: how many, and the first sentences."""

    kind: str
    group: str
    count: int
    examples: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """The group in one line."""
        where = f" in {self.group}" if self.group else ""
        more = f"; and {self.count - len(self.examples)} more" if self.count > len(self.examples) else ""
        return f"{self.kind}{where}: {self.count}: {'; '.join(self.examples)}{more}"


def group_findings(findings: Iterable[Finding]) -> list[FindingGroup]:
    """Gather findings by kind and group, unusable samples first, else in the order they were found."""
    groups: dict[tuple[bool, str, str], list[str]] = {}
    for finding in findings:
        groups.setdefault((not finding.unusable, finding.kind, finding.group), []).append(finding.message)
    ordered = sorted(groups.items(), key=lambda group: group[0][0])
    return [FindingGroup(kind, group, len(grouped), tuple(grouped[:SHOWN])) for (_, kind, group), grouped in ordered]


def of_samples(samples: Iterable[Sample]) -> Iterator[Finding]:
    """What the samples themselves tell: failures, ids that occur again, instructions in another language."""
    seen: set[str] = set()
    forms: dict[str, str] = {}
    for sample in samples:
        language = sample.groups.get("language", "")
        if sample.failure is not None:
            message = f"sample {sample.id!r}: {sample.failure.message}"
            yield Finding(sample.failure.kind, message, sample.category, language, unusable=True)
        if sample.id in seen:
            message = f"the id {sample.id!r} occurs again; both samples are kept"
            yield Finding("duplicate-key", message, sample.category, language)
        seen.add(sample.id)
        other = forms.setdefault(unicodedata.normalize("NFC", sample.id), sample.id)
        if other != sample.id:
            message = f"the ids {other!a} and {sample.id!a} look alike: they differ only in their Unicode form"
            yield Finding("look-alike-key", message, sample.category, language)
        if _is_in_another(language, sample.instruction):
            message = f"sample {sample.id!r} is said to be {language!r}, and reads {sample.instruction[:40]!r}"
            yield Finding("other-language", message, sample.category, language)


def counted(
    samples: Iterable[Sample], expected: Mapping[tuple[str, str], int], *, by_language: bool = False, total: int = 0
) -> Iterator[Finding]:
    """Compare the number of samples per group with what its authors publish.

    Args:
        samples: all of them.
        expected: samples by (category, language); by (category, "") where languages are not told apart.
        by_language: whether `expected` tells languages apart.
        total: of all samples, where only that is known.
    """
    there = Counter((sample.category, sample.groups.get("language", "") if by_language else "") for sample in samples)
    for (category, language), count in expected.items():
        actual = there[category, language]
        if not actual:
            yield Finding("missing-group", f"none of the {count} published samples is there", category, language)
        elif actual != count:
            yield Finding("wrong-count", f"{actual} samples are there, {count} are published", category, language)
    if expected:
        for category, language in there:
            if (category, language) not in expected:
                message = f"{there[category, language]} samples of a group that is not among the published ones"
                yield Finding("unknown-group", message, category, language)
    if total and there.total() != total:
        yield Finding("wrong-count", f"{there.total()} samples are there, {total} are published")


def _is_in_another(language: str, words: str) -> bool:
    """Whether words can hardly be of the language; an English instruction may quote some Chinese characters."""
    han, letters = len(_HAN.findall(words)), len(_LETTER.findall(words))
    if language == "en":
        return 2 * han > letters
    return language in ("cn", "zh") and letters > 0 and han == 0
