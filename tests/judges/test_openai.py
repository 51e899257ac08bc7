"""The judge over the wire against a server that does wrong what it is told to do wrong."""

import base64
import io
import json
import logging
import math
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from editloupe.errors import ConfigError, StudyStopped
from editloupe.images import decode, fit, picture_of
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.wire.options import WireImages
from editloupe.judges.wire.probabilities import label_probabilities
from editloupe.judges.wire.reply import same_model
from editloupe.judges.wire.request import Pictures
from editloupe.records import AnswerFormat, Failure, ImageBytes, ImagePart, Question, Reply
from editloupe.remote import retry
from editloupe.remote.errors import RequestError
from editloupe.rubrics.replies import expected_value
from editloupe.rubrics.reply_schema import reply_schema
from faulty import MODEL, faulty

DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
PICTURE = picture_of(Image.new("RGB", (32, 32), "teal"))
ASK = 'Reply: {"reasoning": "two sentences", "score": a number from 0 to 10}'
SCHEMA = json.dumps(reply_schema(ASK, ["score"]))


def question(number, answer=None, **fields):
    context = ("What is asked:", ImagePart("edited", PICTURE), f"Question {number}.")
    return Question("You judge.", context, ASK, answer or AnswerFormat(schema=SCHEMA), **fields)


def judge(url, **options):
    return OpenAIJudge(OpenAIJudge.Options(model=MODEL, base_url=url, **{"timeout": 30, **options}))


def outcomes(made, questions, samples=None):
    """By index; an index that comes twice is a defect."""
    found = {}
    for batch in made.stream(questions, samples):
        for index, outcome, seconds in batch:
            assert index not in found
            assert seconds >= 0
            found[index] = outcome
    return found


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(retry, "FIRST_PAUSE", 0.01)


PASSING = ["429", "429-after", "500", "reset", "error-body", "not-json", "no-logprobs", "wrong-model"]


