"""The editor `diffusers` with real pipeline classes and tiny random weights."""

import json
import logging

import numpy as np
import pytest
import torch
from PIL import Image

from editloupe.config.parts import load_config
from editloupe.editors import diffusers as editor_file
from editloupe.editors.diffusers import Diffusers, Lora, groups
from editloupe.editors.diffusers_capabilities import CAPABILITIES, Capability, capability_of
from editloupe.editors.diffusers_output import checked_images
from editloupe.errors import ConfigError
from editloupe.images import picture_of
from editloupe.progress import activity
from editloupe.records import EditRequest, Failure, Sample
from tiny_pipelines import MAKERS, PARAMS, make_pipeline

INSTRUCTIONS = ("Make it darker.", "Mirror the whole picture now.", "Make it")
ONE = {name for name, row in CAPABILITIES.items() if row.batches == "one"}
SLOW = "StableDiffusionInstructPix2PixPipeline"


@pytest.fixture(scope="session")
def saved(tmp_path_factory):
    folders = {}

    def get(name):
        if name not in folders:
            folders[name] = make_pipeline(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return get


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """Three classes bring every picture to a megapixel; that is their arithmetic and not what is tested."""
    from diffusers.pipelines.longcat_image import pipeline_longcat_image_edit as longcat
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit as edit
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    for module in (longcat, edit, plus):
        original = module.calculate_dimensions
        monkeypatch.setattr(module, "calculate_dimensions", lambda _, ratio, true=original: true(64 * 64, ratio))


def make(folder, name, **options):
    params = {**PARAMS[name], **options.pop("params", {})}
    return Diffusers(Diffusers.Options(model=str(folder), dtype="float32", params=params, **options))


def request(number, size=(64, 80), count=1):
    rng = np.random.default_rng(number)
    pictures = tuple(
        picture_of(Image.fromarray(rng.integers(0, 255, (size[1], size[0], 3), dtype=np.uint8))) for _ in range(count)
    )
    text = INSTRUCTIONS[number % len(INSTRUCTIONS)]
    return EditRequest(Sample(f"s{number}", "c", text, pictures), seed=1000 + number)


@pytest.fixture
def calls(monkeypatch):
    """The pixels of every call, as floats: one list per call."""
    seen = []

    def watching(output, count):
        seen.append(np.asarray(output.images, dtype=np.float64))
        return checked_images(output, count)

    monkeypatch.setattr(editor_file, "checked_images", watching)
    return seen


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_batch_gives_what_one_by_one_gives(name, saved, calls):
    editor = make(saved(name), name)
    requests = [request(0), request(1, (80, 64)), request(2), request(3, (80, 64)), request(4)]
    batch = editor.edit(requests)
    assert all(isinstance(image, Image.Image) for image in batch)
    sizes = [len(call) for call in calls]
    assert sizes == ([1] * 5 if name in ONE else [3, 2])
    order = [0, 1, 2, 3, 4] if name in ONE else [0, 2, 4, 1, 3]
    together = dict(zip(order, [image for call in calls for image in call], strict=True))
    calls.clear()
    for number, one in enumerate(requests):
        editor.edit([one])
        assert np.abs(calls[-1][0] - together[number]).max() < 1e-5
    # Not one picture five times.
    assert len({np.asarray(image).tobytes() for image in batch}) == 5


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_classes_that_do_not_batch_are_never_batched(name):
    images = [[Image.new("RGB", (32, 32))] for _ in range(5)]
    found = groups(images, CAPABILITIES[name])
    assert found == ([[index] for index in range(5)] if name in ONE else [[0, 1, 2, 3, 4]])
    if CAPABILITIES[name].known != "run":
        assert name in ONE  # nobody has seen it batch


def test_a_sample_of_several_images_is_alone_in_its_call():
    image = Image.new("RGB", (32, 32))
    assert groups([[image], [image, image], [image]], Capability(batches="equal-size")) == [[0, 2], [1]]


def test_the_seed_makes_the_noise_and_nothing_else_does(saved):
    editor = make(saved(SLOW), SLOW)
    one = request(0)
    first, again = editor.edit([one])[0], editor.edit([request(5), one])[1]
    assert np.abs(np.asarray(first).astype(int) - np.asarray(again)).max() <= 1
    (other,) = editor.edit([EditRequest(one.sample, seed=1)])
    assert np.abs(np.asarray(first).astype(int) - np.asarray(other)).max() > 10


def test_pipelines_of_references_get_all_images_and_others_refuse_several(saved):
    name = "Flux2KleinPipeline"
    editor = make(saved(name), name)
    two, one = editor.edit([request(0, count=2), request(0)])
    assert np.asarray(two).tobytes() != np.asarray(one).tobytes()
    editor = make(saved(SLOW), SLOW)
    failure, image = editor.edit([request(0, count=2), request(1)])
    assert failure.kind == "too-many-sources"
    assert image.size == (64, 80)


def test_sizes(saved):
    name = "Flux2KleinPipeline"
    assert make(saved(name), name).edit([request(0)])[0].size == (32, 32)
    assert make(saved(name), name, size="match-source").edit([request(0)])[0].size == (64, 80)


def test_steps_are_told(saved):
    editor, told = make(saved(SLOW), SLOW), []
    with activity.subscribe(told.append):
        editor.edit([request(0)])
    assert [str(one) for one in told] == ["s0", "s0 step 1/2", "s0 step 2/2"]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"true_cfg_scale": 4.0}, "takes no parameter 'true_cfg_scale'.*image_guidance_scale.*'guidance_scale'"),
        ({"num_steps": 4}, "num_inference_steps"),
        ({"prompt": "x"}, "takes no parameter 'prompt'"),
        ({"num_images_per_prompt": 2}, "takes no parameter"),
    ],
)
def test_a_parameter_that_the_pipeline_does_not_take(saved, params, words, monkeypatch):
    monkeypatch.setattr(Diffusers, "_load", lambda _: pytest.fail("the weights were loaded first"))
    with pytest.raises(ConfigError, match=words):
        make(saved(SLOW), SLOW, params=params).edit([request(0)])


