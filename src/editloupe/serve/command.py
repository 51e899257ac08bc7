"""What `editloupe serve` and `editloupe score` do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError
from editloupe.images import picture_of
from editloupe.requirements import lacking_packages
from editloupe.serve.limits import Limits
from editloupe.serve.settings import load_served

__all__ = ["answer_lines", "run_service", "score_one"]

PACKAGES = {"fastapi": "serve", "uvicorn": "serve", "prometheus_client": "serve", "python_multipart": "serve"}


def run_service(
    path: str,
    settings: Sequence[str],
    *,
    host: str,
    port: int,
    token_variable: str,
    ledger: Path | None,
    wait: float,
    limits: Limits,
    say: Callable[[str], None],
) -> None:
    """Serve until told to end.

    Args:
        path, settings: of the config.
        host, port: to bind.
        token_variable: the environment variable that holds the token.
        ledger: a folder for replies.
        wait: seconds that a question waits for others.
        limits: of requests.
        say: gets a line for a person.

    Raises:
        ConfigError: the config, the address or the token cannot be used, or a package is missing.
        StudyLocked: another process holds the ledger.
    """
    for lacking in lacking_packages(PACKAGES):
        raise ConfigError(f"serve {lacking.sentence}")
    from editloupe.serve.access import token_from
    from editloupe.serve.app import make_app
    from editloupe.serve.recall import Recall
    from editloupe.serve.server import listen, serve_until_told
    from editloupe.serve.service import Service

    config = load_served(path, settings, out=None if ledger is None else str(ledger))
    token = token_from(token_variable, host)
    with ExitStack() as stack:
        bound = stack.enter_context(listen(host, port))
        recall = None if ledger is None else stack.enter_context(Recall(ledger))
        service = stack.enter_context(Service(config, limits=limits, wait=wait, recall=recall))
        address, taken = bound.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        who = f"requests bear the token in {token_variable}" if token else "open to every program of this machine"
        line = f"serving {service.judge.name} with rubric {config.rubric.name} at http://{shown}:{taken}; {who}"
        serve_until_told(service, make_app(service, token=token), bound, lambda: say(line))


def score_one(
    source: str,
    edited: str,
    instruction: str,
    *,
    config: str | None,
    url: str | None,
    settings: Sequence[str],
    category: str,
    metrics: Sequence[str] | None,
) -> dict[str, Any]:
    """Score one edit; the answer is that of `/v1/score` for one item.

    Raises:
        ConfigError: neither or both of `config` and `url`, or a config that cannot be used.
        ImageError: a picture cannot be read.
    """
    if (config is None) == (url is None):
        raise ConfigError("score: name a judge by --config CONFIG, or a service by --url URL")
    parts = {"source": picture_of(Path(source)).read(), "edited": picture_of(Path(edited)).read()}
    if url is not None:
        return _asked(url, parts, instruction, category, metrics)
    from editloupe.serve.local import score_here
    from editloupe.serve.messages import Item

    assert config is not None
    item = Item(
        sources=["part:source"],
        edited="part:edited",
        instruction=instruction,
        category=category,
        metrics=None if metrics is None else list(metrics),
    )
    return score_here(load_served(config, settings), item, parts)


def answer_lines(answer: Mapping[str, Any]) -> Iterator[str]:
    """An answer for a person: scores, the judge's words, what failed, and what all of it depends on."""
    for name, value in (answer.get("scores") or {}).items():
        yield f"{name}  {'failed' if value is None else format(value, '.4g')}"
    if answer.get("overall") is not None:
        yield f"overall  {answer['overall']:.4g}"
    for question, words in (answer.get("reply") or {}).items():
        yield f"reply to {question}: {' '.join(words.split())}"
    if failure := answer.get("failure"):
        again = "may pass another time" if failure["retryable"] else "will fail again"
        yield f"failed ({failure['kind']}; {again}): {failure['message']}"
    if answer.get("signature"):
        yield f"signature  {answer['signature']}"


def _asked(
    url: str, parts: Mapping[str, bytes], instruction: str, category: str, metrics: Sequence[str] | None
) -> dict[str, Any]:
    for lacking in lacking_packages({"httpx": "serve", "tenacity": "serve"}):
        raise ConfigError(f"score --url {lacking.sentence}")
    from editloupe.client import Client, Item

    item = Item([parts["source"]], parts["edited"], instruction, category=category, metrics=metrics)
    with Client(url, reply=True) as client:
        (scored,) = client.score([item])
    failure = scored.failure
    return {
        **({"scores": dict(scored.scores), "overall": scored.overall} if scored.scores else {}),
        **({"reply": dict(scored.reply)} if scored.reply else {}),
        **(
            {"failure": {"kind": failure.kind, "message": failure.message, "retryable": failure.retryable}}
            if failure is not None
            else {}
        ),
        **({"signature": scored.signature} if scored.signature else {}),
    }
