"""A run with nothing to do does nothing, and anything that changes is noticed."""

import json
import sqlite3

import pytest
from PIL import Image

from editloupe import study as story
from editloupe.benchmarks.table import Table
from editloupe.report.terminal import leaderboard_table
from editloupe.scoring import verdicts
from editloupe.store.ledger import Ledger
from editloupe.study import run_study, tables_of_study
from instant import Oracle, instant, make_instant

THREE = ("first", "second", "twin of the first")


@pytest.fixture
def world(tmp_path):
    """A finished study."""
    path = make_instant(tmp_path)
    tables_of_study(instant(path))
    return path


def again(path, monkeypatch, **changes):
    """One more run: its tables, and whether anything was scored."""
    scored = []
    real = story.results_of

    def results_of(*arguments):
        scored.append(True)
        return real(*arguments)

    monkeypatch.setattr(story, "results_of", results_of)
    return tables_of_study(instant(path).model_copy(update=changes)), bool(scored)


def text(tables):
    view = leaderboard_table(tables, whole=True)
    return [list(column.cells) for column in view.columns]


def test_a_finished_study_is_neither_planned_asked_nor_scored_again(world, monkeypatch):
    first = run_study(instant(world))
    monkeypatch.setattr(story, "plan_replies", lambda *_: pytest.fail("questions were planned"))
    monkeypatch.setattr(story, "plan_edits", lambda *_, **__: pytest.fail("edits were planned"))
    monkeypatch.setattr(story, "link_edits", lambda *_: pytest.fail("links were made"))
    tables, scored = again(world, monkeypatch)
    assert not scored
    assert tables.results.signature == first.signature
    assert [one.overall.mean for one in tables.standings] == pytest.approx(
        [sum(v for (editor, _), v in first.overall.items() if editor == name) / 6 for name in ("first", "second")]
    )


def test_a_settled_benchmark_is_not_read_again(world, monkeypatch):
    monkeypatch.setattr(Table, "samples", lambda *_: pytest.fail("the table was read"))
    _, scored = again(world, monkeypatch)
    assert not scored


def test_a_folder_of_pictures_behind_another_link_is_noticed(tmp_path, monkeypatch):
    path = make_instant(tmp_path)
    for name, color in (("one", "blue"), ("two", "green")):
        (tmp_path / name).mkdir()
        for number in range(6):
            Image.new("RGB", (40, 40), color).save(tmp_path / name / f"{number}.png")
    (tmp_path / "latest").symlink_to("one")
    path.write_text(path.read_text().replace("path: table.jsonl", "path: table.jsonl\n  images: latest"))
    tables_of_study(instant(path))
    _, scored = again(path, monkeypatch)
    assert not scored
    (tmp_path / "latest").unlink()
    (tmp_path / "latest").symlink_to("two")
    _, scored = again(path, monkeypatch)
    assert scored
    assert len(Oracle.asked) == 2 * 6 * 2


def test_a_picture_that_was_missing_is_looked_for_again(tmp_path, monkeypatch):
    path = make_instant(tmp_path)
    (tmp_path / "2.png").rename(tmp_path / "away.png")
    assert tables_of_study(instant(path)).failed.failed_edits == 2
    again(path, monkeypatch)
    (tmp_path / "away.png").rename(tmp_path / "2.png")
    tables, _ = again(path, monkeypatch)
    assert tables.failed.failed_edits == 0


def test_the_kept_tables_are_those_of_the_report(tmp_path, monkeypatch):
    path = make_instant(tmp_path)
    made = tables_of_study(instant(path))
    kept, scored = again(path, monkeypatch)
    assert not scored
    assert text(kept) == text(made)
    assert (kept.standings, kept.comparisons, kept.failures) == (made.standings, made.comparisons, made.failures)
    assert (kept.failed, kept.noted) == (made.failed, made.noted)


def test_whoever_asks_for_results_gets_every_verdict(world):
    assert len(run_study(instant(world)).verdicts) == 2 * 6 * 2


def change_an_instruction(path, config):
    del config
    table = path.parent / "table.jsonl"
    table.write_text(table.read_text().replace("Do 3.", "Undo 3."))


def add_a_sample(path, config):
    del config
    table = path.parent / "table.jsonl"
    row = {"id": "new", "image": "0.png", "instruction": "Do it.", "category": "physical"}
    table.write_text(f"{table.read_text()}\n{json.dumps(row)}")


def take_a_sample_away(path, config):
    del config
    table = path.parent / "table.jsonl"
    table.write_text("\n".join(table.read_text().splitlines()[:-1]))


def change_a_picture(path, config):
    del config
    Image.new("RGB", (40, 40), "red").save(path.parent / "3.png")


def lose_a_source(path, config):
    with Ledger(config.out) as ledger:
        (first, *_) = ledger.samples()
    first.sources[0].path.unlink()
    del path


