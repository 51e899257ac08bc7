"""Benchmarks of the judge: one sample per candidate, and nothing of what people prefer where a judge could see it."""

import hashlib
import itertools
import json

import pytest
from datasets import Dataset, DatasetDict

from editloupe.benchmarks.candidates import preferences_of
from editloupe.benchmarks.editjudge_bench import EditJudgeBench
from editloupe.benchmarks.editreward_bench import EditRewardBench
from editloupe.benchmarks.editscore_bench import EditScoreBench
from editloupe.errors import DataError
from editloupe.store.blobs import BlobStore, NoStore
from editloupe.store.ledger import Ledger
from judging import colored
from preferred import (
    editreward_features,
    editreward_rows,
    editscore_features,
    editscore_row,
    make_editjudge,
    make_editreward,
    make_editscore,
)


def read(benchmark, path, store=None):
    made = benchmark(benchmark.Options(path=str(path)))
    return list(made.samples(store or NoStore()))


def told(samples):
    """What people said, by the candidates' digests."""
    digests = {one.id: one.candidate.sha256 for one in samples if one.candidate}
    return {(digests[one.better], digests[one.worse], one.dimension, one.equal) for one in preferences_of(samples)}


def sha(data):
    return hashlib.sha256(data).hexdigest()


def test_two_edits_in_three_dimensions_are_two_samples(tmp_path):
    good, bad = colored(8, 2), colored(3, 9)
    rows = [
        editscore_row(1, good, bad, "prompt_following"),
        editscore_row(1, bad, good, "consistency"),
        editscore_row(1, good, bad, "overall"),
    ]
    samples = read(EditScoreBench, make_editscore(tmp_path, rows))
    assert len(samples) == 2
    assert {one.category for one in samples} == {"add"}
    assert {one.instruction for one in samples} == {"Do 1."}
    assert told(samples) == {
        (sha(good), sha(bad), "prompt_following", False),
        (sha(bad), sha(good), "consistency", False),
        (sha(good), sha(bad), "overall", False),
    }


def test_the_order_of_the_samples_says_nothing_about_the_preference(tmp_path):
    rows = [editscore_row(mark, colored(9, mark=mark), colored(1, mark=mark)) for mark in range(40)]
    samples = read(EditScoreBench, make_editscore(tmp_path, rows))
    first = sum(bool(one.extra["preferred_to"]) for one in samples[::2])
    assert 8 <= first <= 32  # always the first in the data
    assert [one.id.rpartition("_")[2] for one in samples] == ["1", "2"] * 40


def test_a_data_set_saved_to_disk_is_read_like_parquet(tmp_path):
    rows = [editscore_row(1, colored(8), colored(2))]
    parquet = read(EditScoreBench, make_editscore(tmp_path / "parquet", rows))
    saved = Dataset.from_list(rows, features=editscore_features())
    DatasetDict({"train": saved}).save_to_disk(str(tmp_path / "saved"))
    assert told(read(EditScoreBench, tmp_path / "saved")) == told(parquet)


def test_samples_survive_the_ledger_with_their_candidates(tmp_path):
    rows = [editscore_row(1, colored(8), colored(2))]
    samples = read(EditScoreBench, make_editscore(tmp_path / "data", rows), BlobStore(tmp_path / "study" / "blobs"))
    with Ledger(tmp_path / "study") as ledger:
        ledger.save_samples(samples)
        kept = ledger.samples()
    assert kept == samples
    assert {one.candidate.read() for one in kept} == {colored(8), colored(2)}


def test_a_broken_candidate_is_a_failure_and_the_other_one_is_not(tmp_path):
    rows = [editscore_row(1, colored(8), b"no image"), editscore_row(2, colored(8), colored(2), instruction="")]
    samples = read(EditScoreBench, make_editscore(tmp_path, rows))
    assert sorted(one.failure.kind if one.failure else "" for one in samples) == [
        "",
        "bad-image",
        "no-instruction",
        "no-instruction",
    ]


def test_one_output_instead_of_two_is_a_failure(tmp_path):
    row = editscore_row(1, colored(8), colored(2))
    (sample,) = read(EditScoreBench, make_editscore(tmp_path, [row | {"output_images": row["output_images"][:1]}]))
    assert sample.failure.kind == "bad-sample"
    assert "1 output images, not 2" in sample.failure.message


def test_equal_edits_are_one_candidate_without_a_preference(tmp_path):
    (sample,) = read(EditScoreBench, make_editscore(tmp_path, [editscore_row(1, colored(8), colored(8))]))
    assert sample.extra["preferred_to"] == {}


