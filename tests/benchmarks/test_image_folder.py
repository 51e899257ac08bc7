import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.benchmarks.image_folder import ImageFolder
from editloupe.errors import ItemError
from editloupe.store.blobs import NoStore
from published import put


def kinds(folder):
    return sorted((one.kind, one.category) for one in folder.findings(lambda name: name.partition("/")[0]))


def test_a_file_of_another_extension_is_taken_and_said(tmp_path):
    path = put(tmp_path / "a" / "1.PNG")
    folder = ImageFolder(tmp_path)
    assert folder.take("a/1.jpg", NoStore()).path == path
    assert kinds(folder) == [("other-extension", "a")]


def test_the_named_file_is_preferred_to_all_others(tmp_path):
    put(tmp_path / "1.png")
    path = put(tmp_path / "1.jpg")
    assert ImageFolder(tmp_path).take("1.jpg", NoStore()).path == path


def test_only_folders_with_named_images_are_looked_at(tmp_path):
    for name in ("a/1.png", "a/2.png", "b/3.png", "4.png", "a/below/5.png", "a/.6.png", "a/notes.txt"):
        put(tmp_path / name)
    folder = ImageFolder(tmp_path)
    folder.take("a/1.png", NoStore())
    assert kinds(folder) == [("unused-image", "a")]


def test_windows_separators_and_detours_are_understood(tmp_path):
    path = put(tmp_path / "a" / "1.png")
    for name in ("a\\1.png", "./a/1.png", "b/../a/1.png"):
        assert ImageFolder(tmp_path).take(name, NoStore()).path == path


@pytest.mark.parametrize("name", ["../secret.png", "a/../../secret.png", "/secret.png", "..", ".", "..\\secret.png"])
def test_nothing_outside_is_read(name, tmp_path):
    put(tmp_path / "secret.png")
    with pytest.raises(ItemError, match="leads out of") as caught:
        ImageFolder(tmp_path / "data").take(name, NoStore())
    assert caught.value.kind == "bad-sample"


@settings(max_examples=150, deadline=None)
@given(st.text(st.sampled_from("ab./\\\0:~ 图"), min_size=1, max_size=12))
def test_any_name_stays_inside_or_is_an_item_error(tmp_path_factory, name):
    root = tmp_path_factory.mktemp("images") / "data"
    with pytest.raises(ItemError) as caught:
        ImageFolder(root).take(name, NoStore())
    assert caught.value.kind in ("bad-sample", "missing-file")
