"""The official variant equals what the published scripts print, from the judge's words on."""

import json
from pathlib import Path

import pytest

from editloupe.records import ImageBytes, Reply, Sample
from editloupe.rubrics.aggregate_functions import AGGREGATES
from editloupe.rubrics.aggregates import ScoredEdit, means_by_group, scored
from editloupe.rubrics.derived import derived_scores
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import OVERALL

GOLDEN = Path(__file__).parent / "golden"
EXACT = {"abs": 1e-9, "rel": 0}


def golden(name):
    return json.loads((GOLDEN / f"{name}.json").read_text())


def scored_item(rubric, sample, replies):
    """An edit's scores as a study makes them, from the text of each question's reply; None is a failed one."""
    scores = {}
    for metric in rubric.metrics_of(sample):
        text = replies[rubric.question_of(metric)]
        scores[metric] = None if text is None else rubric.score(metric, Reply(text), sample, min_label_mass=0.5)
    derived = derived_scores(rubric.derived, scores, sample)
    scores.update({name: None if isinstance(value, str) else value for name, value in derived.items()})
    scores[OVERALL] = rubric.overall(scores)
    return ScoredEdit(sample.category, dict(sample.groups), sample.sources[0].sha256, scores)


def sample(number, category, **groups):
    return Sample(str(number), category, "do it", (ImageBytes(str(number).encode()),), groups)


def numbers(name, items):
    return {(one.name, one.variant): one for one in AGGREGATES[name](items)}


def gedit_items():
    rubric = load_rubric("gedit")
    items = []
    for group, language, intersection, rows in golden("gedit")["samples"]:
        for row in rows.split():
            sc0, sc1, pq0, pq1 = (int(digit, 16) for digit in row)
            one = sample(len(items), group, language=language, intersection=str(intersection).lower())
            replies = {"SC": json.dumps({"score": [sc0, sc1]}), "PQ": json.dumps({"score": [pq0, pq1]})}
            items.append(scored_item(rubric, one, replies))
    return items


def test_gedit_equals_the_published_aggregation_per_language_set_and_group():
    items, official = gedit_items(), golden("gedit")["official"]
    assert len(items) == 1212
    found = numbers("gedit", items)
    names = {"SC": "semantics", "PQ": "quality", "O": "overall"}
    for language in ("en", "cn"):
        for title, suffix in (("full set", ""), ("intersection", "_intersection")):
            for short, name in names.items():
                printed = official[language][name + suffix]
                one = found[f"{language}, {title}: {short}", "official"]
                assert one.value.mean == pytest.approx(printed[f"avg_{name}"], **EXACT)
                assert one.note == "over 11 of 11 groups; failures left out"
                part = [
                    item
                    for item in items
                    if item.groups["language"] == language and (not suffix or item.groups["intersection"] == "true")
                ]
                for group, mean in means_by_group(scored(part, (name,), float)).items():
                    assert mean == pytest.approx(printed[group], **EXACT)
                right = found[f"{language}, {title}: {short}", "corrected"]
                assert right.value.mean == pytest.approx(one.value.mean, **EXACT)
                assert (right.value.n, right.value.failed) == (len(part), 0)
                assert right.value.ci95[0] < right.value.mean < right.value.ci95[1]


def test_imgedit_equals_the_published_scripts_with_their_roundings():
    rubric, data, items = load_rubric("imgedit"), golden("imgedit"), []
    for kind, rows in data["samples"]:
        for row in rows.split():
            reply = dict(zip(("instruction", "naturalness", "coherence"), map(int, row), strict=True))
            items.append(scored_item(rubric, sample(len(items), kind), {"edit": json.dumps(reply)}))
    assert len(items) == 737
    found = numbers("imgedit", items)
    for kind, printed in data["official"]["types"].items():
        assert found[kind, "official"].value.mean == pytest.approx(printed, **EXACT)
        assert found[kind, "corrected"].value.mean == pytest.approx(printed, abs=0.01)
    overall = found["overall", "official"]
    assert overall.value.mean == pytest.approx(data["official"]["overall_of_types"], **EXACT)
    assert overall.note.startswith("over 9 of 9 types")
    right = found["overall", "corrected"].value
    assert right.mean == pytest.approx(overall.value.mean, abs=0.005)
    assert right.mean != overall.value.mean  # nothing is rounded there
    assert right.ci95[0] < right.mean < right.ci95[1]


def rise_items(*, column):
    rubric, items = load_rubric("rise"), []
    for category, free, rows in golden("rise")["samples"]:
        for row in rows.split():
            groups = {"consistency_free": str(free).lower()} if column else {}
            names = ("consistency", "reasoning", "plausibility")[: len(row)]
            replies = {name: json.dumps({"score": int(digit)}) for name, digit in zip(names, row, strict=True)}
            items.append(scored_item(rubric, sample(len(items), category, **groups), replies))
    return items


@pytest.mark.parametrize("column", [True, False])
def test_rise_equals_the_published_script_with_its_slip(column):
    printed = golden("rise")["official"]["with_column" if column else "without_column"]
    found = numbers("rise", rise_items(column=column))
    for name, values in printed.items():
        for kind, value in values.items():
            assert found[f"{name}: {kind}", "official"].value.mean == pytest.approx(value, **EXACT)


def test_rise_corrected_takes_the_flag_for_what_it_is():
    with_column, without = numbers("rise", rise_items(column=True)), numbers("rise", rise_items(column=False))
    name = "causal_reasoning: score"
    # Without the column no edit is free of consistency, and script and paper agree.
    assert without[name, "corrected"].value.mean == pytest.approx(without[name, "official"].value.mean, **EXACT)
    assert with_column[name, "corrected"].value.mean != pytest.approx(
        with_column[name, "official"].value.mean, abs=1e-3
    )
    by_hand = []
    for category, free, rows in golden("rise")["samples"]:
        for row in rows.split() if category == "causal_reasoning" else ():
            c, r, p = map(int, row)
            score = 0.8 * r + 0.2 * p if free else 0.3 * c + 0.5 * r + 0.2 * p
            by_hand.append(max(1, score / 2) if r == 1 else score)
    assert with_column[name, "corrected"].value.mean == pytest.approx(sum(by_hand) / len(by_hand), **EXACT)
    accuracy = with_column["overall: accuracy", "corrected"].value
    assert accuracy.mean == pytest.approx(golden("rise")["official"]["with_column"]["overall"]["accuracy"], **EXACT)
    assert accuracy.ci95[0] < accuracy.mean < accuracy.ci95[1]
