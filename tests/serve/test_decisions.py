"""Typed questions, asked with the official client and nothing done to it."""

import asyncio
import json

import httpx
import openai
import pytest

from editloupe.serve.limits import Limits
from editloupe.serve.recall import Recall
from served import RAISES, UNREADABLE, data_url, picture, served


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with served(tmp_path_factory.mktemp("decisions")) as pair:
        yield pair


@pytest.fixture
def client(shared):
    with openai.OpenAI(base_url=f"{shared[1].base_url}/v1", api_key="none", max_retries=0) as client:
        yield client


def looks(score=5, **more):
    return {"type": "input_image", "image_url": data_url(picture(score, **more))}


def shown(*parts):
    return [{"role": "user", "content": list(parts)}]


PREDICATE = {"type": "predicate", "instructions": "It is night.", "name": "night"}
CHOICE = {"type": "choice", "instructions": "Which?", "choices": [{"value": "true"}, {"value": True}, {"value": "cat"}]}
SCORE = {
    "type": "score",
    "instructions": "How good?",
    "levels": [{"label": "bad"}, {"label": "fair", "description": "some of it"}, {"label": "good"}],
}


def test_each_type_of_question_has_its_answer(client):
    decision = client.decisions.create(model="gated", input=shown(looks(2)), questions=[PREDICATE, CHOICE, SCORE])
    predicate, choice, score = decision.answers
    assert (predicate.type, predicate.name) == ("predicate", "night")
    assert predicate.probability == pytest.approx(2 / 3)
    assert (choice.choice, choice.name) == ("cat", None)
    assert [one.value for one in choice.probabilities] == ["true", True, "cat"]
    assert sum(one.probability for one in choice.probabilities) == pytest.approx(1)
    assert choice.confidence == pytest.approx((2 / 3 - 1 / 3) / (2 / 3))
    assert score.score == pytest.approx(0 / 6 + 1 / 6 + 2 * 4 / 6)
    assert [(one.value, one.label) for one in score.probabilities] == [(0, "bad"), (1, "fair"), (2, "good")]
    assert 0 <= score.confidence <= 1
    assert predicate.label_mass == pytest.approx(0.9)
    assert decision.model == "gated"
    assert (decision.usage.input_tokens, decision.usage.output_tokens) == (30, 3)


def test_a_value_that_is_a_truth_value_stays_one(client):
    decision = client.decisions.create(model="gated", input=shown(looks(1)), questions=[CHOICE])
    assert decision.answers[0].choice is True
    decision = client.decisions.create(model="gated", input=shown(looks(0)), questions=[CHOICE])
    assert decision.answers[0].choice == "true"


def test_the_asynchronous_client_works_as_well(shared):
    async def ask():
        async with openai.AsyncOpenAI(base_url=f"{shared[1].base_url}/v1", api_key="none") as client:
            return await client.decisions.create(model="gated", input="A text.", questions=[PREDICATE])

    assert asyncio.run(ask()).answers[0].type == "predicate"


def test_what_all_questions_share_stands_first_and_is_the_same(shared, client):
    shared[0].judge.batches.clear()
    own = {
        **PREDICATE,
        "instructions": [{"type": "input_text", "text": "Like this:"}, looks(3), {"type": "input_text", "text": "?"}],
    }
    conversation = [
        {"role": "developer", "content": "Be strict."},
        {"role": "system", "content": [{"type": "input_text", "text": "And fair."}]},
        *shown({"type": "input_text", "text": "Before"}, looks(1), {"type": "input_json", "data": {"a": [1, "ü"]}}),
        {"role": "assistant", "content": [{"type": "output_text", "text": "Done."}]},
        {"type": "function_call", "name": "edit", "arguments": "{}", "call_id": "1"},
        {"type": "function_call_output", "call_id": "1", "output": [looks(2)]},
    ]
    client.decisions.create(model="gated", input=conversation, questions=[SCORE, own])
    plain, with_picture = (one for batch in shared[0].judge.batches for one in batch)
    assert plain.system == "Be strict.\nAnd fair."
    assert plain.context == with_picture.context[: len(plain.context)]
    assert [part for part in plain.context if isinstance(part, str)] == [
        "Before",
        '{"a": [1, "ü"]}',
        "Assistant: Done.",
        "Call of edit: {}",
        "Result:",
    ]
    assert len(plain.images) == 2
    assert len(with_picture.images) == 3
    assert plain.ask.split("\n") == [
        "How good?",
        "A. bad",
        "B. fair: some of it",
        "C. good",
        'Answer with one label. JSON: {"answer": "label"}',
    ]
    assert with_picture.ask.startswith("?\nA. true\nB. false\n")


