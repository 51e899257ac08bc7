"""`editloupe bench judge CONFIG --against OTHER`: two judges, turn by turn, on pictures that neither has seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from statistics import median

from editloupe.bench.contenders import answers
from editloupe.bench.records import ComparedRow, ComparedWorkload, Comparison, Round
from editloupe.bench.work import (
    ASKS,
    EDITORS,
    EditedSample,
    edited_samples,
    first_questions,
    never_seen,
    questions_about_all_edits,
)
from editloupe.config.parts import JudgePart, StudyConfig
from editloupe.errors import ConfigError
from editloupe.machine import cores, load_average, processor
from editloupe.protocols import Judge, StreamingJudge
from editloupe.records import Question, Reply
from editloupe.rubrics.rubric import Rubric

__all__ = ["bench_against"]


class _Side:
    """One of the two judges, and how it is asked."""

    def __init__(self, part: JudgePart) -> None:
        self._part = part
        self._made: Judge | None = None

    @property
    def judge(self) -> Judge:
        """The judge, once it has a limit."""
        assert self._made is not None
        return self._made

    def limit(self, new_tokens: int) -> None:
        """Let replies have so many tokens. A server stays as it is; a judge that runs here is made anew."""
        part = self._part
        if "max_new_tokens" in type(part.options).model_fields:
            options = part.options.model_copy(update={"max_new_tokens": new_tokens})
            part = part.model_copy(update={"options": options})
        if isinstance(self._made, StreamingJudge):
            self._made.options = part.options  # type: ignore[attr-defined]
            return
        self.close()
        self._made = part.make()
        if isinstance(self._made, StreamingJudge):
            self._made.hands_on_all = True  # random weights write to the limit, which is work as any other

    def close(self) -> None:
        """Give the model back, or end the server."""
        if self._made is not None:
            self._made.close()
            self._made = None

    def answer(self, questions: Sequence[Question]) -> tuple[list[Reply], float]:
        """The replies, and the seconds that all of them took."""
        fresh = [replace(question) for question in questions]
        started = time.perf_counter()
        replies = answers(self._part, self.judge, fresh)
        return replies, time.perf_counter() - started


Make = Callable[[Rubric, Sequence[EditedSample]], list[Question]]


def bench_against(
    config: StudyConfig,
    other: JudgePart,
    *,
    samples: int,
    image_size: int | None,
    new_tokens: Sequence[int],
    repeat: int,
    say: Callable[[str], None],
) -> Comparison:
    """Measure two judges on the same questions in one run.

    Each is asked as a study asks it. Every round of every row has pictures of its own, made for it, so that neither
    answers from what it remembers of an earlier round; who begins alternates from round to round.

    Args:
        config: names the judge, the benchmark that pictures and instructions come from, and the rubric.
        other: the judge to compare with.
        samples: how many edits are judged.
        image_size: side of all images in pixels; as they are where None.
        new_tokens: the limits of a written reply; one row for each.
        repeat: how many rounds; medians are reported.
        say: takes one line of progress.

    Raises:
        ConfigError: a judge cannot be made or answers nothing at all; or both ask the same server, which would answer
            the second from what it remembers of the first.
    """
    _refuse_one_server(config.judge, other)
    load = load_average()
    rubric, work = config.rubric, edited_samples(config, samples, image_size)
    rows: list[ComparedRow] = []
    with closing(_Side(config.judge)) as side, closing(_Side(other)) as against:
        sides = (side, against)
        for position, limit in enumerate(new_tokens):
            for each_side in sides:
                each_side.limit(limit)
            _warm_up(sides, rubric, work)
            kinds = [] if position else [*_CHOICES]
            kinds.append((f"text of {limit} tokens", "text", _written))
            for name, mode, make in kinds:
                rows.append(_measured(name, mode, sides, lambda make=make: make(rubric, never_seen(work)), repeat))  # type: ignore[misc]
                say(_line(rows[-1]))
        names = tuple(each_side.judge.name for each_side in sides)
        signatures = tuple(each_side.judge.signature for each_side in sides)
    return Comparison(
        ComparedWorkload(
            date=time.strftime("%Y-%m-%d"),
            judge=names[0],
            against=names[1],
            signature=signatures[0],
            against_signature=signatures[1],
            device=_device(),
            cores=cores(),
            edits=samples,
            image_size=image_size,
            rounds=repeat,
            load_before=load,
        ),
        tuple(rows),
    )


def _several_metrics(rubric: Rubric, work: Sequence[EditedSample]) -> list[Question]:
    return [replace(question, ask=ask) for question in first_questions(rubric, work, "choice") for ask in ASKS]


def _written(rubric: Rubric, work: Sequence[EditedSample]) -> list[Question]:
    return first_questions(rubric, work, "text")


_CHOICES: tuple[tuple[str, str, Make], ...] = (
    ("choice", "choice", lambda rubric, work: first_questions(rubric, work, "choice")),
    ("three metrics", "choice", _several_metrics),
    (f"{EDITORS} editors", "choice", questions_about_all_edits),
)


def _warm_up(sides: Sequence[_Side], rubric: Rubric, work: Sequence[EditedSample]) -> None:
    """What happens only once, such as loading, is not measured; a judge that answers nothing is reported at once."""
    failures: list[ConfigError] = []
    for side in sides:
        failures.clear()
        for mode in ("text", "choice"):
            try:
                side.answer(first_questions(rubric, never_seen(work[:2]), mode))
            except ConfigError as error:
                failures.append(error)
        if len(failures) == 2:
            raise failures[0]


def _measured(
    name: str, mode: str, sides: tuple[_Side, _Side], make: Callable[[], list[Question]], repeat: int
) -> ComparedRow:
    rounds: list[Round] = []
    questions: list[Question] = []
    for number in range(repeat):
        questions = make()
        load = load_average()
        taken: dict[int, tuple[list[Reply], float]] = {}
        for turn in (0, 1) if number % 2 == 0 else (1, 0):
            try:
                taken[turn] = sides[turn].answer(questions)
            except ConfigError as error:
                return ComparedRow(name, mode, len(questions), tuple(rounds), f"{sides[turn].judge.name}: {error}")
        (ours, seconds), (theirs, other_seconds) = taken[0], taken[1]
        rounds.append(
            Round(
                first=number % 2,
                seconds=seconds,
                other_seconds=other_seconds,
                identical=sum(map(_identical, ours, theirs)) / len(ours),
                largest_difference=_largest_difference(ours, theirs),
                prompt_tokens=median(reply.prompt_tokens for reply in ours),
                other_prompt_tokens=median(reply.prompt_tokens for reply in theirs),
                reply_tokens=sum(reply.reply_tokens for reply in ours),
                other_reply_tokens=sum(reply.reply_tokens for reply in theirs),
                load=load,
            )
        )
    return ComparedRow(name, mode, len(questions), tuple(rounds))


def _identical(reply: Reply, other: Reply) -> bool:
    """The same text; the same probabilities to three decimals."""
    if reply.labels is None or other.labels is None:
        return reply.text == other.text
    return all(round(reply.labels[label], 3) == round(chance, 3) for label, chance in other.labels.items())


def _largest_difference(replies: Sequence[Reply], others: Sequence[Reply]) -> float | None:
    """The largest difference of any label's probability; None where replies were written."""
    differences = [
        abs(reply.labels[label] - chance)
        for reply, other in zip(replies, others, strict=True)
        if reply.labels is not None and other.labels is not None
        for label, chance in other.labels.items()
    ]
    return max(differences, default=None)


def _refuse_one_server(part: JudgePart, other: JudgePart) -> None:
    shared = set(getattr(part.options, "base_url", ())) & set(getattr(other.options, "base_url", ()))
    if shared:
        raise ConfigError(
            f"both judges ask the server {min(shared)!r}, which would answer the second from what it remembers of the "
            "first; start a server for each"
        )


def _device() -> str:
    import sys

    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return processor()


def _line(row: ComparedRow) -> str:
    if row.failure is not None:
        return f"{row.name:20} not measured: {row.failure}"
    return f"{row.name:20} {row.seconds:8.2f} s  against {row.other_seconds:8.2f} s  {row.ratio:5.2f}x"
