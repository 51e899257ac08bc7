import pytest

from editloupe.checking import check_study, missing_requirements
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError, DataError, StudyLocked
from editloupe.store.ledger import Ledger
from pictures import TRUNCATED, png
from worlds import make_table

EDITOR = "Qwen/Qwen-Image-Edit-2511"
SEED = """
benchmark: {data_path: gone.json}
diffusion_model:
  type: diffusers
  params: {model_name: Qwen/Qwen-Image-Edit-2511, device_ids: [0, 1, 2, 3, 4, 5], num_inference_steps: 40}
reward_model: {params: {model_name: nano, batch_size: 4}}
"""


@pytest.fixture
def config(tmp_path, monkeypatch):
    monkeypatch.setattr("editloupe.checking.visible_gpus", lambda: 2)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_, **__: None)

    def write(text):
        (tmp_path / "c.yaml").write_text(text)
        return load_config(tmp_path / "c.yaml")

    return write


def test_what_is_missing_is_told_one_by_one(config, monkeypatch):
    monkeypatch.setattr("editloupe.requirements.find_spec", lambda name: None if name in ("diffusers", "ray") else name)
    found = missing_requirements(config(SEED))
    assert [sentence.split(";")[0] for sentence in found] == [
        "editor Qwen-Image-Edit-2511 needs the package diffusers",
        f"editor Qwen-Image-Edit-2511 wants {EDITOR} from the hub, which is not in this machine's cache",
        "workers.edit needs the package ray",
        "workers.edit wants 6 GPU(s), this machine has 2",
    ]


def test_a_missing_data_file_is_told_after_everything_else(config):
    said = []
    with pytest.raises(DataError, match="data file"):
        check_study(config(SEED), said.append)
    assert said[-1] == "this machine lacks: workers.edit wants 6 GPU(s), this machine has 2"


def test_nothing_is_lacking_for_what_is_embedded(config):
    assert missing_requirements(config("benchmark: shapes\neditors: [identity]\n")) == []


def test_a_cluster_elsewhere_and_processors_need_no_gpu_here(config):
    text = "benchmark: shapes\neditors: [identity]\nworkers: {engine: ray, devices: 64, %s}\n"
    assert missing_requirements(config(text % "address: auto")) == []
    assert missing_requirements(config(text % "gpus_per_worker: 0")) == []


def test_keys_and_folders(config, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    text = (
        "benchmark: shapes\njudge: {model: ./gone}\n"
        "editors: [{type: endpoint, model: painter, key_variable: SOME_KEY}]\n"
    )
    assert missing_requirements(config(text)) == [
        "editor painter needs a key in the environment variable SOME_KEY",
        "the judge wants the model folder './gone', which is not here",
    ]


def test_the_config_for_six_gpus_is_valid_down_to_the_pipeline_s_parameters():
    import inspect
    from pathlib import Path

    from diffusers import QwenImageEditPlusPipeline

    config = load_config(Path(__file__).parent.parent / "config_multi_gpu.yaml")
    (editor,) = config.editors
    assert set(editor.options.params) <= set(inspect.signature(QwenImageEditPlusPipeline.__call__).parameters)
    assert config.workers.edit.device_ids == config.workers.judge.device_ids == (0, 1, 2, 3, 4, 5)
    assert (config.judge.batch_size, config.judge.use_batch_inference) == ("auto", True)


def test_a_benchmark_s_package_is_named_with_its_extra(config, monkeypatch):
    monkeypatch.setattr("editloupe.requirements.find_spec", lambda name: None if name == "datasets" else name)
    text = "benchmark: {name: gedit, path: gone}\neditors: [identity]\nrubric: reasoning\n"
    assert missing_requirements(config(text)) == ["benchmark gedit needs the package datasets; install editloupe[hub]"]


def test_what_would_stop_the_run_stops_the_check_with_the_same_sentence(config, monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    text = "benchmark: shapes\neditors: [{type: endpoint, model: painter, api_key_env: SOME_KEY}]\n"
    said = []
    with pytest.raises(ConfigError, match="editor painter needs a key in the environment variable SOME_KEY"):
        check_study(config(text), said.append)
    assert said[-1].startswith("study folder")  # all else is said first


def test_a_download_stops_nothing(config):
    text = f"benchmark: {{name: shapes, limit: 2}}\neditors: [identity]\njudge: {{model: {EDITOR}, answer: choice}}\n"
    assert [one.stops for one in config(text).judge.requirements()] == [False]


def test_a_held_study_and_a_card_of_another_judge_stop_the_check(config, tmp_path):
    text = "benchmark: {name: shapes, limit: 2}\neditors: [identity]\nout: held\n"
    with Ledger(tmp_path / "held"), pytest.raises(StudyLocked, match="in use by process"):
        check_study(config(text), [].append)
    check_study(config(text), [].append)
    (tmp_path / "audit.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"card .* does not tell the judge's signature"):
        check_study(config(text + "judge: {card: audit.json}\n"), [].append)


def test_ready_images_that_are_missing_or_cut_off_are_found(config, tmp_path):
    table = make_table(tmp_path / "data", 3)
    (tmp_path / "ready").mkdir()
    whole = png(64, 64)
    (tmp_path / "ready" / "s0.png").write_bytes(whole)
    (tmp_path / "ready" / "s1.png").write_bytes(TRUNCATED["png"] if "png" in TRUNCATED else whole[: len(whole) // 2])
    said = []
    text = f"benchmark: {{path: {table}}}\neditors: [{{type: replay, images: ready}}]\nrubric: reasoning\n"
    assert check_study(config(text), said.append) == 2
    line = next(one for one in said if one.startswith("editor replay"))
    assert ": 3 edits, 1 of them without a ready image, the first 's2', 1 with a broken one, the first: " in line


def test_one_is_singular_and_a_label_that_says_nothing_is_left_out(config, tmp_path):
    said = []
    table = make_table(tmp_path / "data", 1)
    text = f"benchmark: {{path: {table}}}\neditors: [identity]\nrubric: reasoning\n"
    assert check_study(config(text), said.append) == 0
    assert any("1 sample, 0 of them unusable" in one for one in said)
    assert any(": 1 edit" in one and "edits" not in one for one in said)
    rows = [one for one in said if one.startswith("  ") and "unusable" in one]
    assert [row.split() for row in rows] == [["physical", "1", "sample,", "0", "unusable"]] or "Physical" in rows[0]


def test_a_limit_says_which_samples_it_took(config):
    said = []
    check_study(config("benchmark: {name: shapes, limit: 3}\neditors: [identity]\n"), said.append)
    assert "  limit: the first 3 samples of the benchmark; others are not looked at" in said
