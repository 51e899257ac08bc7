import pytest
import yaml

from editloupe.config.parts import WorkerSettings, load_config
from editloupe.errors import ConfigError

BASE = {"benchmark": "shapes", "editors": ["identity"]}


@pytest.fixture
def load(tmp_path):
    def load(**changes):
        path = tmp_path / "c.yaml"
        path.write_text(yaml.safe_dump({**BASE, **changes}))
        return load_config(path)

    return load


def test_both_stages_run_here_unless_told_otherwise(load):
    assert load().workers.edit == load().workers.judge == WorkerSettings()


def test_one_place_is_for_both_stages(load):
    workers = load(workers={"engine": "ray", "devices": [0, 2]}).workers
    assert workers.edit == workers.judge
    assert (workers.edit.device_ids, workers.edit.device_count) == ((0, 2), 2)


def test_stages_may_differ_and_the_resolved_config_keeps_it(load, tmp_path):
    judge = {"engine": "ray", "address": "auto", "devices": 4, "runtime_env": {"pip": ["transformers==5.23.0"]}}
    config = load(workers={"judge": judge})
    assert config.workers.edit.engine == "here"
    (tmp_path / "again.yaml").write_text(config.as_yaml())
    assert load_config(tmp_path / "again.yaml").workers == config.workers


@pytest.mark.parametrize(
    ("workers", "words"),
    [
        ({"engin": "ray"}, "unknown key 'engin', did you mean 'engine'"),
        ({"edit": {"engine": "slurm"}}, "engine is 'slurm'"),
        ({"edit": {}, "engine": "ray"}, "unknown key 'engine'"),
        ({"devices": 2}, "engine here is one process"),
        ({"engine": "ray", "devices": []}, "at least one"),
        ({"engine": "ray", "devices": [0, 1], "address": "auto"}, "with `address` give how many"),
        ({"engine": "ray", "gpus_per_worker": -1}, "greater than or equal to 0"),
        ([0, 1], "has to be a mapping"),
    ],
)
def test_mistakes_are_told(load, workers, words):
    with pytest.raises(ConfigError, match=words):
        load(workers=workers)


def seed(**params):
    return {"editors": None, "diffusion_model": {"type": "diffusers", "params": {"model_name": "a/b", **params}}}


def test_the_seed_s_devices_become_workers_and_its_parameters_the_pipeline_s(load, tmp_path):
    path = tmp_path / "seed.yaml"
    data = seed(device_ids=[0, 1], num_inference_steps=40, true_cfg_scale=4.0, dtype="float16")
    path.write_text(yaml.safe_dump({"benchmark": "shapes", "diffusion_model": data["diffusion_model"]}))
    config = load_config(path)
    assert config.workers.edit == WorkerSettings(engine="ray", devices=(0, 1))
    assert config.workers.judge.engine == "here"
    options = config.editors[0].options
    assert (options.model, options.dtype) == ("a/b", "float16")
    assert options.params == {"num_inference_steps": 40, "true_cfg_scale": 4.0}


def test_one_device_of_the_seed_needs_no_ray(load, tmp_path):
    path = tmp_path / "seed.yaml"
    path.write_text(yaml.safe_dump({"benchmark": "shapes", "diffusion_model": seed(device_ids=[3])["diffusion_model"]}))
    config = load_config(path)
    assert config.workers.edit.engine == "here"
    assert config.editors[0].options.device == "cuda:3"
