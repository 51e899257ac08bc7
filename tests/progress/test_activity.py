import io
import logging

from rich.console import Console
from rich.progress import TextColumn

from editloupe import machine
from editloupe.progress import activity, bars
from editloupe.progress.bars import StageBar, StageProgress, stage_progress


def test_what_is_said_is_heard_while_somebody_listens():
    heard = []
    with activity.subscribe(heard.append):
        activity.report("a", 1, 4)
        assert str(activity.current()) == "a step 1/4"
    activity.report("b")
    assert [str(one) for one in heard] == ["a step 1/4"]


def test_nothing_is_being_done_after_a_stage():
    with activity.subscribe(lambda _: None):
        activity.report("a")
    assert activity.current() is None


def test_workers_have_one_line_each_in_a_terminal():
    screen = Console(width=80, height=24, file=io.StringIO(), record=True)
    bar = StageBar(TextColumn("{task.description}"), console=screen)
    stage = StageProgress("edit", 4, bar)
    stage.workers(["worker 1 a", "worker 2 b"])
    stage.workers(["worker 1 c", "worker 2 d"])
    screen.print(bar.get_renderable())
    lines = [line.strip() for line in screen.export_text().splitlines()]
    assert [line for line in lines if line] == ["edit", "worker 1 c", "worker 2 d"]


def test_without_a_terminal_the_lines_come_now_and_then(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "editloupe")
    stage = StageProgress("edit", 4, None)
    stage.workers(["worker 1 a"])
    assert not caplog.messages
    monkeypatch.setattr(bars, "EVERY", 0.0)
    stage.workers(["worker 1 b", "worker 2 c"])
    assert caplog.messages == ["edit  worker 1 b", "edit  worker 2 c"]


def test_steps_of_the_model_in_this_process_are_shown(monkeypatch, caplog):
    caplog.set_level(logging.INFO, "editloupe")
    monkeypatch.setattr(bars, "EVERY", 0.0)
    with stage_progress("edit", 1):
        activity.report("a")
        activity.report("a", 3, 40)
    assert caplog.messages == ["edit  a step 3/40"]


def test_peak_memory_is_that_of_the_workers_where_there_are_some():
    stage = StageProgress("edit", 4, None)
    assert stage.peak_memory() == machine.peak_memory()
    stage.workers([], 1 << 50)
    stage.workers([], 1 << 40)
    assert stage.peak_memory() == 1 << 50
