"""Tables as spreadsheets, pandas and other tools write them."""

import io
import json

import pandas as pd
import pytest
from PIL import Image

from editloupe.benchmarks.embedded_json import EmbeddedJson
from editloupe.benchmarks.empty_cells import is_empty, is_unnamed
from editloupe.benchmarks.table import Table
from editloupe.errors import DataError
from editloupe.images import decode
from editloupe.store.blobs import NoStore
from pictures import b64, png
from reading import read

ROW = {"image": "a.png", "instruction": "Push the cup"}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "img").mkdir()
    for name in ("a.png", "img/b.png"):
        (tmp_path / name).write_bytes(png())
    return tmp_path


def samples(folder, content, suffix, **options):
    path = folder / f"t{suffix}"
    path.write_bytes(content)
    kind = EmbeddedJson if suffix == ".json" and not options.pop("table", False) else Table
    return list(kind(kind.Options(path=str(path), **options)).samples(NoStore()))


def texts(one):
    return [one.id, one.category, one.description, one.rationale, *one.groups.values(), *one.fields.values()]


NOTHING = [float("nan"), None, "", " ", "nan", "NaN", "None", "null", "<NA>", "#N/A", "NaT"]


@pytest.mark.parametrize("empty", NOTHING, ids=repr)
@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".json", ".parquet"])
def test_an_empty_cell_is_empty_everywhere(empty, suffix, folder):
    optional = ("id", "category", "description", "rationale", "reference", "label", "difficulty")
    frame = [
        ROW | dict.fromkeys(optional, empty),
        ROW | dict.fromkeys(optional, "x") | {"reference": "a.png", "label": "1"},
    ]
    buffer = io.BytesIO()
    if suffix == ".csv":
        pd.DataFrame(frame).to_csv(buffer)
    elif suffix == ".parquet":
        pd.DataFrame(frame).astype("string").to_parquet(buffer)
    elif suffix == ".json":
        buffer.write(json.dumps(frame).encode())
    else:
        buffer.write("\n".join(json.dumps(one) for one in frame).encode())
    one, other = samples(folder, buffer.getvalue(), suffix)
    assert one.failure is other.failure is None
    assert (one.id, one.category, one.description, one.rationale) == ("uncategorized_0", "uncategorized", "", "")
    assert (one.reference, one.label, dict(one.groups)) == ((), None, {})
    assert not {"nan", "None", "null", "NaN"} & set(texts(one))
    assert (other.id, other.category, other.label, dict(other.groups)) == ("x", "x", 1.0, {"difficulty": "x"})


def test_words_that_mean_something_are_no_empty_cells():
    assert not any(map(is_empty, ["NA", "none", "0", 0, False, "Nan", [], "no"]))
    assert is_empty(float("nan"))
    assert not is_empty(float("inf"))


@pytest.mark.parametrize("name", ["", " ", "Unnamed: 0", "Unnamed: 0_level_1", "__index_level_0__"])
def test_a_column_without_a_name_is_ignored(name, folder):
    assert is_unnamed(name)
    (one,) = samples(folder, f"{name},image,instruction,,\n7,a.png,Push it,,\n".encode(), ".csv")
    assert (one.instruction, dict(one.groups)) == ("Push it", {})
    (two,) = samples(folder, json.dumps([{name: 7} | ROW]).encode(), ".json", table=True)
    assert dict(two.groups) == {}


def test_a_pandas_index_makes_no_group(folder):
    frame = pd.DataFrame([ROW, ROW])
    for suffix, write in ((".csv", frame.to_csv), (".parquet", frame.set_index(frame.index + 3).to_parquet)):
        buffer = io.BytesIO()
        write(buffer)
        assert [dict(one.groups) for one in samples(folder, buffer.getvalue(), suffix)] == [{}, {}]


