"""A whole study whose judge is probed: what it is asked, what is found, what is kept, and where it is told."""

import dataclasses
import json

import pytest

from editloupe.audit.audit import audit_study
from editloupe.errors import ConfigError
from editloupe.protocols import Judge
from editloupe.records import ImagePart
from editloupe.report.remarks import warnings_of
from editloupe.report.terminal_sanity import sanity_sentences
from editloupe.study import run_study, tables_of_study
from overview import overview
from planted import FALLS, JUDGES, Painter, closeness, planted_study, samples, seen
from scripted import scripted_study

NAMED = {
    "honest": set(),
    "blind": set(FALLS),
    "deaf": {"other-edit", "instruction"},
    "order-biased": {"order"},
    "constant": set(FALLS),
}


def verdicts(found):
    return found.sanity.verdicts


def is_blank(question):
    return seen(question, "edited") == [(127, 127, 127)]


@pytest.mark.parametrize("judge", JUDGES)
def test_a_planted_judge_is_named_in_a_whole_study(tmp_path, judge):
    config, _ = planted_study(tmp_path, JUDGES[judge])
    found = audit_study(config, sanity=True, stability=False)
    assert {name for name, verdict in verdicts(found).items() if verdict == "fail"} == NAMED[judge]
    assert found.sanity.questions == 7 * 40
    if judge == "honest":
        assert set(verdicts(found).values()) == {"pass"}
    warned = warnings_of(run_study(config, stages=()))
    assert bool(warned) == bool(NAMED[judge])


def test_each_probe_changes_one_thing(tmp_path):
    config, asked = planted_study(tmp_path, closeness, count=6)
    run_study(config)
    own = {question.context: question for question in asked}
    asked.clear()
    audit_study(config, sanity=True, stability=False)
    assert len(asked) == 7 * 6
    instructions = {part for context in own for part in context if isinstance(part, str) and "paint" in part}
    for question in asked:
        shown = [part for part in question.context if isinstance(part, ImagePart)]
        assert [part.role for part in shown] == ["source", "source", "edited"]
        assert next(part for part in question.context if isinstance(part, str) and "paint" in part) in instructions
    assert sum(is_blank(question) for question in asked) == 6
    assert sum(question.context in own for question in asked) == 2 * 6  # once more, and in other words
    assert sum("calmly" in question.ask for question in asked) == 6
    swapped = [question for question in asked if question.context[0] == "Picture 2:"]
    assert len(swapped) == 6  # each picture keeps its number


def test_what_was_answered_is_not_asked_again_and_the_folder_can_be_read_without_the_judge(tmp_path):
    config, asked = planted_study(tmp_path, JUDGES["constant"])
    first = audit_study(config, sanity=True, stability=False)
    asked.clear()
    assert audit_study(config, sanity=True, stability=False).sanity == first.sanity
    assert asked == []
    assert json.loads((config.out / "audit.json").read_text())["sanity"] == first.sanity.as_json()
    results = run_study(config, stages=())
    assert results.sanity == first.sanity
    assert results.judge_card.sanity == verdicts(first)


def test_an_interrupted_probe_goes_on_where_it_was(tmp_path):
    def once(question):
        if armed and is_blank(question):
            armed.clear()
            raise KeyboardInterrupt
        return closeness(question)

    armed = [True]
    config, asked = planted_study(tmp_path, once)
    with pytest.raises(KeyboardInterrupt):
        audit_study(config, sanity=True, stability=False)
    found = audit_study(config, sanity=True, stability=False)
    assert set(verdicts(found).values()) == {"pass"}
    assert len(asked) < 8 * 40 + 20  # nothing but the batches around the interruption twice


def test_a_probe_whose_questions_fail_never_passes_and_says_why(tmp_path):
    config, _ = planted_study(tmp_path, lambda one: "I see no picture." if is_blank(one) else closeness(one))
    found = audit_study(config, sanity=True, stability=False)
    blank = found.sanity.probes["blank"]
    assert (blank.verdict, blank.reason, blank.lost) == ("underpowered", "lost", 40)
    assert any("40 of 40 edits lack a score" in sentence for sentence in sanity_sentences(found.sanity))
    assert verdicts(found) | {"blank": "pass"} == dict.fromkeys(found.sanity.probes, "pass")


def test_an_unsteady_judge_fails_being_asked_twice_alone(tmp_path):
    def unsteady(question):
        return max(0.0, closeness(question) - 5 * (question.seed % 2))

    config, _ = planted_study(tmp_path, unsteady, deterministic=False)
    found = audit_study(config, sanity=True, stability=False)
    assert {name for name, verdict in verdicts(found).items() if verdict == "fail"} == {"repeat"}


