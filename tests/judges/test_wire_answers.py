"""Where servers put their answers, how they end them, and what is learned from the first ones that are of no use."""

import json
import math
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.errors import ConfigError
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.wire.message import written_text
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.probabilities import label_probabilities
from editloupe.judges.wire.server import Server
from editloupe.records import AnswerFormat, Failure, ImagePart, Question, Reply
from editloupe.remote import retry
from editloupe.remote.errors import RequestError, sentence_of
from editloupe.remote.waits import asked_wait, seconds_of
from editloupe.rubrics.replies import read_score
from faulty import MODEL, faulty
from pictures import noise

OPTIONS = WireOptions(model=MODEL, base_url="http://a/v1")
ANSWER = '{"reasoning": "blue", "score": 8}'
PAGE = "<html><head><title>413 Request Entity Too Large</title></head><body><h1>413</h1><hr>gate</body></html>"


def questions(count, size=40):
    picture = noise(size, size)
    return [Question("", (ImagePart("edited", picture), f"Question {n}."), '{"score": 0 to 10}') for n in range(count)]


def outcomes(server, count=12, size=40, **options):
    made = OpenAIJudge(OpenAIJudge.Options(model=MODEL, base_url=server.url, **{"concurrency": 2, **options}))
    found = {}
    for batch in made.stream(questions(count, size)):
        found.update({index: outcome for index, outcome, _ in batch})
    return found


def saying(finish="stop", **message):
    """Answers with this message instead of the ordinary one."""

    def answer(_body, completion):
        completion["choices"][0] |= {"finish_reason": finish, "message": {"role": "assistant", **message}}
        return 200, completion, {}

    return answer


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


@pytest.mark.parametrize(
    ("message", "thoughts"),
    [
        ({"content": ANSWER}, ""),
        ({"content": ANSWER, "reasoning_content": "score: 3?"}, "score: 3?"),
        ({"content": [{"type": "text", "text": ANSWER[:9]}, {"type": "text", "text": ANSWER[9:]}]}, ""),
        ({"content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": ANSWER}]}, "hm"),
        ({"content": None, "reasoning_content": ANSWER}, ""),
        ({"content": "", "reasoning": f"```json\n{ANSWER}\n```"}, ""),
        ({"content": None, "reasoning": f"It is blue.</think>\n{ANSWER}"}, "It is blue."),
        ({"content": None, "reasoning": f"<think>It is blue.</think>\n```JSON5\n{ANSWER}\n```"}, "It is blue."),
        ({"content": None, "reasoning": f'Perhaps {{"score": 2}}.◁/think▷{ANSWER}'}, 'Perhaps {"score": 2}.'),
        ({"content": None, "reasoning": f"It is blue.<unused95>{ANSWER}"}, "It is blue."),
        ({"content": None, "reasoning": ANSWER.replace("blue", "a sign, </think>")}, ""),
    ],
)
def test_the_answer_is_found_wherever_it_plainly_stands(message, thoughts):
    found = written_text(SimpleNamespace(**message), "stop", OPTIONS)
    assert read_score(Reply(found.answer), low=0, high=10) == 8
    assert found.thoughts == thoughts


@pytest.mark.parametrize(
    ("message", "finish", "kind", "words"),
    [
        ({"content": None, "reasoning_content": "A 7 or an 8."}, "stop", "reasoning-field", "--reasoning-parser"),
        ({"content": None, "reasoning_content": f"{ANSWER}\n{ANSWER}"}, "stop", "reasoning-field", "not plainly"),
        ({"content": None, "reasoning_content": f"Is it {ANSWER}?"}, "stop", "reasoning-field", "not plainly"),
        ({"content": None, "reasoning_content": f"<think>{ANSWER}"}, "stop", "reasoning-field", "not plainly"),
        ({"content": None, "reasoning_content": ANSWER}, "unknown", "reasoning-field", "reasoning_content"),
        ({"content": "", "reasoning": "Let me see. " * 9}, "length", "truncated", "characters of thoughts stand in"),
        ({"content": ""}, "length", "truncated", "judge.max_new_tokens (now 512)"),
        ({"content": '{"reasoning":' + " \n" * 99}, "length", "whitespace", "judge.json_schema to false"),
        ({"content": None}, "stop", "empty", "is empty"),
        ({"content": []}, "unknown", "empty", "does not say why"),
    ],
)
def test_what_is_no_answer_says_what_stands_where_and_what_to_change(message, finish, kind, words):
    with pytest.raises(RequestError) as raised:
        written_text(SimpleNamespace(**message), finish, OPTIONS)
    assert (raised.value.kind, raised.value.retryable) == (kind, False)
    assert words in str(raised.value)