def test_a_thousand_questions_each_end_once_and_none_is_asked_after_success():
    faults = {index: [PASSING[index // 13 % len(PASSING)]] for index in range(40, 1000, 13)}
    faults |= {index: ["500", "429", "reset"] for index in range(41, 1000, 97)}
    faults |= {index: ["400"] for index in range(42, 1000, 89)}
    faults |= {index: ["filter"] for index in range(43, 1000, 101)}
    faults |= {index: ["500"] * 99 for index in (300, 700)}
    with faulty(faults) as server:
        found = outcomes(judge(server.url, timeout=300, retries=4), [question(index, DIGITS) for index in range(1000)])
    assert sorted(found) == list(range(1000))
    kinds = {}
    for index, outcome in found.items():
        asked = server.asked[index]
        if isinstance(outcome, Failure):
            assert "ok" not in asked
            kinds.setdefault((outcome.kind, outcome.retryable), []).append(index)
        else:
            assert asked.count("ok") == 1
            assert asked[-1] == "ok"
            assert outcome.text == str(index % 10)
            assert (outcome.prompt_tokens, outcome.reply_tokens) == (100, 10)
    assert kinds.pop(("bad-request", False)) == pytest.approx(list(range(42, 1000, 89)))
    assert sorted(kinds.pop(("content-filter", False))) == list(range(43, 1000, 101))
    assert sorted(kinds.pop(("server-error", True))) == [300, 700]
    assert not kinds
    assert found[42].message == "the server refused with 400: picture 42 is too large"
    assert all(len(server.asked[index]) == 5 for index in (300, 700))  # one budget: four retries


def test_a_question_that_hangs_is_asked_again():
    with faulty({0: ["hang"]}) as server:
        found = outcomes(judge(server.url, timeout=2, retries=9), [question(0)])
    assert isinstance(found[0], Reply)
    assert server.asked[0][0] == "hang"
    assert server.asked[0][-1] == "ok"


def test_retry_after_is_honoured_by_all_questions_of_the_server():
    with faulty({0: ["429-after"]}) as server:
        made = judge(server.url, concurrency=1)
        started = time.monotonic()
        found = outcomes(made, [question(index) for index in range(3)])
        assert time.monotonic() - started >= 0.2
    assert all(isinstance(one, Reply) for one in found.values())


def test_a_wait_beyond_patience_is_a_failure_for_the_next_run(monkeypatch):
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.1)
    with faulty({0: ["429-after"]}) as server:
        found = outcomes(judge(server.url), [question(0)])
    assert (found[0].kind, found[0].retryable) == ("rate-limit", True)
    assert found[0].message == "the server said 429: slow down"


def test_no_more_are_open_than_allowed_and_fewer_after_a_push_back(caplog):
    def gate(server, _number):
        """Nothing is answered before eight are open, so that a ninth would be seen."""
        return server.most > 7

    with faulty({5: ["429"], 6: ["429"]}, gate=gate) as server, caplog.at_level(logging.WARNING, "editloupe"):
        outcomes(judge(server.url, concurrency=8), [question(index) for index in range(60)])
    assert server.most == 8
    assert "rate-limit; at most" in caplog.text


@pytest.mark.timeout(120)
def test_the_number_of_open_questions_creeps_up_again(caplog):
    def gate(server, number):
        """Question 9 is pushed back while six are open; each of the last fifty waits until five are."""
        if len(server.asked[9]) == 1 and "at most" not in caplog.text:
            return number == 9 and server.held == 6
        return number < 110 or server.held >= 5 or len(server.asked) == 160

    with faulty({9: ["429"]}, gate=gate) as server, caplog.at_level(logging.WARNING, "editloupe"):
        outcomes(judge(server.url, concurrency=6), [question(index) for index in range(160)])
    assert "at most 3 questions at a time now" in caplog.text
    assert max(server.levels[-50:]) >= 5


def test_a_server_that_is_gone_costs_each_question_one_try_in_the_end():
    with faulty() as server:
        url = server.url
    started = time.monotonic()
    found = outcomes(judge(url, retries=3, concurrency=4), [question(index) for index in range(200)])
    assert {(one.kind, one.retryable) for one in found.values()} == {("connection", True)}
    assert len(found) == 200
    assert time.monotonic() - started < 30


@pytest.mark.parametrize(
    ("fault", "answer", "options", "message"),
    [
        ("no-logprobs", DIGITS, {}, "use `answer: text`"),
        ("wrong-model", None, {}, "'another' answered"),
        ("no-prefill", DIGITS, {}, "set judge.prefill to false"),
        ("401", None, {}, "does not accept the key"),
    ],
)
def test_a_server_that_never_does_what_is_asked_is_a_wrong_config(fault, answer, options, message):
    with (
        faulty(always=fault) as server,
        pytest.raises(ConfigError, match=message),
    ):
        outcomes(judge(server.url, **options), [question(index, answer) for index in range(20)])
    assert max(map(len, server.asked.values())) <= 3


def test_a_cap_that_hides_labels_is_told():
    with faulty(listed=5) as server, pytest.raises(ConfigError, match=r"caps the list: use `answer: text`"):
        outcomes(judge(server.url), [question(0, DIGITS)])


def test_labels_outside_the_list_count_zero_where_they_cannot_matter():
    with faulty(listed=5, spread=0.9999) as server:
        found = outcomes(judge(server.url), [question(7, DIGITS)])
    labels = found[0].labels
    assert list(labels) == list("0123456789")
    assert labels["9"] == 0.0
    assert expected_value(labels, low=0, high=9, min_mass=0.5) == pytest.approx(7, abs=0.01)


@pytest.mark.parametrize("prefill", [True, False])
def test_choice_reads_the_probabilities_where_the_answer_s_beginning_ends(prefill):
    with faulty(listed=30) as server:
        found = outcomes(judge(server.url, prefill=prefill, top_logprobs=25), [question(3, DIGITS)])
    reply = found[0]
    assert (reply.text, reply.finish) == ("3", "choice")
    assert reply.labels["3"] == pytest.approx(0.9)
    assert sum(reply.labels.values()) == pytest.approx(0.9 + 9 * 0.1 / 24)
    body = server.requests[0][1]
    assert (body["messages"][-1]["role"] == "assistant") is prefill
    assert body.get("continue_final_message", False) is prefill


def test_a_schema_that_is_refused_is_left_out_from_then_on_with_one_line(caplog):
    with faulty(always="no-schema") as server, caplog.at_level(logging.WARNING, "editloupe"):
        found = outcomes(judge(server.url, concurrency=1), [question(index) for index in range(4)])
    assert all(isinstance(one, Reply) for one in found.values())
    assert sum("response_format" in body for _, body, _ in server.requests) == 1
    assert caplog.text.count("refuses response_format") == 1


def test_a_schema_that_was_taken_is_not_left_out_for_one_refusal():
    with faulty({20: ["400"]}) as server:
        found = outcomes(judge(server.url, concurrency=1), [question(index) for index in range(30)])
    assert [index for index, one in found.items() if isinstance(one, Failure)] == [20]
    assert all("response_format" in body for _, body, _ in server.requests)


def test_the_newer_name_of_the_token_limit_is_learned():
    with faulty(always="new-limit") as server:
        found = outcomes(judge(server.url, concurrency=1), [question(index) for index in range(3)])
    assert all(isinstance(one, Reply) for one in found.values())
    assert sum("max_tokens" in body for _, body, _ in server.requests) == 1


def test_one_sample_goes_to_one_server_and_all_servers_work():
    questions = [question(index) for index in range(60)]
    samples = [f"s{index // 6}" for index in range(60)]
    with faulty(latency=0.01) as one, faulty(latency=0.01) as two:
        outcomes(judge((one.url, two.url), concurrency=3), questions, samples)
        places = [{samples[number] for number in server.asked} for server in (one, two)]
    assert not places[0] & places[1]
    assert all(places)


def test_context_goes_first_and_the_ask_last():
    with faulty() as server:
        outcomes(judge(server.url, temperature=0.5), [question(0, seed=2**40 + 3)])
    body = server.requests[0][1]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    kinds = [part["type"] for part in body["messages"][1]["content"]]
    assert kinds == ["text", "image_url", "text", "text"]
    assert body["messages"][1]["content"][-1]["text"] == ASK
    assert body["seed"] == 3


def test_a_choice_knows_no_temperature():
    with faulty(listed=30) as server:
        outcomes(judge(server.url, temperature=0.7, top_logprobs=25), [question(0, DIGITS, seed=5)])
    assert server.requests[0][1]["temperature"] == 0
    assert "seed" not in server.requests[0][1]


def test_a_refusal_inside_a_200_is_its_own_kind():
    with faulty({0: ["filtered"]}) as server:
        found = outcomes(judge(server.url), [question(0)])
    assert (found[0].kind, found[0].retryable) == ("content-filter", False)


def test_the_key_stays_out_of_every_text(monkeypatch):
    monkeypatch.setenv("TEST_JUDGE_KEY", "sk-secret-123")
    with faulty({0: ["echo", "echo"]}) as server:
        found = outcomes(judge(server.url, api_key_env="TEST_JUDGE_KEY"), [question(0)])
        assert server.requests[0][2]["authorization"] == "Bearer sk-secret-123"
        assert "sk-secret" not in repr(found)
        assert "***" in found[0].message
    with faulty(always="401") as server, pytest.raises(ConfigError) as raised:
        outcomes(judge(server.url, api_key_env="TEST_JUDGE_KEY"), [question(0)])
    assert "sk-secret" not in str(raised.value)


def test_other_people_s_keys_are_not_sent_unasked(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    with faulty() as server:
        outcomes(judge(server.url), [question(0)])
    assert "sk-of-another-service" not in repr(server.requests)


def test_max_cost_stops_before_it_is_passed_and_keeps_what_was_paid(tmp_path):
    prices = {"input": 100.0, "output": 1000.0}  # 0.02 an answer
    with faulty() as server:
        made = judge(
            server.url, prices=prices, max_cost=0.5, max_new_tokens=10, image={"longest_edge": 32}, concurrency=4
        )
        made.work_in(tmp_path)
        found = {}
        with pytest.raises(StudyStopped, match=r"of 0.5 are spent, \d+ questions are not asked"):  # noqa: PT012
            for batch in made.stream([question(index) for index in range(100)]):
                found.update({index: outcome for index, outcome, _ in batch})
        assert len(found) == len(server.requests)
        assert 15 <= len(found) <= 25
        assert "cost 0." in made.note
        again = judge(server.url, prices=prices, max_cost=0.5, image={"longest_edge": 32})
        again.work_in(tmp_path)
        before = len(server.requests)
        with pytest.raises(StudyStopped):  # what an earlier run spent counts
            list(again.stream([question(0), question(1)]))
        assert len(server.requests) == before


def decoded(url):
    kind, _, data = url.partition(",")
    return kind, Image.open(io.BytesIO(base64.b64decode(data)))


def encoded(image, kind, **options):
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8))
TURNED = Image.Exif()
TURNED[274] = 6


@pytest.mark.parametrize(
    ("data", "verbatim"),
    [
        (encoded(NOISE, "PNG"), True),
        (encoded(NOISE, "JPEG"), True),
        (encoded(NOISE, "JPEG", exif=TURNED), False),
        (encoded(NOISE, "WEBP"), False),
        (encoded(NOISE.convert("RGBA"), "PNG"), False),
        (encoded(NOISE.convert("L"), "PNG"), False),
        (encoded(NOISE.resize((300, 200)), "PNG"), False),
    ],
)
def test_pictures_arrive_with_the_pixels_that_the_local_judge_sees(data, verbatim):
    picture = ImageBytes(data)
    kind, image = decoded(Pictures(WireImages(longest_edge=100)).url(picture))
    assert kind.startswith("data:image/")
    assert np.array_equal(np.asarray(image), np.asarray(fit(decode(picture), 100)))
    assert (base64.b64encode(data).decode() in Pictures(WireImages(longest_edge=100)).url(picture)) is verbatim


def test_jpeg_is_for_those_who_ask():
    kind, image = decoded(Pictures(WireImages(encoding="jpeg")).url(ImageBytes(encoded(NOISE, "PNG"))))
    assert kind == "data:image/jpeg;base64"
    assert image.size == NOISE.size


def test_a_broken_picture_is_a_failure_of_its_question_alone():
    broken = Question("", (ImagePart("edited", ImageBytes(encoded(NOISE, "PNG")[:-300])),), "Question 1.")
    with faulty() as server:
        found = outcomes(judge(server.url), [question(0), broken, question(2)])
    assert [isinstance(found[index], Reply) for index in range(3)] == [True, False, True]
    assert found[1].kind == "bad-image"


@pytest.mark.parametrize(
    ("answered", "same"),
    [
        ("gpt-x", True),
        ("gpt-x-2026-08-07", True),
        ("gpt-x@main", True),
        ("gpt-x-mini", False),
        ("gpt", False),
        (None, True),
        ("", True),
        ("GPT-X", True),
        ("gate/gpt-x", True),
        ("gate/gpt-x-mini", False),
        (7, False),
        ("stated", True),
    ],
)
def test_a_snapshot_is_the_same_model_and_another_size_is_not(answered, same):
    assert same_model("gpt-x", answered, ["stated"]) is same


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "needs either base_url"),
        ({"base_url": "http://a/v1", "launch": "serve {port}"}, "needs either base_url"),
        ({"base_url": "http://me:sk-hidden@a/v1"}, "may hold no user"),
        ({"base_url": "http://a/v1", "api_key_env": "sk-hidden"}, "has to be the NAME"),
        ({"launch": "serve --api-key sk-hidden {port}"}, "may hold no key"),
        ({"launch": "serve {port}", "replicas": 2, "devices": [0, 1, 2]}, "cannot share"),
        ({"base_url": "http://a/v1", "max_cost": 1}, "needs judge.prices"),
    ],
)
def test_options_that_do_not_fit_together(options, message):
    with pytest.raises(ConfigError, match=message) as raised:
        OpenAIJudge.Options.model_validate({"model": MODEL, **options})
    assert "sk-hidden" not in str(raised.value)