def test_rankings_of_three_and_four_are_groups(tmp_path):
    three, four = [colored(n, mark=3) for n in (9, 5, 1)], [colored(n, mark=4) for n in (2, 8, 4, 6)]
    rows = editreward_rows(3, three) + editreward_rows(4, four, order=[1, 3, 2, 0])
    samples = read(EditRewardBench, make_editreward(tmp_path / "data", rows))
    assert [one.category for one in samples] == ["3pair"] * 3 + ["4pair"] * 4
    assert [one.groups["candidates"] for one in samples] == ["3"] * 3 + ["4"] * 4
    found = {(better, worse) for better, worse, _, _ in told(samples)}
    best_first = [four[n] for n in (1, 3, 2, 0)]
    pairs = [pair for group in (three, best_first) for pair in itertools.combinations(group, 2)]
    assert found == {(sha(better), sha(worse)) for better, worse in pairs}


@pytest.mark.parametrize(
    ("ranking", "compared", "better"),
    [("A>B", "AvsB", 0), ("B>A", "AvsB", 1), ("A < C", "AvsC", 1), ("C>B", "BvsC", 1), ("B>A", None, 1)],
)
def test_a_ranking_is_read_by_its_letters(ranking, compared, better, tmp_path):
    candidates = [colored(7), colored(3)]
    (row,) = editreward_rows(1, candidates)
    row |= {"ranking": ranking, "comparison_type": compared}
    samples = read(EditRewardBench, make_editreward(tmp_path / "data", [row]))
    assert told(samples) == {(sha(candidates[better]), sha(candidates[1 - better]), "overall", False)}


def test_edits_that_people_call_equal_are_told_apart(tmp_path):
    (row,) = editreward_rows(1, [colored(7), colored(3)])
    samples = read(EditRewardBench, make_editreward(tmp_path / "data", [row | {"ranking": "A=B"}]))
    assert [one.equal for one in preferences_of(samples)] == [True]


@pytest.mark.parametrize(("ranking", "compared"), [("A>C", "AvsB"), ("best", "AvsB"), ("A>B", "all"), (None, "AvsB")])
def test_a_ranking_that_does_not_fit_is_a_failure(ranking, compared, tmp_path):
    (row,) = editreward_rows(1, [colored(7), colored(3)])
    row |= {"ranking": ranking, "comparison_type": compared}
    (sample,) = read(EditRewardBench, make_editreward(tmp_path / "data", [row]))
    assert sample.failure.kind == "bad-sample"


def test_scores_of_people_are_labels(tmp_path):
    rows = editreward_rows(1, [colored(7), colored(3), colored(1)], labels=[4.0, 2.5, 1.0])
    samples = read(EditRewardBench, make_editreward(tmp_path / "data", rows))
    assert {one.candidate.sha256: one.label for one in samples} == {
        sha(colored(7)): 4.0,
        sha(colored(3)): 2.5,
        sha(colored(1)): 1.0,
    }


def test_each_instruction_about_an_edit_is_a_sample(tmp_path):
    folder = make_editjudge(tmp_path / "data", {"s1": (colored(8), "right", ["wrong one", "wrong two"])})
    samples = read(EditJudgeBench, folder)
    assert {one.instruction: one.extra["correct"] for one in samples} == {
        "right": True,
        "wrong one": False,
        "wrong two": False,
    }
    assert len({one.candidate.path for one in samples}) == 1
    by_id = {one.id: one.instruction for one in samples}
    assert {(by_id[one.better], by_id[one.worse]) for one in preferences_of(samples)} == {
        ("right", "wrong one"),
        ("right", "wrong two"),
    }


def test_a_missing_picture_and_a_sample_id_that_leads_out_are_failures(tmp_path):
    folder = make_editjudge(tmp_path / "data", {"s1": (colored(8), "right", [])})
    items = [{"sample_id": name, "instruction_pos": "right", "instruction_neg_list": []} for name in ("s2", "../s1")]
    (folder / "bench.json").write_text(json.dumps(items))
    assert [one.failure.kind for one in read(EditJudgeBench, folder)] == ["missing-file", "bad-sample"]


@pytest.mark.parametrize("benchmark", [EditScoreBench, EditRewardBench, EditJudgeBench])
def test_a_folder_without_data_is_refused(benchmark, tmp_path):
    (tmp_path / "empty").mkdir()
    for name in ("empty", "nowhere"):
        with pytest.raises(DataError, match=name):
            read(benchmark, tmp_path / name)


def test_a_data_set_of_another_benchmark_is_refused(tmp_path):
    data = Dataset.from_list(editreward_rows(1, [colored(7), colored(3)]), features=editreward_features())
    data.save_to_disk(str(tmp_path / "data"))
    with pytest.raises(DataError, match="output_images"):
        read(EditScoreBench, tmp_path / "data")


def test_several_or_broken_json_files_are_refused(tmp_path):
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(DataError, match="JSON"):
        read(EditJudgeBench, tmp_path)
    (tmp_path / "b.json").write_text("[]")
    with pytest.raises(DataError, match=r"a\.json, b\.json"):
        read(EditJudgeBench, tmp_path)
    (tmp_path / "b.json").write_text('{"a": 1}')
    with pytest.raises(DataError, match="list of objects"):
        read(EditJudgeBench, tmp_path / "b.json")
