import datasets
import pytest

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError, DataError
from editloupe.images import decode
from editloupe.store.blobs import BlobStore, NoStore
from pictures import TRUNCATED, png
from published import FEATURES, gedit_row, gedit_rows, make_gedit, put
from reading import made, read, without_counts


def test_rows_become_samples_with_their_groups_and_outputs(tmp_path):
    samples, found = read("gedit", path=make_gedit(tmp_path, gedit_rows(), shards=2))
    assert without_counts(found) == {}
    assert [one.id for one in samples[:4]] == ["k0-en", "k0-cn", "k1-en", "k1-cn"]
    first, second = samples[:2]
    assert (first.category, first.groups) == ("color_alter", {"language": "en", "intersection": "true"})
    assert (second.instruction, second.groups) == ("把天空变成绿色", {"language": "cn", "intersection": "false"})
    assert first.extra["outputs"] == ["fullset/color_alter/en/k0", "color_alter/en/k0"]
    assert all(one.failure is None for one in samples)


def test_the_bytes_of_an_image_are_kept_as_they_are_published(tmp_path):
    (one,), _ = read("gedit", path=make_gedit(tmp_path / "d", [gedit_row()]), store=BlobStore(tmp_path / "blobs"))
    assert one.sources[0].read() == png(40, 30)
    (raw,), _ = read("gedit", path=tmp_path / "d", image="input_image_raw")
    assert decode(raw.sources[0]).size == (80, 60)


@pytest.mark.parametrize(("language", "kept"), [("en", {"en"}), ("cn", {"cn"}), ("zh", {"cn"}), ("both", {"en", "cn"})])
def test_the_language_selects(language, kept, tmp_path):
    samples, found = read("gedit", path=make_gedit(tmp_path, gedit_rows()), language=language)
    assert {one.groups["language"] for one in samples} == kept
    assert {group.rpartition(", ")[2] for kind, group in found if kind == "missing-group"} == kept


def test_counts_are_compared_with_the_published_ones(tmp_path):
    rows = [gedit_row(f"k{i}", "tone_transfer") for i in range(40)] + [gedit_row(task="mood")]
    _, found = read("gedit", path=make_gedit(tmp_path, rows), language="en")
    assert ("wrong-count", "tone_transfer, en") not in found
    assert found["unknown-group", "mood, en"] == 1
    assert sum(kind == "missing-group" for kind, _ in found) == 10


@pytest.mark.parametrize("form", ["dataset", "dict"])
def test_a_data_set_saved_to_disk_is_read(form, tmp_path):
    data = datasets.Dataset.from_list(gedit_rows(1), features=FEATURES)
    other = datasets.Dataset.from_list(gedit_rows(3), features=FEATURES)
    saved = data if form == "dataset" else datasets.DatasetDict({"train": data, "test": other})
    saved.save_to_disk(str(tmp_path / "saved"))
    put(tmp_path / "saved" / "cache-1234.arrow", b"what `datasets` leaves behind")
    samples, _ = read("gedit", path=tmp_path / "saved")
    assert len(samples) == 4
    assert samples[0].failure is None
    assert samples[0].sources[0].read() == png(40, 30)


def test_the_hub_s_way_reads_a_repository_of_the_same_layout(tmp_path, monkeypatch):
    make_gedit(tmp_path / "own" / "GEdit-Bench", gedit_rows(1))
    monkeypatch.chdir(tmp_path)  # where `load_dataset` looks first
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    benchmark = made("gedit", hub="own/GEdit-Bench", revision="0" * 40)
    assert [one.id for one in benchmark.samples(NoStore())] == ["k0-en", "k0-cn", "k1-en", "k1-cn"]
    assert benchmark.revision == f"own/GEdit-Bench@{'0' * 40}"


def test_a_data_set_that_is_nowhere_is_one_sentence(monkeypatch):
    monkeypatch.setattr("datasets.config.HF_HUB_OFFLINE", True)
    with pytest.raises(ConfigError, match="cannot be downloaded") as caught:
        list(made("gedit", hub="no/such", revision="0" * 40).samples(NoStore()))
    assert "\n" not in str(caught.value)


