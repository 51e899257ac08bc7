"""Whole studies on real components: resuming, what a change recomputes, and counts from which nothing is lost."""

import json
import shutil
import sqlite3

import pytest
import yaml

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.judges.transformers import TransformersJudge
from editloupe.study import run_study
from worlds import make_config, make_table


@pytest.fixture
def world(tmp_path, tiny_checkpoint):
    table = make_table(tmp_path / "data")

    def configured(*settings, **changes):
        return load_config(make_config(tmp_path, tiny_checkpoint, table, **changes), settings)

    return configured


@pytest.fixture
def asked(monkeypatch):
    """Counts the questions that reach the model."""
    counts = []
    answer = TransformersJudge.answer

    def counting(self, questions):
        counts.append(len(questions))
        return answer(self, questions)

    monkeypatch.setattr(TransformersJudge, "answer", counting)
    return counts


def report(config):
    return json.loads((config.out / "report.json").read_text())


def verdicts(config):
    return [json.loads(line) for line in (config.out / "verdicts.jsonl").read_text().splitlines()]


def test_a_study_from_samples_to_report(world):
    config = world()
    results = run_study(config)
    assert len(results.verdicts) == 12
    found = report(config)
    for editor in found["editors"]:
        assert editor["overall"]["n"] == 6
        assert sum(one["n"] for one in editor["categories"].values()) == 6
    for name in ("config.yaml", "ledger.sqlite", "report.md", "report.html", "scores.csv", "log.txt"):
        assert (config.out / name).stat().st_size > 0
    links = sorted(path.relative_to(config.out).as_posix() for path in (config.out / "images").rglob("*.png"))
    assert len(links) == 12
    assert links[0] == "images/classic/causal/s1.png"
    assert (config.out / links[0]).read_bytes().startswith(b"\x89PNG")


def test_the_second_run_asks_nothing_and_loads_nothing(world, asked, monkeypatch):
    config = world()
    run_study(config)
    first = report(config)
    assert sum(asked) == 12
    asked.clear()
    monkeypatch.setattr(TransformersJudge, "_load", lambda _self: pytest.fail("a model was loaded"))
    run_study(config)
    assert asked == []
    assert report(config) == first


def test_more_samples_ask_only_the_new_ones(world, asked):
    run_study(world("benchmark.limit=2"))
    assert sum(asked) == 4
    asked.clear()
    run_study(world())
    assert sum(asked) == 8


def test_throughput_settings_recompute_nothing(world, asked):
    run_study(world())
    asked.clear()
    run_study(world("judge.batch_size=1", "judge.use_batch_inference=false", "editors.0.batch_size=1"))
    run_study(world("judge.max_new_tokens=4"))  # nothing is generated in the mode choice
    assert asked == []


def test_how_a_reply_is_generated_counts_where_one_is_generated(world, asked):
    run_study(world("judge.answer=text", "judge.max_new_tokens=3"))
    asked.clear()
    run_study(world("judge.answer=text", "judge.max_new_tokens=4"))
    assert sum(asked) == 12


@pytest.mark.parametrize(
    "setting",
    ["judge.compare_original=false", "judge.image.longest_edge=32", "judge.answer=text"],
)
def test_what_a_reply_depends_on_asks_again(world, asked, setting):
    run_study(world("judge.max_new_tokens=3"))
    asked.clear()
    run_study(world("judge.max_new_tokens=3", setting))
    assert sum(asked) == 12


def test_a_changed_scale_re_scores_without_the_judge(world, asked, tmp_path):
    words = "contexts: {pair: [{image: edited}]}, asks: {m: Score it.}, reply: {text: x, choice: y}"
    rubric = tmp_path / "mine.yaml"

    def write(high):
        rubric.write_text(
            f"name: mine\nmetrics: {{m: {{low: 0, high: {high}}}}}\ntexts: {{en: {{system: s, {words}}}}}\n"
        )

    write(10)
    run_study(world(rubric="mine.yaml"))
    before = {(one["editor"], one["sample"]): one["score"] for one in verdicts(world(rubric="mine.yaml"))}
    asked.clear()
    write(5)
    config = world(rubric="mine.yaml")
    run_study(config)
    assert asked == []
    for one in verdicts(config):
        assert one["score"] == pytest.approx(before[one["editor"], one["sample"]] / 2, abs=1e-3)