@pytest.mark.parametrize(
    ("stated", "finish"),
    [("stop", "stop"), ("STOP", "stop"), ("max_tokens", "length"), (None, "unknown"), ("x", "unknown")],
)
def test_only_a_stated_end_is_an_end(stated, finish):
    with faulty(answer=saying(stated, content=ANSWER)) as server:
        assert outcomes(server, 1)[0].finish == finish


WRONG = {
    "thoughts never end": (saying("length", content="", reasoning_content="Let me see. "), "max_new_tokens"),
    "empty at the limit": (saying("length", content=None), "max_new_tokens"),
    "white space": (saying("length", content='{"score":' + " \n" * 99), "json_schema to false"),
    "cut off": (saying("length", content="<think>The ball"), "thinking to on"),
    "temperature": (lambda *_: (400, {"error": {"message": "'temperature' must be 1"}}, {}), "temperature to default"),
    "schema": (lambda *_: (422, {"detail": "no grammar backend"}, {}), "json_schema to false"),
    "a page": (lambda *_: (413, PAGE, {}), "image.encoding to jpeg"),
}


@pytest.mark.parametrize("case", WRONG)
def test_eight_questions_that_fail_alike_stop_the_study_and_leave_nothing_behind(case):
    answer, words = WRONG[case]
    with faulty(answer=answer) as server, pytest.raises(ConfigError) as raised:
        outcomes(server, 40)
    assert "8 questions failed in the same way and none went well" in str(raised.value)
    assert words in str(raised.value)
    asked = [body for _, body, _ in server.requests if "response_format" in body]
    assert len(asked) <= 8 + 2


def test_seven_are_failures_of_their_own_and_one_success_frees_what_was_kept_back():
    with faulty(answer=saying("length", content="")) as server:
        assert {one.kind for one in outcomes(server, 7).values()} == {"truncated"}
    with faulty({n: ["400"] for n in range(20) if n != 5}) as server:
        found = outcomes(server, 20, json_schema=False)
    assert [n for n, one in found.items() if isinstance(one, Reply)] == [5]
    assert len(found) == 20


def test_a_hosted_model_that_thinks_gets_room_for_it_and_what_it_costs_is_reckoned():
    def answer(body, completion):
        if "max_tokens" in body:
            return 400, {"error": {"message": "'max_tokens' is not supported, use 'max_completion_tokens'"}}, {}
        assert "temperature" not in body
        if body["max_completion_tokens"] < 3000:
            return saying("length", content="")(body, completion)
        return 200, completion, {}

    with faulty(answer=answer) as server:
        found = outcomes(server, temperature="default")
    assert all(isinstance(one, Reply) for one in found.values())
    made = OpenAIJudge(OpenAIJudge.Options(model=MODEL, base_url=server.url, temperature="default"))
    assert "at most 8.7 k out" in made.forecast(questions(1), 1)


@pytest.mark.parametrize(("thinking", "enabled"), [("on", True), ("off", False), ("auto", None)])
def test_thinking_is_told_to_the_template(thinking, enabled):
    with faulty() as server:
        outcomes(server, 1, thinking=thinking, max_thinking_tokens=100)
    body = server.requests[0][1]
    assert body.get("chat_template_kwargs", {}).get("enable_thinking") is enabled
    assert body["max_tokens"] == 512 + (100 if enabled else 0)


@pytest.mark.parametrize("status", [413, 404])
def test_a_request_that_is_too_large_is_its_own_failure_and_says_what_helps(status):
    large = noise(700, 700)

    def answer(body, completion):
        if len(json.dumps(body)) > 1_000_000:
            return status, PAGE if status == 413 else {"message": "Cannot POST /v1/chat/completions"}, {}
        return 200, completion, {}

    with faulty(answer=answer) as server:
        made = OpenAIJudge(OpenAIJudge.Options(model=MODEL, base_url=server.url, concurrency=1))
        asked = [*questions(2), Question("", (ImagePart("edited", large), "Question 2."), "Score?")]
        found = {index: outcome for batch in made.stream(asked) for index, outcome, _ in batch}
    assert isinstance(found[2], Failure)
    assert (found[2].kind, found[2].retryable) == ("too-large", False)
    assert "judge.image.encoding to jpeg" in found[2].message
    assert "<" not in found[2].message