def test_the_signature_has_what_changes_replies_and_not_what_changes_speed():
    def of(**options):
        return OpenAIJudge(OpenAIJudge.Options(model=MODEL, **options)).signature

    one = of(launch="vllm serve {model} --port {port} --dtype float16")
    assert one == of(launch="vllm serve {model} --port {port} --tensor-parallel-size 4 --dtype=float16", concurrency=2)
    assert one != of(launch="vllm serve {model} --port {port} --dtype float16 --quantization fp8")
    assert of(base_url="http://a/v1") == of(base_url=["http://b/v1", "http://c/v1"], timeout=3)
    assert of(base_url="http://a/v1") != of(base_url="http://a/v1", image={"encoding": "jpeg"})
    assert of(base_url="http://a/v1") != of(base_url="http://a/v1", extra_body={"top_k": 1})


def test_a_missing_key_is_told_before_anything_is_sent():
    with pytest.raises(ConfigError, match="variable NO_SUCH_KEY is not set"):
        list(judge("http://127.0.0.1:1/v1", api_key_env="NO_SUCH_KEY").stream([question(0)]))


def test_stopping_in_the_middle_leaves_nothing_running():
    with faulty(latency=0.05) as server:
        running = judge(server.url, concurrency=2).stream([question(index) for index in range(100)])
        next(running)
        running.close()
        assert "editloupe-wire" not in [thread.name for thread in threading.enumerate()]
        assert len(server.requests) < 20


def test_labels_that_could_matter_are_not_guessed():
    def token(name, chance):
        return SimpleNamespace(token=name, logprob=math.log(chance))

    listed = [token(str(digit), 0.1) for digit in range(7)] + [token(f"word{index}", 0.02) for index in range(13)]
    place = SimpleNamespace(token="0", logprob=math.log(0.1), top_logprobs=listed)
    with pytest.raises(RequestError, match="3 of 10 labels are not among the 20 tokens") as raised:
        label_probabilities([place], DIGITS, asked=20, prefill=True)
    assert (raised.value.kind, raised.value.retryable) == ("hidden-labels", False)
