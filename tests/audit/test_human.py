"""Ratings by people: read, matched with what is there now, and taken as the truth."""

import json

import pytest
import yaml

from editloupe.audit.audit import audit_study
from editloupe.audit.ratings import read_ratings
from editloupe.errors import ConfigError, DataError
from editloupe.judge_quality.audit import Flag
from editloupe.report.terminal_audit import audit_sentences, audit_tables
from editloupe.study import run_study
from judging import colored, judged_by_colors
from preferred import editscore_row, make_editscore


@pytest.fixture
def config(tmp_path, tiny_checkpoint):
    rows = [editscore_row(mark, colored(9 - mark, 9 - mark, mark), colored(1, 1, mark)) for mark in range(4)]
    path = tmp_path / "config.yaml"
    settings = {
        "benchmark": {"name": "editscore-bench", "path": str(make_editscore(tmp_path / "data", rows))},
        "editors": ["candidate"],
        "judge": {"model": str(tiny_checkpoint), "answer": "text"},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(settings))
    return judged_by_colors(path)


@pytest.fixture
def edits(config):
    """(sample, digest of the edited image, the judge's score), as the report's gallery knows them."""
    results = run_study(config)
    first = {one.sample: one for one in results.verdicts if one.metric == "prompt_following"}
    return [(name, one.digest, one.score) for name, one in first.items()]


def rating(edit, points, **changes):
    told = {"editor": "candidate", "sample": edit[0], "image": edit[1], "score": points, "flag": "", "blind": True}
    return told | {"at": "2026-05-01T10:00:00.000Z"} | changes


def ratings_file(folder, ratings, rater="ann", **changes):
    path = folder / f"{rater or 'nobody'}-{len(list(folder.glob('*.json')))}.json"
    data = {"editloupe": "ratings 1", "signature": "x", "rater": rater, "low": 0, "high": 10, "ratings": ratings}
    path.write_text(json.dumps(data | changes))
    return str(path)


def test_people_take_the_place_of_other_truths(config, edits, tmp_path):
    path = ratings_file(tmp_path, [rating(edit, edit[2]) for edit in edits])
    found = audit_study(config, human=[path])
    assert found.against == ("people",)
    assert found.preferences is None
    assert (found.n, found.overall.n) == (8, 8)
    assert found.overall.spearman.value == pytest.approx(1.0)
    assert found.overall.mae.value == pytest.approx(0.0, abs=1e-9)
    assert found.human.raters == {"ann": 8}
    assert found.human.blind == 1.0
    assert found.human.between_raters == ()


def test_some_edits_may_stay_unrated(config, edits, tmp_path):
    found = audit_study(config, human=[ratings_file(tmp_path, [rating(edit, 5) for edit in edits[:3]])])
    assert (found.n, found.without_truth) == (3, 5)


def test_an_edit_that_has_changed_since_or_is_unknown_is_counted_not_compared(config, edits, tmp_path):
    told = [
        rating(edits[0], 5),
        rating(edits[1], 5, image="0" * 64),
        rating(edits[2], 5, sample="nowhere"),
        rating(edits[3], 5, editor="nobody"),
        rating(edits[4], 5, image=None),
    ]
    found = audit_study(config, human=[ratings_file(tmp_path, told)])
    assert (found.n, found.human.changed, found.human.unknown) == (2, 1, 2)
    assert any("1 ratings of edits that have changed since, 2" in one for one in audit_sentences(found))


def test_two_raters_are_averaged_and_compared_with_each_other(config, edits, tmp_path):
    ann = ratings_file(tmp_path, [rating(edit, score) for edit, score in zip(edits, range(5), strict=False)], "ann")
    bob = ratings_file(tmp_path, [rating(edit, 2 * n) for n, edit in enumerate(edits[:4])], "bob")
    found = audit_study(config, human=[ann, bob])
    assert found.human.edits == 5
    assert found.means["candidate"].truth == pytest.approx((0 + 1.5 + 3 + 4.5 + 4) / 5)
    (pair,) = found.human.between_raters
    assert (pair.raters, pair.n) == (("ann", "bob"), 4)
    assert pair.spearman.value == pytest.approx(1.0)
    assert pair.mae.value == pytest.approx((0 + 1 + 2 + 3) / 4)
    assert any("ann and bob: 4 edits in common" in one for one in audit_sentences(found))


def test_the_latest_of_one_rater_s_ratings_counts(config, edits, tmp_path):
    late, early = "2026-05-02T10:00:00Z", "2026-05-02T11:00:00+03:00"
    files = [
        ratings_file(tmp_path, [rating(edits[0], 9, at=late), rating(edits[0], 1, at=early)]),
        ratings_file(tmp_path, [rating(edits[1], 4, at=late)]),
        ratings_file(tmp_path, [rating(edits[1], 6, at="2026-05-03T00:00:00Z")]),
    ]
    found = audit_study(config, human=files)
    assert found.human.raters == {"ann": 2}
    assert found.human.superseded == 2
    assert found.means["candidate"].truth == pytest.approx((9 + 6) / 2)


def test_another_scale_is_brought_to_the_study_s(config, edits, tmp_path):
    path = ratings_file(tmp_path, [rating(edits[0], 1), rating(edits[1], 4)], low=1, high=5)
    found = audit_study(config, human=[path])
    assert found.means["candidate"].truth == pytest.approx((0 + 7.5) / 2)


