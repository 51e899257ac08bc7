import hashlib
import json
import os
import subprocess
import sys

import pytest

from editloupe.benchmarks.embedded_json import EmbeddedJson
from editloupe.errors import DataError
from editloupe.images import decode
from editloupe.store.blobs import BlobStore, NoStore
from pictures import REFUSED, b64, png


def item(**changes):
    whole = {
        "subset": "物理",
        "original_description": "桌上的杯子",
        "original_description_en": "A cup on a table",
        "edit_instruction": "把杯子推下桌子",
        "edit_instruction_en": "Push the cup off the table",
        "rationale_short": "重力",
        "rationale_short_en": "Gravity",
        "src_img_b64": b64(png()),
        "original_image_path": "images/00000_物理_medium.png",
        "tags": ["cup", "table"],
        "difficulty": "medium",
        "seed": 2**70,
    }
    return {key: value for key, value in (whole | changes).items() if value is not None}


def benchmark(path, content, **options):
    path = path / "RE-Edit.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content, ensure_ascii=False).encode())
    return EmbeddedJson(EmbeddedJson.Options(path=str(path), **options))


def samples(path, content, store=None, **options):
    return list(benchmark(path, content, **options).samples(store or NoStore()))


def test_every_field_finds_its_place(tmp_path):
    (one,) = samples(tmp_path, [item()], BlobStore(tmp_path / "blobs"))
    assert (one.id, one.category, one.failure) == ("00000_物理_medium", "physical", None)
    assert (one.instruction, one.description, one.rationale) == ("把杯子推下桌子", "桌上的杯子", "重力")
    assert one.groups == {"language": "zh", "difficulty": "medium"}
    assert one.extra == {"tags": ["cup", "table"], "seed": 2**70}
    assert one.sources[0].sha256 == hashlib.sha256(png()).hexdigest()
    assert decode(one.sources[0]).size == (40, 30)


def test_english_fields_are_used_when_asked_for(tmp_path):
    (one,) = samples(tmp_path, [item()], language="en")
    assert (one.instruction, one.description, one.rationale) == (
        "Push the cup off the table",
        "A cup on a table",
        "Gravity",
    )
    assert one.groups["language"] == "en"


@pytest.mark.parametrize(("asked", "there", "absent"), [("en", "zh", "_en"), ("zh", "en", "")])
def test_the_other_language_stands_in_and_is_named(asked, there, absent, tmp_path):
    (one,) = samples(tmp_path, [item(**{f"edit_instruction{absent}": " "})], language=asked)
    (other,) = samples(tmp_path, [item()], language=there)
    assert one.groups["language"] == there
    assert (one.instruction, one.description) == (other.instruction, other.description)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_labels_are_shown_in_the_language(language, tmp_path):
    labels = benchmark(tmp_path, [], language=language).categories
    assert labels["physical"] == {"zh": "物理", "en": "Physical"}[language]
    assert list(labels) == ["physical", "environmental", "cultural", "causal", "referential"]


def test_a_dict_by_category_gives_the_same_samples_as_a_list(tmp_path):
    items = [item(), item(subset="因果", original_image_path="b.png"), item(subset="因果", original_image_path="c.png")]
    by_key = {"物理": items[:1], "因果": items[1:]}
    without_subset = {"物理": [item(subset=None)], "因果": [one | {"subset": ""} for one in items[1:]]}
    listed = samples(tmp_path, items)
    assert [one.category for one in listed] == ["physical", "causal", "causal"]
    assert samples(tmp_path, by_key) == listed
    assert samples(tmp_path, without_subset) == listed


def test_ids_fall_back_to_category_and_index(tmp_path):
    paths = [None, "", "..", "a/b\\c d.e.png", "../../etc/x"]
    found = samples(tmp_path, [item(original_image_path=path) for path in paths])
    assert [one.id for one in found] == ["physical_0", "physical_1", "physical_2", "c d.e", "x"]


def test_a_category_of_its_own_is_kept(tmp_path):
    found = samples(tmp_path, [item(subset="Weather"), item(subset=None), item(subset="environmental")])
    assert [one.category for one in found] == ["Weather", "uncategorized", "environmental"]


@pytest.mark.parametrize("encoded", [b64(png()), f"data:image/png;base64,{b64(png())}", f"\n{b64(png())}\n"])
def test_base64_may_be_bare_or_a_data_uri(encoded, tmp_path):
    (one,) = samples(tmp_path, [item(src_img_b64=encoded)])
    assert decode(one.sources[0]).size == (40, 30)


def test_an_image_beside_the_file_is_found(tmp_path):
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "00000_物理_medium.png").write_bytes(png(50, 20))
    (one,) = samples(tmp_path, [item(src_img_b64=None)])
    assert decode(one.sources[0]).size == (50, 20)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"src_img_b64": None}, "missing-file"),
        ({"src_img_b64": None, "original_image_path": None}, "no-image"),
        ({"src_img_b64": None, "original_image_path": "null\0character"}, "missing-file"),
        ({"edit_instruction": None, "edit_instruction_en": None}, "no-instruction"),
        ({"edit_instruction": ["not", "text"], "edit_instruction_en": None}, "no-instruction"),
        ({"src_img_b64": "@@not base64@@"}, "not-base64"),
        ({"src_img_b64": b64(png()) + "A"}, "not-base64"),
        ({"src_img_b64": b64(png())[:-3]}, "not-base64"),
        ({"src_img_b64": b64(png())[:40] + "@" + b64(png())[40:]}, "not-base64"),
        ({"src_img_b64": "图"}, "not-base64"),
        ({"src_img_b64": 7}, "not-base64"),
        *(({"src_img_b64": b64(data) or "===="}, ("bad-image", "not-base64")) for data in REFUSED.values()),
    ],
)
def test_a_bad_sample_is_a_failure_that_keeps_its_place(changes, kind, tmp_path):
    before, bad, after = samples(tmp_path, [item(), item(**changes), item()])
    assert bad.failure.stage == "sample"
    assert bad.failure.kind in kind
    assert bad.failure.traceback == ""
    assert bad.category == "physical"
    assert bad.id
    assert bad.sources == ()
    assert before.failure is after.failure is None