def test_cells_beyond_the_header_count_only_where_they_hold_something(folder):
    fine, bad = samples(folder, b"image,instruction\na.png,Push it,,,\na.png,Push, it,,\n", ".csv")
    assert fine.failure is None
    assert "has 3 cells where the header has 2" in bad.failure.message


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("suffix", [".csv", ".tsv"])
@pytest.mark.parametrize("stated", [True, False])
def test_other_delimiters_are_seen_in_the_first_line(delimiter, suffix, stated, folder):
    lines = [f"sep={delimiter}"] * stated + [
        delimiter.join(["image", "instruction"]),
        delimiter.join(["a.png", "a, b"]),
    ]
    (one,) = samples(folder, "\r\n".join(lines).encode(), suffix)
    assert (one.instruction, one.failure) == ("a, b", None)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_encodings_that_can_be_told_are_read(codec, suffix, folder):
    row = ROW | {"instruction": "推一下杯子"}
    text = (
        f"image,instruction\n{row['image']},{row['instruction']}\n"
        if suffix == ".csv"
        else json.dumps(row, ensure_ascii=False)
    )
    (one,) = samples(folder, text.encode(codec), suffix)
    assert (one.instruction, one.failure) == ("推一下杯子", None)


def test_an_encoding_that_can_only_be_guessed_is_refused_with_what_to_do_and_read_when_it_is_stated(folder):
    content = "image,instruction\na.png,推一下杯子\n".encode("gbk")
    with pytest.raises(DataError, match=r"line 2, byte 24: not UTF-8 .* save it as UTF-8, or set `encoding: gb18030`"):
        samples(folder, content, ".csv")
    (one,) = samples(folder, content, ".csv", encoding="gbk")
    assert one.instruction == "推一下杯子"
    with pytest.raises(DataError, match=r"line 2, .*not gbk .*, as `encoding` states"):
        samples(folder, b"image,instruction\na.png,\xff\xff\n", ".csv", encoding="GBK")
    with pytest.raises(ValueError, match="no such encoding"):
        Table.Options(path="t.csv", encoding="klingon")


@pytest.mark.parametrize(
    ("head", "said"), [(b"PK\x03\x04", "Excel"), (b"\xd0\xcf\x11\xe0", "old Excel"), (b"PAR1", "Parquet")]
)
def test_a_workbook_called_csv_says_so(head, said, folder):
    with pytest.raises(DataError, match=f"{said}.*CSV UTF-8"):
        samples(folder, head + bytes(90), ".csv")


def test_a_workbook_is_refused_with_what_to_do(folder):
    with pytest.raises(DataError, match="save it as 'CSV UTF-8'"):
        samples(folder, b"PK\x03\x04", ".xlsx")


def test_bare_carriage_returns_are_named(folder):
    with pytest.raises(DataError, match="carriage return"):
        samples(folder, b"image,instruction\ra.png,Push it\r", ".csv")


def test_windows_separators_are_read(folder):
    fine, drive = samples(folder, b"image,instruction\nimg\\b.png,Push it\nC:\\x\\b.png,Push it\n", ".csv")
    assert fine.failure is None
    assert (drive.failure.kind, "Windows machine" in drive.failure.message) == ("missing-file", True)
    (folder / "c\\d.png").write_bytes(png(60, 20))
    (one,) = samples(folder, b"image,instruction\nc\\d.png,Push it\n", ".csv")
    assert decode(one.sources[0]).size == (60, 20)


COLUMNS = [
    ("source_image", "prompt"),
    ("input_image", "edit_prompt"),
    ("img", "edit_instruction"),
    ("file_name", "text"),
]


@pytest.mark.parametrize(("image", "instruction"), COLUMNS)
@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_usual_names_of_columns_are_read(image, instruction, suffix, folder):
    row = {"id": "one", image: "a.png", instruction: "Push the cup", "lens": "wide"}
    content = {
        ".json": json.dumps([row]),
        ".jsonl": json.dumps(row),
        ".csv": f"{','.join(row)}\n{','.join(row.values())}\n",
    }[suffix]
    (one,) = samples(folder, content.encode(), suffix)
    assert (one.id, one.instruction, dict(one.groups), one.failure) == ("one", "Push the cup", {"lens": "wide"}, None)


