"""One set of names for everything behind an address; what was written before is read as it was meant."""

import pytest
import yaml

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError

BASE = {"benchmark": {"name": "shapes", "limit": 2}}
EARLIER = {"url": "http://a/v1", "key_variable": "SOME_KEY", "attempts": 5, "price": 1, "spending_cap": 3}
TODAY = {"base_url": "http://a/v1", "api_key_env": "SOME_KEY", "retries": 4, "price": 1, "max_cost": 3}


def loaded(folder, changes=(), judge=None, **editor):
    editors = [{"type": "endpoint", "model": "painter", **editor}]
    judge = {"judge": {"type": "openai", "model": "m", **judge}} if judge else {}
    (folder / "c.yaml").write_text(yaml.safe_dump({**BASE, "editors": editors, **judge}))
    return load_config(folder / "c.yaml", changes)


def test_the_editor_s_earlier_spellings_mean_the_same(tmp_path):
    before, now = (loaded(tmp_path, **keys).editors[0] for keys in (EARLIER, TODAY))
    assert before.options == now.options
    assert before.plugin(before.options).signature == now.plugin(now.options).signature


def test_the_judge_takes_both_sets_of_names(tmp_path):
    prices = {"prices": {"input": 1, "output": 2}}
    before = {"url": ["http://a/v1"], "key_variable": "SOME_KEY", "attempts": 5, "spending_cap": 3, **prices}
    now = {"base_url": "http://a/v1", "api_key_env": "SOME_KEY", "retries": 4, "max_cost": 3, **prices}
    assert loaded(tmp_path, judge=before).judge.options == loaded(tmp_path, judge=now).judge.options


def test_what_a_study_folder_keeps_uses_the_first_spelling(tmp_path):
    kept = yaml.safe_load(loaded(tmp_path, **EARLIER).as_yaml())["editors"][0]
    assert {name: kept[name] for name in TODAY} == TODAY


@pytest.mark.parametrize("name", ["spending_cap", "max_cost"])
@pytest.mark.parametrize("keys", [EARLIER, TODAY])
def test_a_setting_replaces_the_key_in_whichever_spelling(tmp_path, name, keys):
    assert loaded(tmp_path, [f"editors.0.{name}=7"], **keys).editors[0].options.max_cost == 7


def test_one_key_in_two_spellings_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="two spellings of the same key; keep one"):
        loaded(tmp_path, url="http://a/v1", base_url="http://b/v1")


@pytest.mark.parametrize(("wrong", "meant"), [("bas_url", "base_url"), ("key_varable", "key_variable")])
def test_the_nearest_name_is_named_in_either_spelling(tmp_path, wrong, meant):
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        loaded(tmp_path, **{wrong: "x"})
    with pytest.raises(ConfigError, match=f"did you mean '{meant}'"):
        loaded(tmp_path, judge={"base_url": "http://a/v1", wrong: "x"})
