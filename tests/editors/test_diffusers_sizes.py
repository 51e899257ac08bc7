"""An edit has its first source's proportions, whatever its class would choose by itself, unless the config says so."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from editloupe.editors.diffusers import Diffusers
from editloupe.editors.diffusers_capabilities import CAPABILITIES, Capability
from editloupe.editors.diffusers_sizes import other_proportions, size_parameters
from editloupe.images import picture_of
from editloupe.planning import plan_edits
from editloupe.records import EditRequest, Sample
from tiny_pipelines import MAKERS, PARAMS, make_pipeline

AREA = 128 * 128
SHAPES = [(96, 96), (96, 64), (64, 96), (160, 64), (64, 160)]
SIZES = ("height", "width")


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folders = {}

    def get(name):
        if name not in folders:
            folders[name] = make_pipeline(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return get


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    """What the classes make at a megapixel is made small here; their arithmetic stays."""
    from diffusers.pipelines.longcat_image import pipeline_longcat_image_edit as longcat
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit as edit
    from diffusers.pipelines.qwenimage import pipeline_qwenimage_edit_plus as plus

    for module in (longcat, edit, plus):
        original = module.calculate_dimensions
        monkeypatch.setattr(module, "calculate_dimensions", lambda _, ratio, true=original: true(AREA, ratio))
    for name, row in CAPABILITIES.items():
        if row.area is not None:
            monkeypatch.setitem(CAPABILITIES, name, replace(row, area=AREA))


def params_of(name, **changes):
    """What a config states that says nothing about sizes."""
    params = {key: value for key, value in PARAMS[name].items() if key not in SIZES}
    params["num_inference_steps"] = 1
    if name == "FluxKontextPipeline":
        params["max_area"] = AREA
    return {**params, **changes}


def make(folder, name, size="as-is", **changes):
    params = params_of(name, **changes)
    return Diffusers(Diffusers.Options(model=str(folder), dtype="float32", device="cpu", size=size, params=params))


def request(*shapes):
    rng = np.random.default_rng(len(shapes))
    sources = tuple(
        picture_of(Image.fromarray(rng.integers(0, 255, (high, wide, 3), dtype=np.uint8))) for wide, high in shapes
    )
    return EditRequest(Sample("s", "c", "Make it darker.", sources), seed=1)


def keeps(source, made):
    width, height = made
    return min(abs(width - height * source[0] / source[1]), abs(height - width * source[1] / source[0])) <= 24


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_every_class_keeps_the_proportions_of_five_shapes(name, saved):
    editor = make(saved(name), name)
    for shape in SHAPES:
        (image,) = editor.edit([request(shape)])
        assert keeps(shape, image.size), (shape, image.size)
        assert not image.info["notes"]


@pytest.mark.parametrize("name", ["QwenImageEditPlusPipeline", "Flux2KleinPipeline"])
@pytest.mark.parametrize("shapes", [((160, 64), (64, 96)), ((64, 160), (96, 96), (160, 64))])
def test_of_several_sources_the_first_one_counts(name, shapes, saved):
    (image,) = make(saved(name), name).edit([request(*shapes)])
    assert keeps(shapes[0], image.size)
    (image,) = make(saved(name), name, size="match-source").edit([request(*shapes)])
    assert image.size == shapes[0]


def test_sizes_differ_within_a_batch(saved):
    name = "FluxKontextPipeline"
    images = make(saved(name), name).edit([request(shape) for shape in SHAPES])
    assert all(keeps(shape, image.size) for shape, image in zip(SHAPES, images, strict=True))


def test_a_stated_size_is_kept_and_the_other_side_follows(saved):
    name = "FluxKontextPipeline"
    (image,) = make(saved(name), name, height=128, width=128).edit([request((160, 64))])
    assert image.size == (128, 128)
    assert not image.info["notes"]  # the config said so
    name = "Flux2KleinPipeline"
    (image,) = make(saved(name), name, height=64).edit([request((160, 64))])
    assert image.size == (160, 64)
    (image,) = make(saved(name), name, width=64).edit([request((160, 64))])
    assert image.size == (64, 32)


def signature(folder, name, **changes):
    return make(folder, name, **changes).signature


def test_the_signature_is_raised_where_the_size_is_another_one_now(saved):
    name = "FluxKontextPipeline"
    told = {"height": 64, "width": 64}
    assert signature(saved(name), name).endswith(" sizing=first-source")
    assert "sizing" not in signature(saved(name), name, **told)
    assert signature(saved(name), name, height=64).endswith(" sizing=first-source")
    for other in ("QwenImageEditPipeline", "QwenImageEditPlusPipeline", "Flux2KleinPipeline"):
        assert "sizing" not in signature(saved(other), other)
    name = "Flux2KleinPipeline"
    assert "sizing" not in signature(saved(name), name, **told)
    assert signature(saved(name), name, width=64).endswith(" sizing=first-source")


class Digests:
    def digest(self, path):
        return path.name


def test_only_samples_of_several_sources_get_new_keys_where_the_last_one_counted(saved, monkeypatch):
    from editloupe.config.parts import EditorPart

    name = "QwenImageEditPlusPipeline"
    editor = make(saved(name), name)
    samples = [request((96, 64)).sample, request((96, 64), (64, 96)).sample]
    part = EditorPart(type="diffusers", name="x", plugin=Diffusers, options=editor.options)
    now = [plan.key for plan in plan_edits(part, editor, samples, seed=0, ledger=Digests())]
    monkeypatch.setattr(Diffusers, "signature_suffix", lambda *_: "")  # as it was
    before = [plan.key for plan in plan_edits(part, editor, samples, seed=0, ledger=Digests())]
    assert now[0] == before[0]
    assert now[1] != before[1]


BOTH = ("height", "width")


@pytest.mark.parametrize(
    ("name", "shapes", "found"),
    [
        ("OmniGenPipeline", [(640, 480)], {"use_input_image_size_as_output": True}),
        ("BriaFiboEditPipeline", [(500, 1000)], {"height": 1456, "width": 720}),
        ("ZImageOmniPipeline", [(640, 480)], {}),
        ("ZImageOmniPipeline", [(640, 480), (480, 480)], {"height": 480, "width": 640}),
        ("ZImageOmniPipeline", [(4000, 2000), (480, 480)], {"height": 720, "width": 1456}),
        ("GlmImagePipeline", [(640, 480), (480, 480)], {}),
        ("Flux2Pipeline", [(640, 480), (480, 480)], {}),
        ("Kandinsky5I2IPipeline", [(640, 480)], {}),
        ("JoyImageEditPipeline", [(640, 480)], {}),
    ],
)
def test_what_classes_without_tiny_weights_are_told(name, shapes, found):
    row = replace(CAPABILITIES[name], area=1024 * 1024)
    assert size_parameters(row, {}, BOTH, shapes) == found
    assert size_parameters(row, {"height": 512, "width": 512}, BOTH, shapes) == {}
    assert size_parameters(row, {"height": 512, "width": None}, BOTH, [(64, 32)]) == {"width": 1024}
    assert size_parameters(row, {}, ("prompt",), shapes) == {}


def test_a_stated_square_of_omnigen_is_kept():
    row = CAPABILITIES["OmniGenPipeline"]
    assert size_parameters(row, {"use_input_image_size_as_output": False}, BOTH, [(640, 480)]) == {}


def test_omnigen_s_prompt_names_every_image():
    row = CAPABILITIES["OmniGenPipeline"]
    assert row.prompted("Go {images}.", 2) == "<img><|image_1|></img><img><|image_2|></img> Go {images}."


def test_a_class_that_makes_a_square_all_the_same_is_noted(saved, monkeypatch):
    """An unknown class, or one with a list of sizes: nobody can tell it, so the edit says it."""
    monkeypatch.setitem(CAPABILITIES, "FluxKontextPipeline", Capability(batches="equal-size", known="run"))
    name = "FluxKontextPipeline"
    wide, square = make(saved(name), name).edit([request((160, 64)), request((96, 96))])
    (note,) = wide.info["notes"]
    assert f"made at {wide.width}x{wide.height} from a source of 160x64: the proportions differ by 150%" in note
    assert not square.info["notes"]


@pytest.mark.parametrize(
    ("source", "made", "noted"),
    [
        ((1000, 667), (1248, 832), False),
        ((1000, 750), (1184, 880), False),
        ((640, 480), (1024, 1024), True),
        ((480, 640), (1024, 1024), True),
        ((1600, 1000), (1408, 640), True),
        ((160, 41), (160, 32), False),
    ],
)
def test_rounding_is_not_noted(source, made, noted):
    assert (other_proportions(source, made) is not None) is noted