def test_two_stages_apart_give_the_same_as_together(world, tmp_path):
    together = world()
    run_study(together)
    apart = world(out="apart")
    run_study(apart, stages=("edit",))
    halfway = report(apart)["editors"][0]["overall"]
    assert (halfway["n"], halfway["failed"]) == (0, 6)
    run_study(apart, stages=("judge",))
    assert [one["score"] for one in verdicts(apart)] == [one["score"] for one in verdicts(together)]


def test_batched_scores_equal_single_ones(world):
    single = world("judge.use_batch_inference=false", out="single")
    run_study(single)
    batched = world("judge.batch_size=5", out="batched")
    run_study(batched)
    one, other = ([v["score"] for v in verdicts(config)] for config in (single, batched))
    assert one == pytest.approx(other, abs=1e-3)


def test_a_report_needs_neither_the_benchmark_nor_the_model(world, tmp_path, tiny_checkpoint, monkeypatch):
    config = world()
    run_study(config)
    first = report(config)
    moved = tmp_path / "elsewhere"
    shutil.copytree(config.out, moved, symlinks=True)
    shutil.rmtree(tmp_path / "data")
    shutil.rmtree(config.out)
    again = load_config(moved)
    for name in ("report.json", "report.md", "report.html"):
        (moved / name).unlink()
    run_study(again, stages=())
    assert report(again) == first


def test_the_stages_need_nothing_of_each_other(world, tmp_path, monkeypatch):
    """Edits are made without the judge's checkpoint, and judged without the benchmark or the editors' files."""
    config = world("judge.model=./not-there-yet")
    results = run_study(config, stages=("edit",))
    assert {verdict.failure.kind for verdict in results.verdicts} == {"not-done"}
    shutil.rmtree(tmp_path / "data")
    results = run_study(world(), stages=("judge",))
    assert all(verdict.score is not None for verdict in results.verdicts)


def test_judging_before_editing_says_so(world):
    with pytest.raises(ConfigError, match="run it first"):
        run_study(world(), stages=("judge",))


def test_a_changed_edit_is_not_shown_with_the_score_of_the_old_one(world):
    run_study(world())
    results = run_study(world("seed=7"), stages=("edit",))
    assert all(verdict.score is None for verdict in results.verdicts)


def test_a_report_of_nothing_says_so(world):
    with pytest.raises(ConfigError, match="run it first"):
        run_study(world(), stages=())


def test_a_failed_edit_counts_as_failed_for_every_metric(world):
    config = world(
        editors=[{"type": "replay", "name": "mine", "images": "ready"}],
        rubric={"name": "reasoning", "metrics": ["reasoning", "consistency"]},
    )
    run_study(config)
    (editor,) = report(config)["editors"]
    assert (editor["overall"]["n"], editor["overall"]["failed"], editor["overall"]["mean"]) == (0, 6, None)
    assert editor["overall"]["mean_if_failures_worst"] == 0.0
    for metric in editor["metrics"].values():
        assert (metric["overall"]["n"], metric["overall"]["failed"]) == (0, 6)
    assert {one["failure"]["kind"] for one in verdicts(config)} == {"missing-file"}


