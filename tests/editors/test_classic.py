import contextlib
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.editors.classic import Classic
from editloupe.editors.classic_operations import OPERATIONS
from editloupe.editors.classic_words import KNOWN, Step, steps
from editloupe.errors import ImageError, InstructionError
from editloupe.records import EditRequest
from pictures import TRUNCATED, gradient, sample

SOURCE = np.asarray(gradient()).astype(float)

WORDS = re.findall(r"[\w,.:]+", "the picture and then blur it darken 90 degrees rotate , . : 把 画面 调暗 并 sky not")


def edit(*instructions):
    classic = Classic(Classic.Options())
    return [np.asarray(one).astype(float) for one in classic.edit([EditRequest(sample(i), 0) for i in instructions])]


def names(instruction):
    return [step.operation for step in steps(instruction)]


@pytest.mark.parametrize(
    ("english", "chinese", "expected"),
    [
        ("Brighten the picture.", "把画面调亮。", "brighten"),
        ("Make it darker.", "让照片变暗", "darken"),
        ("Increase the brightness", "提高亮度", "brighten"),
        ("Convert the photo to black and white", "把照片变成黑白", "grayscale"),
        ("Give it a sepia tone", "给图片加上棕褐色调", "sepia"),
        ("Blur the image", "把图片模糊处理", "blur"),
        ("make it sharper", "锐化图片", "sharpen"),
        ("Rotate the picture by 90 degrees", "把图片旋转90度", "rotate"),
        ("Crop the picture to its upper half", "把图片裁剪为上半部分", "crop"),
        ("Tint the photo blue", "给照片加上蓝色色调", "tint"),
        ("Mirror the picture", "左右翻转", "mirror"),
        ("Flip the image vertically", "上下翻转图片", "flip"),
        ("Invert the colours", "把颜色反相", "invert"),
        ("Increase the contrast", "提高对比度", "more contrast"),
        ("Lower the contrast", "降低对比度", "less contrast"),
        ("Make the colours more vivid", "让色彩更鲜艳", "saturate"),
        ("Reduce the saturation", "降低饱和度", "desaturate"),
        ("Posterize the image", "对图片做色调分离", "posterize"),
        ("Make the picture warmer", "让画面更暖", "warmer"),
        ("Make the picture colder", "让画面更冷", "colder"),
        ("Pixelate the picture", "给图片加上马赛克", "pixelate"),
    ],
)
def test_each_operation_is_understood_in_both_languages(english, chinese, expected):
    assert names(english) == [expected]
    assert names(chinese) == [expected]


def test_every_known_operation_exists_and_the_other_way_round():
    assert set(KNOWN) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("instruction", "expected"),
    [
        ("Darken the picture and blur it", ["darken", "blur"]),
        ("Blur it, then rotate it by 90 degrees, and finally mirror it.", ["blur", "rotate", "mirror"]),
        ("先把照片旋转90度，再调亮一点", ["rotate", "brighten"]),
        ("flip the image horizontally and vertically", ["mirror", "flip"]),
        ("Make it brighter and sharper", ["brighten", "sharpen"]),
        ("It is night now: darken the picture.", ["darken"]),
        ("The film was developed wrongly: invert the picture into a negative.", ["invert"]),
    ],
)
def test_several_operations_come_in_the_order_in_which_they_are_named(instruction, expected):
    assert names(instruction) == expected


@pytest.mark.parametrize(
    ("instruction", "degrees"),
    [
        ("Rotate it by 90 degrees clockwise", -90),
        ("rotate the photo 12.5° counterclockwise", 12.5),
        ("Rotate the picture 30 degrees anti-clockwise", 30),
        ("rotate the picture 30 degrees counter-clockwise", 30),
        ("Rotate the picture to the left", 90),
        ("turn the photo upside down", -180),
        ("逆时针旋转45度", 45),
        ("向右旋转90度", -90),
    ],
)
def test_rotations_keep_degrees_and_direction(instruction, degrees):
    assert [step.degrees for step in steps(instruction)] == [degrees]


