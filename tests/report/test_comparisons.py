"""All pairs of a study, who stands within noise of whom, and how `editloupe compare` says it."""

import dataclasses
import io
import json
import sys
from collections import Counter

import numpy as np
import pytest
from rich.console import Console

from editloupe.cli import app, main
from editloupe.config.parts import load_config
from editloupe.report.comparisons import compare_all
from editloupe.report.leaderboard import standings
from editloupe.report.markdown import leaderboard_markdown
from editloupe.report.tables import Tables
from editloupe.report.terminal_compare import compare_sentences, compare_table
from editloupe.results import BenchmarkInfo, Category, EditorInfo, JudgeInfo, Results, Scale, Verdict
from editloupe.statistics.paired import paired_differences
from editloupe.study import run_study
from worlds import make_config, make_table


def made(skills, samples=60, seed=0, gaps=()):
    """Scores around each editor's skill, hard and easy samples shared; `gaps` are (editor, sample) without a score."""
    rng = np.random.default_rng(seed)
    hard = rng.normal(0, 2, samples)
    overall = {
        (name, f"s{at}"): None
        if (name, at) in gaps
        else float(np.clip(np.round(skill + hard[at] + rng.normal(0, 1)), 0, 10))
        for name, skill in skills.items()
        for at in range(samples)
    }
    verdicts = tuple(
        Verdict(name, sample, ("physical", "causal")[int(sample[1:]) % 2], "m", score, sample, "do it", "j")
        for (name, sample), score in overall.items()
    )
    benchmark = BenchmarkInfo(
        "b", "1", (Category("physical", "Physical", samples // 2), Category("causal", "Causal", samples // 2))
    )
    editors = tuple(EditorInfo(name, name) for name in skills)
    return Results("0", "s", benchmark, JudgeInfo("j", "j"), "r", Scale(), {"m": Scale()}, editors, verdicts, overall)


def test_editors_alike_share_ranks_and_a_bracket():
    found = Tables.of(made({"low": 2.0, "twin": 6.0, "best": 8.5, "other": 6.05})).comparisons
    assert found.editors[0] == "best"
    assert found.editors[3] == "low"
    assert {found.rank_ranges[name] for name in ("twin", "other")} == {(2, 3)}
    assert found.rank_ranges["best"] == (1, 1)
    assert found.cliques == ((1, 2),)


def test_one_editor_has_nothing_to_compare():
    found = Tables.of(made({"only": 5.0})).comparisons
    assert (found.as_json(), found.cliques) == (
        {"pairs": [], "rank_ranges": {"only": [1, 1]}, "cliques": [], "too_few": None},
        (),
    )


def test_an_editor_without_a_score_has_no_rank_and_takes_none():
    results = made({"a": 9.0, "b": 2.0, "lost": 5.0}, gaps={("lost", at) for at in range(60)})
    found = Tables.of(results).comparisons
    assert found.rank_ranges == {"a": (1, 1), "b": (2, 2)}
    assert "| – | lost | **–** |" in leaderboard_markdown(Tables.of(results))


def test_missing_scores_are_counted_by_who_lacks_them():
    found = Tables.of(made({"a": 5.0, "b": 5.0}, gaps={("a", 0), ("a", 1), ("b", 1), ("b", 2)})).comparisons
    one, categories = found.pair("a", "b")
    assert (one.paired.n, one.only_a, one.only_b, one.neither) == (57, 1, 1, 1)
    assert categories["physical"].paired.n + categories["causal"].paired.n == 57


def test_a_pair_can_be_turned():
    found = Tables.of(made({"a": 7.0, "b": 4.0})).comparisons
    ab, ba = found.pair("a", "b")[0], found.pair("b", "a")[0]
    assert ba.turned == ab
    assert ab.paired.difference > 0
    assert ba.paired.ci95 == (-ab.paired.ci95[1], -ab.paired.ci95[0])
    assert (ba.paired.win, ba.paired.loss) == (ab.paired.loss, ab.paired.win)


def test_p_of_pairs_and_of_categories_are_corrected_each_for_its_own_family():
    found = Tables.of(made({"a": 7.0, "b": 6.6, "c": 6.0})).comparisons
    for pair, one in found.overall.items():
        assert one.p_corrected >= one.paired.p
        smallest = min(found.categories[pair].values(), key=lambda each: each.paired.p)
        assert smallest.p_corrected == pytest.approx(min(1.0, 2 * smallest.paired.p))


def test_an_editor_without_scores_is_within_noise_of_nobody():
    found = Tables.of(made({"a": 5.0, "none": 5.0}, samples=4, gaps={("none", at) for at in range(4)})).comparisons
    assert found.pair("a", "none")[0].paired.difference is None
    assert found.cliques == ()


def test_a_metric_is_compared_by_its_own_scores():
    results = made({"a": 7.0, "b": 4.0})
    verdicts = tuple(dataclasses.replace(one, score=3.0) for one in results.verdicts)
    one, _ = compare_all(dataclasses.replace(results, verdicts=verdicts), ["a", "b"], "m").pair("a", "b")
    assert (one.paired.difference, one.paired.tie) == (0.0, 60)


def test_the_sentence_names_the_better_one_first():
    results = made({"a": 4.0, "b": 7.0})
    (sentence,) = compare_sentences(Tables.of(results).comparisons.pair("a", "b")[0])
    assert sentence.startswith("b is better than a by ")
    assert "p < 0.001, 60 samples" in sentence


def test_without_a_difference_it_says_what_could_have_been_seen():
    sentences = compare_sentences(Tables.of(made({"a": 6.0, "b": 6.0}, seed=4)).comparisons.pair("a", "b")[0])
    assert sentences[0].startswith("no difference shown between a and b")
    assert sentences[1].startswith("with these 60 samples a true difference of 0.")


def test_an_interval_that_contradicts_the_test_is_explained():
    """Three wins, nine ties: the exact test cannot go below 0.25, while the interval leaves 0 out."""
    results = made({"a": 5.0, "b": 5.0}, samples=12)
    overall = {place: 9.0 if place[0] == "a" and int(place[1][1:]) < 6 else 5.0 for place in results.overall}
    overall |= {("a", f"s{at}"): 5.0 for at in range(3, 6)}
    one = Tables.of(dataclasses.replace(results, overall=overall)).comparisons.pair("a", "b")[0]
    assert (one.paired.win, one.paired.p) == (3, 0.25)
    assert one.paired.ci95[0] > 0
    assert "here p is the one to trust" in compare_sentences(one)[1]


def test_the_table_fits_80_columns_whatever_the_names():
    results = made({"a" * 200: 4.0, "图像编辑模型" * 20: 7.0})
    overall, categories = Tables.of(results).comparisons.pair("a" * 200, "图像编辑模型" * 20)
    console = Console(width=80, file=io.StringIO(), record=True)
    console.print(compare_table(results, overall, categories))
    lines = console.export_text().splitlines()
    assert len([line for line in lines if "Physical" in line or "Causal" in line]) == 2
    assert max(map(len, lines)) <= 80


# From the command line, on a real study


@pytest.fixture(scope="module")
def folder(tmp_path_factory, tiny_checkpoint):
    place = tmp_path_factory.mktemp("compare")
    config = load_config(make_config(place, tiny_checkpoint, make_table(place / "data", 6)))
    run_study(config)
    return config.out


def test_the_command_prints_and_writes(folder, tmp_path, capsys):
    target = tmp_path / "pair.json"
    app(["compare", str(folder), "classic", "identity", "--json", str(target)], standalone_mode=False)
    printed = capsys.readouterr().out
    assert "A = classic   B = identity" in printed
    found = json.loads(target.read_text())
    assert (found["a"], found["b"], found["n"], found["metric"]) == ("classic", "identity", 6, None)
    report = json.loads((folder / "report.json").read_text())
    (pair,) = report["comparisons"]["pairs"]
    assert {pair["difference"], -pair["difference"]} >= {found["difference"]}
    assert set(pair["categories"]) == {"physical", "causal", "referential"}


def test_the_markdown_table_stands_alone_on_standard_output(folder, capsys):
    app(["report", str(folder), "--markdown"], standalone_mode=False)
    printed = capsys.readouterr()
    assert printed.out.startswith("| Rank | Editor |")
    assert "report.html" not in printed.out
    assert "0 failed" in printed.err


@pytest.mark.parametrize("form", ["--single-file", "--markdown"])  # the latter leaves the terminal's table out
def test_all_forms_of_a_report_share_tables_that_are_computed_once(folder, monkeypatch, form):
    asked = []

    def summed_up(results):
        asked.append("standings")
        return standings(results)

    def compared(*args, **options):
        asked.append("pairs")
        return paired_differences(*args, **options)

    for name, module in list(sys.modules.items()):
        if name.startswith("editloupe."):  # wherever somebody computes them anew
            monkeypatch.setattr(module, "standings", summed_up, raising=False)
            monkeypatch.setattr(module, "paired_differences", compared, raising=False)
    app(["report", str(folder), form], standalone_mode=False)
    assert Counter(asked) == {"standings": 1, "pairs": 4}  # overall, and in each of three categories


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["clasic", "identity"], "did you mean 'classic'?"),
        (["classic", "classic"], "a comparison needs two editors: classic, identity"),
        (["classic", "identity", "--metric", "beauty"], "no metric is called 'beauty'"),
    ],
)
def test_what_cannot_be_compared_is_one_sentence(folder, capsys, monkeypatch, words, sentence):
    monkeypatch.setattr("sys.argv", ["editloupe", "compare", str(folder), *words])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ([3], [1], "only one sample has a score of both a and b, +2.00 points there"),
        ([4, 4, 5], [4, 4, 5], "a and b have equal scores on all 3 samples"),
        ([9, 8, 9, 8, 9], [1, 1, 2, 1, 1], "with 5 source images p cannot fall below 0.05, whatever the difference"),
    ],
)
def test_few_samples_have_sentences_of_their_own(a, b, words):
    results = made({"a": 5.0, "b": 5.0}, samples=len(a))
    overall = {("a", f"s{at}"): float(one) for at, one in enumerate(a)}
    overall |= {("b", f"s{at}"): float(one) for at, one in enumerate(b)}
    one, _ = Tables.of(dataclasses.replace(results, overall=overall)).comparisons.pair("a", "b")
    sentences = compare_sentences(one)
    assert any(words in sentence for sentence in sentences)
    assert not any("would have been seen" in sentence for sentence in sentences)
