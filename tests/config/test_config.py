"""Configs: both spellings, one sentence for every mistake."""

from pathlib import Path

import pytest
import yaml

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from worlds import make_table


@pytest.fixture
def write(tmp_path):
    make_table(tmp_path / "data")

    def _write(**changes):
        data = {"benchmark": {"path": "data/samples.jsonl"}, "editors": ["identity"], **changes}
        path = tmp_path / "config.yaml"
        path.write_text(yaml.safe_dump({key: value for key, value in data.items() if value is not None}))
        return path

    return _write


def test_defaults_are_filled_in_and_paths_start_at_the_config(write, tmp_path):
    config = load_config(write())
    assert config.benchmark.name == "table"
    assert Path(config.benchmark.options.path) == tmp_path / "data/samples.jsonl"
    assert config.out == tmp_path / "studies" / "config"
    assert [editor.name for editor in config.editors] == ["identity"]
    assert config.judge.batch_size == "auto"
    assert config.judge.compare_original
    assert config.rubric.name == "reasoning"
    assert config.seed == 42


def test_names_are_made_unique(write):
    config = load_config(write(editors=["identity", "identity", {"type": "classic", "name": "mine"}]))
    assert [editor.name for editor in config.editors] == ["identity", "identity-2", "mine"]


def test_the_resolved_config_gives_the_same_study_again(write, tmp_path):
    config = load_config(write(seed=7, benchmark={"path": "data/samples.jsonl", "categories": ["物理"], "limit": 2}))
    folder = tmp_path / "elsewhere" / "study"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(config.as_yaml())
    again = load_config(folder)
    assert again.out == folder
    assert again.model_dump(exclude={"out", "benchmark", "editors", "judge"}) == config.model_dump(
        exclude={"out", "benchmark", "editors", "judge"}
    )
    assert again.benchmark.options == config.benchmark.options
    assert again.benchmark.categories == ("physical",)
    assert again.judge.options == config.judge.options


def test_the_seed_s_spelling_means_the_same(write):
    theirs = load_config(
        write(
            benchmark={"data_path": "data/samples.jsonl", "categories": ["物理", "因果"]},
            editors=None,
            diffusion_model={"type": "identity", "params": {}},
            reward_model={
                "params": {
                    "model_name": "Qwen/Qwen3-VL-30B-A3B-Instruct",
                    "use_batch_inference": False,
                    "batch_size": 8,
                }
            },
            prompts={"物理": {"system_prompt": "s", "user_prompt_template": "{edit_instruction}"}},
        )
    )
    assert theirs.benchmark.categories == ("physical", "causal")
    assert theirs.judge.options.model == "Qwen/Qwen3-VL-30B-A3B-Instruct"
    assert (theirs.judge.batch_size, theirs.judge.use_batch_inference) == (8, False)
    assert theirs.rubric.prompts["physical"].system_prompt == "s"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"judgee": {}}, ["unknown key 'judgee'", "did you mean 'judge'"]),
        ({"judge": {"batchsize": 4}}, ["judge", "unknown key 'batchsize'", "did you mean 'batch_size'"]),
        ({"judge": {"max_new_token": 4}}, ["unknown key 'max_new_token'", "did you mean 'max_new_tokens'"]),
        ({"judge": {"image": {"longest_egde": 4}}}, ["image.longest_egde", "unknown key"]),
        ({"judge": {"batch_size": 0}}, ["judge", "batch_size is 0", "whole number from 1, or 'auto'"]),
        ({"judge": {"type": "transformer"}}, ["no judge is called 'transformer'", "did you mean 'transformers'"]),
        ({"judge": 5}, ["judge is 5", "mapping"]),
        ({"editors": [{"type": "classik"}]}, ["no editor is called 'classik'", "did you mean 'classic'"]),
        ({"editors": [{"name": "x"}]}, ["editors[0]", "no `type:`"]),
        ({"editors": []}, ["no `editors:`"]),
        ({"editors": [{"type": "identity", "name": "a"}, {"type": "identity", "name": "a"}]}, ["'a'", "two editors"]),
        ({"benchmark": {"path": "data/samples.xml"}}, ["neither a `name:`", ".jsonl"]),
        ({"benchmark": {"name": "fotos"}}, ["no benchmark is called 'fotos'", "did you mean 'photos'"]),
        ({"benchmark": {"path": "data/samples.jsonl", "limit": "many"}}, ["limit is 'many'"]),
        ({"rubric": "resoning"}, ["did you mean 'reasoning'"]),
        ({"prompts": {"物理": {"user_prompt": "x"}}}, ["prompts.物理", "unknown key 'user_prompt'"]),
        ({"diffusion_model": {"type": "identity"}}, ["both `diffusion_model:` and `editors:`"]),
        ({"seed": "x"}, ["seed is 'x'"]),
    ],
)
def test_a_mistake_is_answered_with_what_where_and_what_to_do(write, changes, words):
    with pytest.raises(ConfigError) as caught:
        load_config(write(**changes))
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("text", ["", "- a\n", "a: [", "just words"])
def test_a_file_that_holds_no_settings(tmp_path, text):
    path = tmp_path / "config.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"config\.yaml"):
        load_config(path)


def test_a_missing_file_and_a_folder_without_a_study(tmp_path):
    with pytest.raises(ConfigError, match="there is no config"):
        load_config(tmp_path / "none.yaml")
    with pytest.raises(ConfigError, match=r"without a config\.yaml"):
        load_config(tmp_path)


def test_settings_replace_what_the_file_says(write):
    changes = ["judge.batch_size=2", "editors.0.name=me", "benchmark.limit=1", "seed=9", "judge.image.longest_edge=64"]
    config = load_config(write(), changes)
    assert (config.judge.batch_size, config.editors[0].name) == (2, "me")
    assert config.judge.options.image.longest_edge == 64
    assert config.benchmark.limit == 1
    assert config.seed == 9


def test_a_setting_for_an_editor_needs_its_index(write):
    config = load_config(write(editors=[{"type": "identity", "name": "a"}]), ["editors.0.name=b"])
    assert config.editors[0].name == "b"
    for change in ["editors.4.name=b", "editors.x.name=b"]:
        with pytest.raises(ConfigError, match="no index"):
            load_config(write(editors=[{"type": "identity"}]), [change])
    with pytest.raises(ConfigError, match=r"a\.b=value"):
        load_config(write(), ["seed"])


def test_a_setting_may_be_given_in_the_seed_s_spelling(write):
    config = load_config(write(), ["reward_model.params.model_name=Qwen/Other", "editors=classic"])
    assert config.judge.options.model == "Qwen/Other"
    assert [editor.type for editor in config.editors] == ["classic"]
    with pytest.raises(ConfigError, match="mapping"):
        load_config(write(), ["editors=5"])


def test_out_on_the_command_line_starts_at_the_current_folder(write, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_config(write(), out="there").out == tmp_path / "there"
