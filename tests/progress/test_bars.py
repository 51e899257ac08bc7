"""What a running study shows in a terminal of 80 columns and 24 rows."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn

from editloupe.progress.bars import StageBar, StageProgress


@pytest.fixture
def screen():
    return Console(width=80, height=24, file=io.StringIO(), record=True)


def shown(screen, lines):
    bar = StageBar(TextColumn("{task.description}"), BarColumn(36), MofNCompleteColumn(), console=screen)
    progress = StageProgress("judge", 2000, bar)
    progress.advance(16, [7.0] * 14, failed=2, note="a note " * 30)
    progress.workers(lines)
    screen.print(bar.get_renderable())
    return screen.export_text().splitlines()


def test_long_and_wide_worker_lines_do_not_push_the_count_away(screen):
    lines = shown(screen, [f"worker {number}  指令图像编辑模型" + "-long" * 20 for number in range(3)])
    assert "16/2000" in lines[0]
    assert "mean 7.000" in lines[1]
    assert "failed 2" in lines[1]
    assert [line.split()[1] for line in lines[2:]] == ["0", "1", "2"]
    assert max(map(cell_len, lines)) <= 80


def test_more_workers_than_rows_are_counted(screen):
    lines = shown(screen, [f"worker {number}" for number in range(64)])
    assert len(lines) < 24
    assert lines[-1].strip() == "and 45 more"


def test_brackets_in_a_line_are_text(screen):
    assert "[bold]x[/]" in shown(screen, ["[bold]x[/]"])[-1]
