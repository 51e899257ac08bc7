import io

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


def test_fit_shrinks_and_enlarges_only_to_the_smallest_side():
    assert images.fit(gradient(400, 100), 200).size == (200, 50)
    assert images.fit(gradient(20, 10), 200).size == (64, 32)
    fine = gradient(40, 32)
    assert images.fit(fine, 200) is fine
    assert images.fit(fine, None) is fine


KEYED = Image.new("RGB", (64, 48), (200, 30, 30))
KEYED.paste((30, 30, 200), (0, 0, 32, 48))


def test_a_colour_key_on_rgb_is_laid_on_white_and_not_kept():
    image = decoded(encode(KEYED, "PNG", transparency=(30, 30, 200)))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert image.getpixel((63, 0)) == (200, 30, 30)
    again = Image.open(io.BytesIO(images.encode_png(image)))
    assert "transparency" not in again.info


@pytest.mark.parametrize(("kind", "words"), [("float32", "floating point"), ("int32", "32-bit integer")])
def test_pixels_without_a_stated_range_are_refused_with_a_sentence(kind, words):
    data = encode(Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8).astype(kind)), "TIFF")
    with pytest.raises(ImageError, match=f"{words} numbers without a stated range"):
        decoded(data)


def test_orientation_in_xmp_is_applied():
    xmp = (
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    )
    data = encode(gradient(40, 30), "JPEG", xmp=xmp)
    assert decoded(data).size == images.dimensions(ImageBytes(data)) == (30, 40)


@pytest.mark.parametrize("size", [(30, 305), (332, 27), (1, 1), (690, 15420), (20000, 101), (1, 200), (5000, 40)])
def test_long_and_tiny_pictures_keep_their_ratio_and_a_side_that_judges_take(size):
    width, height = images.fitted_size(size, 1024)
    assert min(width, height) >= images.SMALLEST_EDGE
    assert max(width, height) <= images.MAX_ASPECT * min(width, height)
    assert width / height == pytest.approx(size[0] / size[1], rel=0.03)


def test_only_pictures_whose_pixels_change_are_seen_anew(tmp_path):
    def anew(data, longest_edge=1024):
        (tmp_path / "a").write_bytes(data)
        both = {
            images.seen_anew(picture, longest_edge) for picture in (ImageBytes(data), ImageFile(tmp_path / "a", ""))
        }
        assert len(both) == 1
        return both.pop()

    assert not anew(png(40, 32))
    assert not anew(encode(gradient(400, 300), "JPEG"), 64)
    assert not anew(encode(Image.fromarray(np.array([[0, 9]] * 40, dtype=np.uint16).repeat(20, 1))))
    assert anew(png(40, 31))
    assert anew(encode(gradient(4000, 40)), 64)
    assert anew(encode(KEYED, "PNG", transparency=(1, 2, 3)))
    assert anew(encode(Image.fromarray(np.zeros((40, 40), np.float32)), "TIFF"))
