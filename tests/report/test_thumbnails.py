"""Thumbnails: named by content, made once, and never the reason that a report fails."""

import hashlib
import os

import pytest
from PIL import Image

from editloupe.report.thumbnails import link_to, make_thumbnails


@pytest.fixture
def picture(tmp_path):
    path = tmp_path / "images" / "one.png"
    path.parent.mkdir()
    Image.new("RGB", (800, 400), "teal").save(path)
    return path


def test_named_by_the_picture_and_small(tmp_path, picture):
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    assert make_thumbnails(tmp_path, ["images/one.png"]) == {"images/one.png": f"thumbnails/{digest[:2]}/{digest}.webp"}
    with Image.open(tmp_path / "thumbnails" / digest[:2] / f"{digest}.webp") as image:
        assert image.size == (320, 160)


def test_made_once(tmp_path, picture):
    place = tmp_path / make_thumbnails(tmp_path, ["images/one.png"])["images/one.png"]
    os.utime(place, ns=(1, 1))
    make_thumbnails(tmp_path, ["images/one.png"])
    assert place.stat().st_mtime_ns == 1


def test_equal_pictures_share_one(tmp_path, picture):
    (tmp_path / "images" / "two.png").write_bytes(picture.read_bytes())
    made = make_thumbnails(tmp_path, ["images/one.png", "images/two.png"])
    assert len(set(made.values())) == 1
    assert len(list((tmp_path / "thumbnails").rglob("*.webp"))) == 1


def test_a_blob_is_known_by_its_name_also_through_a_link(tmp_path, picture):
    digest = hashlib.sha256(picture.read_bytes()).hexdigest()
    blob = tmp_path / "blobs" / digest[:2] / f"{digest}.png"
    blob.parent.mkdir(parents=True)
    picture.rename(blob)
    picture.symlink_to(blob)
    made = make_thumbnails(tmp_path, ["images/one.png"])
    blob.write_bytes(b"no longer an image")  # not looked at again
    assert make_thumbnails(tmp_path, ["images/one.png"]) == made


@pytest.mark.parametrize("data", [b"", b"not an image", b"\x89PNG\r\n\x1a\n" + b"\0" * 50])
def test_a_broken_picture_has_none(tmp_path, data):
    (tmp_path / "broken.png").write_bytes(data)
    assert make_thumbnails(tmp_path, ["broken.png"]) == {}


def test_a_truncated_picture_has_none(tmp_path, picture):
    (tmp_path / "half.png").write_bytes(picture.read_bytes()[:400])
    assert make_thumbnails(tmp_path, ["half.png", "images/one.png"]).keys() == {"images/one.png"}


@pytest.mark.parametrize("path", ["missing.png", "", ".", "../outside.png", "/etc/hostname", "a\0b", "x" * 5000])
def test_what_is_missing_or_outside_has_none(tmp_path, path):
    (tmp_path / "study").mkdir()
    Image.new("RGB", (8, 8)).save(tmp_path / "outside.png")
    assert make_thumbnails(tmp_path / "study", [path]) == {}


def test_links_are_relative_urls_that_name_the_file():
    assert link_to("images/a b/#1?.png") == "./images/a%20b/%231%3F.png"
    assert link_to("javascript:alert(1)") == "./javascript%3Aalert%281%29"
    assert link_to("//host/x.png") is None
    assert link_to("a/../../x.png") is None
