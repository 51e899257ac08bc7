"""How an editor is called where the config gives it no name: by what tells it from others."""

import pytest

from editloupe.config.parts import load_config

HASH = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture
def names(tmp_path):
    """The names of editors with these models; relative paths start at the config's folder."""

    def named(*models):
        path = tmp_path / "config.yaml"
        editors = "".join(f"  - {{type: diffusers, model: {model!r}}}\n" for model in models)
        path.write_text(f"benchmark: shapes\njudge: {{model: nano}}\neditors:\n{editors}", encoding="utf-8")
        return [part.name for part in load_config(path).editors]

    return named


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("stabilityai/sd-turbo", "sd-turbo"),
        ("runs/instruct-v2/checkpoint-1000", "instruct-v2/checkpoint-1000"),
        ("runs/instruct-v2/model", "instruct-v2/model"),
        ("runs/instruct-v2/checkpoints/step_200", "instruct-v2/checkpoints/step_200"),
        ("runs/instruct-v2/best", "instruct-v2/best"),
        ("runs/instruct-v2/Final", "instruct-v2/Final"),
        (f"cache/models--me--painter/snapshots/{HASH}", "models--me--painter"),
        ("checkpoint", "checkpoint"),
        ("runs/checkpoint-free", "checkpoint-free"),
        ("模型/画家/模型", "模型"),
    ],
)
def test_a_name_goes_up_to_the_first_folder_that_tells_something(names, model, name):
    assert names(model) == [name]


def test_the_folder_of_the_config_counts_where_the_path_is_in_it(names, tmp_path):
    (tmp_path / "model").mkdir()
    assert names("model") == [f"{tmp_path.name}/model"]


def test_two_of_one_name_are_numbered(names):
    assert names("a/painter", "b/painter", "b/painter") == ["painter", "painter-2", "painter-3"]