def test_one_question_that_a_server_cannot_take_slows_no_others():
    server = Server(None, "a", concurrency=16, retries=8)
    for attempt in range(1, 8):
        server.pause(RequestError("died", kind="connection"), 3, attempt, math.inf)
    assert server._ceiling.now == 16
    server.pause(RequestError("died", kind="connection"), 4, 1, math.inf)
    assert server._ceiling.now < 16


def test_a_page_is_read_for_its_words():
    assert sentence_of(PAGE) == "413 Request Entity Too Large"
    assert sentence_of("<p>Nothing &amp; nobody</p>") == "Nothing & nobody"


RETRY_INFO = [{"error": {"code": 429, "details": [{"@type": "google.rpc.RetryInfo", "retryDelay": "3s"}]}}]


@pytest.mark.parametrize(
    ("headers", "body", "seconds"),
    [
        ({"Retry-After": "2"}, None, 2),
        ({"retry-after": "1.5s"}, None, 1.5),
        ({"retry-after-ms": "250"}, None, 0.25),
        ({"Retry-After": "nan"}, None, None),
        ({"x-ratelimit-reset-requests": "1m3s"}, None, 63),
        ({"X-RateLimit-Reset-Tokens": "6m", "x-ratelimit-reset-requests": "20ms"}, None, 0.02),
        ({"ratelimit-reset-a": "6m", "ratelimit-remaining-a": "0", "ratelimit-reset-b": "1s"}, None, 360),
        ({}, RETRY_INFO, 3),
        ({}, {"error": {"retryDelay": {"seconds": 1, "nanos": 500_000_000}}}, 1.5),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 1.2s."}}, 1.2),
        ({}, {"error": {"message": "retry after 20 seconds"}}, 20),
        ({}, "<html>", None),
    ],
)  # fmt: skip
def test_the_wait_that_a_server_asks_for(headers, body, seconds):
    assert asked_wait(headers, body) == (None if seconds is None else pytest.approx(seconds))


@given(st.text() | st.from_regex(r"[0-9.]{1,12}(ms|s|m|h|d)?", fullmatch=True))
def test_a_wait_is_a_number_of_seconds_or_nothing(text):
    found = seconds_of(text)
    assert found is None or (math.isfinite(found) and found >= 0)


JSON = st.recursive(
    st.none() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "message", "retryDelay", "seconds", "x"]), inner, max_size=3)
    ),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from(["Retry-After", "x-ratelimit-reset"]), st.text(max_size=9)), JSON)
def test_no_answer_of_a_server_breaks_the_reading_of_waits_and_sentences(headers, body):
    found = asked_wait(headers, body)
    assert found is None or (math.isfinite(found) and found >= 0)
    assert len(sentence_of(body)) <= 300


DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')


def listing(*tokens):
    listed = [SimpleNamespace(token=name, logprob=logprob, bytes=spelled) for name, logprob, spelled in tokens]
    return [SimpleNamespace(token=listed[0].token, logprob=-0.1, bytes=None, top_logprobs=listed)]


def test_tokens_named_by_their_ids_are_read_by_their_bytes_or_refused():
    found = label_probabilities(listing(("token_id:22", 0.0, [55])), DIGITS, asked=20, prefill=True)
    assert found["7"] == 1
    with pytest.raises(RequestError, match="return-tokens-as-token-ids"):
        label_probabilities(listing(("token_id:22", 0.0, None)), DIGITS, asked=20, prefill=True)


def test_a_probability_that_is_not_stated_is_no_zero():
    found = label_probabilities(listing(("7", math.log(0.999), None), ("8", None, None)), DIGITS, asked=2, prefill=True)
    assert found["7"] == pytest.approx(0.999)
    with pytest.raises(RequestError, match="may hold"):
        label_probabilities(listing(("7", math.log(0.5), None), ("8", None, None)), DIGITS, asked=2, prefill=True)
    with pytest.raises(RequestError, match="without their probabilities"):
        label_probabilities(listing(("7", None, None)), DIGITS, asked=2, prefill=True)