def test_flags_are_listed_and_blind_ratings_counted(config, edits, tmp_path):
    told = [
        rating(edits[0], None, flag="the instruction makes no sense"),
        rating(edits[1], 5, blind=False),
        rating(edits[2], 5),
    ]
    found = audit_study(config, human=[ratings_file(tmp_path, told)])
    assert found.human.flags == (Flag("ann", "candidate", edits[0][0], "the instruction makes no sense"),)
    assert (found.human.ratings, found.human.blind) == (2, 0.5)
    assert any("the instruction makes no sense" in one for one in audit_sentences(found))


def test_files_without_a_name_are_raters_of_their_own(config, edits, tmp_path):
    files = [ratings_file(tmp_path, [rating(edits[0], score)], "") for score in (2, 4)]
    found = audit_study(config, human=files)
    assert list(found.human.raters.values()) == [1, 1]
    assert found.means["candidate"].truth == 3.0


def test_ratings_of_nothing_that_is_there_are_refused(config, edits, tmp_path):
    path = ratings_file(tmp_path, [rating(edits[0], 5, image="0" * 64)])
    with pytest.raises(ConfigError, match="1 about edits that have changed"):
        audit_study(config, human=[path])


BAD = {
    "no json": ("{", "cannot be read as JSON"),
    "a list": ("[]", "'list', not 'ratings 1'"),
    "another version": ('{"editloupe": "ratings 2", "ratings": []}', "'ratings 2', not 'ratings 1'"),
    "no ratings": ('{"editloupe": "ratings 1"}', "ratings: field required"),
    "an empty scale": ('{"editloupe": "ratings 1", "low": 5, "high": 5, "ratings": []}', "low has to be below high"),
    "nan": ('{"editloupe": "ratings 1", "low": NaN, "ratings": []}', "low"),
}


@pytest.mark.parametrize(("text", "message"), BAD.values(), ids=BAD)
def test_a_bad_file_is_one_clear_sentence(text, message, tmp_path):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(DataError, match=message) as caught:
        read_ratings([str(tmp_path / "bad.json")])
    assert "bad.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"score": 11}, "the score of 'candidate' on 's' is 11; the file's scale goes from 0 to 10"),
        ({"score": "much"}, r"ratings\.0\.score is 'much'"),
        ({"image": "abc"}, r"ratings\.0\.image is 'abc'"),
        ({"at": "yesterday"}, r"ratings\.0\.at is 'yesterday'"),
        ({"mood": 3}, r"ratings\.0\.mood"),
    ],
)
def test_a_bad_rating_is_one_clear_sentence(changes, message, tmp_path):
    path = ratings_file(tmp_path, [rating(("s", None), 5, **changes)])
    with pytest.raises(DataError, match=message):
        read_ratings([path])


def test_a_missing_file_is_found_before_anything_runs(config, tmp_path):
    with pytest.raises(DataError, match=r"nowhere\.json"):
        audit_study(config, human=[str(tmp_path / "nowhere.json")])
    assert not config.out.exists()


def asked_nothing(config, monkeypatch):
    plugin = config.judge.plugin
    monkeypatch.setattr(plugin, "answer", lambda *_: pytest.fail("the judge was asked"))


def test_people_are_compared_and_nothing_is_asked(config, edits, tmp_path, monkeypatch):
    asked_nothing(config, monkeypatch)
    found = audit_study(config, human=[ratings_file(tmp_path, [rating(edit, 5) for edit in edits])])
    assert (found.stability, found.modes) == (None, None)
    (table,) = audit_tables(found)
    assert table.title == "color judge against people: ann"


def test_stability_is_measured_with_people_too_when_asked(config, edits, tmp_path):
    path = ratings_file(tmp_path, [rating(edit, 5) for edit in edits])
    assert audit_study(config, human=[path], stability=True).stability.questions > 0


def spreadsheet(folder, text, name="ann.csv"):
    (folder / name).write_text(text, encoding="utf-8")
    return str(folder / name)


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_spreadsheet_of_editor_sample_and_score_is_enough(config, edits, tmp_path, mark):
    rows = ["\ufeffEditor,Sample,Score"] + [f"candidate,{sample},{score}" for sample, _, score in edits]
    path = spreadsheet(tmp_path, "\n".join(rows).replace(",", mark))
    found = audit_study(config, human=[path])
    assert (found.human.raters, found.overall.n) == ({"ann": 8}, 8)
    assert found.overall.mae.value == pytest.approx(0.0, abs=1e-9)


def test_raters_of_one_spreadsheet_and_what_is_empty(config, edits, tmp_path):
    (first, _, _), (second, _, _) = edits[:2]
    text = f"editor,sample,score,rater\ncandidate,{first},3,bob\ncandidate,{first},5,eve\ncandidate,{second},,bob\n"
    found = audit_study(config, human=[spreadsheet(tmp_path, text)])
    assert found.human.raters == {"bob": 1, "eve": 1}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("editor,score\nx,3\n", "it needs editor, sample, score"),
        ("editor,sample,score,mood\nx,s,3,good\n", "has the columns editor, sample, score, mood"),
        ("editor,sample,score\nx,s,high\n", "line 2: score is 'high'"),
        ("editor,sample,score\nx,s,nan\n", "line 2: score is 'nan'"),
        ("editor,sample,score\nx,s\n", "line 2: the row has more or fewer cells"),
        ("", "has the columns none"),
    ],
)
def test_a_bad_spreadsheet_is_one_clear_sentence(text, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        read_ratings([spreadsheet(tmp_path, text)])
    assert "ann.csv" in str(caught.value)


def test_a_score_off_the_study_s_scale_is_refused(config, edits, tmp_path):
    path = spreadsheet(tmp_path, f"editor,sample,score\ncandidate,{edits[0][0]},70\n")
    with pytest.raises(DataError, match="hold the score 70; the study's scale goes from 0 to 10"):
        audit_study(config, human=[path])
