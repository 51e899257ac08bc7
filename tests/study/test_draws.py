"""A judge that samples may be asked several times; a score is the mean of its draws, and strict."""

import json
import sqlite3

import pytest

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.planning import make_judge, question_key
from editloupe.study import run_study
from scripted import scripted_study, task
from worlds import make_config, make_table

SAMPLES = [task("a", "physical"), task("b", "physical")]


def by_draw(question):
    return f'{{"score": {4 + question.draw}}}'


def study(folder, say=by_draw, draws=3, **more):
    return scripted_study(
        folder, "reasoning", SAMPLES, say, deterministic=False, settings=[f"judge.draws={draws}"], **more
    )


def test_a_score_is_the_mean_of_its_draws_each_with_a_seed_of_its_own(tmp_path):
    config, asked = study(tmp_path)
    results = run_study(config)
    assert sorted(question.draw for question in asked) == [0, 0, 1, 1, 2, 2]
    assert len({question.seed for question in asked}) == 6
    assert [(one.score, one.draws, json.loads(one.reply)) for one in results.verdicts] == [
        (5.0, (4.0, 5.0, 6.0), {"score": 4})
    ] * 2
    assert results.overall["half", "a"] == 5.0
    assert "draws=3" in results.judge.signature


def test_more_draws_ask_only_the_new_ones_and_every_reply_can_be_found(tmp_path):
    config, asked = study(tmp_path, draws=1)
    first = run_study(config)
    seeds = {question.seed for question in asked}
    assert (len(asked), first.verdicts[0].draws) == (2, ())
    with sqlite3.connect(config.out / "ledger.sqlite") as db:
        before = set(db.execute("SELECT * FROM plan WHERE metric != ''"))
    config, asked = study(tmp_path, draws=3)
    run_study(config)
    assert sorted(question.draw for question in asked) == [1, 1, 2, 2]
    assert seeds.isdisjoint(question.seed for question in asked)
    with sqlite3.connect(config.out / "ledger.sqlite") as db:
        plan = set(db.execute("SELECT * FROM plan WHERE metric != ''"))
        replies = {key for (key,) in db.execute("SELECT key FROM outcomes WHERE stage = 'judge'")}
    assert before < plan
    assert {place for _, _, place, _ in plan} == {question_key("reasoning", draw) for draw in range(3)}
    assert {key for *_, key in plan} == replies


def test_one_unreadable_draw_fails_the_score_and_says_which_it_was(tmp_path):
    config, _ = study(tmp_path, lambda one: "It is fine." if one.draw == 1 else by_draw(one))
    (one, _) = run_study(config).verdicts
    assert (one.score, one.draws, one.reply) == (None, (4.0, None, 6.0), "It is fine.")
    assert (one.failure.kind, one.failure.message.startswith("draw 2 of 3: ")) == ("prose", True)


def test_draws_of_a_judge_that_always_says_the_same_are_refused_with_the_next_step(tmp_path, tiny_checkpoint):
    table = make_table(tmp_path / "data", 1)
    path = make_config(tmp_path, tiny_checkpoint, table)
    with pytest.raises(ConfigError, match=r"draws is 4.*temperature"):
        make_judge(load_config(path, ["judge.draws=4", "judge.answer=text"]))
    with pytest.raises(ConfigError, match=r"draws is 4.*'choice' nothing is drawn"):
        make_judge(load_config(path, ["judge.draws=4", "judge.temperature=0.7"]))
    with pytest.raises(ConfigError, match="draws"):
        load_config(path, ["judge.draws=0"])


def test_a_real_sampling_judge_draws_different_replies(tmp_path, tiny_checkpoint):
    settings = ["judge.draws=3", "judge.answer=text", "judge.temperature=1.0", "judge.max_new_tokens=6"]
    config = load_config(make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 1)), settings)
    run_study(config)
    with sqlite3.connect(config.out / "ledger.sqlite") as db:
        texts = {
            json.loads(result)["text"] for (result,) in db.execute("SELECT result FROM outcomes WHERE stage = 'judge'")
        }
    assert len(texts) > 2
