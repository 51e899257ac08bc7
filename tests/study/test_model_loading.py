"""A model that cannot be loaded: one sentence after one try, nothing recorded, and the same study goes on later."""

import shutil
import sqlite3

import pytest
import torch

from editloupe.batching import stream
from editloupe.config.parts import load_config
from editloupe.editors.diffusers import Diffusers
from editloupe.errors import DataError, ItemError, ModelLoadError
from editloupe.judges.transformers import TransformersJudge
from editloupe.model_loading import loading_model
from editloupe.study import run_study
from tiny_pipelines import make_pipeline
from worlds import make_config, make_table

NAME = "StableDiffusionInstructPix2PixPipeline"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory):
    return make_pipeline(NAME, tmp_path_factory.mktemp("pipeline"))


def study(folder, checkpoint, model, **changes):
    editor = {"type": "diffusers", "model": str(model), "dtype": "float32", "device": "cpu", "batch_size": 4}
    editor["params"] = {"num_inference_steps": 1}
    changes = {"editors": [editor], **changes}
    return load_config(make_config(folder, checkpoint, make_table(folder / "data", 5), **changes))


def recorded(config):
    with sqlite3.connect(config.out / "ledger.sqlite") as db:
        return db.execute("SELECT count(*) FROM outcomes").fetchone()[0]


def cut(path):
    path.write_bytes(path.read_bytes()[:2000])


def test_no_memory_while_an_editor_is_loaded(tmp_path, tiny_checkpoint, pipeline, monkeypatch):
    from diffusers import DiffusionPipeline

    config, loads = study(tmp_path, tiny_checkpoint, pipeline), []

    def full(self, *_):
        loads.append(1)
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 96.00 MiB.")

    with monkeypatch.context() as patch:
        patch.setattr(DiffusionPipeline, "to", full)
        with pytest.raises(ModelLoadError, match=r"memory ran out while .*model.* 96.00 MiB.*`offload: model`"):
            run_study(config)
    assert len(loads) == 1
    assert recorded(config) == 0
    results = run_study(config)
    assert [one.failure for one in results.verdicts] == [None] * 5


def test_a_torn_file_of_an_editor(tmp_path, tiny_checkpoint, pipeline):
    model = shutil.copytree(pipeline, tmp_path / "model")
    config = study(tmp_path, tiny_checkpoint, model)
    cut(model / "unet" / "diffusion_pytorch_model.safetensors")
    with pytest.raises(ModelLoadError, match=r"cannot be loaded: one of its files is incomplete or damaged .*anew"):
        run_study(config)
    assert recorded(config) == 0


def test_a_torn_file_of_the_judge_keeps_the_edits(tmp_path, tiny_checkpoint):
    checkpoint = shutil.copytree(tiny_checkpoint, tmp_path / "tiny")
    whole = (checkpoint / "model.safetensors").read_bytes()
    config = load_config(make_config(tmp_path, checkpoint, make_table(tmp_path / "data", 3)))
    cut(checkpoint / "model.safetensors")
    with pytest.raises(ModelLoadError, match="incomplete or damaged"):
        run_study(config)
    assert recorded(config) == 6  # the edits, and no failure of the judge
    (checkpoint / "model.safetensors").write_bytes(whole)
    assert all(one.failure is None for one in run_study(config).verdicts)


@pytest.mark.parametrize("batch_size", ["auto", 2])
def test_a_judge_on_a_device_that_is_not_there(tmp_path, tiny_checkpoint, batch_size, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    judge = {"model": str(tiny_checkpoint), "answer": "choice", "min_label_mass": 0.0, "batch_size": batch_size}
    table = make_table(tmp_path / "data", 3)
    config = load_config(make_config(tmp_path, tiny_checkpoint, table, judge={**judge, "device": "cuda"}))
    with pytest.raises(ModelLoadError, match=r"on 'cuda': this process sees no CUDA device; set `device: auto`"):
        run_study(config)
    assert recorded(config) == 6
    again = load_config(make_config(tmp_path, tiny_checkpoint, table, judge={**judge, "device": "cpu"}))
    assert all(one.failure is None for one in run_study(again).verdicts)


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "balanced"])
def test_an_editor_on_a_device_that_is_not_there_is_told_before_it_is_read(pipeline, device, monkeypatch):
    from diffusers import DiffusionPipeline

    monkeypatch.setattr(torch.cuda, "is_available", lambda: device == "cuda:1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(DiffusionPipeline, "from_pretrained", lambda *_, **__: pytest.fail("it was read"))
    with pytest.raises(ModelLoadError, match=r"1 CUDA device\(s\)" if device == "cuda:1" else "no CUDA device"):
        Diffusers(Diffusers.Options(model=str(pipeline), dtype="float32", device=device)).edit([])


def test_a_device_that_no_pytorch_knows(tiny_checkpoint):
    judge = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint), device="abacus"))
    with pytest.raises(ModelLoadError, match="cannot be loaded on 'abacus'"):
        _ = judge.runner


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: 1 GB")])
def test_main_memory_runs_out_too(error):
    with (
        pytest.raises(ModelLoadError, match="memory ran out while the model 'm' was loaded"),
        loading_model("m", device="cpu", mend="less"),
    ):
        raise error


def test_what_concerns_all_items_is_neither_split_nor_tried_again():
    calls = []

    def load(batch):
        calls.append(len(batch))
        raise DataError("the weights are gone")

    with pytest.raises(DataError):
        list(stream(range(8), load, size=8, stage="edit"))
    assert calls == [8]

    def one_is_bad(batch):
        if 3 in batch:
            raise ItemError("three")
        return batch

    outcomes = [done.outcome for batch in stream(range(8), one_is_bad, size=8, stage="edit") for done in batch]
    assert sum(isinstance(one, int) for one in outcomes) == 7


def test_packages_that_do_not_fit_together_are_one_sentence_with_the_first_cause(monkeypatch, tiny_checkpoint):
    """transformers hides behind a name of its own what another package's import ended with."""
    import builtins

    real = builtins.__import__

    def importing(name, *words, **more):
        if name == "editloupe.judges.qwen.processor":
            first = OSError("libcudart.so.13: cannot open shared object file")
            raise ModuleNotFoundError("Could not import module 'AutoProcessor'") from first
        return real(name, *words, **more)

    monkeypatch.setattr(builtins, "__import__", importing)
    judge = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint)))
    with pytest.raises(ModelLoadError) as raised:
        judge.plan([])
    said = str(raised.value)
    assert "cannot be imported (OSError: libcudart.so.13: cannot open shared object file)" in said
    assert "torch, torchvision and transformers have to be of one build" in said
