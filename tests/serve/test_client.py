"""The client against a real service, and against answers that no service of ours gives."""

import asyncio
import json
import math
import threading

import httpx
import numpy as np
import pytest
from PIL import Image

from editloupe.client import AsyncClient, Client, Item
from editloupe.errors import ItemError
from editloupe.images import decode
from editloupe.records import ImageBytes
from editloupe.serve.limits import Limits
from served import RAISES, UNREADABLE, data_url, picture, served, until

BEFORE = picture(0)


def edits(*scores, **more):
    return [Item([BEFORE], picture(score, number=number), "do it", **more) for number, score in enumerate(scores)]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with served(tmp_path_factory.mktemp("service")) as (service, http):
        service.url = str(http.base_url)
        yield service


def test_many_items_are_scored_in_order_in_several_requests(service):
    with Client(service.url, items_at_once=3) as client:
        found = client.score(edits(*range(11)))
    assert [one.overall for one in found] == list(range(11))
    assert {one.signature for one in found} == {found[0].signature}


def test_the_asynchronous_client_does_the_same(service):
    async def both():
        async with AsyncClient(service.url, items_at_once=3) as client:
            return await client.rewards(edits(*range(11))), await client.score(edits(4, metrics=["beauty"]))

    rewards, (wrong,) = asyncio.run(both())
    assert rewards == list(range(11))
    assert wrong.failure.kind == "unknown-metric"


def test_a_picture_may_be_given_in_any_of_its_forms(service, tmp_path):
    encoded = picture(6)
    (tmp_path / "after.png").write_bytes(encoded)
    pixels = decode(ImageBytes(encoded))
    forms = [encoded, bytearray(encoded), tmp_path / "after.png", str(tmp_path / "after.png"), data_url(encoded)]
    forms += [pixels, np.asarray(pixels), np.asarray(pixels).transpose(2, 0, 1)]
    with Client(service.url) as client:
        assert client.rewards([Item([BEFORE], form, "do it") for form in forms]) == [6] * len(forms)


def test_a_source_that_a_group_shares_is_sent_once():
    sizes = []

    def answer(request):
        sizes.append(len(request.content))
        return httpx.Response(200, json={"items": [{"overall": 1.0}] * 8})

    source = Image.effect_noise((128, 128), 50).convert("RGB")
    with Client("http://service", transport=httpx.MockTransport(answer)) as client:
        client.score([Item([source], picture(1, number=number), "do it") for number in range(8)])
    assert sizes[0] < 80_000  # the source alone has 50 kB as PNG


def test_what_cannot_be_scored_is_a_failure_in_its_place(service, tmp_path):
    items = [*edits(7), Item([tmp_path / "gone.png"], BEFORE, "do it", id="gone"), Item([BEFORE], 5, "do it")]
    items += [Item([BEFORE], picture(mark=UNREADABLE), "do it"), Item([BEFORE], picture(mark=RAISES), "do it")]
    with Client(service.url) as client:
        found = client.score(items)
        assert [one.overall for one in found] == [7, None, None, None, None]
        kinds = [one.failure.kind for one in found[1:]]
        assert kinds == ["missing-file", "bad-image", "prose", "RuntimeError"]
        assert found[1].id == "gone"
        rewards = client.rewards(items, on_failure="nan")
        assert rewards[0] == 7
        assert all(map(math.isnan, rewards[1:]))
        assert client.rewards(items, on_failure=lambda scored: -float(len(scored.failure.kind)))[3] == -5
        with pytest.raises(ItemError, match=r"gone\.png"):
            client.rewards(items)


def test_a_queue_that_is_full_is_waited_for(tmp_path):
    with served(tmp_path, limits=Limits(queue=2)) as (service, http), Client(str(http.base_url)) as client:
        service.judge.gate.clear()
        first = threading.Thread(target=client.score, args=(edits(1, 2),))
        first.start()
        until(lambda: service.batcher.open == 2)
        refused = service.measures.requests.labels("/v1/score", "429")
        opening = threading.Thread(target=lambda: (until(lambda: refused._value.get() >= 1), service.judge.gate.set()))
        opening.start()
        assert client.rewards([Item([BEFORE], picture(9, number=9), "do it")]) == [9]
        first.join()
        opening.join()


