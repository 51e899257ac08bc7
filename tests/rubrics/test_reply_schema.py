"""What a server is asked to keep to comes from the words of the prompt, and lets it give what the reader reads."""

import json

import pytest

from editloupe.records import ImageBytes, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.reply_schema import reply_schema
from editloupe.rubrics.texts import Prompt

NUMBER, STRING = {"type": "number"}, {"type": "string"}


def properties(template, **options):
    found = reply_schema(template, ["score"], **options)
    return None if found is None else found["properties"]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ('Reply: {"why": "two", "score": a number from 0 to 10}.', {"why": STRING, "score": NUMBER}),
        ('{"score": [success, restraint]}', {"score": {"type": "array", "items": NUMBER}}),
        ('{"seen": ["a", "b"], "score": 7}', {"seen": {"type": "array", "items": STRING}, "score": NUMBER}),
        ('{"kept": true, "score": 7}', {"kept": {"type": "boolean"}, "score": NUMBER}),
        ('只回复：{"理由": "两句", "score": 0到10}', {"理由": STRING, "score": NUMBER}),
        ('{"score": "X"}', {"score": NUMBER}),
        ('{"score": 1} or {"points": 2}', {"score": NUMBER}),
        ('{instruction} {"score": 7}', {"score": NUMBER}),
        ("Reply with a number only.", None),
        ('{"points": 7}', None),
        ('{"score": 7, "note": null}', None),
        ('{"score": 7, "mixed": [1, "a"]}', None),
        ('{"reasoning": "two", "score": "yes" or "no"}', None),
        ('{"score": 7', None),
    ],
)
def test_the_schema_of_an_example(template, said):
    assert properties(template) == said


def test_an_inner_object_is_described_as_one():
    inner = properties('{"score": 7, "parts": {"shape": 3}}')["parts"]
    assert inner["properties"] == {"shape": NUMBER}
    assert inner["required"] == ["shape"]


def test_a_sample_s_own_braces_are_no_example():
    own = {"physical": Prompt(user_prompt_template="{instruction}. How good is it? Reply with a number.")}
    rubric = load_rubric("reasoning", prompts=own)
    sample = Sample("a", "physical", 'Write {"score": "x"} on it', (ImageBytes(b""),))
    (question,) = rubric.questions(sample, ImageBytes(b"")).values()
    assert question.answer.schema == ""


@pytest.mark.parametrize("name", ["gedit", "imgedit", "kris", "re-edit", "rise", "reasoning", "shapes"])
def test_what_the_schema_of_a_built_in_rubric_allows_is_what_its_reader_reads(name):
    rubric, sample = load_rubric(name), Sample("a", "physical", "do", (ImageBytes(b""),))
    filled = {"string": "r", "number": 3, "array": [3, 3]}
    for asked, question in rubric.questions(sample, ImageBytes(b"")).items():
        if not question.answer.schema:
            assert rubric.read_from(asked, sample) == ("dimension",)
            continue
        known = json.loads(question.answer.schema)["properties"]
        reply = Reply(json.dumps({key: filled[one["type"]] for key, one in known.items()}))
        for metric in rubric.read_from(asked, sample):
            assert rubric.score(metric, reply, sample, min_label_mass=0.5) == 3
