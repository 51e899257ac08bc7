"""What a trainer hands over as its reward: arrays among pictures, and why there is no score."""

import base64

import numpy as np
import pytest
import torch
from PIL import Image

import editloupe
from editloupe.images import decode
from editloupe.pixel_arrays import picture_from_array
from editloupe.records import Reply
from pictures import gradient, png

PIXELS = np.asarray(gradient(40, 36))


@pytest.fixture
def judge(monkeypatch):
    made = editloupe.load_judge("nano")
    made.seen = []

    def readable(questions):
        made.seen += [decode(question.images[-1]) for question in questions]
        return [Reply(question.ask) for question in questions]

    monkeypatch.setattr(made._judge, "answer", readable)
    return made


def replies(judge, *images, prompts=None):
    count = len(images)
    prompts = prompts or ["7"] * count
    return judge.batch_replies(edited_images=images, system_prompts=["s"] * count, user_prompts=prompts)


@pytest.mark.parametrize(
    "image",
    [
        PIXELS,
        PIXELS.transpose(2, 0, 1),
        torch.from_numpy(PIXELS.copy()),
        torch.from_numpy(PIXELS.transpose(2, 0, 1).copy()),
        bytearray(png(40, 36)),
        "data:image/png;base64," + base64.b64encode(png(40, 36)).decode(),
    ],
    ids=["array", "array channels first", "tensor", "tensor channels first", "bytearray", "data URL"],
)
def test_the_same_pixels_in_every_form(judge, image):
    assert [one.score for one in replies(judge, gradient(40, 36), image)] == [7, 7]
    assert np.array_equal(np.asarray(judge.seen[1]), PIXELS)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (PIXELS / np.float32(255), "give uint8 from 0 to 255"),
        (torch.zeros(3, 40, 36), "give uint8 from 0 to 255"),
        (np.zeros((2, 40, 36, 3), np.uint8), "one picture at a time"),
        (np.zeros((3, 40, 3), np.uint8), "channels first or last"),
        (np.zeros((5, 40, 36), np.uint8), "none of its axes"),
        (np.zeros((0, 40, 3), np.uint8), "holds no pixels"),
        (None, "NoneType is no image"),
        (7, "int is no image"),
        ("data:image/png;base64,???", "data URL"),
    ],
)
def test_what_cannot_be_taken_is_told_and_takes_no_other_with_it(judge, image, words):
    good, bad, also = replies(judge, gradient(), image, gradient())
    assert (good.score, also.score) == (7, 7)
    assert bad.score is None
    assert bad.failure.stage == "sample"
    assert words in bad.failure.message


def test_a_reply_that_cannot_be_read_comes_with_its_words(judge):
    (one,) = replies(judge, gradient(), prompts=["rather good"])
    assert (one.score, one.failure.stage, one.failure.kind, one.reply.text) == (None, "score", "prose", "rather good")
    assert judge.batch_score(edited_images=[gradient()], system_prompts=[""], user_prompts=["rather good"]) == [None]


def test_grey_and_transparent_arrays():
    assert picture_from_array(PIXELS[..., 0]).mode == "L"
    assert picture_from_array(PIXELS[..., :1]).mode == "L"
    assert picture_from_array(np.zeros((40, 36, 4), np.uint8)).mode == "RGBA"
    assert isinstance(picture_from_array(PIXELS), Image.Image)
