import subprocess
import sys
from collections import Counter

import pytest

pytest.importorskip("skimage", reason="the photographs come with the extra `photos`")

from editloupe.benchmarks.photos import Photos
from editloupe.categories import FIVE
from editloupe.editors.classic_words import steps
from editloupe.errors import ConfigError, InstructionError
from editloupe.images import decode
from editloupe.store.blobs import BlobStore, NoStore


def samples(language, store=None):
    return list(Photos(Photos.Options(language=language)).samples(store or NoStore()))


def understood(instruction):
    try:
        return bool(steps(instruction))
    except InstructionError:
        return False


@pytest.mark.parametrize("language", ["en", "zh"])
def test_twelve_photographs_have_an_edit_of_each_kind(language, tmp_path):
    found = samples(language, BlobStore(tmp_path))
    assert Counter(one.category for one in found) == dict.fromkeys(FIVE, 12)
    assert all(one.failure is None for one in found)
    assert len({one.id for one in found}) == 60
    assert len({one.sources[0].sha256 for one in found}) == 12
    assert len({one.instruction for one in found}) == 60
    assert {one.groups["language"] for one in found} == {language}
    assert all(one.description and one.rationale for one in found)


def test_the_photographs_are_real_and_decode():
    sizes = {one.sources[0].path.name: decode(one.sources[0]).size for one in samples("en")}
    assert sizes["coffee.png"] == (600, 400)
    assert min(min(size) for size in sizes.values()) >= 300


def test_both_languages_tell_the_same_samples():
    english, chinese = samples("en"), samples("zh")
    assert [(one.id, one.category) for one in english] == [(one.id, one.category) for one in chinese]
    assert all(one.instruction.isascii() for one in english)
    assert not any(one.instruction.isascii() for one in chinese)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_classic_editor_understands_some_of_each_kind_and_not_all(language):
    able = Counter(one.category for one in samples(language) if understood(one.instruction))
    assert set(able) == set(FIVE)
    assert 12 <= able.total() <= 30


def test_the_classic_editor_understands_the_same_in_both_languages():
    able = [{one.id for one in samples(language) if understood(one.instruction)} for language in ("en", "zh")]
    assert able[0] ^ able[1] == set()


@pytest.mark.parametrize("store", [NoStore, lambda: None], ids=["checked", "kept"])
def test_another_photograph_under_the_name_is_a_failure(store, monkeypatch, tmp_path):
    photos = Photos(Photos.Options())
    for photo in photos._photos:
        data = (photos._folder / photo["file"]).read_bytes()
        (tmp_path / photo["file"]).write_bytes(data + b"!" if photo["file"] == "coffee.png" else data)
    (tmp_path / "moon.png").unlink()
    photos._folder = tmp_path
    found = list(photos.samples(store() or BlobStore(tmp_path / "blobs")))
    failed = {one.id: one.failure.kind for one in found if one.failure}
    assert failed == {
        f"{name}_{five}": kind
        for name, kind in (("coffee", "other-content"), ("moon", "missing-file"))
        for five in FIVE
    }
    assert len(found) == 60


def test_without_scikit_image_the_next_step_is_told(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"pip install editloupe\[photos\]"):
        Photos(Photos.Options())


def test_scikit_image_is_never_imported():
    code = """
import sys
from editloupe.benchmarks.photos import Photos
from editloupe.store.blobs import NoStore
assert len(list(Photos(Photos.Options()).samples(NoStore()))) == 60
assert not {"skimage", "pooch", "torch"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_revision_is_stable_and_names_the_content():
    assert Photos(Photos.Options()).revision == Photos(Photos.Options(language="zh")).revision
    assert len(Photos(Photos.Options()).revision) == 64