def test_a_lora_changes_the_edit_the_signature_and_the_files(saved, tmp_path):
    from diffusers import StableDiffusionInstructPix2PixPipeline
    from peft import LoraConfig
    from peft.utils import get_peft_model_state_dict

    pipeline = StableDiffusionInstructPix2PixPipeline.from_pretrained(saved(SLOW), safety_checker=None)
    pipeline.unet.add_adapter(LoraConfig(r=2, target_modules=["to_q", "to_v"], init_lora_weights=False))
    layers = get_peft_model_state_dict(pipeline.unet)
    StableDiffusionInstructPix2PixPipeline.save_lora_weights(tmp_path, unet_lora_layers=layers)
    file = tmp_path / "pytorch_lora_weights.safetensors"
    plain = make(saved(SLOW), SLOW)
    whole, weak, off = (make(saved(SLOW), SLOW, lora=Lora(path=str(file), weight=weight)) for weight in (1, 0.5, 0))
    images = [np.asarray(one.edit([request(0)])[0]).astype(int) for one in (plain, whole, weak, off)]
    assert np.abs(images[0] - images[3]).max() <= 1
    assert np.abs(images[0] - images[1]).max() > 1
    assert np.abs(images[1] - images[2]).max() > 0
    assert len({one.signature for one in (plain, whole, weak, off)}) == 4
    assert file in whole.files
    assert file not in plain.files
    with pytest.raises(ConfigError, match="there is no adapter"):
        make(saved(SLOW), SLOW, lora=Lora(path=str(tmp_path / "gone"))).edit([request(0)])


def test_the_signature_knows_what_counts_and_not_what_only_costs(saved):
    folder = saved(SLOW)
    base = make(folder, SLOW)
    for options in ({"params": {"guidance_scale": 2.0}}, {"size": "match-source"}):
        assert make(folder, SLOW, **options).signature != base.signature
    for options in ({"device": "cuda:3"}, {"offload": "model"}):
        assert make(folder, SLOW, **options).signature == base.signature
    assert str(folder.parent) not in base.signature
    assert {path.name for path in base.files} >= {"model_index.json", "diffusion_pytorch_model.safetensors"}


def test_hub_ids_are_pinned_by_their_commit(monkeypatch, tmp_path):
    commit = "0123456789abcdef0123456789abcdef01234567"
    index = tmp_path / "model_index.json"
    index.write_text('{"_class_name": "FluxKontextPipeline"}')
    monkeypatch.setattr(editor_file, "commit_of", lambda model, revision: commit)
    monkeypatch.setattr(editor_file, "hub_file", lambda model, revision, name: index)
    editor = Diffusers(Diffusers.Options(model="some/editor", revision="main"))
    assert f"some/editor@{commit}" in editor.signature
    assert editor.pinned.revision == commit
    assert editor.files == ()


@pytest.mark.parametrize("model", ["./gone", "/gone/away", "a/b/c"])
def test_a_folder_that_is_not_there(model):
    with pytest.raises(ConfigError, match="no model folder"):
        _ = Diffusers(Diffusers.Options(model=model)).signature


