"""The routes: what is asked over HTTP, and how a request as a whole can fail."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, TypeVar

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from editloupe.errors import ItemError
from editloupe.serve.access import Access
from editloupe.serve.answers import failed
from editloupe.serve.batcher import Closing, Full
from editloupe.serve.bodies import BodyReader, Refused, parsed
from editloupe.serve.decision_messages import DecisionRequest
from editloupe.serve.messages import Item, ScoreAnswer, ScoreRequest
from editloupe.serve.service import Service, TooManyQuestions

__all__ = ["make_app"]

Result = TypeVar("Result")

GONE = 499
"""Status in the counts of a request whose client has left; nobody reads it."""

REF = "#/components/schemas/{model}"


def make_app(service: Service, *, token: str | None) -> ASGIApp:
    """The application of a service.

    Args:
        service: that answers.
        token: that requests must bear, where there is one.
    """
    app = FastAPI(title="editloupe", version=version("editloupe"), redoc_url=None)
    reader = BodyReader(service.limits)
    app.add_api_route(
        "/v1/score",
        _scoring(service, reader),
        methods=["POST"],
        response_model=None,
        summary="Score items: an answer for each, in order; a failure is never a number.",
        responses={200: {"model": ScoreAnswer}},
        openapi_extra={"requestBody": _body_of("ScoreRequest")},
    )
    app.add_api_route(
        "/v1/decisions",
        _deciding(service, reader),
        methods=["POST"],
        response_model=None,
        summary="Typed questions about text and pictures, in OpenAI's schema.",
        openapi_extra={"requestBody": {"required": True, "content": _json("DecisionRequest")}},
    )
    app.add_api_route("/v1/models", _models(service), methods=["GET"], response_model=None, summary="The judge.")
    app.add_api_route("/health/live", _live, methods=["GET"], response_model=None, summary="The process answers.")
    app.add_api_route(
        "/health/ready",
        _ready(service),
        methods=["GET"],
        response_model=None,
        summary="Requests are welcome: 200 or 503.",
    )
    app.add_api_route("/metrics", _metrics(service), methods=["GET"], response_model=None, summary="For Prometheus.")
    app.add_exception_handler(Refused, _refused(service))
    schema = app.openapi

    def openapi() -> dict[str, Any]:
        document = schema()
        _, definitions = models_json_schema(
            [(model, "validation") for model in (ScoreRequest, Item, DecisionRequest)], ref_template=REF
        )
        document["components"]["schemas"] |= definitions["$defs"]
        document["components"]["schemas"]["ScoreRequest"]["properties"]["items"]["items"] = {
            "$ref": REF.format(model="Item")
        }
        return document

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's own way to extend the document
    return _Counted(Access(app, token), service)


def _scoring(service: Service, reader: BodyReader) -> Callable[[Request], Awaitable[Response]]:
    async def score(request: Request) -> Response:
        with reader.holding() as held:
            body = await reader.read(request, held)
            asked = await asyncio.to_thread(parsed, ScoreRequest, body.text)
            if len(asked.items) > service.limits.items:
                raise Refused(
                    413, "too-many-items", f"{len(asked.items)} items; at most {service.limits.items} a request"
                )
            answers = await _while_there(
                request, service.score(asked.items, body.parts, seconds=asked.timeout, reply=asked.reply)
            )
        if answers is None:
            return Response(status_code=GONE)
        scorer = service.scorer
        return JSONResponse(
            {
                "items": answers,
                "judge": service.judge.name,
                "signature": scorer.signature_of(service.config),
                "weights": scorer.weights,
            }
        )

    return score


def _deciding(service: Service, reader: BodyReader) -> Callable[[Request], Awaitable[Response]]:
    async def decide(request: Request) -> Response:
        with reader.holding() as held:
            body = await reader.read(request, held)
            asked = await asyncio.to_thread(parsed, DecisionRequest, body.text)
            if asked.model != service.judge.name:
                raise Refused(404, "unknown-model", f"the model here is {service.judge.name!r}")
            try:
                answer = await _while_there(request, service.decide(asked))
            except ItemError as error:
                status = 503 if error.retryable else 400
                after = 1 if error.retryable else None
                raise Refused(status, error.kind, str(error), retryable=error.retryable, after=after) from None
        return Response(status_code=GONE) if answer is None else JSONResponse(answer)

    return decide


async def _while_there(request: Request, work: Awaitable[Result]) -> Result | None:
    """Do the work of a request while its client is there; None when it has left.

    Raises:
        Refused: the queue is full, or the service ends.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_left(request))
    try:
        await asyncio.wait({working, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            return None
        return working.result()
    except TooManyQuestions as error:
        raise Refused(413, "too-many-questions", str(error)) from None
    except Full as error:
        raise Refused(429, "queue-full", str(error), retryable=True, after=error.after) from None
    except Closing:
        raise Refused(503, "shutting-down", "the service is about to end", retryable=True, after=5) from None
    finally:
        leaving.cancel()
        working.cancel()


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _models(service: Service) -> Callable[[], Awaitable[JSONResponse]]:
    async def models() -> JSONResponse:
        config, judge = service.config, service.judge
        model = {
            "id": judge.name,
            "object": "model",
            "owned_by": "editloupe",
            "signature": service.scorer.signature_of(config),
            "weights": service.scorer.weights,
            "warning": judge.warning,
            "rubric": config.rubric.name,
            "metrics": {
                name: {"low": config.rubric.metrics[name].low, "high": config.rubric.metrics[name].high}
                for name in config.rubric.enabled
            },
        }
        return JSONResponse({"object": "list", "data": [model]})

    return models


async def _live() -> PlainTextResponse:
    return PlainTextResponse("live")


def _ready(service: Service) -> Callable[[], Awaitable[PlainTextResponse]]:
    async def ready() -> PlainTextResponse:
        return PlainTextResponse("not ready", 503) if service.not_ready else PlainTextResponse("ready")

    return ready


def _metrics(service: Service) -> Callable[[], Awaitable[Response]]:
    async def metrics() -> Response:
        return Response(service.measures.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return metrics


def _refused(service: Service) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        service.measures.failures.labels(error.kind).inc()
        path = request.url.path
        return failed(error.status, error.kind, error.message, retryable=error.retryable, after=error.after, path=path)

    return refused


class _Counted:
    """Middleware that counts requests, and times them."""

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app = app
        self._measures = service.measures
        self._paths = ("/v1/score", "/v1/decisions", "/v1/models", "/health/live", "/health/ready", "/metrics")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.monotonic(), 500
        path = scope["path"] if scope["path"] in self._paths else "other"

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            self._measures.requests.labels(path, str(status)).inc()
            self._measures.seconds.labels(path).observe(time.monotonic() - started)


def _body_of(model: str) -> dict[str, Any]:
    schema = {"$ref": REF.format(model=model)}
    form = {
        "type": "object",
        "properties": {"request": schema},
        "additionalProperties": {"type": "string", "format": "binary"},
    }
    return {
        "required": True,
        "content": {**_json(model), "multipart/form-data": {"schema": form}},
    }


def _json(model: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": REF.format(model=model)}}}
