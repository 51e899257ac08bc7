import contextlib
import csv
import hashlib
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.benchmarks.table import Table
from editloupe.benchmarks.table_rows import rows
from editloupe.errors import DataError
from editloupe.images import decode
from editloupe.store.blobs import BlobStore, NoStore
from pictures import REFUSED, png
from reading import read

ROW = {"image": "a.png", "instruction": "Push the cup", "category": "physical"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.png").write_bytes(png(40, 30))
    (tmp_path / "b.png").write_bytes(png(50, 30))
    return tmp_path


def as_jsonl(*items):
    return "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in items).encode()


def as_csv(*items):
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(dict.fromkeys(key for one in items for key in one)))
    writer.writeheader()
    writer.writerows(items)
    return text.getvalue().encode()


def table(folder, content, suffix=".jsonl", **options):
    path = folder / f"edits{suffix}"
    path.write_bytes(content)
    return Table(Table.Options(path=str(path), **options))


def samples(folder, content, suffix=".jsonl", store=None, **options):
    return list(table(folder, content, suffix, **options).samples(store or NoStore()))


FORMATS = pytest.mark.parametrize(("write", "suffix"), [(as_jsonl, ".jsonl"), (as_csv, ".csv")], ids=["jsonl", "csv"])


@FORMATS
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_every_column_finds_its_place(write, suffix, mark, folder):
    row = ROW | {
        "id": "cup-1",
        "description": "一个杯子",
        "rationale": "Gravity",
        "reference": "b.png",
        "label": "7.5",
        "difficulty": "hard",
        "language": "en",
        "lens": 'wide, "very"\nwide',
    }
    (one,) = samples(folder, mark + write(row), suffix, BlobStore(folder / "blobs"))
    assert (one.id, one.category, one.instruction, one.failure) == ("cup-1", "physical", "Push the cup", None)
    assert (one.description, one.rationale, one.label) == ("一个杯子", "Gravity", 7.5)
    assert one.groups == {"language": "en", "difficulty": "hard", "lens": 'wide, "very"\nwide'}
    assert [decode(one.sources[0]).size, decode(one.reference[0]).size] == [(40, 30), (50, 30)]
    assert one.sources[0].sha256 == hashlib.sha256(png(40, 30)).hexdigest()


@pytest.mark.parametrize("column", ["image", "images", "source", "sources"])
@FORMATS
def test_images_may_be_several_under_any_of_the_names(write, suffix, column, folder):
    several = ["a.png", "b.png"]
    row = {column: several if write is as_jsonl else json.dumps(several), "instruction": "Join them"}
    (one,) = samples(folder, write(row), suffix)
    assert [decode(picture).width for picture in one.sources] == [40, 50]
    assert one.groups == {}


@FORMATS
def test_absent_categories_and_ids_get_names(write, suffix, folder):
    found = samples(
        folder, write(ROW, ROW | {"category": ""}, ROW | {"category": "物理"}, ROW | {"category": "Mood"}), suffix
    )
    assert [one.category for one in found] == ["physical", "uncategorized", "physical", "Mood"]
    assert [one.id for one in found] == ["physical_0", "uncategorized_1", "physical_2", "Mood_3"]


@FORMATS
def test_the_language_is_a_tag_for_rows_that_do_not_say_theirs(write, suffix, folder):
    found = samples(folder, write(ROW | {"language": "zh"}, ROW | {"language": ""}), suffix, language="en")
    assert [one.groups["language"] for one in found] == ["zh", "en"]


def test_images_may_lie_elsewhere(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("pictures")
    (elsewhere / "a.png").write_bytes(png(60, 30))
    content = as_jsonl(ROW, ROW | {"image": str(folder / "b.png")})
    found = samples(folder, content, images=str(elsewhere))
    assert [decode(one.sources[0]).width for one in found] == [60, 50]


def test_nested_values_are_no_groups(folder):
    (one,) = samples(folder, as_jsonl(ROW | {"turns": [1, 2], "round": 3, "draft": False, "note": None}))
    assert one.groups == {"round": "3", "draft": "False"}
    assert one.extra == {"turns": [1, 2]}


@FORMATS
@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"image": ""}, "no-image"),
        ({"image": "gone.png"}, "missing-file"),
        ({"image": "[1, 2]"}, "bad-sample"),
        ({"instruction": " "}, "no-instruction"),
        ({"label": "good"}, "bad-sample"),
        ({"label": "inf"}, "bad-sample"),
        ({"reference": "gone.png"}, "missing-file"),
    ],
)
def test_a_bad_row_is_a_failure_that_keeps_its_place(write, suffix, changes, kind, folder):
    before, bad, after = samples(folder, write(ROW, ROW | changes, ROW), suffix)
    assert (bad.failure.stage, bad.failure.kind, bad.category, bad.id) == ("sample", kind, "physical", "physical_1")
    assert before.failure is after.failure is None


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED.keys())
def test_an_unusable_image_is_a_failure(data, folder):
    (folder / "bad.png").write_bytes(data)
    (one,) = samples(folder, as_jsonl(ROW | {"image": "bad.png"}))
    assert (one.failure.kind, one.instruction) == ("bad-image", "Push the cup")
    assert "bad.png" in one.failure.message


