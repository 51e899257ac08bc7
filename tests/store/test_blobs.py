import hashlib

import pytest

from editloupe.errors import ImageError, StorageError
from editloupe.records import ImageFile
from editloupe.store.blobs import BlobStore, DecodingStore, NoStore, write_durably
from pictures import REFUSED, TRUNCATED, png


def files(folder):
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_put_names_the_file_by_its_content(tmp_path):
    kept = BlobStore(tmp_path).put(png())
    sha256 = hashlib.sha256(png()).hexdigest()
    assert kept.sha256 == sha256
    assert kept.path == tmp_path / sha256[:2] / f"{sha256}.png"
    assert kept.path.read_bytes() == png()


def test_equal_bytes_are_kept_once(tmp_path):
    store = BlobStore(tmp_path)
    assert store.put(png()) == store.put(png())
    assert len(files(tmp_path)) == 1


STORES = pytest.mark.parametrize(
    "store", [BlobStore, lambda _: NoStore(), lambda _: DecodingStore()], ids=["kept", "only checked", "decoded"]
)


@STORES
@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_leaves_nothing_behind(store, data, tmp_path):
    source = tmp_path / "source.png"
    source.write_bytes(data)
    with pytest.raises(ImageError):
        store(tmp_path / "blobs").put(data)
    with pytest.raises(ImageError):
        store(tmp_path / "blobs").take(source)
    assert not (tmp_path / "blobs").exists()


@pytest.mark.parametrize("name", ["gone.png", "x" * 300, "null\0character.png", "."])
@STORES
def test_a_file_that_cannot_be_read_is_missing(store, name, tmp_path):
    with pytest.raises(ImageError, match="cannot read") as caught:
        store(tmp_path / "blobs").take(tmp_path / name)
    assert (caught.value.kind, caught.value.retryable) == ("missing-file", True)


def test_a_remembered_file_is_not_read_again_until_it_changes(tmp_path):
    memory = {}
    asked = []

    def remembered(*identity):
        asked.append(memory.get(identity))
        return asked[-1]

    store = BlobStore(
        tmp_path / "blobs", remembered, lambda path, size, mtime, sha: memory.update({(path, size, mtime): sha})
    )
    source = tmp_path / "a.png"
    source.write_bytes(png())
    first = store.take(source)
    assert store.take(source) == first
    assert asked == [None, first.sha256]
    source.write_bytes(png(41, 30))
    assert store.take(source).sha256 == hashlib.sha256(png(41, 30)).hexdigest()


def test_a_remembered_file_whose_blob_is_gone_is_read_again(tmp_path):
    sha256 = hashlib.sha256(png()).hexdigest()
    store = BlobStore(tmp_path / "blobs", remembered=lambda *_: sha256)
    source = tmp_path / "a.png"
    source.write_bytes(png())
    assert store.take(source).path.read_bytes() == png()


def test_write_durably_replaces_and_leaves_no_temporary_file(tmp_path):
    target = tmp_path / "deep" / "file"
    write_durably(target, b"one")
    write_durably(target, b"two")
    assert target.read_bytes() == b"two"
    assert files(tmp_path) == ["file"]


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    target = tmp_path / "file"
    write_durably(target, b"one")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    with pytest.raises(StorageError, match="No space"):
        write_durably(target, b"two")
    assert target.read_bytes() == b"one"


@pytest.mark.parametrize("data", TRUNCATED.values(), ids=TRUNCATED.keys())
def test_only_decoding_sees_that_an_image_is_cut_off(data, tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(data)
    assert NoStore().take(path) == ImageFile(path, "")
    for ask in (lambda: DecodingStore().take(path), lambda: DecodingStore().put(data)):
        with pytest.raises(ImageError) as caught:
            ask()
        assert caught.value.kind == "bad-image"
    path.write_bytes(png())
    assert DecodingStore().take(path) == ImageFile(path, "")
    assert DecodingStore().put(png()).read() == png()