def test_a_column_of_the_first_name_leaves_the_others_as_groups(folder):
    (one,) = samples(folder, json.dumps(ROW | {"prompt": "p", "text": "t"}).encode(), ".jsonl")
    assert (one.instruction, dict(one.groups)) == ("Push the cup", {"prompt": "p", "text": "t"})


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv"])
def test_other_columns_are_named_with_those_that_are_wanted(suffix, folder):
    row = {"foto": "a.png", "befehl": "Push"}
    content = {".json": json.dumps([row]), ".jsonl": json.dumps(row), ".csv": "foto,befehl\na.png,Push\n"}[suffix]
    with pytest.raises(DataError, match=r"'foto', 'befehl'; a column of images is needed \('image'.*'prompt'"):
        samples(folder, content.encode(), suffix)


def test_a_list_per_category_names_the_category(folder):
    (one,) = samples(folder, json.dumps({"causal": [ROW]}).encode(), ".json")
    assert one.category == "causal"


def test_images_may_be_inside_of_any_table(folder):
    rows = [ROW | {"image": value} for value in (b64(png()), f"data:image/png;base64,{b64(png())}", {"path": "a.png"})]
    content = "\n".join(map(json.dumps, rows)).encode()
    assert [one.failure for one in samples(folder, content, ".jsonl")] == [None] * 3
    (address,) = samples(folder, json.dumps(ROW | {"image": "https://example.org/a.png"}).encode(), ".jsonl")
    assert (address.failure.kind, "nothing is downloaded" in address.failure.message) == ("no-image", True)


def test_parquet_with_images_inside_is_a_table_and_other_pictures_are_left_alone(folder):
    datasets = pytest.importorskip("datasets")
    picture = {"bytes": png(50, 20), "path": "cup.png"}
    features = datasets.Features(
        {
            "key": datasets.Value("string"),
            "prompt": datasets.Value("string"),
            "source_image": datasets.Image(),
            "edited": datasets.Image(),
        }
    )
    data = {"key": ["k"], "prompt": ["Push it"], "source_image": [picture], "edited": [picture]}
    (folder / "data").mkdir()
    datasets.Dataset.from_dict(data, features=features).to_parquet(folder / "data" / "train-00000-of-00001.parquet")
    datasets.Dataset.from_dict({"other": [1]}).to_parquet(folder / "data" / "test-00000-of-00001.parquet")
    table = Table(Table.Options(path=str(folder / "data")))
    (one,) = table.samples(NoStore())
    assert (one.instruction, dict(one.groups), dict(one.extra), one.failure) == ("Push it", {"key": "k"}, {}, None)
    assert one.sources[0].read() == picture["bytes"]
    assert one.fields["stem"] == "cup"
    assert len(table.revision) == 64
    with pytest.raises(DataError, match="'other'; a column of images is needed"):
        list(Table(Table.Options(path=str(folder / "data"), split="test")).samples(NoStore()))


def test_plain_parquet_holds_bytes_or_paths(folder):
    buffer = io.BytesIO()
    pd.DataFrame([ROW | {"image": png()}, ROW | {"image": Image.new("L", (9, 9)).tobytes()}]).to_parquet(buffer)
    fine, bad = samples(folder, buffer.getvalue(), ".parquet")
    assert (fine.failure, bad.failure.kind) == (None, "bad-image")


def test_a_table_comes_from_one_place():
    for options in ({}, {"path": "t.csv", "hub": "a/b", "revision": "1"}, {"hub": "a/b"}):
        with pytest.raises(ValueError, match=r"give either|belong together"):
            Table.Options(**options)
    assert Table(Table.Options(hub="some/edits", revision="abc")).revision == "some/edits@abc"


def test_images_that_an_item_of_a_list_names_are_looked_at_as_a_folder(folder):
    (folder / "img" / "c.png").write_bytes(png())
    (folder / "t.json").write_text(json.dumps([ROW | {"image": "img\\b.png"}]))
    loaded, found = read("json", path=folder / "t.json")
    assert (loaded[0].failure, found) == (None, {("unused-image", ""): 1, ("no-id", ""): 1})
