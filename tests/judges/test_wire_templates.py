"""Servers that show what their template renders: an answer's beginning is where it was put, or nothing is asked."""

import json
import logging
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from editloupe.errors import ConfigError
from editloupe.judges.openai import OpenAIJudge
from editloupe.judges.random_weights import make_tokenizer
from editloupe.records import AnswerFormat, ImagePart, Question, Reply
from pictures import noise
from tiny import TEMPLATES

BEGIN = '{"score": '
DIGITS = AnswerFormat("choice", tuple("0123456789"), BEGIN)
SHOWS = {"paths": {"/v1/chat/completions": {}, "/tokenize": {}, "/detokenize": {}}}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.seen.append(self.path)
        described = self.server.described if self.path == "/openapi.json" else None
        self._send(404 if described is None else 200, described or {"detail": "Not Found"})

    def do_POST(self):
        self.server.seen.append(self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        tokenizer = self.server.tokenizer
        if self.path == "/tokenize":
            settings = {name: body.get(name, False) for name in ("add_generation_prompt", "continue_final_message")}
            messages = [
                {"role": one["role"], "content": [{"type": "text", "text": one["content"]}]} for one in body["messages"]
            ]
            template = TEMPLATES[self.server.template]
            text = tokenizer.apply_chat_template(
                messages, chat_template=template, tokenize=False, **settings, **body.get("chat_template_kwargs", {})
            )
            self._send(200, {"tokens": tokenizer(text)["input_ids"]})
        elif self.path == "/detokenize":
            self._send(200, {"prompt": tokenizer.decode(body["tokens"])})
        else:
            tops = [{"token": str(n), "logprob": -0.1 if n == 7 else -9.0, "bytes": None} for n in range(10)]
            message = {"role": "assistant", "content": "7" if body.get("logprobs") else '{"score": 7}'}
            choice = {"index": 0, "finish_reason": "stop", "message": message, "logprobs": None}
            if body.get("logprobs"):
                choice["logprobs"] = {"content": [{**tops[7], "top_logprobs": tops}]}
            said = {"id": "c", "object": "chat.completion", "created": 1, "model": "judge", "choices": [choice]}
            self._send(200, said)

    def _send(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture(scope="module")
def tokenizer():
    found = make_tokenizer(400)
    found.add_tokens(["<think>", "</think>"])
    return found


@contextmanager
def serving(tokenizer, template, described=SHOWS):
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.tokenizer, server.template, server.described, server.seen = tokenizer, template, described, []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def asked(server, answer, **options):
    url = f"http://127.0.0.1:{server.server_port}/v1"
    judge = OpenAIJudge(OpenAIJudge.Options(model="judge", base_url=url, **options))
    parts = (ImagePart("edited", noise(64, 64, 0)),)
    return [outcome for batch in judge.stream([Question("", parts, "Look.", answer)]) for _, outcome, _ in batch]


WRONG_BEGINNING = {
    "trims": "ends the prompt with",
    "opens and trims": "ends the prompt with",
    "opens every turn": "inside of the judge's thoughts",
}


@pytest.mark.parametrize("template", WRONG_BEGINNING)
def test_a_beginning_that_stands_elsewhere_is_refused_before_anything_is_asked(tokenizer, template):
    with serving(tokenizer, template) as server, pytest.raises(ConfigError) as raised:
        asked(server, DIGITS)
    assert WRONG_BEGINNING[template] in str(raised.value)
    assert "judge.prefill to false" in str(raised.value)
    assert "/v1/chat/completions" not in server.seen


@pytest.mark.parametrize("template", ["told", "opens", "closes"])
def test_a_beginning_that_stands_where_it_was_put_is_answered(tokenizer, template):
    with serving(tokenizer, template) as server:
        (reply,) = asked(server, DIGITS)
    assert isinstance(reply, Reply)
    assert server.seen.count("/v1/chat/completions") == 1


@pytest.mark.parametrize("described", [None, {"data": []}, {"paths": {"/tokenize": {}}}, []])
def test_a_server_that_shows_nothing_is_asked_and_that_is_said(tokenizer, described, caplog):
    with serving(tokenizer, "trims", described) as server, caplog.at_level(logging.WARNING):
        assert isinstance(asked(server, DIGITS)[0], Reply)
    assert "/tokenize" not in server.seen
    assert sum("does not show its rendered prompts" in message for message in caplog.messages) == 1


@pytest.mark.parametrize(
    ("template", "thinking", "words"),
    [("opens", "off", "opens thoughts all the same"), ("closes", "on", "closes the thoughts before they begin")],
)
def test_thoughts_that_are_not_as_the_config_says_are_refused(tokenizer, template, thinking, words):
    with serving(tokenizer, template) as server, pytest.raises(ConfigError) as raised:
        asked(server, AnswerFormat(), thinking=thinking)
    assert words in str(raised.value)
    assert "/v1/chat/completions" not in server.seen


@pytest.mark.parametrize(
    ("template", "thinking"), [("opens", "auto"), ("opens", "on"), ("opens and trims", "off"), ("told", "off")]
)
def test_thoughts_that_are_as_the_config_says_are_answered(tokenizer, template, thinking):
    with serving(tokenizer, template) as server:
        assert asked(server, AnswerFormat(), thinking=thinking)[0].text == '{"score": 7}'
    assert ("/tokenize" in server.seen) is (thinking != "auto")  # where nothing is wanted, nothing is looked at