def test_four_hundred_questions_are_answered_in_order(client):
    questions = [
        {"type": "predicate", "instructions": f"Is it {number}?", "name": str(number)} for number in range(400)
    ]
    decision = client.decisions.create(model="gated", input=shown(looks(1)), questions=questions)
    assert [one.name for one in decision.answers] == [str(number) for number in range(400)]


@pytest.mark.parametrize(("mark", "kind"), [(UNREADABLE, "label-mass"), (RAISES, "RuntimeError")])
def test_a_judge_that_would_say_something_else_or_breaks_refuses_that_question_alone(client, mark, kind):
    bad = {**PREDICATE, "instructions": [looks(mark=mark)]}
    refusal, other = client.decisions.create(model="gated", input="x", questions=[bad, PREDICATE]).answers
    assert (refusal.type, refusal.name) == ("refusal", "night")
    assert refusal.failure["kind"] == kind
    assert not hasattr(refusal, "probability")
    assert other.type == "predicate"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "gpt-6-luna"}, "'gated'"),
        ({"questions": []}, "questions"),
        ({"questions": [PREDICATE] * 401}, "400"),
        ({"questions": [{**CHOICE, "choices": [{"value": "a"}]}]}, "at least 2"),
        ({"questions": [{**CHOICE, "choices": [{"value": "a"}] * 2}]}, "unique"),
        ({"questions": [{**CHOICE, "choices": [{"value": str(n)} for n in range(63)]}]}, "62"),
        ({"questions": [{"type": "box", "instructions": "Where?"}]}, "box"),
        ({"input": shown({"type": "input_image", "image_url": "http://127.0.0.1:1/a.png"})}, "not followed"),
        ({"input": shown({"type": "input_image", "image_url": "/etc/passwd"})}, "not followed"),
        ({"input": shown({**looks(), "detail": "low"})}, "auto"),
        ({"input": shown({"type": "input_json", "data": {"a": [0] * 10_001}})}, "10000"),
        ({"input": []}, "input"),
        ({"input": shown(*[looks()] * 17)}, "16 pictures"),
        ({"temperature": 0.5}, "temperature"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(client, change, words):
    own = {name: value for name, value in change.items() if name == "temperature"}
    request = {"model": "gated", "input": shown(looks()), "questions": [PREDICATE], **change}
    for name in own:
        del request[name]
    with pytest.raises(openai.APIStatusError) as refused:
        client.decisions.create(**request, extra_body=own or None)
    assert refused.value.status_code in (400, 404)
    assert words in refused.value.message
    assert refused.value.code


def test_an_outage_is_an_error_that_the_client_tries_again(tmp_path):
    with served(tmp_path) as (service, http):
        service.judge.error = MemoryError()
        with (
            openai.OpenAI(base_url=f"{http.base_url}/v1", api_key="none", max_retries=0) as client,
            pytest.raises(openai.InternalServerError) as outage,
        ):
            client.decisions.create(model="gated", input="x", questions=[PREDICATE])
        assert outage.value.status_code == 503
        assert outage.value.code == "out-of-memory"


def test_the_token_is_the_api_key(tmp_path):
    with served(tmp_path, token="right-one") as (_, http):
        for key, right in (("wrong", False), ("right-one", True)):
            with openai.OpenAI(base_url=f"{http.base_url}/v1", api_key=key, max_retries=0) as client:
                if right:
                    assert client.decisions.create(model="gated", input="x", questions=[PREDICATE]).answers
                else:
                    with pytest.raises(openai.AuthenticationError):
                        client.decisions.create(model="gated", input="x", questions=[PREDICATE])


def test_equal_questions_are_asked_once_also_after_a_restart(tmp_path):
    for asked in (2, 0):
        with Recall(tmp_path / "ledger") as recall, served(tmp_path, recall=recall, limits=Limits()) as (service, http):
            body = {"model": "gated", "input": "x", "questions": [PREDICATE, PREDICATE, SCORE]}
            answer = httpx.post(
                f"{http.base_url}/v1/decisions", content=json.dumps(body), headers={"content-type": "application/json"}
            )
            assert len(answer.json()["answers"]) == 3
            assert sum(map(len, service.judge.batches)) == asked