@pytest.mark.parametrize("wrong", [None, 7, "text", [1, 2]])
def test_an_item_that_is_no_object_is_a_failure(wrong, tmp_path):
    bad, good = samples(tmp_path, {"物理": [wrong, item()]})
    assert (bad.id, bad.category, bad.failure.kind) == ("physical_0", "physical", "bad-sample")
    assert good.failure is None


def test_a_full_disk_is_no_failure_of_the_sample(tmp_path):
    class Full(NoStore):
        def put(self, data):
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        samples(tmp_path, [item()], Full())


def whole():
    return json.dumps([item(), item(), item()], ensure_ascii=False).encode()


def between():
    return whole().index(b"}, {") + 1


@pytest.mark.parametrize(
    ("content", "offset", "complete"),
    [
        (lambda: whole()[: between() + 40], lambda: between() + 40, 1),
        (lambda: whole()[: between()] + b" garbage" + whole()[between() :], lambda: between() + 1, 1),
        (lambda: whole()[: between()] + whole()[between() + 1 :], lambda: between() + 1, 1),
        (lambda: whole() + b"]", lambda: len(whole()), 3),
        (lambda: whole()[:-1], lambda: len(whole()) - 1, 3),
        (lambda: b"", lambda: 0, 0),
        (lambda: b"not json at all", lambda: 1, 0),
        (lambda: whole().replace("杯".encode(), b"\xff\xff", 1), lambda: whole().index("杯".encode()), 0),
    ],
    ids=["truncated", "garbage", "no comma", "one too many", "not closed", "empty", "text", "not utf-8"],
)
def test_broken_json_names_the_file_and_the_byte(content, offset, complete, tmp_path):
    stream = benchmark(tmp_path, content()).samples(NoStore())
    found = []
    with pytest.raises(DataError, match=r"RE-Edit\.json' is broken JSON at byte (\d+)") as caught:
        found.extend(stream)
    assert f"at byte {offset()}:" in str(caught.value)
    # small files are parsed in one piece, so what stands before the break may not have come out
    assert len(found) in (0, complete)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b'  "just a string"', "holds a string at byte 2"),
        (b"17", "holds a number at byte 0"),
        (b"null", "holds null at byte 0"),
        (b'{"version": 1, "items": []}', "an object whose 'version' is a number"),
        (b'{"a": {"b": 1}}', "an object whose 'a' is an object"),
    ],
)
def test_another_shape_is_told_with_what_was_found(content, said, tmp_path):
    with pytest.raises(DataError, match="expected a list of samples") as caught:
        samples(tmp_path, content)
    assert said in str(caught.value)


def test_a_byte_order_mark_is_no_break(tmp_path):
    assert len(samples(tmp_path, b"\xef\xbb\xbf" + whole())) == 3


def test_a_missing_file_is_told_when_the_benchmark_is_made(tmp_path):
    with pytest.raises(DataError, match=r"gone\.json' does not exist"):
        EmbeddedJson(EmbeddedJson.Options(path=str(tmp_path / "gone.json")))
    with pytest.raises(DataError, match="is a folder"):
        EmbeddedJson(EmbeddedJson.Options(path=str(tmp_path)))


def test_the_revision_is_the_hash_of_the_bytes_and_of_nothing_else(tmp_path):
    one = benchmark(tmp_path, whole())
    assert one.revision == hashlib.sha256(whole()).hexdigest()
    os.utime(tmp_path / "RE-Edit.json", (1, 1))
    assert EmbeddedJson(EmbeddedJson.Options(path=str(tmp_path / "RE-Edit.json"))).revision == one.revision


MEASURE = """
import re, sys, tempfile
from pathlib import Path
from editloupe.benchmarks.embedded_json import EmbeddedJson
from editloupe.store.blobs import NoStore
from editloupe.errors import DataError
def peak():
    # Not getrusage: its maximum is inherited from the process that started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
before = peak()
count = 0
try:
    for one in EmbeddedJson(EmbeddedJson.Options(path=sys.argv[1])).samples(NoStore()):
        count += one.failure is None
except DataError as error:
    assert "the file ends where" in str(error)
print(count, before, peak())
"""


@pytest.mark.parametrize("shape", ["list", "dict", "broken"])
def test_a_large_file_is_streamed(shape, tmp_path):
    """150 MB: the peak grows by some items, not by the file (holding it would take 300 MB and more)."""
    padded = png() + os.urandom(1_500_000)  # bytes behind the image's end are allowed, and cheap to make
    encoded = json.dumps(item(src_img_b64=b64(padded), original_image_path=None), ensure_ascii=False).encode()
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.write('{"物理": ['.encode() if shape == "dict" else b"[")
        for index in range(75):
            file.write((b", " if index else b"") + encoded)
        file.write({"list": b"]", "dict": b"]}", "broken": b","}[shape])
    assert path.stat().st_size > 149e6
    done = subprocess.run([sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True)
    count, before, peak = map(float, done.stdout.split())
    assert count == 75
    assert peak - before < 60
    assert peak < 300