def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch):
    benchmark = made("gedit", path=make_gedit(tmp_path, gedit_rows(1)))
    monkeypatch.setitem(__import__("sys").modules, "datasets", None)
    with pytest.raises(ConfigError, match=r"install editloupe\[hub\]"):
        list(benchmark.samples(NoStore()))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("{name: gedit}", "give either `path`"),
        ("{name: gedit, path: a, hub: b/c}", "give either `path`"),
        ("{name: gedit, hub: stepfun-ai/GEdit-Bench}", "`hub` and `revision` belong together"),
        ("{name: gedit, path: a, language: fr}", "language is 'fr'"),
    ],
)
def test_options_that_do_not_fit_are_config_errors(options, said, tmp_path):
    (tmp_path / "c.yaml").write_text(f"benchmark: {options}\neditors: [identity]\nrubric: reasoning\n")
    with pytest.raises(ConfigError) as caught:
        load_config(tmp_path / "c.yaml")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"instruction": ""}, "no-instruction"),
        ({"input_image": None}, "no-image"),
        ({"input_image": {"bytes": b"no image", "path": None}}, "bad-image"),
        ({"input_image": {"bytes": TRUNCATED["png"], "path": None}}, "bad-image"),
        ({"instruction_language": "fr"}, "bad-sample"),
        ({"instruction_language": None}, "bad-sample"),
    ],
)
def test_a_bad_row_is_a_failure_in_its_group(changes, kind, tmp_path):
    samples, found = read("gedit", path=make_gedit(tmp_path, [gedit_row() | changes, gedit_row("k1")]))
    assert [one.category for one in samples] == ["color_alter"] * 2
    assert (samples[0].failure.kind, samples[1].failure) == (kind, None)
    assert sum(count for (found_kind, _), count in found.items() if found_kind == kind) == 1


def test_languages_that_were_mixed_up_are_said(tmp_path):
    rows = [
        gedit_row("k0", instruction="把天空变成绿色"),
        gedit_row("k1", language="cn", instruction="Make the sky green"),
        gedit_row("k2", instruction='Change "abc" to "你好"'),
        gedit_row("k3", language="zh"),
    ]
    samples, found = read("gedit", path=make_gedit(tmp_path, rows))
    assert without_counts(found) == {
        ("other-language", "color_alter, en"): 1,
        ("other-language", "color_alter, cn"): 1,
        ("language-name", "color_alter, cn"): 1,
    }
    assert samples[3].groups["language"] == "cn"


def test_keys_that_occur_twice_or_are_numbers_are_said_and_kept(tmp_path):
    features = datasets.Features(FEATURES | {"key": datasets.Value("int64")})
    rows = [gedit_row() | {"key": key} for key in (7, 7, 8)]
    samples, found = read("gedit", path=make_gedit(tmp_path, rows, features=features))
    assert [one.id for one in samples] == ["7-en", "7-en-2", "8-en"]
    assert without_counts(found) == {("duplicate-key", "color_alter, en"): 1, ("number-key", "color_alter"): 3}


def test_a_folder_that_is_no_data_set_is_one_sentence(tmp_path):
    with pytest.raises(DataError, match="does not exist"):
        made("gedit", path=tmp_path / "gone")
    with pytest.raises(DataError, match="no parquet or arrow files"):
        made("gedit", path=tmp_path)
    (tmp_path / "a.parquet").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="cannot be read") as caught:
        list(made("gedit", path=tmp_path).samples(NoStore()))
    assert "\n" not in str(caught.value)


def test_a_data_set_without_a_column_is_one_sentence(tmp_path):
    data = datasets.Dataset.from_list([{"key": "a"}])
    data.to_parquet(str(tmp_path / "a.parquet"))
    with pytest.raises(DataError, match="lacks the columns task_type"):
        list(made("gedit", path=tmp_path).samples(NoStore()))


def test_the_revision_changes_with_the_files(tmp_path):
    before = made("gedit", path=make_gedit(tmp_path, gedit_rows(1))).revision
    assert made("gedit", path=tmp_path).revision == before
    assert made("gedit", path=make_gedit(tmp_path, gedit_rows(2))).revision != before