def test_few_samples_are_underpowered_not_passed(tmp_path):
    config, _ = planted_study(tmp_path, JUDGES["constant"], count=8)
    assert set(verdicts(audit_study(config, sanity=True, stability=False)).values()) == {"underpowered"}


def test_a_failed_probe_is_the_first_line_of_every_report_in_both_languages(tmp_path):
    config, _ = planted_study(tmp_path, JUDGES["blind"])
    audit_study(config, sanity=True, stability=False)
    for language, words in (("en", "fails the sanity probes"), ("zh", "未通过合理性检验")):
        tables = tables_of_study(config.model_copy(update={"language": language}), stages=())
        assert words in warnings_of(tables.results)[0]
        assert words in (config.out / "report.md").read_text("utf-8").splitlines()[0]
        assert words in json.loads((config.out / "report.json").read_text("utf-8"))["judge"]["warning"]
        assert [words in sentence for sentence in overview(config.out)["warnings"][0]].count(True) == 1
    probes = overview(config.out)["sanity"]["probes"]
    (example, *_) = probes[0]["examples"]
    assert probes[0]["verdict"] == "fail"
    assert (config.out / example["shown"]["small"]).is_file()
    assert (config.out / example["image"]["large"]).is_file()
    assert example["shown"] != example["image"]


def test_another_study_with_the_card_is_warned_as_well(tmp_path):
    config, _ = planted_study(tmp_path / "one", JUDGES["blind"])
    audit_study(config, sanity=True, stability=False)
    other, _ = planted_study(tmp_path / "two", JUDGES["blind"], count=3)
    part = other.judge.model_copy(update={"card": str(config.out / "audit.json")})
    results = run_study(other.model_copy(update={"judge": part}))
    assert results.sanity is None
    assert "a blank picture" in warnings_of(results)[0]


def test_the_short_form_comes_before_the_study_s_own_questions(tmp_path):
    config, asked = planted_study(tmp_path, JUDGES["deaf"])
    tables = tables_of_study(config, sanity=True)
    assert set(tables.results.sanity.probes) == {"blank", "instruction", "repeat"}
    assert tables.results.sanity.probes["instruction"].verdict == "fail"
    assert len(asked) == 4 * 40  # the study's own are asked once, whoever comes first
    asked.clear()
    audit_study(config, sanity=True, stability=False)
    assert len(asked) == 4 * 40  # the four that the short form leaves out
    assert len(tables_of_study(config, sanity=True).results.sanity.probes) == 7


def test_another_judge_has_not_been_probed(tmp_path):
    config, _ = planted_study(tmp_path, JUDGES["blind"])
    audit_study(config, sanity=True, stability=False)
    changed = config.model_copy(update={"judge": config.judge.model_copy(update={"compare_original": False})})
    assert run_study(changed).sanity is None


def test_a_judge_that_looks_its_answers_up_is_refused(tmp_path):
    config, _ = planted_study(tmp_path, closeness, count=3)

    class Lookup(config.judge.plugin, Judge):
        def address(self, question, *, editor, sample, metrics):
            del metrics
            return dataclasses.replace(question, system=f"{editor} {sample.id}")

    part = config.judge.model_copy(update={"plugin": Lookup})
    with pytest.raises(ConfigError, match="looks its answers up"):
        audit_study(config.model_copy(update={"judge": part}), sanity=True)


def test_samples_with_one_source_have_no_order(tmp_path):
    config, _ = planted_study(tmp_path, closeness, count=4)
    single = [dataclasses.replace(one, sources=one.sources[:1]) for one in samples(4)]
    config = config.model_copy(
        update={"benchmark": config.benchmark.model_copy(update={"plugin": _given(single, config)})}
    )
    found = audit_study(config, sanity=True, stability=False)
    order = found.sanity.probes["order"]
    assert (order.verdict, order.reason, order.edits) == ("not-applicable", "one-source", 0)


def _given(several, config):
    class Given(config.benchmark.plugin):
        def samples(self, store):
            for one in several:
                sources = tuple(store.put(each.read()) for each in one.sources)
                yield dataclasses.replace(one, sources=sources)

    return Given


def test_only_metrics_whose_question_changes_are_tested(tmp_path):
    """In GEdit's protocol one of the two questions shows the edited picture alone, without the instruction."""
    config, asked = scripted_study(
        tmp_path, "gedit", samples(4), lambda _: '{"reasoning": "", "score": [6, 7]}', editors=(Painter,)
    )
    probes = audit_study(config, sanity=True, stability=False).sanity.probes
    assert set(probes["instruction"].metrics) == {"success", "restraint"}
    assert set(probes["blank"].metrics) == {"success", "restraint", "naturalness", "cleanness"}
    assert probes["order"].reason == "unnumbered"
    assert len(asked) == 4 * (2 + 5 * 2 + 1)
