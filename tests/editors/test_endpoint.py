"""The editor `endpoint` against a real HTTP server on this machine."""

import base64
import json
import threading
import time
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from editloupe.editors.endpoint import Endpoint
from editloupe.errors import ConfigError
from editloupe.records import EditRequest, Failure, ImageBytes, Sample
from pictures import png

KEY = "sk-very-secret-key"


class Service(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.seen = []
        self.replies = {}  # instruction -> list of (status, body, headers), the last one for ever
        self.at_once = self.most_at_once = 0
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(("GET", self.path, dict(self.headers)))
        self._send(200, png(20, 10), {})

    def do_POST(self):
        server = self.server
        with server.lock:
            server.at_once += 1
            server.most_at_once = max(server.most_at_once, server.at_once)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        fields = {}
        for part in form.get_payload():
            name = part.get_param("name", header="content-disposition")
            fields.setdefault(name, []).append(part.get_payload(decode=True))
        with server.lock:
            server.seen.append((self.path, fields, dict(self.headers)))
            replies = server.replies.get(fields["prompt"][0].decode(), [good()])
            status, answer, headers = replies.pop(0) if len(replies) > 1 else replies[0]
        time.sleep(float(headers.get("sleep", 0.02)))
        with server.lock:
            server.at_once -= 1
        self._send(status, answer if isinstance(answer, bytes) else json.dumps(answer).encode(), headers)

    def _send(self, status, data, headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def good(width=44, height=20):
    return 200, {"data": [{"b64_json": base64.b64encode(png(width, height)).decode()}]}, {}


def wrong(status, code, message="no", **headers):
    return status, {"error": {"code": code, "message": message}}, headers


@pytest.fixture
def service(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setattr("editloupe.remote.retry.FIRST_PAUSE", 0.01)
    one = Service()
    thread = threading.Thread(target=one.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    one.shutdown()
    one.server_close()


def editor(service, **options):
    return Endpoint(Endpoint.Options(**{"model": "painter", "base_url": service.url, **options}))


def ask(one, *instructions, sources=1):
    pictures = tuple(ImageBytes(png(30 + index, 16)) for index in range(sources))
    made = one.edit([EditRequest(Sample(text, "c", text, pictures), 0) for text in instructions])
    one.close()
    return made


def test_an_edit_is_sent_and_decoded(service):
    (image,) = ask(editor(service, params={"size": "auto", "n_steps": 3, "hd": True}), "Make it blue.")
    assert image.size == (44, 20)
    path, fields, headers = service.seen[0]
    assert path == "/v1/images/edits"
    assert headers["Authorization"] == f"Bearer {KEY}"
    assert {name: value[0] for name, value in fields.items() if name != "image"} == {
        "model": b"painter",
        "prompt": b"Make it blue.",
        "size": b"auto",
        "n_steps": b"3",
        "hd": b"true",
    }
    assert fields["image"][0].startswith(b"\x89PNG")


def test_several_sources_are_sent_as_a_list_in_order(service):
    ask(editor(service), "Join them.", sources=2)
    assert [len(service.seen[0][1]["image[]"])] == [2]


def test_an_image_given_by_address_is_fetched_without_the_key(service):
    service.replies["x"] = [(200, {"data": [{"url": service.url + "/made.png"}]}, {})]
    (image,) = ask(editor(service), "x")
    assert image.size == (20, 10)
    assert "Authorization" not in service.seen[-1][2]


def test_a_batch_is_sent_at_once_and_order_is_kept(service):
    service.replies = {f"i{n}": [(*good(30 + n, 20)[:2], {"sleep": "0.3"})] for n in range(4)}
    images = ask(editor(service), "i0", "i1", "i2", "i3")
    assert [image.width for image in images] == [30, 31, 32, 33]
    assert service.most_at_once == 4


@pytest.mark.parametrize("reply", [wrong(429, "rate_limit_exceeded"), wrong(503, "overloaded"), (500, b"oops", {})])
def test_what_passes_is_tried_again(service, reply):
    service.replies["x"] = [reply, reply, good()]
    (image,) = ask(editor(service), "x")
    assert image.size == (44, 20)
    assert len(service.seen) == 3


@pytest.mark.parametrize(
    ("reply", "kind", "retryable", "sent"),
    [
        (wrong(429, "rate_limit_exceeded"), "rate-limit", True, 3),
        (wrong(502, "bad_gateway"), "server-error", True, 3),
        (wrong(400, "moderation_blocked"), "content-filter", False, 1),
        (wrong(400, "content_policy_violation"), "content-filter", False, 1),
        (wrong(429, "insufficient_quota"), "quota", True, 1),
        (wrong(400, "invalid_image"), "bad-request", False, 1),
        ((200, {"data": []}, {}), "bad-answer", False, 1),
        ((200, b"<html>", {}), "bad-answer", False, 1),
        ((200, {"data": [{"b64_json": base64.b64encode(b"no image").decode()}]}, {}), "bad-image", False, 1),
    ],
)
def test_what_does_not_pass_is_a_failure_of_its_kind_and_of_its_sample_alone(service, reply, kind, retryable, sent):
    service.replies["bad"] = [reply]
    fine, failure = ask(editor(service, retries=2), "fine", "bad")
    assert fine.size == (44, 20)
    assert isinstance(failure, Failure)
    assert (failure.kind, failure.retryable) == (kind, retryable)
    assert len(service.seen) == 1 + sent


def test_a_service_that_does_not_answer_in_time(service):
    service.replies["x"] = [(*good()[:2], {"sleep": "1.0"})]
    (failure,) = ask(editor(service, timeout=0.2, retries=1), "x")
    assert (failure.kind, failure.retryable) == ("timeout", True)


def test_a_service_that_is_not_there(service):
    one = editor(service, retries=1, base_url="http://127.0.0.1:9/v1")
    assert ask(one, "x")[0].kind == "connection"


def test_nothing_is_sent_above_the_cap(service):
    one = editor(service, price=0.04, max_cost=0.1)
    outcomes = ask(one, "a", "b", "c", "d")
    failures = [outcome for outcome in outcomes if isinstance(outcome, Failure)]
    assert [failure.kind for failure in failures] == ["max-cost"] * 2
    assert failures[0].retryable
    assert len(service.seen) == 2


def test_what_was_refused_costs_nothing_and_what_was_not_answered_does(service):
    service.replies["refused"] = [wrong(400, "moderation_blocked")]
    service.replies["late"] = [(*good()[:2], {"sleep": "1.0"})]
    one = editor(service, price=1.0, max_cost=2.0, timeout=0.3, retries=0)
    for text, kind in (("refused", "content-filter"), ("late", "timeout"), ("fine", None), ("more", "max-cost")):
        (outcome,) = one.edit([EditRequest(Sample(text, "c", text, (ImageBytes(png()),)), 0)])
        assert getattr(outcome, "kind", None) == kind


@pytest.mark.parametrize("status", [401, 403, 404])
def test_a_wrong_key_or_model_ends_the_study_and_the_key_is_not_repeated(service, status, caplog):
    service.replies["x"] = [wrong(status, "invalid_api_key", f"Incorrect API key provided: {KEY}")]
    with pytest.raises(ConfigError) as caught:
        ask(editor(service), "x")
    assert KEY not in str(caught.value) + caplog.text


def test_the_key_is_nowhere_in_a_failure(service):
    service.replies["x"] = [wrong(400, "bad", f"you sent {KEY}")]
    one = editor(service)
    (failure,) = ask(one, "x")
    assert KEY not in repr(failure) + one.signature + repr(one.options)


def test_a_missing_key_is_told(service, monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(ConfigError, match="environment variable OPENAI_API_KEY"):
        ask(editor(service), "x")


@pytest.mark.parametrize("options", [{"max_cost": 1.0}, {"params": {"prompt": "x"}}])
def test_options_that_contradict_themselves(service, options):
    with pytest.raises(ConfigError):
        editor(service, **options)
