"""What a reader must know before any number: sentences that stand first in every form of the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from editloupe.records import Failure
from editloupe.report.comparisons import Comparisons
from editloupe.report.sanity import failed_probes, probe_called
from editloupe.report.words import one_line, words
from editloupe.results import NOT_DONE, Language, Results

__all__ = ["greedy_beside", "limited_to", "outside_domain", "too_few", "warnings_of"]


def warnings_of(results: Results, language: Language | None = None) -> list[str]:
    """The judge's own warning, a benchmark that it was not made for, failed sanity probes, a study without any score.

    Args:
        results: of the study.
        language: the study's own where None.
    """
    language = language or results.language
    judge = results.judge
    warnings = [one_line(judge.warning, 400)] if judge.warning else []
    warnings += outside_domain(judge.name, judge.domain, results.benchmark.name, language)
    if failing := failed_probes(results):
        named = ", ".join(f"“{probe_called(name, language)}”" for name in failing)
        warnings.append(words(language)["sanity_failed"].format(judge=one_line(judge.name, 60), probes=named))
    scored = any(verdict.score is not None for verdict in results.verdicts)
    failures = () if scored else (verdict.failure for verdict in results.verdicts if verdict.failure is not None)
    if failed := [failure for failure in failures if failure.kind != NOT_DONE]:
        warnings.append(_nothing_scored(failed, len(results.verdicts), language))
    return warnings


def outside_domain(judge: str, domain: Sequence[str], benchmark: str, language: Language = "en") -> list[str]:
    """The warning that a judge was made for other benchmarks; nothing where it was made for this one, or says nothing.

    Args:
        judge: its name.
        domain: the benchmarks that it was made for.
        benchmark: the name of the one that it judges.
        language: of the sentence.
    """
    if not domain or benchmark in domain:
        return []
    made_for = ", ".join(one_line(name, 60) for name in domain)
    names = {"judge": one_line(judge, 60), "domain": made_for, "benchmark": one_line(benchmark, 60)}
    return [words(language)["outside_domain"].format_map(names)]


def greedy_beside(judge: str, sampling: str, language: Language = "en") -> str:
    """The sentence that a judge took the most probable tokens where its makers draw them; empty where it did not.

    Args:
        judge: its name.
        sampling: how they do; empty where there is nothing to say.
        language: of the sentence.
    """
    if not sampling:
        return ""
    names = {"judge": one_line(judge, 60), "sampling": one_line(sampling, 200)}
    return words(language)["greedy_beside"].format_map(names)


def limited_to(samples: int, language: Language) -> str:
    """Which samples a limit took.

    Args:
        samples: so many.
        language: of the sentence.
    """
    return words(language)["limited_one" if samples == 1 else "limited_many"].format(samples=samples)


def too_few(comparisons: Comparisons, language: Language) -> str:
    """The sentence that samples are lacking to tell any two editors apart; empty where they are not."""
    lacking = comparisons.too_few
    if lacking is None:
        return ""
    text = words(language)
    begin = text["too_few_one" if lacking.samples == 1 else "too_few_many"]
    reason = text["too_few_possible" if lacking.possible else "too_few_impossible"]
    numbers = {
        "samples": lacking.samples,
        "sources": lacking.sources,
        "editors": lacking.editors,
        "pairs": lacking.pairs,
    }
    return f"{begin}{reason}".format_map(numbers)


def _nothing_scored(failed: Sequence[Failure], scores: int, language: Language) -> str:
    """Says of a study without any score that it has none, and the commonest reason."""
    ((kind, count),) = Counter(failure.kind for failure in failed).most_common(1)
    example = next(failure.message for failure in failed if failure.kind == kind)
    known = {"scores": scores, "count": count, "kind": one_line(kind, 60), "message": one_line(example, 200)}
    return words(language)["nothing_scored"].format_map(known)
