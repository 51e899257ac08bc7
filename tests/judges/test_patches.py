"""Pictures become patches once, off the model's thread, and reach the model with the processor's own bits."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from PIL import ImageFile
from transformers import AutoModelForImageTextToText

from editloupe.batching import stream
from editloupe.images import decode, encode_png, fit
from editloupe.judges.qwen import patches as patches_module
from editloupe.judges.qwen.lru import ByteLRU
from editloupe.judges.qwen.patches import PatchMaker
from editloupe.judges.random_weights import make_image_processor
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import AnswerFormat, ImageBytes, ImagePart, Question
from pictures import noise

DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')


@pytest.mark.parametrize("size", [(256, 256), (300, 200), (513, 777), (64, 900), (31, 40)])
@pytest.mark.parametrize(
    "settings", [{}, {"patch_size": 14, "image_mean": [0.48, 0.46, 0.41], "image_std": [0.27, 0.26, 0.28]}]
)
def test_the_model_sees_the_processor_s_own_bits(size, settings):
    processor = make_image_processor(**settings)
    picture = noise(*size)
    expected = processor(images=[fit(decode(picture), None)], return_tensors="np")
    maker = PatchMaker(processor, None)
    assert maker.grid(picture) == tuple(expected["image_grid_thw"][0, 1:])
    values = maker.pixel_values([maker.patches(picture)], torch.device("cpu"))
    assert np.array_equal(values.numpy(), expected["pixel_values"])


def test_a_picture_takes_a_byte_per_value():
    maker = PatchMaker(make_image_processor(), None)
    assert maker.patches(noise(256, 256)).nbytes == 256 * 256 * 3


def png(seed):
    """As editors' pictures are kept."""
    return ImageBytes(encode_png(decode(noise(64, 64, seed))))


def questions(count):
    return [
        Question("s", (ImagePart("source", png(0)), ImagePart("edited", png(n + 1))), "ask", DIGITS)
        for n in range(count)
    ]


def test_no_picture_is_decoded_on_the_model_s_thread(tiny_checkpoint, monkeypatch):
    judge = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint)))
    threads = []

    def noted(picture):
        threads.append(threading.current_thread().name.partition("_")[0])
        return decode(picture)

    monkeypatch.setattr(patches_module, "decode", noted)
    asked = questions(9)
    judge.plan(asked)
    assert not threads
    outcomes = [
        done for batch in stream(asked, judge.answer, size=3, stage="judge", prepare=judge.prepare) for done in batch
    ]
    assert len(outcomes) == 9
    assert threads == ["prepare"] * 10  # the source once, and nine edits


def test_planning_decodes_no_picture(tiny_checkpoint, monkeypatch):
    judge = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint)))
    asked = questions(4)
    judge.runner  # noqa: B018 - loads the checkpoint
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda *_: pytest.fail("a picture was decoded"))
    assert len(judge.plan(asked)) == 4


def test_who_finds_another_one_at_it_waits_for_the_result():
    made, started, go_on = [], threading.Event(), threading.Event()
    cache = ByteLRU(100, lambda _: 1)

    def slow():
        made.append(1)
        started.set()
        go_on.wait(10)
        return "value"

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(cache.get_or_make, "key", slow)
        started.wait(10)
        others = [pool.submit(cache.get_or_make, "key", slow) for _ in range(2)]
        go_on.set()
        assert [future.result(10) for future in (first, *others)] == ["value"] * 3
    assert made == [1]


def test_what_could_not_be_made_is_tried_again():
    cache = ByteLRU(100, lambda _: 1)
    with pytest.raises(ZeroDivisionError):
        cache.get_or_make("key", lambda: 1 // 0)
    assert cache.get_or_make("key", lambda: 7) == 7


@pytest.mark.parametrize("sizes", [[(96, 96), (96, 96)], [(64, 160), (96, 96), (32, 32)]])
def test_the_lean_vision_tower_sees_what_transformers_own_sees(tiny_checkpoint, sizes):
    runner = TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint))).runner
    own = AutoModelForImageTextToText.from_pretrained(str(tiny_checkpoint)).eval()
    pictures = [noise(*size, seed=index) for index, size in enumerate(sizes)]
    maker = runner._maker.pictures
    pixels = maker.pixel_values([maker.patches(picture) for picture in pictures], torch.device("cpu"))
    grid = torch.tensor([[1, *maker.grid(picture)] for picture in pictures])
    with torch.inference_mode():
        lean, expected = (model.get_image_features(pixels, grid) for model in (runner.model, own))
    for one, other in zip(lean.pooler_output, expected.pooler_output, strict=True):
        assert torch.allclose(one, other, atol=1e-5)
