"""Rubrics render questions whose contexts can be shared, in both languages, with the user's own prompts."""

import pytest

from editloupe.categories import FIVE
from editloupe.errors import ConfigError, UnreadableReply
from editloupe.records import ImageBytes, ImagePart, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import Prompt

SOURCE, EDITED, REFERENCE = ImageBytes(b"source"), ImageBytes(b"edited"), ImageBytes(b"reference")


def sample(category="physical", **more):
    return Sample("a", category, "let the cup fall", (SOURCE,), **more)


def ask(rubric, one=None, **how):
    return rubric.questions(one or sample(), EDITED, **how)


def text_of(question):
    return "\n".join(part for part in question.context if isinstance(part, str))


def test_each_category_has_its_own_system_and_user_prompt_in_both_languages():
    rubric = load_rubric("reasoning")
    for language in ("en", "zh"):
        rendered = [ask(rubric, sample(name, groups={"language": language}))["reasoning"] for name in FIVE]
        assert len({question.system for question in rendered}) == 5
        assert len({question.ask for question in rendered}) == 5
        assert all(question.system and "score" in question.ask for question in rendered)
    assert "编辑" in ask(rubric, sample(groups={"language": "zh"}))["reasoning"].ask


def test_an_unknown_category_gets_the_default_words():
    assert ask(load_rubric("reasoning"), sample("weather"))["reasoning"].system


def test_contexts_are_equal_across_metrics_and_the_edited_image_comes_last():
    rubric = load_rubric("reasoning", metrics=["reasoning", "instruction_following", "consistency"])
    rendered = ask(rubric)
    assert list(rendered) == ["reasoning", "instruction_following", "consistency"]
    assert len({(question.system, question.context) for question in rendered.values()}) == 1
    assert len({question.ask for question in rendered.values()}) == 3
    context = rendered["reasoning"].context
    assert context[-1] == ImagePart("edited", EDITED)
    roles = [part.role for part in context if isinstance(part, ImagePart)]
    assert roles == ["source", "edited"]


def test_without_comparison_the_source_and_its_label_are_gone():
    question = ask(load_rubric("reasoning"), compare_original=False)["reasoning"]
    assert question.images == (EDITED,)
    assert "before" not in text_of(question)


def test_all_sources_and_references_are_shown():
    many = Sample("a", "causal", "merge them", (SOURCE, ImageBytes(b"second")), reference=(REFERENCE,))
    assert ask(load_rubric("reasoning"), many)["reasoning"].images == (SOURCE, ImageBytes(b"second"), REFERENCE, EDITED)


def test_lines_without_content_are_left_out():
    bare = text_of(ask(load_rubric("reasoning"))["reasoning"])
    assert "let the cup fall" in bare
    assert "hard" not in bare
    full = text_of(ask(load_rubric("reasoning"), sample(rationale="it falls down"))["reasoning"])
    assert "hard: it falls down" in full


def test_braces_in_a_sample_are_not_read_as_placeholders():
    evil = Sample("a", "physical", "write {rationale} and {score} {0} {{", (SOURCE,), rationale="secret")
    text = text_of(ask(load_rubric("reasoning"), evil)["reasoning"])
    assert "write {rationale} and {score} {0} {{" in text


def test_choice_asks_for_a_digit():
    question = ask(load_rubric("reasoning"), mode="choice")["reasoning"]
    assert question.answer.labels == tuple("0123456789")
    assert question.answer.begin == '{"score": '
    assert "digit" in question.ask


def test_own_prompts_replace_the_words_of_their_category():
    prompt = Prompt(
        system_prompt="Be strict.",
        user_prompt_template='{original_description}|{edit_instruction}|{rationale}|{"s": 1}',
    )
    rubric = load_rubric("reasoning", prompts={"物理": prompt})
    own = ask(rubric, sample(description="a cup", rationale="gravity"))["reasoning"]
    assert own.system == "Be strict."
    assert own.ask == 'a cup|let the cup fall|gravity|{"s": 1}'
    assert own.images == (SOURCE, EDITED)
    assert ask(rubric, sample("causal"))["reasoning"].system != "Be strict."


def test_own_prompts_ask_for_one_metric_only():
    with pytest.raises(ConfigError, match="single metric"):
        load_rubric(
            "reasoning", metrics=["reasoning", "consistency"], prompts={"物理": Prompt(user_prompt_template="x")}
        )


def test_overall_is_none_as_soon_as_one_metric_failed():
    rubric = load_rubric("reasoning", metrics=["reasoning", "consistency"])
    assert rubric.overall({"reasoning": 4.0, "consistency": 8.0}) == 6.0
    assert rubric.overall({"reasoning": 4.0, "consistency": None}) is None


def test_scores_are_read_on_the_metric_s_own_scale():
    rubric = load_rubric("reasoning")
    assert rubric.score("reasoning", Reply('{"score": 7}'), sample(), min_label_mass=0.5) == 7
    labels = dict.fromkeys("0123456789", 0.0) | {"9": 1.0}
    assert rubric.score("reasoning", Reply("9", labels=labels), sample(), min_label_mass=0.5) == 10


def test_mistakes_are_answered_with_a_suggestion(tmp_path):
    with pytest.raises(ConfigError, match="did you mean 'reasoning'"):
        load_rubric("reasonning")
    with pytest.raises(ConfigError, match="did you mean 'consistency'"):
        load_rubric("reasoning", metrics=["consistancy"])
    with pytest.raises(ConfigError, match="no rubric file"):
        load_rubric(str(tmp_path / "none.yaml"))
    broken = tmp_path / "broken.yaml"
    broken.write_text(
        "name: x\nmetrics: {a: {}}\ntexts: {en: {system: s, contexts: {pair: []}, asks: {}, reply: {}}}\n"
    )
    with pytest.raises(ConfigError, match="no words in 'en' for the metric 'a'"):
        load_rubric(str(broken))


def test_a_rubric_of_one_s_own_is_a_yaml_file(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(
        "name: mine\ncombine: min\nmetrics: {a: {low: 1, high: 5}, b: {low: 1, high: 5}}\n"
        "texts: {en: {system: s, contexts: {pair: [{image: edited}]}, "
        "asks: {a: A, b: B}, reply: {text: R, choice: C}}}\n"
    )
    rubric = load_rubric(str(path))
    assert rubric.overall({"a": 2.0, "b": 4.0}) == 2.0
    assert ask(rubric)["a"].ask == "A\nR"


@pytest.mark.parametrize(
    "asks",
    ["Give the score first, then your reasons.", "Write your score on the first line.", "先给出评分，再说理由。"],
)
def test_a_prompt_that_asks_for_the_score_first_needs_the_key_that_says_so(asks):
    with pytest.raises(ValueError, match="score_line: first"):
        Prompt(user_prompt_template=asks)
    reply = Reply("Score: 3\nThe ball is green.")
    read = {}
    for line in ("first", "last"):
        own = {"physical": Prompt(user_prompt_template=asks, score_line=line)}
        rubric = load_rubric("reasoning", metrics=["reasoning"], prompts=own)
        read[line] = lambda rubric=rubric: rubric.score("reasoning", reply, sample(), min_label_mass=0.5)
    assert read["first"]() == 3
    with pytest.raises(UnreadableReply):
        read["last"]()
    assert "score_line" not in Prompt(user_prompt_template="How good is it?").model_dump()