def test_a_row_with_another_number_of_cells_is_a_failure(folder):
    bad, short, good = samples(folder, b"image,instruction\na.png,Push, please\na.png\na.png,Push it\n", ".csv")
    assert "has 3 cells where the header has 2" in bad.failure.message
    assert "has 1 cells" in short.failure.message
    assert (good.instruction, good.failure) == ("Push it", None)


def test_a_line_that_is_no_object_is_a_failure(folder):
    bad, good = samples(folder, b"[1, 2]\n\n" + as_jsonl(ROW))
    assert (bad.id, bad.failure.kind) == ("uncategorized_0", "bad-sample")
    assert good.failure is None


@pytest.mark.parametrize(
    ("line", "at"),
    [
        (b'{"image": "a.png", "instruction": "Push', 34),
        ('{"物": 1 x}'.encode(), 10),
        (b'{"image": "\xff"}', 11),
        (b"[" * 100_000, 0),
    ],
    ids=["truncated", "garbage", "not utf-8", "too deep"],
)
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "bom"])
def test_a_broken_line_is_told_with_its_number_and_byte(line, at, mark, folder):
    before = mark + as_jsonl(ROW, ROW | {"instruction": "推一下"})
    with pytest.raises(DataError) as caught:
        samples(folder, before + line)
    assert f"edits.jsonl' is broken at line 3, byte {len(before) + at}:" in str(caught.value)


def test_a_broken_first_line_after_a_byte_order_mark_counts_the_mark(folder):
    with pytest.raises(DataError, match="line 1, byte 4:"):
        samples(folder, b"\xef\xbb\xbf{x")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"picture,instruction\n", "needs the columns"),
        (b"image,image,instruction\n", "'image' twice"),
        (b'image,instruction\na.png,"Push', "line 2, byte 18: unexpected end of data"),
        (b"image,instruction\na.png,\xff", "line 2, byte 24: not UTF-8"),
    ],
)
def test_a_csv_that_cannot_be_read_is_told(content, said, folder):
    with pytest.raises(DataError) as caught:
        samples(folder, content, ".csv")
    assert said in str(caught.value)


def test_tabs_separate_a_tsv(folder):
    (one,) = samples(folder, b"image\tinstruction\na.png\tPush, then pull\n", ".tsv")
    assert one.instruction == "Push, then pull"


def test_missing_and_unknown_files_are_told_at_once(folder):
    with pytest.raises(DataError, match="does not exist"):
        Table(Table.Options(path=str(folder / "gone.csv")))
    with pytest.raises(DataError, match=r"'\.xlsx'; a table is one of \.jsonl"):
        table(folder, b"", ".xlsx")


def test_images_that_no_row_names_and_mixed_extensions_are_said(folder):
    (folder / "c.jpg").write_bytes(png())
    (folder / "below").mkdir()
    (folder / "below" / "d.png").write_bytes(png())
    elsewhere = str(folder.parent / "e.png")
    path = folder / "edits.jsonl"
    path.write_bytes(as_jsonl(ROW, ROW | {"image": "../e.png"}, ROW | {"image": elsewhere}))
    samples, found = read("table", path=path)
    assert found == {
        ("missing-file", "physical"): 2,
        ("unused-image", ""): 2,
        ("mixed-extensions", ""): 1,
        ("no-id", ""): 1,
    }
    assert samples[0].failure is None


def test_the_revision_is_the_hash_of_the_table(folder):
    assert table(folder, as_jsonl(ROW)).revision == hashlib.sha256(as_jsonl(ROW)).hexdigest()


CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\r\0"), max_size=12)


@settings(max_examples=80, deadline=None)
@given(st.lists(CELLS.filter(str.strip), min_size=1, max_size=5))
def test_any_text_survives_in_both_formats(tmp_path_factory, texts):
    items = [ROW | {"instruction": text} for text in texts]
    for suffix, content in ((".csv", as_csv(*items)), (".jsonl", as_jsonl(*items))):
        path = tmp_path_factory.getbasetemp() / f"any{suffix}"
        path.write_bytes(content)
        assert [row["instruction"] for row in rows(path)] == texts


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60), st.sampled_from([".csv", ".jsonl"]))
def test_any_bytes_give_rows_or_a_data_error(tmp_path_factory, content, suffix):
    path = tmp_path_factory.getbasetemp() / f"bytes{suffix}"
    path.write_bytes(b"image,instruction\n" * (suffix == ".csv") + content)
    with contextlib.suppress(DataError):
        assert all(isinstance(row, dict | str) for row in rows(path))