@pytest.mark.parametrize(
    "instruction",
    [
        "",
        "   ",
        "Remove the cat",
        "darken the sky",
        "把天空调暗",
        "do not blur it",
        "不要模糊",
        "Never rotate the picture by 90 degrees",
        "Blur the left half",
        "rotate the chair by 90 degrees",
        "Rotate the picture",
        "Tint the picture",
        "tint it mauve",
        "crop the upper left part",
        "Darken the picture and add stars",
        "Darken the picture, add stars",
        "把画面调暗，并添加星星",
        "Increase the brightness and contrast",
        "It is night now.",
        "blur faces",
    ],
)
def test_what_is_not_wholly_understood_is_refused_with_the_words_and_what_is_known(instruction):
    with pytest.raises(InstructionError) as caught:
        steps(instruction)
    assert repr(instruction) in str(caught.value)
    assert "brighten, darken" in str(caught.value)
    assert caught.value.kind == "not-understood"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(WORDS)))
def test_any_words_give_steps_or_a_refusal(words):
    try:
        found = steps(" ".join(words))
    except InstructionError:
        return
    assert found
    assert {step.operation for step in found} <= set(OPERATIONS)


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_any_text_gives_steps_or_a_refusal(text):
    with contextlib.suppress(InstructionError):
        assert steps(text)


def test_brightness_moves_the_mean_by_its_strength():
    slightly, plain, strongly = edit("Darken it slightly", "Darken it", "Darken it strongly")
    assert SOURCE.mean() > slightly.mean() > plain.mean() > strongly.mean() > 0
    assert plain.mean() == pytest.approx(SOURCE.mean() * 0.5, rel=0.02)
    assert edit("brighten it")[0].mean() > SOURCE.mean()


def test_geometry_is_exact():
    mirrored, flipped, quarter, half, left = edit(
        "mirror it",
        "flip it vertically",
        "rotate it by 90 degrees clockwise",
        "turn it upside down",
        "crop the picture to the left half",
    )
    assert np.array_equal(mirrored, SOURCE[:, ::-1])
    assert np.array_equal(flipped, SOURCE[::-1])
    assert np.array_equal(quarter, np.rot90(SOURCE, k=-1))
    assert np.array_equal(half, SOURCE[::-1, ::-1])
    assert np.array_equal(left, SOURCE[:, :20])
    assert np.array_equal(edit("crop the picture to the center")[0], SOURCE[8:22, 10:30])


def test_a_free_rotation_keeps_all_of_the_picture_on_white():
    turned = edit("rotate it by 45 degrees")[0]
    assert turned.shape[0] > SOURCE.shape[0]
    assert turned.shape[1] > SOURCE.shape[1]
    assert turned[0, 0].tolist() == [255, 255, 255]


def test_colours_go_where_the_words_say():
    gray, inverted, warm, cold, blue, contrast = edit(
        "make it grayscale",
        "invert it",
        "make it warmer",
        "make it colder",
        "tint it blue",
        "increase the contrast",
    )
    assert (gray.max(axis=2) == gray.min(axis=2)).all()
    assert np.array_equal(inverted, 255 - SOURCE)

    def warmth(image):
        return image[..., 0].mean() - image[..., 2].mean()

    assert warmth(warm) > warmth(SOURCE) > warmth(cold)
    assert warmth(blue) < warmth(SOURCE)
    assert contrast.std() > SOURCE.std()


def test_order_of_operations_matters_and_is_kept():
    crop_first, mirror_first = edit(
        "crop the picture to the left half, then mirror it", "mirror it, then crop the picture to the left half"
    )
    assert np.array_equal(crop_first, SOURCE[:, :20][:, ::-1])
    assert np.array_equal(mirror_first, SOURCE[:, ::-1][:, :20])


@pytest.mark.parametrize("name", KNOWN)
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (33, 17)])
def test_every_operation_works_on_every_size(name, size):
    choice = {"tint": "blue", "crop": "left"}.get(name, "")
    edited = OPERATIONS[name](gradient(*size), Step(name, degrees=30, choice=choice))
    assert edited.mode == "RGB"
    assert min(edited.size) >= 1


@pytest.mark.parametrize("name", KNOWN)
def test_every_operation_changes_the_picture(name):
    choice = {"tint": "blue", "crop": "left"}.get(name, "")
    edited = OPERATIONS[name](gradient(120, 90), Step(name, degrees=30, choice=choice))
    assert edited.size != (120, 90) or edited.tobytes() != gradient(120, 90).tobytes()


def test_a_broken_source_is_an_image_error():
    with pytest.raises(ImageError):
        Classic(Classic.Options()).edit([EditRequest(sample("blur it", data=TRUNCATED["png"]), 0)])
