"""A small OpenAI-compatible server on the loopback interface that does wrong what a test tells it to do wrong."""

from __future__ import annotations

import json
import math
import re
import socket
import struct
import threading
import time
from collections import defaultdict
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODEL = "judge-1"


class Faulty(ThreadingHTTPServer):
    """Answers questions that hold ``Question N.``; `faults[N]` lists what goes wrong, one per attempt.

    Attributes:
        asked: per question, what each attempt got.
        requests: (number, body, headers) of each request.
        held: how many requests wait at the gate.
        most: how many requests were open at once, at most.
        levels: how many were open when each one came.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self,
        faults=None,
        *,
        latency=0.0,
        gate=None,
        always=None,
        score=None,
        listed=20,
        spread=0.9,
        answer=None,
        port=0,
    ):
        super().__init__(("127.0.0.1", port), _Handler)
        self.faults = {number: list(kinds) for number, kinds in (faults or {}).items()}
        self.latency, self.always, self.listed, self.spread = latency, always, listed, spread
        self.gate = gate  # takes (server, number) and says whether the request may be answered now
        self.closing = threading.Event()
        self.answer = answer  # takes (body, an ordinary completion), gives (status, what is sent, headers)
        self.score = score or (lambda number: number % 10)
        self.asked = defaultdict(list)
        self.requests = []
        self.levels = []
        self.open = self.most = self.held = 0
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, *_):  # a client that hangs up is what these tests are about
        pass


@contextmanager
def faulty(*args, **options):
    server = Faulty(*args, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body go in two writes: 40 ms apart otherwise

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._send(200, {"data": []})

    def do_POST(self):
        server = self.server
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        match = re.search(r"Question (\d+)\.", json.dumps(body["messages"]))
        number = int(match[1]) if match else len(server.requests)
        with server.lock:
            server.requests.append((number, body, {name.lower(): value for name, value in self.headers.items()}))
            server.open += 1
            server.most = max(server.most, server.open)
            server.levels.append(server.open)
            waiting = server.faults.get(number)
            fault = server.always or (waiting.pop(0) if waiting else None)
            server.asked[number].append(fault or "ok")
        try:
            self._wait_at_gate(number)
            time.sleep(server.latency)
            self._respond(fault, number, body)
        finally:
            with server.lock:
                server.open -= 1

    def _wait_at_gate(self, number):
        server = self.server
        if server.gate is None:
            return
        with server.lock:
            server.held += 1
        while not server.closing.wait(0.01):
            with server.lock:
                if server.gate(server, number):
                    break
        with server.lock:
            server.held -= 1

    def _respond(self, fault, number, body):
        if self.server.answer is not None:
            status, said, headers = self.server.answer(body, self._completion(number, body))
            data = said.encode() if isinstance(said, str) else json.dumps(said).encode()
            self._send_bytes(status, data, headers)
        elif fault == "429":
            self._send(429, {"error": {"message": "slow down"}})
        elif fault == "429-after":
            self._send(429, {"error": {"message": "slow down"}}, {"Retry-After": "0.2"})
        elif fault == "500":
            self._send(500, {"error": {"message": "worker died"}})
        elif fault == "hang":
            self.server.closing.wait()
            self.close_connection = True
        elif fault == "reset":
            self._reset(self._completion(number, body))
        elif fault == "error-body":
            self._send(200, {"error": {"message": "upstream is overloaded", "code": 502}})
        elif fault == "not-json":
            self._send_bytes(200, b'{"choices": [{"mess', {})
        elif fault == "400":
            self._send(400, {"error": {"message": f"picture {number} is too large", "code": "invalid"}})
        elif fault == "401":
            self._send(401, {"error": {"message": f"wrong key: {self.headers['Authorization']}"}})
        elif fault == "echo":
            self._send(400, {"error": {"message": f"bad request with {self.headers['Authorization']}"}})
        elif fault == "filter":
            self._send(400, {"error": {"message": "blocked", "code": "content_filter"}})
        elif fault == "filtered":
            completion = self._completion(number, body)
            completion["choices"][0]["finish_reason"] = "content_filter"
            self._send(200, completion)
        elif fault == "wrong-model":
            self._send(200, {**self._completion(number, body), "model": "another"})
        elif fault == "no-logprobs":
            completion = self._completion(number, body)
            completion["choices"][0].pop("logprobs", None)
            self._send(200, completion)
        elif fault == "no-schema" and "response_format" in body:
            self._send(400, {"error": {"message": "response_format is not supported"}})
        elif fault == "new-limit" and "max_tokens" in body:
            self._send(400, {"error": {"message": "'max_tokens' is not supported, use 'max_completion_tokens'"}})
        elif fault == "no-prefill" and "continue_final_message" in body:
            self._send(400, {"error": {"message": "Unrecognized request argument: continue_final_message"}})
        else:
            self._send(200, self._completion(number, body))

    def _completion(self, number, body):
        label = str(self.server.score(number))
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": label}}
        if body.get("logprobs"):
            prefilled = body["messages"][-1]["role"] == "assistant"
            tokens = [label] if prefilled else ['{"', "score", '":', f" {label}", "}"]
            choice["logprobs"] = {"content": [self._token(token, label, body["top_logprobs"]) for token in tokens]}
        else:
            choice["message"]["content"] = json.dumps({"reasoning": "because", "score": int(label)})
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        return {
            "id": "x", "object": "chat.completion", "created": 1, "model": body["model"], "choices": [choice],
            "usage": usage,
        }  # fmt: skip

    def _token(self, token, label, top):
        """`spread` on the label, the rest evenly over the other digits and ten words."""
        space = token[: len(token) - len(token.lstrip())]
        if token.strip() != label:
            return {"token": token, "logprob": 0.0, "bytes": None, "top_logprobs": [{"token": token, "logprob": 0.0}]}
        others = [digit for digit in "0123456789" if digit != label] + [f"word{index}" for index in range(15)]
        rest = math.log((1 - self.server.spread) / 24)
        listed = [{"token": token, "logprob": math.log(self.server.spread)}]
        listed += [{"token": space + other, "logprob": rest} for other in others]
        return {**listed[0], "bytes": None, "top_logprobs": listed[: min(top, self.server.listed)]}

    def _reset(self, completion):
        data = json.dumps(completion).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data[: len(data) // 2])
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True

    def _send(self, status, body, headers=None):
        self._send_bytes(status, json.dumps(body).encode(), headers or {})

    def _send_bytes(self, status, data, headers):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