def test_only_items_that_may_succeed_another_time_are_sent_again():
    requests = []

    def answer(request):
        body = json.loads(request.content.split(b"\r\n\r\n")[1].split(b"\r\n--")[0])
        requests.append([one["id"] for one in body["items"]])
        late = {"failure": {"kind": "deadline", "message": "late", "retryable": True}}
        bad = {"failure": {"kind": "bad-image", "message": "bad", "retryable": False}}
        first = {"a": {"overall": 1.0}, "b": late, "c": bad}
        answers = first if len(requests) == 1 else {"b": {"overall": 2.0}}
        return httpx.Response(200, json={"items": [answers[one["id"]] for one in body["items"]]})

    items = [Item([BEFORE], BEFORE, "do it", id=name) for name in "abc"]
    with Client("http://service", transport=httpx.MockTransport(answer)) as client:
        found = client.score(items)
    assert requests == [["a", "b", "c"], ["b"]]
    assert [one.overall for one in found] == [1, 2, None]


@pytest.mark.parametrize(
    ("response", "kind", "sent"),
    [
        (httpx.Response(200, text="<html>"), "bad-answer", 1),
        (httpx.Response(200, json={"items": []}), "bad-answer", 1),
        (httpx.Response(200, json={"items": [{}]}), "bad-answer", 1),
        (httpx.Response(200, json={"items": [{"overall": True}]}), "bad-answer", 1),
        (httpx.Response(200, text='{"items": [{"overall": NaN}]}'), "bad-answer", 1),
        (httpx.Response(200, json={"items": [{"overall": "7"}]}), "bad-answer", 1),
        (httpx.Response(200, json={"items": [{"overall": 7, "failure": {"kind": "x"}}]}), "bad-answer", 1),
        (
            httpx.Response(401, json={"failure": {"kind": "unauthorized", "message": "", "retryable": False}}),
            "unauthorized",
            1,
        ),
        (httpx.Response(503, headers={"Retry-After": "0"}, text="busy"), None, 3),
        (
            httpx.Response(
                429,
                headers={"Retry-After": "0"},
                json={"failure": {"kind": "queue-full", "message": "full", "retryable": True}},
            ),
            "queue-full",
            3,
        ),
        (
            httpx.Response(
                429,
                headers={"Retry-After": "100000"},
                json={"failure": {"kind": "queue-full", "message": "full", "retryable": True}},
            ),
            "queue-full",
            1,
        ),
    ],
)
def test_an_answer_that_is_none_is_a_failure_and_never_a_number(response, kind, sent):
    requests = []

    def answer(request):
        requests.append(request)
        return httpx.Response(response.status_code, headers=response.headers, content=response.content)

    with Client("http://service", transport=httpx.MockTransport(answer), retries=2) as client:
        (found,) = client.score(edits(7))
    assert found.overall is None
    assert kind in (None, found.failure.kind)
    assert len(requests) == sent


def test_a_service_that_is_not_there_is_a_failure_that_may_pass():
    with Client("http://127.0.0.1:9", retries=0) as client:
        found = client.score(edits(7, 8))
    assert [(one.failure.kind, one.failure.retryable) for one in found] == [("connection", True)] * 2


def test_the_token_comes_from_the_environment(tmp_path, monkeypatch):
    with served(tmp_path, token="right-one") as (_, http):
        with Client(str(http.base_url)) as client:
            assert client.score(edits(7))[0].failure.kind == "unauthorized"
        monkeypatch.setenv("EDITLOUPE_SERVE_TOKEN", "right-one")
        with Client(str(http.base_url)) as client:
            assert client.rewards(edits(7)) == [7]