def lose_an_edit(path, config):
    del path
    link = next((config.out / "images").rglob("s3.png"))
    link.resolve().unlink()


def lose_a_reply(path, config):
    del path
    with sqlite3.connect(config.out / "ledger.sqlite") as db:  # as any other program would do it
        db.execute("DELETE FROM outcomes WHERE key = (SELECT key FROM plan WHERE metric = 'consistency' LIMIT 1)")
    db.close()


def write_over_a_table(path, config):
    del path
    (config.out / "scores.csv").write_text("nothing")


def lose_the_report(path, config):
    del path
    (config.out / "report.html").unlink()


def lose_a_chunk(path, config):
    del path
    (config.out / "report-data" / "index.js").unlink()


@pytest.mark.parametrize(
    ("change", "asked"),
    [
        (change_an_instruction, 4),
        (add_a_sample, 4),
        (take_a_sample_away, 0),
        (change_a_picture, 4),
        (lose_a_source, 0),
        (lose_an_edit, 0),
        (lose_a_reply, 1),
        (write_over_a_table, 0),
        (lose_the_report, 0),
        (lose_a_chunk, 0),
    ],
)
def test_whatever_changes_is_noticed(world, monkeypatch, change, asked):
    change(world, instant(world))
    config = instant(world)
    _, scored = again(world, monkeypatch)
    assert scored or change is lose_a_source  # which is put back, and then nothing is another one
    assert len(Oracle.asked) == asked
    files = {path: path.read_bytes() for path in config.out.glob("report-data/*.js")}
    files |= {path: path.read_bytes() for path in config.out.glob("*.csv")}
    run_study(instant(world))  # from nothing but the ledger: the same files
    assert {path: path.read_bytes() for path in files} == files
    _, scored = again(world, monkeypatch)
    assert not scored


def test_another_judge_s_questions_and_another_title_are_noticed(world, monkeypatch):
    _, scored = again(world, monkeypatch, title="Another title")
    assert scored
    assert not Oracle.asked
    monkeypatch.setattr(Oracle, "signature", "another oracle")
    _, scored = again(world, monkeypatch)
    assert scored
    assert len(Oracle.asked) == 2 * 6 * 2


def test_an_editor_left_out_and_put_back_asks_nothing_again(world):
    tables_of_study(instant(world, names=("first",)))
    tables = tables_of_study(instant(world))
    assert not Oracle.asked
    assert [one.overall.n for one in tables.standings] == [6, 6]


def test_a_study_beyond_memory_has_the_same_report(tmp_path, monkeypatch):
    """The pages of the ledger, the windows of questions and the spool of verdicts are made small instead."""
    small = make_instant(tmp_path / "small", 40)
    large = make_instant(tmp_path / "large", 40)
    run_study(instant(small, THREE))
    for name in ("editloupe.store.ledger", "editloupe.planning", "editloupe.study"):
        monkeypatch.setattr(f"{name}.PAGE", 7)
    monkeypatch.setattr("editloupe.study.WINDOW", 11)
    monkeypatch.setattr("editloupe.streams.PART", 3)
    monkeypatch.setattr(verdicts, "IN_MEMORY", 5)
    results = run_study(instant(large, THREE))
    assert not isinstance(results.verdicts, tuple)
    assert len(results.verdicts) == len(list(results.verdicts)) == 3 * 40 * 2
    assert results.verdicts[-1] == list(results.verdicts)[-1]
    for name in ("verdicts.jsonl", "scores.csv", "report-data/index.js", "report-data/samples-0000.js"):
        assert (large.parent / "study" / name).read_bytes() == (small.parent / "study" / name).read_bytes()
    reports = [json.loads((path.parent / "study" / "report.json").read_text()) for path in (small, large)]
    for report in reports:
        report.pop("speed")
    assert reports[0] == reports[1]


def test_a_gallery_of_a_large_study_says_how_much_it_shows(world, monkeypatch):
    monkeypatch.setattr("editloupe.report.gallery.MOST_EDITS", 6)
    run_study(instant(world))
    page = (world.parent / "study" / "report.html").read_text()
    assert '"part":{"shown":3,"all":6}' in page
    index = (world.parent / "study" / "report-data" / "index.js").read_text()
    assert index.count('"id":') == 3
    assert len((world.parent / "study" / "verdicts.jsonl").read_text().splitlines()) == 2 * 6 * 2


def test_nothing_of_the_plan_is_lost_where_a_benchmark_breaks_off(world):
    (world.parent / "table.jsonl").write_text('{"id": "s0"')
    with Ledger(world.parent / "study") as ledger:
        before = ledger.samples(), ledger.plan()
    with pytest.raises(Exception, match="line 1"):
        run_study(instant(world))
    with Ledger(world.parent / "study") as ledger:
        assert (ledger.samples(), ledger.plan()) == before
