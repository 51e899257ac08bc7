"""Means as people would have given them: from a random part, or not at all."""

import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from editloupe.audit.audit import audit_study
from editloupe.audit.human_sample import draw_sample
from editloupe.cli import app
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.report.terminal_audit import audit_sentences, audit_tables
from editloupe.statistics.prediction_powered import human_mean
from editloupe.study import run_study

SHAPES = {
    "benchmark": {"name": "shapes", "limit": 60},
    "editors": [{"type": "procedural", "skill": 0.9}, {"type": "procedural", "skill": 0.5}],
    "judge": {"model": "nano"},
}


def arrays(people, judge, labelled, seed=0):
    rng = np.random.default_rng(seed)
    given = np.full(len(people), np.nan)
    drawn = rng.choice(len(people), labelled, replace=False)
    given[drawn] = people[drawn]
    none = np.zeros(len(people), dtype=int)
    return judge, given, np.arange(len(people)), none


def test_the_estimate_is_the_published_one():
    """Against the formulas of PPI++ for a mean, written out (`ppi_py.ppi_mean_pointestimate` with `lam`)."""
    rng = np.random.default_rng(1)
    people = rng.normal(6, 2, 300)
    judge = 0.5 * people + 3 + rng.normal(0, 1, 300)
    judge, given, clusters, strata = arrays(people, judge, 80)
    found = human_mean(judge, given, clusters, strata)
    known = ~np.isnan(given)
    y, f, rest = given[known], judge[known], judge[~known]
    few, many = 80 / 79, 220 / 219  # the jackknife's factors
    ours, others = few * f.var(ddof=1) / 80, many * rest.var(ddof=1) / 220
    weight = few * np.cov(y, f, ddof=1)[0, 1] / 80 / (ours + others)
    assert found.weight == pytest.approx(weight)
    assert found.mean == pytest.approx(y.mean() + weight * (rest.mean() - f.mean()))
    error = np.sqrt(few * (y - weight * f).var(ddof=1) / 80 + weight**2 * others)
    assert (found.ci95[1] - found.ci95[0]) / 2 / error == pytest.approx(1.99, abs=0.01)


def test_a_judge_that_tells_nothing_changes_nothing():
    people = np.random.default_rng(2).normal(6, 2, 200)
    found = human_mean(*arrays(people, np.full(200, 9.0), 50))
    assert found.weight == 0.0
    assert found.ci95 == found.labels_alone
    assert found.judge == 9.0


@pytest.mark.parametrize("kind", ["too kind", "fails on bad ones"])
def test_it_covers_and_is_sharper_than_the_labels(kind):
    """300 studies; the interval may miss 3 to 9 % of them here, and the judge's own mean misses nearly all."""
    rng = np.random.default_rng(3)
    hits, widths = 0, []
    for seed in range(300):
        people = rng.normal(5, 2, 270)
        judge = people + 2 + rng.normal(0, 1, 270)
        if kind == "fails on bad ones":
            judge[np.argsort(people)[:40]] = np.nan
        found = human_mean(*arrays(people, judge, 60, seed))
        hits += found.ci95[0] <= 5.0 <= found.ci95[1]
        widths.append((found.ci95[1] - found.ci95[0]) / (found.labels_alone[1] - found.labels_alone[0]))
        assert found.judge > 6
    assert 0.91 <= hits / 300 <= 0.98
    assert np.median(widths) < 0.95
    assert max(widths) < 1.05


def test_labels_that_are_wanted_give_the_width_that_was_asked_for():
    rng = np.random.default_rng(4)
    people = rng.normal(5, 2, 2000)
    judge = people + rng.normal(0, 1, 2000)
    first = human_mean(*arrays(people, judge, 60), width=0.4)
    then = human_mean(*arrays(people, judge, first.wanted, 1))
    assert then.ci95[1] - then.ci95[0] == pytest.approx(0.4, rel=0.15)


def test_few_labels_have_a_mean_and_no_interval():
    people = np.arange(30.0)
    found = human_mean(*arrays(people, people, 14))
    assert found.mean is not None
    assert found.ci95 is None
    assert human_mean(*arrays(people, people, 0)).mean is None


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rated")
    path = folder / "config.yaml"
    path.write_text(json.dumps(SHAPES | {"out": "study"}))
    config = load_config(path)
    run_study(config)
    return config


def rated(config, path, rows, points=lambda row: 7.0):
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, ["editor", "sample", "image", "score"])
        table.writeheader()
        table.writerows(
            {**{name: row[name] for name in ("editor", "sample", "image")}, "score": points(row)} for row in rows
        )
    return [str(path)]


def drawn_rows(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def test_a_draw_is_random_within_categories_and_a_larger_one_holds_a_smaller_one(config):
    small, edits, path = draw_sample(config, 20)
    large, _, _ = draw_sample(config, 40)
    other, _, _ = draw_sample(config, 20, seed=99)
    assert large.samples[:20] == small.samples
    assert set(other.samples) != set(small.samples)
    assert edits == 40
    rows = drawn_rows(path)
    assert [row["sample"] for row in rows] != sorted(row["sample"] for row in rows)
    with pytest.raises(ConfigError, match="61 samples cannot be drawn: the study has 60"):
        draw_sample(config, 61)


def test_ratings_of_all_that_was_drawn_correct_the_means(config, tmp_path):
    _, _, path = draw_sample(config, 25)
    rows = drawn_rows(path)
    found = audit_study(config, human=rated(config, tmp_path / "a.csv", rows), width=1.0)
    for part in found.human_means.editors.values():
        assert part.overall.mean == pytest.approx(7.0)
        assert part.overall.labelled == 25
    (table,) = [table for table in audit_tables(found) if "people would have given" in str(table.title)]
    assert table.row_count == 2


def test_a_part_that_people_chose_corrects_nothing(config, tmp_path):
    _, _, path = draw_sample(config, 25)
    rows = drawn_rows(path)
    lost = next(row for row in rows if row["editor"] == rows[0]["editor"])
    found = audit_study(config, human=rated(config, tmp_path / "b.csv", [row for row in rows if row is not lost]))
    refused = found.human_means.editors[lost["editor"]].refused
    assert refused.startswith(f"1 of 25 drawn edits are not rated, such as {lost['sample']!r}")
    assert any(refused in sentence for sentence in audit_sentences(found))


def test_the_command_draws_and_names_what_to_do(config):
    done = CliRunner().invoke(app, ["sample", str(config.out), "-n", "5", "--editors", config.editors[0].name])
    assert done.exit_code == 0, done.output
    assert "drawn  5 of 60 samples, 5 edits by 1 editors" in done.output
    assert "--human" in done.output
    data = (config.out / "report.html").read_text(encoding="utf-8")
    assert '"drawn"' in data
