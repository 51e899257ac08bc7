import json

import pytest
from PIL import Image, PngImagePlugin

from editloupe import images
from editloupe.errors import ImageError
from editloupe.image_frames import frames_of
from editloupe.records import ImageBytes, ImageFile
from pictures import encode, gradient, png
from reading import read

HEADS = {
    b"": "is empty",
    bytes(900): "zero bytes",
    b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n": "git lfs pull",
    b"../.git/annex/objects/aa/bb/SHA256E-s1--00.png": "git annex get",
    b"\n<!DOCTYPE HTML><title>404</title>": "an HTML page",
    b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>': "XML",
    b'{"detail": "not found"}': "JSON",
    b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic": "pillow-heif",
    b"\x00\x00\x00\x18ftypmif1\x00\x00\x00\x00mif1heic": "HEIC",
    b"\x00\x00\x00\x18ftypisom\x00\x00\x00\x00isommp42": "a video",
    b"RIFF\x10\x00\x00\x00WAVEfmt ": "sound or video",
    b"\x00\x00\x00\x0cJXL \r\n\x87\n": "JPEG XL",
    b"%PDF-1.7\n": "a PDF",
    b"PK\x03\x04\x14\x00": "a ZIP archive",
    png().replace(b"\r\n", b"\n"): "changed",
    b"iVBORw0KGgoAAAANSUhEUg==": "base64",
    b"/9j/4AAQSkZJRg==": "base64",
    b"photos/cup.png": "'photos/cup.png'",
    b"\xfe\x01\x02\x03": "no known format",
}


@pytest.mark.parametrize(("data", "said"), HEADS.items(), ids=HEADS.values())
def test_what_is_no_picture_says_what_it_is(data, said):
    with pytest.raises(ImageError) as caught:
        images.inspect(data, "x.png")
    assert caught.value.kind == "bad-image"
    assert said in str(caught.value)
    assert str(caught.value).startswith("'x.png' ")


@pytest.mark.parametrize("form", ["JPEG2000", "QOI", "ICO"])
def test_formats_that_pillow_knows_and_no_benchmark_has_are_named(form):
    with pytest.raises(ImageError, match=r"JPEG 2000|QOI|Windows icon"):
        images.inspect(encode(gradient(), form))


def test_a_phones_picture_of_several_pictures_is_read():
    data = encode(gradient(), "MPO", save_all=True, append_images=[gradient(20, 20)])
    assert images.decode(ImageBytes(data)).size == (40, 30)


def test_large_profiles_and_texts_are_no_reason_to_refuse_a_picture():
    texts = PngImagePlugin.PngInfo()
    texts.add_text("workflow", json.dumps(["node"] * 400_000), zip=True)
    data = encode(gradient(), "PNG", icc_profile=bytes(3 << 20), pnginfo=texts)
    assert images.decode(ImageBytes(data)).size == (40, 30)


def test_what_unpacks_without_bounds_is_refused_with_a_sentence():
    data = encode(gradient(), "PNG", icc_profile=bytes(40 << 20))
    assert len(data) < 1 << 20
    with pytest.raises(ImageError, match="larger than 32 MiB; save it without its metadata"):
        images.inspect(data)


@pytest.mark.parametrize(("form", "frames"), [("GIF", 3), ("TIFF", 3), ("WEBP", 3), ("PNG", 3)])
def test_frames_are_counted_in_files_and_in_memory(form, frames, tmp_path):
    several = [Image.new("RGB", (20, 20), (80 * n, 0, 0)) for n in range(frames)]
    data = encode(several[0], form, save_all=True, append_images=several[1:])
    (tmp_path / "x").write_bytes(data)
    assert frames_of(ImageBytes(data)) == frames_of(ImageFile(tmp_path / "x", "")) == frames
    assert frames_of(ImageBytes(png())) == frames_of(ImageBytes(b"nothing")) == 1


def test_an_animation_among_the_sources_is_said(tmp_path):
    moving = [Image.new("L", (20, 20), shade) for shade in (0, 90, 200)]
    (tmp_path / "a.gif").write_bytes(encode(moving[0], "GIF", save_all=True, append_images=moving[1:]))
    row = {"image": "a.gif", "instruction": "Brighten it", "category": "physical"}
    (tmp_path / "t.jsonl").write_text(json.dumps(row))
    samples, found = read("table", path=tmp_path / "t.jsonl")
    assert samples[0].failure is None
    assert found["several-frames", "physical"] == 1
