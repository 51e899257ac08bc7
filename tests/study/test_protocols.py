"""Rubrics of published benchmarks in whole small studies: what is asked of which samples, and what becomes of it."""

import json
import math

import pytest

from editloupe import images
from editloupe.config.parts import load_config
from editloupe.editors.identity import Identity
from editloupe.errors import ConfigError
from editloupe.images import ResizedImage
from editloupe.records import Failure, ImagePart
from editloupe.study import run_study
from scripted import Half, roles, scripted_study, task, words
from worlds import make_config, make_table


def scores(results, sample):
    return {one.metric: one.score for one in results.verdicts if one.sample == sample}


def kinds(results, sample):
    found = {one.metric: one.failure for one in results.verdicts if one.sample == sample}
    return {metric: failure and failure.kind for metric, failure in found.items()}


def aggregates(config):
    (editor, *_) = json.loads((config.out / "report.json").read_text())["editors"]
    return editor["aggregates"]


def about(asked, marker):
    (one,) = [question for question in asked if marker in question.ask]
    return one


def gedit_sample(name, language, intersection, instruction="make it red"):
    groups = {"language": language, "intersection": intersection}
    return task(name, "color_alter", groups=groups, instruction=instruction)


def test_gedit_asks_twice_and_shows_the_second_question_the_edit_alone_at_the_source_s_size(tmp_path):
    def say(question):
        if "success" in question.ask:
            return '{"reasoning": "", "score": [7, 9]}' if "first" in words(question) else '{"score": [7]}'
        return '{"score": [4, 6]}'

    samples = [gedit_sample("a", "en", "true", "the first"), gedit_sample("b", "cn", "false", "把它变成红色")]
    config, asked = scripted_study(tmp_path, "gedit", samples, say)
    results = run_study(config)
    assert len(asked) == 4
    pairs, alone = asked[::2], asked[1::2]
    assert [roles(one) for one in pairs] == [["source", "edited"]] * 2
    assert [roles(one) for one in alone] == [["edited"]] * 2
    assert "把它变成红色" in words(pairs[1])
    assert "instruction given" not in words(alone[0]).lower()
    assert "the first" not in words(alone[0])
    source, edited = pairs[0].images
    assert isinstance(edited, ResizedImage)
    assert images.dimensions(edited.image) == (32, 16)
    assert images.decode(edited).size == images.decode(source).size == (64, 32)
    assert alone[0].images[0].sha256 == edited.sha256

    assert scores(results, "a") == {
        "success": 7,
        "restraint": 9,
        "naturalness": 4,
        "cleanness": 6,
        "semantics": 7,
        "quality": 4,
    }
    assert results.overall["half", "a"] == pytest.approx(math.sqrt(28))
    assert kinds(results, "b") == {
        "success": "wrong-length",
        "restraint": "wrong-length",
        "naturalness": None,
        "cleanness": None,
        "semantics": "input-failed",
        "quality": None,
    }
    assert results.overall["half", "b"] is None
    assert (results.scale.limits, "own" in results.card) == ((0.0, 10.0), True)
    derived = [one for one in results.verdicts if one.metric in ("semantics", "quality")]
    assert all(one.reply is None for one in derived)
    found = aggregates(config)
    assert found["official: en, intersection: O"]["mean"] == pytest.approx(math.sqrt(28))
    assert found["corrected: cn, full set: PQ"]["mean"] == 4
    assert (found["corrected: cn, full set: O"]["mean"], found["corrected: cn, full set: O"]["failed"]) == (None, 1)
    assert "corrected: cn, intersection: O" not in found
    asked.clear()
    assert run_study(config) == results
    assert asked == []


def test_a_failed_edit_fails_every_score_that_applies_as_one_failure(tmp_path):
    class Refusing(Half):
        signature = "refusing"

        def edit(self, requests):
            return [Failure("edit", "refused", "no") for _ in requests]

    config, asked = scripted_study(
        tmp_path, "gedit", [gedit_sample("a", "en", "true")], lambda _: "", editors=(Refusing,)
    )
    results = run_study(config)
    assert asked == []
    assert set(kinds(results, "a").values()) == {"refused"}
    assert len(results.verdicts) == 6
    report = json.loads((config.out / "report.json").read_text())
    assert [(one["kind"], one["count"]) for one in report["failures"]] == [("refused", 1)]


def test_imgedit_asks_each_type_in_its_own_words_and_reads_three_scores_from_one_reply(tmp_path):
    types = ["add", "remove", "replace", "adjust", "background", "style", "extract", "action", "compose"]
    config, asked = scripted_study(
        tmp_path,
        "imgedit",
        [task(name, name) for name in types],
        lambda _: '{"reasoning": "r", "instruction": 3, "naturalness": 5, "coherence": 2}',
    )
    results = run_study(config)
    assert len(asked) == 9
    assert len({question.ask for question in asked}) == 9
    assert scores(results, "add") == {"instruction": 3, "naturalness": 5, "coherence": 2}
    assert results.overall["half", "add"] == pytest.approx((3 + 3 + 2) / 3)
    found = aggregates(config)
    assert found["official: overall"]["mean"] == pytest.approx(3.33)
    assert found["corrected: overall"]["mean"] == pytest.approx(8 / 3)
    assert found["corrected: style"]["n"] == 1


