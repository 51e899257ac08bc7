import numpy as np
import pytest
from PIL import Image

from editloupe import images
from editloupe.errors import ImageError
from editloupe.records import ImageBytes, ImageFile
from pictures import REFUSED, TRUNCATED, encode, gradient, png


def decoded(data):
    return images.decode(ImageBytes(data))


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "BMP", "GIF"])
def test_every_common_format_becomes_rgb_of_the_same_size(form):
    image = decoded(encode(gradient(), form))
    assert (image.mode, image.size) == ("RGB", (40, 30))


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_unusable_files_are_refused_from_their_header(data):
    with pytest.raises(ImageError) as caught:
        images.inspect(data)
    assert caught.value.kind == "bad-image"
    assert not caught.value.retryable


def test_a_bomb_is_named_with_its_size_before_its_pixels_are_touched():
    with pytest.raises(ImageError, match="20000x10000 = 200 megapixels"):
        decoded(REFUSED["200 megapixels"])


@pytest.mark.parametrize("data", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_truncated_files_pass_the_header_and_fail_when_decoded(data):
    assert images.inspect(data) == (300, 200)
    with pytest.raises(ImageError, match="cannot be decoded"):
        decoded(data)


def test_a_missing_file_is_named_and_may_come_back(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png") as caught:
        images.decode(ImageFile(tmp_path / "gone.png", ""))
    assert (caught.value.kind, caught.value.retryable) == ("missing-file", True)


def test_the_aspect_limit_is_exact():
    assert images.inspect(encode(Image.new("L", (200, 1)))) == (200, 1)
    with pytest.raises(ImageError, match="factor of at most 200"):
        images.inspect(encode(Image.new("L", (201, 1))))


def test_orientation_from_exif_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise for display
    upright = decoded(encode(gradient(40, 30), "PNG", exif=exif))
    assert upright.size == (30, 40)
    assert np.array_equal(np.asarray(upright), np.rot90(np.asarray(gradient(40, 30)), k=-1))


def test_transparency_is_laid_on_white():
    image = Image.new("RGBA", (4, 2), (200, 0, 0, 0))
    image.putpixel((0, 0), (200, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 128))
    pixels = np.asarray(decoded(encode(image)))
    assert pixels[0, 0].tolist() == [200, 0, 0]
    assert pixels[1, 3].tolist() == [255, 255, 255]
    assert pixels[0, 1].tolist() == [127, 127, 127]


def test_a_transparent_palette_colour_becomes_white():
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    pixels = np.asarray(decoded(encode(image, "PNG", transparency=0)))
    assert pixels[0].tolist() == [[255, 255, 255], [200, 100, 50]]


def test_sixteen_bits_keep_their_range():
    grey = Image.fromarray(np.array([[0, 32768, 65535]], dtype=np.uint16))
    assert np.asarray(decoded(encode(grey)))[0, :, 0].tolist() == [0, 128, 255]


def test_png_is_lossless():
    assert np.array_equal(np.asarray(decoded(images.encode_png(gradient()))), np.asarray(gradient()))


@pytest.mark.parametrize("of", ["pixels", "bytes", "path"])
def test_picture_of_takes_what_a_caller_has(of, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(png())
    given = {"pixels": gradient(), "bytes": png(), "path": path}[of]
    assert np.array_equal(np.asarray(images.decode(images.picture_of(given))), np.asarray(gradient()))


def test_picture_of_a_missing_path_says_so(tmp_path):
    with pytest.raises(ImageError, match=r"gone\.png") as caught:
        images.picture_of(tmp_path / "gone.png")
    assert caught.value.kind == "missing-file"


def test_fit_shrinks_and_never_enlarges():
    assert images.fit(gradient(400, 100), 200).size == (200, 50)
    assert images.fit(gradient(400, 1), 100).size == (100, 1)
    small = gradient(20, 10)
    assert images.fit(small, 200) is small
    assert images.fit(small, None) is small
