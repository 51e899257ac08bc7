"""The leaderboard of the terminal at 80 columns, measured in cells, because a Chinese character takes two."""

import dataclasses
import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from editloupe.report import leaderboard_table
from editloupe.report.tables import Tables
from editloupe.report.terminal import noise_sentences
from editloupe.results import EditorInfo
from small_study import study


def shown(results):
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(leaderboard_table(Tables.of(results)))
    return console.export_text().splitlines()


def renamed(results, names):
    """The same numbers under other names."""
    new = dict(zip([one.name for one in results.editors], names, strict=True))
    return dataclasses.replace(
        results,
        editors=tuple(EditorInfo(new[one.name], one.signature) for one in results.editors),
        verdicts=tuple(dataclasses.replace(one, editor=new[one.editor]) for one in results.verdicts),
        overall={(new[editor], sample): score for (editor, sample), score in results.overall.items()},
    )


def test_editors_that_nothing_separates_share_a_range_of_ranks():
    rows = [line for line in shown(study()) if "good" in line or "bad" in line]
    assert [row.split()[:2] for row in rows] == [["1–2", "good"], ["1–2", "bad"]]


def test_editors_that_are_clearly_apart_have_one_rank_each():
    rows = [line for line in shown(study(samples=60)) if "good" in line or "bad" in line]
    assert [row.split()[:2] for row in rows] == [["1", "good"], ["2", "bad"]]


def test_only_editors_that_nothing_separates_are_named_as_within_noise():
    assert noise_sentences(Tables.of(study())) == ["≈ good, bad: within noise of each other"]
    assert noise_sentences(Tables.of(study(samples=60))) == []
    assert noise_sentences(Tables.of(study(language="zh"))) == ["≈ good, bad: 彼此差异在噪声范围内"]


def test_an_editor_without_a_score_has_no_rank():
    results = study()
    overall = {key: None if key[0] == "bad" else score for key, score in results.overall.items()}
    (row,) = [line for line in shown(dataclasses.replace(results, overall=overall)) if "bad" in line]
    assert row.split()[:2] == ["–", "bad"]


def test_a_single_editor_is_not_ranked():
    results = study()
    alone = dataclasses.replace(
        results,
        editors=results.editors[:1],
        verdicts=tuple(one for one in results.verdicts if one.editor == "good"),
        overall={key: score for key, score in results.overall.items() if key[0] == "good"},
    )
    assert not any("Rank" in line for line in shown(alone))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_long_and_wide_names_leave_every_number_whole(language):
    names = ["指令图像编辑模型" * 6, "an-editor-with-a-very-long-name-" * 3]
    lines = shown(renamed(study(samples=60, language=language), names))
    assert max(map(cell_len, lines)) <= 80
    for beginning, mean in (("指令图像", "8.50"), ("an-edit", "3.00")):
        (row,) = [line for line in lines if beginning in line]
        assert "…" in row
        assert mean in row.split()