RISE = [
    task("image", "causal_reasoning", references=1, groups={"consistency_free": "false"}),
    task("text", "spatial_reasoning", extra={"reference_text": "three cats"}, groups={"consistency_free": "true"}),
    task("maze", "logical_reasoning", references=1),
]


def rise_reply(question):
    if "Plausibility" in question.ask:
        return '{"score": 4}'
    binary = "Answer 1 if" in question.ask
    return '{"score": 1}' if binary else '{"score": 3}' if "Consistency" in question.ask else '{"score": 5}'


def test_rise_asks_by_condition_and_counts_only_what_applies(tmp_path):
    config, asked = scripted_study(tmp_path, "rise", RISE, rise_reply, editors=(Half, Identity))
    results = run_study(config)
    assert len(asked) == 2 * (3 + 3 + 2)
    asked = [one for one in asked if images.decode(one.images[-1]).size == (32, 16)]  # of the first editor
    assert [roles(one) for one in asked[:3]] == [["source", "edited"], ["source", "reference", "edited"], ["edited"]]
    assert "three cats" in words(asked[4])
    assert "three cats" not in words(asked[3]) + words(asked[5])
    assert roles(asked[4]) == ["source", "edited"]
    assert scores(results, "maze") == {"consistency": 5, "reasoning": 5}  # the reply 1
    assert {place: score for place, score in results.overall.items() if place[0] == "half"} == {
        ("half", "image"): pytest.approx(0.3 * 3 + 0.5 * 5 + 0.2 * 4),
        ("half", "text"): pytest.approx(0.8 * 5 + 0.2 * 4),
        ("half", "maze"): 5,
    }
    (editor, other) = json.loads((config.out / "report.json").read_text())["editors"]
    assert other["aggregates"] == editor["aggregates"]  # the judge says the same of both
    plausibility = editor["metrics"]["plausibility"]
    assert (plausibility["overall"]["n"], plausibility["overall"]["failed"]) == (2, 0)
    assert (plausibility["categories"]["logical_reasoning"]["n"], editor["metrics"]["reasoning"]["overall"]["n"]) == (
        0,
        3,
    )
    assert editor["aggregates"]["corrected: logical_reasoning: accuracy"]["mean"] == 1
    assert editor["aggregates"]["official: overall: score"]["mean"] == pytest.approx((4.8 + 4.8 + 5) / 3)
    assert editor["aggregates"]["corrected: overall: score"]["mean"] == pytest.approx((4.2 + 4.8 + 5) / 3)


def test_rise_refuses_what_a_binary_question_does_not_offer(tmp_path):
    config, _ = scripted_study(tmp_path, "rise", RISE[2:], lambda _: '{"score": 4}')
    assert kinds(run_study(config), "maze") == {"consistency": "out-of-range", "reasoning": "out-of-range"}


def test_kris_shows_all_sources_the_reference_of_a_viewpoint_and_the_explanation_to_knowledge(tmp_path):
    samples = [
        task("many", "multi-element_composition", sources=2, references=1, groups={"class": "factual"}),
        task("view", "viewpoint_change", references=1, groups={"class": "factual"}),
        task("cell", "biology", references=1, rationale="plants turn green", groups={"class": "conceptual"}),
    ]

    def say(question):
        return '{"score": 2}' if "Knowledge" in question.ask else '{"score": 4}'

    config, asked = scripted_study(tmp_path, "kris", samples, say)
    results = run_study(config)
    assert len(asked) == 3 + 3 + 4
    many, view, cell = asked[:3], asked[3:6], asked[6:]
    assert roles(many[0]) == ["source", "source", "edited"]
    assert "Image 1 before the edit:" in many[0].context
    assert "Image 2 before the edit:" in many[0].context
    assert "Image before the edit:" in view[0].context
    assert images.dimensions(many[0].images[-1]) == (32, 32)  # made from the second source, 64 x 64
    assert [roles(one) for one in view] == [["source", "edited"], ["source", "reference", "edited"], ["edited"]]
    assert [roles(one) for one in cell] == [["source", "edited"]] * 2 + [["edited"], ["source", "edited"]]
    assert ["plants turn green" in words(one) for one in cell] == [False, False, False, True]
    assert many[0].context == many[1].context  # shared by engines
    assert results.overall["half", "many"] == 75
    assert results.overall["half", "cell"] == pytest.approx(((4 + 4 + 4 + 2) / 4 - 1) * 25)
    assert results.scale.limits == (0.0, 100.0)
    found = aggregates(config)
    assert found["corrected: class factual"]["mean"] == 75
    assert found["official: overall"]["mean"] == pytest.approx((75 + 75 + 62.5) / 3)
    (one, *_) = [verdict for verdict in results.verdicts if verdict.sample == "many"]
    assert len(one.sources) == 2