def test_a_folder_without_a_pipeline(tmp_path):
    with pytest.raises(ConfigError, match="its model_index"):
        Diffusers(Diffusers.Options(model=str(tmp_path))).edit([request(0)])


def test_code_beside_a_model_is_not_run_unless_trusted(tmp_path, saved):
    marker = tmp_path / "it ran"
    index = json.loads((saved(SLOW) / "model_index.json").read_text())
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "model_index.json").write_text(json.dumps({**index, "_class_name": ["pipeline", "Evil"]}))
    (folder / "pipeline.py").write_text(f"open({str(marker)!r}, 'w')")
    with pytest.raises(ConfigError, match="trust_remote_code: true"):
        Diffusers(Diffusers.Options(model=str(folder))).edit([request(0)])
    assert not marker.exists()


def test_an_unknown_class_is_called_as_its_signature_says_and_that_is_said(saved, monkeypatch, caplog, calls):
    monkeypatch.delitem(CAPABILITIES, SLOW)
    with caplog.at_level(logging.WARNING, "editloupe"):
        images = make(saved(SLOW), SLOW).edit([request(0), request(1)])
    assert [image.size for image in images] == [(64, 80)] * 2
    assert len(calls) == 2
    assert "is not in the table of pipelines; one at a time" in caplog.text


def test_a_class_that_cannot_be_an_editor():
    with pytest.raises(LookupError, match="takes no image"):
        capability_of("TextPipeline", {"prompt": None, "height": None})


def test_prompts_are_wrapped_where_a_class_wants_it():
    row = CAPABILITIES["BriaFiboEditPipeline"]
    assert json.loads(row.prompted('say "hi" {instruction}')) == {"edit_instruction": 'say "hi" {instruction}'}
    assert CAPABILITIES["OmniGenPipeline"].prompted("Go.") == "<img><|image_1|></img> Go."
    assert CAPABILITIES["GlmImagePipeline"].nested(["a", "b"]) == [["a", "b"]]


@pytest.mark.parametrize("name", sorted(CAPABILITIES))
def test_the_table_agrees_with_the_signatures_of_the_installed_classes(name):
    import inspect

    import diffusers

    row = CAPABILITIES[name]
    takes = inspect.signature(getattr(diffusers, name).__call__).parameters
    assert {row.image, row.guidance, "prompt", "generator", *row.implied} <= set(takes)
    assert takes["num_inference_steps"].default == row.steps


class Output:
    def __init__(self, images, flags=None):
        self.images = images
        self.nsfw_content_detected = flags


def test_pictures_that_are_none_are_failures():
    good = np.full((8, 8, 3), 0.5)
    broken = good.copy()
    broken[0] = np.nan
    outcomes = checked_images(Output(np.stack([good, broken, good * 0, good]), [False, False, False, True]), 4)
    assert [getattr(one, "kind", "fine") for one in outcomes] == ["fine", "nan-image", "black-image", "safety-checker"]
    assert all(one.stage == "edit" for one in outcomes if isinstance(one, Failure))
    assert np.asarray(outcomes[0]).max() == 128
    black, dark = Image.new("RGB", (4, 4)), Image.new("RGB", (4, 4), (0, 0, 1))
    assert [isinstance(one, Failure) for one in checked_images(Output([black, dark]), 2)] == [True, False]
    with pytest.raises(RuntimeError, match="1 images for 2 samples"):
        checked_images(Output([dark]), 2)


def test_broken_weights_fail_and_are_not_taken_for_a_picture(saved):
    editor = make(saved(SLOW), SLOW)
    pipeline, _ = editor._pipeline()
    with torch.no_grad():
        next(pipeline.unet.parameters()).fill_(float("nan"))
    assert [one.kind for one in editor.edit([request(0), request(1)])] == ["nan-image"] * 2


def test_offload_without_an_accelerator_is_told(saved, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="sees no accelerator"):
        make(saved(SLOW), SLOW, offload="model").edit([request(0)])


def test_closing_drops_the_pipeline(saved):
    editor = make(saved(SLOW), SLOW)
    editor.edit([request(0)])
    editor.close()
    assert editor._loaded is None
    assert editor.edit([request(0)])[0].size == (64, 80)


def test_a_model_folder_starts_at_the_config(tmp_path, saved):
    (tmp_path / "weights").symlink_to(saved(SLOW))
    (tmp_path / "c.yaml").write_text(
        "benchmark: photos\neditors: [{type: diffusers, model: weights, lora: {path: a.safetensors}}]\n"
    )
    (part,) = load_config(tmp_path / "c.yaml").editors
    assert part.options.model == str(tmp_path / "weights")
    assert part.options.lora.path == str(tmp_path / "a.safetensors")
