"""What one sees while a study runs: bars in a terminal, a line per batch without one; the log file gets the lines."""

from __future__ import annotations

import logging
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from rich.console import Console, RenderableType
from rich.logging import RichHandler
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from editloupe.machine import accelerators, peak_memory
from editloupe.progress.activity import Activity, subscribe
from editloupe.progress.libraries import libraries_to

__all__ = [
    "StageBar",
    "StageProgress",
    "Tally",
    "logging_to",
    "stage_progress",
]

log = logging.getLogger("editloupe")

EVERY = 15.0
"""Seconds between two lines about the same worker where there is no terminal to redraw."""

Group = tuple[str, str, str]


class StageBar(Progress):
    """A stage's bar; under it what there is to say and a line per worker, cut at the width so that the bar stays."""

    facts = ""
    workers: Sequence[str] = ()

    def get_renderables(self) -> Iterator[RenderableType]:
        """The bar, then the lines that fit on the screen."""
        yield self.make_tasks_table(self.tasks)
        if not self.tasks:  # rich asks once before it has a console
            return
        room = max(1, self.console.size.height - 4)
        lines = list(self.workers)
        if len(lines) > room:
            lines = [*lines[: room - 1], f"and {len(lines) - room + 1} more"]
        for line in (self.facts, *lines):
            yield Text(f"  {line}", no_wrap=True, overflow="ellipsis")


class StageProgress:
    """The state of one stage: how many items are done, how fast, and the running mean of the scores."""

    def __init__(self, name: str, total: int, bar: StageBar | None, *, unit: str = "edit") -> None:
        self.name = name
        self.unit = unit
        self.total = total
        self.done = 0
        self._sum = 0.0
        self._count = 0
        self._failed = 0
        self._started = time.perf_counter()
        self._bar = bar
        self._task: TaskID | None = bar.add_task(name, total=total) if bar else None
        self._peak: int | None = None
        self._said = self._started

    def advance(self, count: int, scores: Sequence[float] = (), failed: int = 0, note: str = "") -> None:
        """Say that a batch is done, with the scores it brought and what else there is to say."""
        first, self.done = self.done + 1, self.done + count
        self._sum += sum(scores)
        self._count += len(scores)
        self._failed += failed
        facts = []
        if self._count:
            facts.append(f"mean {self._sum / self._count:.3f}")
        if self._failed:
            facts.append(f"failed {self._failed}")
        rate = self.done / max(1e-9, time.perf_counter() - self._started)
        facts.append(f"{rate:.1f} {self.unit}s/s" if rate >= 1 else f"{1 / rate:.1f} s/{self.unit}")
        facts += accelerators()
        facts += [note] if note else []
        text = "  ".join(facts)
        log.info("%s  batch %d-%d/%d  %s", self.name, first, self.done, self.total, text)
        if self._bar is not None and self._task is not None:
            self._bar.facts = text
            self._bar.update(self._task, completed=self.done)

    def loading(self, what: str) -> None:
        """Say that a model is being loaded, so that a silent minute has a reason."""
        log.info("%s  loading %s", self.name, what)
        if self._bar is not None:
            self._bar.facts = f"loading {what}"

    def workers(self, lines: Sequence[str], peak_memory: int | None = None) -> None:
        """Show one line per worker: its sample, step, memory and utilisation.

        Args:
            lines: in the order of the workers.
            peak_memory: of all workers together.
        """
        self._peak = max(self._peak or 0, peak_memory) if peak_memory else self._peak
        if self._bar is None:
            if time.perf_counter() - self._said >= EVERY:
                self._said = time.perf_counter()
                for line in lines:
                    log.info("%s  %s", self.name, line)
            return
        self._bar.workers = tuple(lines)

    def working(self, doing: Activity) -> None:
        """Show the step of the model in this process; only where there are steps."""
        if doing.steps:
            self.workers([str(doing)])

    def peak_memory(self) -> int | None:
        """Peak memory in bytes: of the workers where there are some, else of this process."""
        return self._peak or peak_memory()


@contextmanager
def stage_progress(name: str, total: int, *, unit: str = "edit") -> Iterator[StageProgress]:
    """Show one stage while it runs.

    Args:
        name: of the stage.
        total: items to do.
        unit: what an item is, in the singular.
    """
    if not sys.stdout.isatty():
        progress = StageProgress(name, total, None, unit=unit)
        with subscribe(progress.working):
            yield progress
        return
    columns = (
        TextColumn("[bold]{task.description}"),
        BarColumn(bar_width=36),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
    )
    with StageBar(*columns, console=_console) as bar:
        progress = StageProgress(name, total, bar, unit=unit)
        with subscribe(progress.working):
            yield progress
        bar.workers = ()  # the last frame stays on the screen, and nobody works any more


_console = Console()


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Send all log lines to a file, and editloupe's own to the screen; in a terminal only the warnings among them."""
    file = _LogFile(path, encoding="utf-8")
    file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    screen: logging.Handler
    if sys.stdout.isatty():
        screen = RichHandler(console=_console, level=logging.WARNING, show_time=False, show_path=False)
    else:
        screen = logging.StreamHandler(sys.stdout)
        screen.setFormatter(logging.Formatter("%(message)s"))
    before = log.level
    log.setLevel(logging.INFO)
    for handler in (file, screen):
        log.addHandler(handler)
    try:
        with libraries_to(file):
            yield
    finally:
        log.setLevel(before)
        for handler in (file, screen):
            log.removeHandler(handler)
        with suppress(OSError):
            file.close()


class _LogFile(logging.FileHandler):
    """A log that goes without a line where the disk is full; the study itself says so, once."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Print no traceback for what only the file system refuses."""
        if not isinstance(sys.exception(), OSError):
            super().handleError(record)


class Tally:
    """Logs one line for each group (category, editor, metric) whose last score has arrived."""

    def __init__(self) -> None:
        self._waiting: Counter[Group] = Counter()
        self._scores: dict[Group, tuple[int, float, int]] = {}
        self._shown: list[int] | None = None

    def expect(self, group: Group) -> None:
        """Count a score that is to come; all of them are announced before the first one is added."""
        self._waiting[group] += 1

    def add(self, group: Group, score: float | None) -> None:
        """Count a score that is there; None for a failed one."""
        count, total, failed = self._scores.get(group, (0, 0.0, 0))
        self._scores[group] = (count + 1, total + (score or 0.0), failed + (score is None))
        self._waiting[group] -= 1
        if self._waiting[group] == 0:
            self._say(group)

    def _say(self, group: Group) -> None:
        if self._shown is None:  # the category is always named; editor and metric only where there are several
            columns = list(zip(*self._waiting, strict=True))
            self._shown = [index for index, column in enumerate(columns) if index == 0 or len(set(column)) > 1]
        count, total, failed = self._scores[group]
        mean = f"{total / (count - failed):.3f}" if count > failed else "-"
        name = "  ".join(group[index] for index in self._shown)
        log.info("%s  %d samples  mean %s  failed %d", name, count, mean, failed)