def test_a_missing_image_is_tried_again_once_it_is_there(world, tmp_path):
    config = world(editors=[{"type": "replay", "name": "mine", "images": "ready"}])
    run_study(config)
    ready = tmp_path / "ready" / "physical"
    ready.mkdir(parents=True)
    shutil.copy(tmp_path / "data" / "source-1.png", ready / "s0.png")
    run_study(config)
    scored = [one["sample"] for one in verdicts(config) if one["score"] is not None]
    assert scored == ["s0"]
    shutil.copy(tmp_path / "data" / "source-2.png", ready / "s0.png")
    before = verdicts(config)[0]["image"]
    run_study(config)
    assert verdicts(config)[0]["image"] != before  # a changed ready image is another edit


def test_unreadable_replies_are_failures_with_their_words(world):
    config = world("judge.answer=text", "judge.max_new_tokens=3")
    run_study(config)
    for one in verdicts(config):
        assert one["score"] is None
        assert one["failure"]["stage"] == "score"
        assert isinstance(one["reply"], str)


def test_failures_are_tried_again_only_when_asked(world, asked):
    config = world()
    run_study(config)
    with sqlite3.connect(config.out / "ledger.sqlite") as db:
        (key,) = db.execute("SELECT key FROM outcomes WHERE stage = 'judge' LIMIT 1").fetchone()
        failure = {"stage": "judge", "kind": "out-of-memory", "message": "x"}
        db.execute("UPDATE outcomes SET result = NULL, failure = ? WHERE key = ?", (json.dumps(failure), key))
    db.close()
    asked.clear()
    run_study(config)
    assert asked == []
    assert sum(one["score"] is None for one in verdicts(config)) >= 1
    run_study(config, retry_failed=True)
    assert sum(asked) == 1
    assert all(one["score"] is not None for one in verdicts(config))


def test_an_unknown_category_is_answered_with_those_that_exist(world):
    with pytest.raises(ConfigError, match=r"'weather'.*it has: physical"):
        run_study(world("benchmark.categories=[weather]"))


def test_duplicate_ids_are_kept_apart(world, tmp_path):
    config = world()
    lines = (tmp_path / "data" / "samples.jsonl").read_text().splitlines()
    twins = [json.dumps(json.loads(line) | {"id": "same"}) for line in lines]
    (tmp_path / "data" / "samples.jsonl").write_text("\n".join(twins))
    run_study(config)
    ids = [one["sample"] for one in verdicts(config) if one["editor"] == "classic"]
    assert ids == ["same", "same-2", "same-3", "same-4", "same-5", "same-6"]
    assert "occurs again" in (config.out / "log.txt").read_text()


def test_the_kept_config_is_the_resolved_one(world):
    config = world()
    run_study(config)
    kept = yaml.safe_load((config.out / "config.yaml").read_text())
    assert kept["judge"]["max_new_tokens"] == 512
    assert kept["editors"][0]["name"] == "classic"


def test_intervals_are_clustered_by_source_image(tmp_path, tiny_checkpoint):
    table = make_table(tmp_path / "data", shared_sources=True)
    config = load_config(make_config(tmp_path, tiny_checkpoint, table))
    results = run_study(config)
    assert len({verdict.cluster for verdict in results.verdicts}) == 3


def test_the_log_has_a_line_per_batch_and_per_finished_category(world):
    config = world(editors=["identity"])
    run_study(config)
    log = (config.out / "log.txt").read_text()
    assert "judge  batch 1-4/6  mean " in log
    assert "questions/s" in log or "s/question" in log
    assert "edits/s" in log or "s/edit" in log
    assert "physical  2 samples  mean " in log
    assert log.count("failed 0") >= 3


def test_editors_that_share_their_files_try_each_of_them_once_a_run(world, caplog):
    shared = "editors=[{type: replay, name: a, images: nowhere}, {type: replay, name: b, images: nowhere}]"
    config = world(shared, "editors.0.batch_size=1")
    for run in (1, 2):
        caplog.clear()
        results = run_study(config)
        assert {one.failure.attempts for one in results.verdicts} == {run}
        told = [message for message in caplog.messages if "missing-file" in message]
        assert len(told) == 1
        assert told[0].startswith("edit a: 6 of 6 failed (missing-file), the first: no ready image for sample")