def test_re_edit_asks_yes_or_no_and_speaks_the_language_of_the_sample(tmp_path):
    samples = [
        task("fall", "physical", rationale="gravity"),
        task("zh", "causal", rationale="火会燃烧", groups={"language": "zh"}),
    ]

    def say(question):
        if '"answer"' in question.ask:
            return '{"reasoning": "5", "answer": "yes"}' if "physics" in question.ask else '{"answer": "maybe"}'
        return '{"score": [8, 6]}' if "[" in question.ask else '{"score": 7.5}'

    config, asked = scripted_study(tmp_path, "re-edit", samples, say)
    results = run_study(config)
    assert len(asked) == 8
    assert all("编辑" in words(one) or roles(one) == ["edited"] for one in asked[4:])
    assert "火会燃烧" in words(asked[4])
    assert scores(results, "fall") == {
        "dimension": 1,
        "success": 8,
        "restraint": 6,
        "naturalness": 8,
        "cleanness": 6,
        "following": 7.5,
        "semantics": 6,
        "quality": 6,
    }
    assert results.overall["half", "fall"] == 6.5
    assert kinds(results, "zh")["dimension"] == "not-a-word"
    assert results.overall["half", "zh"] == 6.5  # the dimension is a rate of its own
    found = aggregates(config)
    yes = found["corrected: dimension, yes-rate"]
    assert (yes["mean"], yes["n"], yes["failed"], yes["mean_if_failures_worst"]) == (100, 1, 1, 50)


def test_several_scores_in_one_reply_and_the_mode_choice_are_refused_before_anything_runs(tmp_path, tiny_checkpoint):
    path = make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 1), rubric="gedit")
    with pytest.raises(ConfigError, match="'gedit' cannot be asked in the answer mode 'choice'"):
        load_config(path, ["judge.answer=choice"])
    assert load_config(path, ["judge.answer=text"]).rubric.name == "gedit"


@pytest.mark.parametrize("rubric", ["gedit", "kris"])
def test_a_real_judge_is_asked_and_every_applicable_score_is_counted(tmp_path, tiny_checkpoint, rubric):
    table = make_table(tmp_path / "data", 2)
    judge = {"model": str(tiny_checkpoint), "answer": "text", "max_new_tokens": 4, "batch_size": 4}
    config = load_config(
        make_config(tmp_path, tiny_checkpoint, table, rubric=rubric, judge=judge, editors=["identity"])
    )
    results = run_study(config)
    metrics = 6 if rubric == "gedit" else 3  # no category of this table asks for knowledge
    assert len(results.verdicts) == 2 * metrics
    assert all(one.score is not None or one.failure is not None for one in results.verdicts)
    assert all(one.failure.stage == "score" for one in results.verdicts if one.failure is not None)


def test_a_resized_edit_crosses_to_a_worker_as_the_bytes_that_are_judged(tmp_path):
    from editloupe.planning import PlannedReply
    from editloupe.workers.transfer import reply_with_bytes

    config, asked = scripted_study(tmp_path, "gedit", [gedit_sample("a", "en", "true")], lambda _: "7")
    run_study(config)
    plan = PlannedReply("k", "half", gedit_sample("a", "en", "true"), "SC", about(asked, "success"))
    carried = reply_with_bytes(plan, {})
    parts = [part for part in carried.question.context if isinstance(part, ImagePart)]
    assert images.decode(parts[1].picture).size == (64, 32)
    assert parts[1].picture.data == plan.question.images[1].read()


def test_a_sample_that_no_metric_applies_to_is_not_asked_about_and_counted_nowhere(tmp_path):
    rubric = tmp_path / "mine.yaml"
    rubric.write_text(
        "name: mine\nmetrics: {a: {when: {category: [wanted]}}}\n"
        "texts: {en: {system: s, contexts: {pair: [{image: edited}]}, asks: {a: A}, reply: {text: R}}}\n"
    )
    samples = [task("in", "wanted"), task("out", "other")]
    config, asked = scripted_study(tmp_path / "run", str(rubric), samples, lambda _: "7")
    results = run_study(config)
    assert len(asked) == 1
    assert [one.sample for one in results.verdicts] == ["in"]
    assert results.overall == {("half", "in"): 7.0}
    (editor,) = json.loads((config.out / "report.json").read_text())["editors"]
    assert (editor["overall"]["n"], editor["overall"]["failed"], editor["categories"]["other"]["n"]) == (1, 0, 0)
