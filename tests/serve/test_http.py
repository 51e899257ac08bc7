"""The service over real connections: what is answered, and how every fault ends."""

import json
import logging
import random
import re
import socket
import threading
import time

import httpx
import pytest

from editloupe.errors import ConfigError
from editloupe.records import Reply
from editloupe.serve.access import token_from
from editloupe.serve.limits import Limits
from editloupe.serve.recall import Recall
from pictures import noise
from served import RAISES, UNREADABLE, data_url, gated_config, item, picture, served, until


def score(client, *items, **more):
    return client.post("/v1/score", json={"items": list(items), **more})


def head(length):
    """The head of a request to score with a body of so many bytes."""
    lines = (
        "POST /v1/score HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    )
    return "\r\n".join([*lines, "", ""]).encode()


def answers(response):
    assert response.status_code == 200, response.text
    return response.json()["items"]


def kinds(response):
    return [one.get("failure", {}).get("kind") for one in answers(response)]


def address(client):
    return client.base_url.host, client.base_url.port


def test_items_are_answered_in_order_with_scores_and_who_judged(tmp_path):
    with served(tmp_path) as (_, client):
        response = score(client, item(7, id="a"), item(3, id="b", number=1), reply=True)
        first, second = answers(response)
        assert (first["id"], first["scores"], first["overall"]) == ("a", {"shapes": 7}, 7)
        assert (second["id"], second["overall"]) == ("b", 3)
        assert first["reply"] == {"shapes": '{"score": 7}'}
        assert first["signature"] == response.json()["signature"]
        assert "gated" in first["signature"]
        assert "rubric=shapes/1" in first["signature"]
        (model,) = client.get("/v1/models").json()["data"]
        assert (model["id"], model["rubric"]) == ("gated", "shapes")
        assert "reply" not in answers(score(client, item(7)))[0]


def test_pictures_may_come_as_parts_of_a_multipart_body(tmp_path):
    with served(tmp_path) as (_, client):
        body = {"items": [{"sources": ["part:before"], "edited": "part:after", "instruction": "do it"}]}
        files = {"before": picture(0), "after": picture(6)}
        response = client.post("/v1/score", data={"request": json.dumps(body)}, files=files)
        assert answers(response)[0]["overall"] == 6
        body["items"][0]["edited"] = "part:nowhere"
        assert kinds(client.post("/v1/score", data={"request": json.dumps(body)}, files=files)) == ["missing-part"]


CUT_OFF = data_url(noise(64, 64, 1).data[:2000])
BAD_ITEMS = {
    "a path": (item() | {"edited": "/etc/passwd"}, "not-a-picture"),
    "an address": (item() | {"sources": ["http://127.0.0.1:1/a.png"]}, "not-a-picture"),
    "a file address": (item() | {"edited": "file:///etc/passwd"}, "not-a-picture"),
    "no base64": (item() | {"edited": "data:image/png;base64,%%%"}, "not-base64"),
    "not marked as base64": (item() | {"edited": "data:image/png,abc"}, "not-base64"),
    "no picture": (item() | {"edited": data_url(b"GIF? no")}, "bad-image"),
    "a picture that is cut off": (item() | {"edited": CUT_OFF}, "bad-image"),
    "no instruction": ({key: value for key, value in item().items() if key != "instruction"}, "bad-item"),
    "an unknown key": (item() | {"weight": 1}, "bad-item"),
    "no sources": (item() | {"sources": []}, "bad-item"),
    "no object": ("item", "bad-item"),
    "nothing": (None, "bad-item"),
    "an unknown metric": (item() | {"metrics": ["beauty"]}, "unknown-metric"),
    "too many pictures": (item() | {"references": [data_url(picture())] * 20}, "too-many-pictures"),
    "a long instruction": (item() | {"instruction": "x" * 30_000}, "bad-item"),
    "a reply in prose": (item(mark=UNREADABLE), "prose"),
    "a model that raises": (item(mark=RAISES), "RuntimeError"),
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with served(tmp_path_factory.mktemp("shared")) as pair:
        yield pair


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_an_item_that_is_wrong_fails_alone_and_has_no_number(shared, name):
    bad, kind = BAD_ITEMS[name]
    before, wrong, after = answers(score(shared[1], item(7), bad, item(3, number=1)))
    assert (before["overall"], after["overall"]) == (7, 3)
    assert wrong["failure"]["kind"] == kind
    assert wrong["failure"]["retryable"] is False
    assert wrong.get("overall") is None
    assert not wrong.get("scores")


def test_a_picture_with_too_many_pixels_is_refused_by_its_header(tmp_path):
    bomb = bytearray(picture())
    bomb[16:24] = (60_000).to_bytes(4, "big") * 2  # 3.6 gigapixels, in a file of 100 bytes
    limits = Limits(pixels=40 * 40)
    with served(tmp_path, limits=limits) as (_, client):
        large = item() | {"edited": data_url(picture(side=41))}
        assert kinds(score(client, item() | {"edited": data_url(bytes(bomb))}, large, item())) == [
            "bad-image",
            "too-many-pixels",
            None,
        ]


BAD_BODIES = {
    "no JSON": b"{",
    "another value": b"[]",
    "no items": b'{"items": []}',
    "an unknown key": b'{"items": [1], "weights": 2}',
    "a timeout that is none": b'{"items": [1], "timeout": -1}',
    "an endless timeout": b'{"items": [1], "timeout": Infinity}',
    "no text": b"\xff\xfe\x00",
    "a deep one": b'{"items": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "nothing": b"",
}


@pytest.mark.parametrize("name", BAD_BODIES)
def test_a_body_that_is_wrong_is_refused_as_a_whole(shared, name):
    response = shared[1].post("/v1/score", content=BAD_BODIES[name], headers={"content-type": "application/json"})
    assert response.status_code == 400
    assert response.json()["failure"]["kind"] == "bad-request"
    assert response.json()["failure"]["retryable"] is False


def test_other_kinds_of_bodies_are_refused(shared):
    client = shared[1]
    pickled = client.post("/v1/score", content=b"\x80\x04N.", headers={"content-type": "application/octet-stream"})
    assert pickled.status_code == 415
    torn = client.post("/v1/score", content=b"--x\r\n", headers={"content-type": "multipart/form-data; boundary=x"})
    assert torn.json()["failure"]["kind"] == "bad-multipart"
    unbounded = client.post("/v1/score", content=b"x", headers={"content-type": "multipart/form-data"})
    assert unbounded.json()["failure"]["kind"] == "bad-multipart"
    assert client.get("/v1/score").status_code == 405
    assert client.get("/nowhere").status_code == 404


def test_too_many_items_are_refused(tmp_path):
    with served(tmp_path, limits=Limits(items=2, queue=1)) as (_, client):
        response = score(client, item(), item(), item())
        assert (response.status_code, response.json()["failure"]["kind"]) == (413, "too-many-items")
        response = score(client, item(), item(number=1))
        assert (response.status_code, response.json()["failure"]["kind"]) == (413, "too-many-questions")


def test_a_body_of_100_mb_is_refused_before_it_is_read(shared):
    with socket.create_connection(address(shared[1])) as stream:
        stream.sendall(head(100 * 2**20))
        assert b" 413 " in stream.recv(4096).split(b"\r\n")[0]


def test_a_body_of_unstated_length_is_refused_when_it_grows_too_large(tmp_path):
    def chunks():
        for _ in range(64):
            yield b"x" * 100_000

    with served(tmp_path, limits=Limits(body=300_000)) as (_, client):
        try:
            response = client.post("/v1/score", content=chunks(), headers={"content-type": "application/json"})
        except httpx.HTTPError:  # it hung up while we were sending
            pass
        else:
            assert response.status_code == 413
        assert answers(score(client, item(7)))[0]["overall"] == 7


def test_bodies_that_fill_the_memory_set_aside_are_put_off(tmp_path):
    with served(tmp_path, limits=Limits(held=1000)) as (_, client):
        response = score(client, *(item(number=number) for number in range(5)))
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) >= 1


def test_a_body_that_does_not_arrive_ends_in_time(tmp_path):
    with (
        served(tmp_path, limits=Limits(body_seconds=0.3)) as (_, client),
        socket.create_connection(address(client)) as stream,
    ):
        stream.sendall(head(1000) + b'{"items"')
        assert b" 408 " in stream.recv(4096).split(b"\r\n")[0]


def test_headers_that_do_not_arrive_end_in_time(tmp_path):
    with (
        served(tmp_path, limits=Limits(header_seconds=0.3)) as (_, client),
        socket.create_connection(address(client)) as silent,
        socket.create_connection(address(client)) as slow,
    ):
        slow.sendall(b"POST /v1/score HTTP/1.1\r\nHost: loc")
        for stream in (silent, slow):
            stream.settimeout(20)
            assert stream.recv(10) == b""
        assert answers(score(client, item(7)))[0]["overall"] == 7


def test_a_half_sent_body_whose_client_leaves_changes_nothing(tmp_path):
    with served(tmp_path) as (service, client):
        body = json.dumps({"items": [item()]}).encode()
        for cut in (0, 1, len(body) // 2, len(body) - 1):
            with socket.create_connection(address(client)) as stream:
                stream.sendall(head(len(body)) + body[:cut])
        assert answers(score(client, item(7)))[0]["overall"] == 7
        assert sum(map(len, service.judge.batches)) == 1


def test_a_client_that_leaves_takes_back_what_has_not_begun(tmp_path):
    with served(tmp_path, batch_size=1) as (service, client):
        service.judge.gate.clear()
        body = json.dumps({"items": [item(number=number) for number in range(4)]}).encode()
        with socket.create_connection(address(client)) as stream:
            stream.sendall(head(len(body)) + body)
            until(lambda: service.batcher.open == 4)
        until(lambda: service.batcher.open == 1)
        service.judge.gate.set()
        assert answers(score(client, item(7, number=9)))[0]["overall"] == 7
        assert sum(map(len, service.judge.batches)) == 2


def test_a_full_queue_says_when_to_come_back(tmp_path):
    with served(tmp_path, limits=Limits(queue=2)) as (service, client):
        service.judge.gate.clear()
        found = []
        first = threading.Thread(target=lambda: found.append(score(client, item(1), item(2, number=1))))
        first.start()
        until(lambda: service.batcher.open == 2)
        response = score(client, item(3, number=2))
        assert response.status_code == 429
        assert int(response.headers["retry-after"]) >= 1
        assert response.json()["failure"] == {
            "kind": "queue-full",
            "message": response.json()["failure"]["message"],
            "retryable": True,
        }
        service.judge.gate.set()
        first.join()
        assert [one["overall"] for one in answers(found[0])] == [1, 2]


def test_a_deadline_brings_what_there_is_and_failures_that_may_be_tried_again(tmp_path):
    with served(tmp_path, batch_size=1) as (service, client):
        begun = service.judge.begun
        service.judge.options = service.judge.options.model_copy(update={"seconds": 0.5})
        items = [item(number, number=number) for number in range(4)]
        found = answers(score(client, *items, timeout=0.8))
        assert found[0]["overall"] == 0
        assert found[-1]["failure"]["kind"] == "deadline"
        assert found[-1]["failure"]["retryable"] is True
        until(lambda: service.batcher.open == 0)
        assert service.judge.begun - begun < 4


def test_the_end_answers_what_was_accepted(tmp_path):
    found = []
    with served(tmp_path, batch_size=1) as (service, client):
        service.judge.gate.clear()
        asking = threading.Thread(target=lambda: found.append(score(client, *(item(n, number=n) for n in range(3)))))
        asking.start()
        until(lambda: service.batcher.open == 3)
    asking.join()
    assert [one["overall"] for one in answers(found[0])] == [0, 1, 2]


def test_an_end_whose_time_is_up_fails_what_has_not_begun(tmp_path):
    found = []
    with served(tmp_path, batch_size=1, limits=Limits(drain_seconds=0.2), seconds=0.5) as (service, client):
        asking = threading.Thread(target=lambda: found.append(score(client, *(item(n, number=n) for n in range(4)))))
        asking.start()
        until(lambda: service.batcher.open == 4)
    asking.join()
    first, *_, last = answers(found[0])
    assert first["overall"] == 0
    assert (last["failure"]["kind"], last["failure"]["retryable"]) == ("shutting-down", True)


def test_a_service_is_ready_when_its_judge_has_answered_once(tmp_path):
    config = gated_config(tmp_path)
    with served(tmp_path, config=config, awake=False) as (service, client):
        until(lambda: client.get("/health/ready").status_code == 200)
        assert client.get("/health/live").status_code == 200
        service.judge.error = ConfigError("the key is not accepted")
        assert kinds(score(client, item())) == ["judge-unusable"]
        assert client.get("/health/ready").status_code == 503
        service.judge.error = None  # no request is sent where nothing is ready: the service finds out by itself
        until(lambda: client.get("/health/ready").status_code == 200)


def test_a_judge_that_breaks_on_the_canary_is_not_ready_until_it_answers(tmp_path, monkeypatch):
    monkeypatch.setattr("served.GatedJudge._reply", lambda *_: 1 / 0)
    with served(tmp_path, awake=False) as (service, client):
        until(lambda: "canary question failed" in service.not_ready)
        assert client.get("/health/ready").status_code == 503
        monkeypatch.undo()  # and where it recovers, it is
        until(lambda: client.get("/health/ready").status_code == 200)


def test_a_token_is_asked_for_wherever_pictures_or_counts_are(tmp_path):
    with served(tmp_path, token="right-one") as (_, client):
        for path in ("/v1/score", "/v1/models", "/metrics"):
            for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": "Basic right-one"}):
                refused = client.request("POST" if path == "/v1/score" else "GET", path, headers=headers)
                assert refused.status_code == 401
                assert refused.json()["failure"]["retryable"] is False
        for path in ("/health/live", "/health/ready", "/openapi.json", "/docs"):
            assert client.get(path).status_code == 200
        client.headers["authorization"] = "Bearer right-one"
        assert answers(score(client, item(7)))[0]["overall"] == 7
        assert client.get("/metrics").status_code == 200


def test_without_a_token_no_page_of_a_browser_is_answered(shared):
    client = shared[1]
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        assert client.post("/v1/score", json={"items": [item()]}, headers=headers).status_code == 403
    assert client.get("/v1/models", headers={"host": "localhost:1"}).status_code == 200


def test_an_address_that_others_reach_needs_a_token(monkeypatch):
    monkeypatch.delenv("EDITLOUPE_SERVE_TOKEN", raising=False)
    assert token_from("EDITLOUPE_SERVE_TOKEN", "127.0.0.1") is None
    for host in ("0.0.0.0", "::", "192.168.1.5", "gpu-box"):
        with pytest.raises(ConfigError, match="EDITLOUPE_SERVE_TOKEN"):
            token_from("EDITLOUPE_SERVE_TOKEN", host)
    monkeypatch.setenv("EDITLOUPE_SERVE_TOKEN", "secret")
    assert token_from("EDITLOUPE_SERVE_TOKEN", "0.0.0.0") == "secret"
    monkeypatch.setenv("EDITLOUPE_SERVE_TOKEN", "größer als")
    with pytest.raises(ConfigError) as refused:
        token_from("EDITLOUPE_SERVE_TOKEN", "0.0.0.0")
    assert "größer" not in str(refused.value)


def test_one_metric_that_fails_leaves_the_others_and_no_overall_score(tmp_path, monkeypatch):
    config = gated_config(tmp_path, "rubric: {name: reasoning, metrics: [instruction_following, consistency]}\n")
    with served(tmp_path, config=config) as (service, client):
        reply = service.judge._reply
        asks = []

        def half(question):
            asks.append(question.ask)
            return Reply("I cannot say.") if question.ask == asks[0] else reply(question)

        monkeypatch.setattr(service.judge, "_reply", half)
        (found,) = answers(score(client, item(7)))
        assert sorted(found["scores"].values(), key=str) == [7, None]
        assert found["overall"] is None
        (failed,) = found["failures"]
        assert found["scores"][failed] is None
        assert found["failure"] == found["failures"][failed]
        (alone,) = answers(score(client, item(7, metrics=["consistency"])))
        assert list(alone["scores"]) == ["consistency"]
        assert alone["signature"] != found["signature"]


def test_a_ledger_makes_the_same_item_one_question_also_after_a_restart(tmp_path):
    asked = 0
    for _ in range(2):
        with Recall(tmp_path / "ledger") as recall, served(tmp_path, recall=recall) as (service, client):
            for _ in range(2):
                found = answers(score(client, item(7), item(mark=UNREADABLE)))
                assert [one.get("overall") for one in found] == [7, None]
            asked += sum(map(len, service.judge.batches))
            assert 'origin="ledger"' in client.get("/metrics").text
    assert asked == 2


def test_failures_of_asking_are_not_kept(tmp_path):
    with Recall(tmp_path / "ledger") as recall, served(tmp_path, recall=recall) as (service, client):
        service.judge.error = RuntimeError("once")
        assert kinds(score(client, item(7))) == ["RuntimeError"]
        service.judge.error = None
        assert kinds(score(client, item(7))) == [None]


def test_nothing_of_a_picture_stands_in_logs_or_messages(tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    with served(tmp_path) as (_, client):
        bad = [one for one, _ in BAD_ITEMS.values()]
        text = score(client, *bad).text
        client.post("/v1/score", content=json.dumps({"items": [item()], "x": item()["edited"]}))
        sent = item()["edited"].partition(",")[2][:60]
        assert sent not in text
        assert sent not in caplog.text
        assert "/etc/passwd" not in text


def test_metrics_count_requests_items_batches_and_failures_by_kind(tmp_path):
    with served(tmp_path) as (_, client):
        score(client, item(7), item(3, number=1), "nothing")
        text = client.get("/metrics").text
    for line in (
        'editloupe_items_total{outcome="scored"} 2.0',
        'editloupe_items_total{outcome="failed"} 1.0',
        'editloupe_failures_total{kind="bad-item"} 1.0',
        'editloupe_requests_total{path="/v1/score",status="200"} 1.0',
        "editloupe_questions_waiting 0.0",
        "editloupe_tokens_asked_total 30.0",  # with the canary's
    ):
        assert line in text


def test_the_openapi_document_describes_items_and_failures(shared):
    document = shared[1].get("/openapi.json").json()
    schemas = document["components"]["schemas"]
    assert {"Item", "ItemAnswer", "FailureAnswer", "ScoreRequest", "ScoreAnswer"} <= set(schemas)
    for name in re.findall(r'"#/components/schemas/(\w+)"', json.dumps(document)):
        assert name in schemas


def test_sixty_four_clients_at_once_each_get_their_own_scores(tmp_path):
    found = {}

    def call(number):
        with httpx.Client(base_url=url, timeout=60) as own:
            found[number] = answers(score(own, item(number % 10, number=number, source=number // 8)))[0]["overall"]

    with served(tmp_path) as (service, client):
        url = client.base_url
        threads = [threading.Thread(target=call, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert max(map(len, service.judge.batches)) > 1
    assert found == {number: number % 10 for number in range(64)}


def test_in_hundreds_of_faulted_requests_no_number_appears_that_the_judge_did_not_give(tmp_path):
    rng = random.Random(1)
    bad = [one for one, _ in BAD_ITEMS.values()]
    counts = {"numbers": 0, "failures": 0, "refused": 0}
    with served(tmp_path, limits=Limits(queue=24)) as (_, client):
        started = time.monotonic()
        for number in range(300):
            scores = [rng.randrange(11) for _ in range(rng.randrange(1, 4))]
            items = [item(score, number=number * 4 + index) for index, score in enumerate(scores)]
            expected = dict.fromkeys(range(len(items)))
            for index, value in enumerate(scores):
                if rng.random() < 0.4:
                    items[index] = rng.choice(bad)
                else:
                    expected[index] = value
            body = json.dumps({"items": items}).encode()
            fault = rng.choice(["none", "none", "cut", "flip", "short deadline"])
            if fault == "cut":
                body = body[: rng.randrange(len(body))]
            elif fault == "flip":
                at = rng.randrange(len(body))
                body = body[:at] + bytes([body[at] ^ 1 << rng.randrange(7)]) + body[at + 1 :]
            elif fault == "short deadline":
                body = json.dumps({"items": items, "timeout": 0.001}).encode()
            response = client.post("/v1/score", content=body, headers={"content-type": "application/json"})
            if response.status_code != 200:
                assert set(response.json()) == {"failure"}
                counts["refused"] += 1
                continue
            for index, one in enumerate(response.json()["items"]):
                assert (one.get("overall") is None) == ("failure" in one)
                if one.get("overall") is not None:
                    # A flipped bit may make another picture; the judge then scored what was sent.
                    assert fault == "flip" or one["overall"] == expected[index]
                    counts["numbers"] += 1
                else:
                    assert not any(value is not None for value in (one.get("scores") or {}).values())
                    counts["failures"] += 1
        assert time.monotonic() - started < 300
    assert min(counts.values()) > 30
