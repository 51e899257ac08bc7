"""What a server's chat template makes of a conversation, where the server shows it.

Templates trim messages, open thoughts, or close them. vLLM renders a conversation at ``/tokenize`` and ``/detokenize``;
a server that does not list both among its paths shows nothing, and nothing is guessed about it. No picture is sent and
no reply is written: this asks for the template alone.
"""

from __future__ import annotations

import logging
from typing import Any

from editloupe.errors import ConfigError
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.server import Server
from editloupe.records import AnswerFormat
from editloupe.rubrics.thoughts import CLOSING, opens_thoughts, split_thoughts

__all__ = ["check_template", "misplaced_beginning", "other_thinking"]

log = logging.getLogger(__name__)

_ASKED = "What is shown here?"
"""The question of the trial conversation; it holds no mark of thoughts."""
_PATHS = ("/tokenize", "/detokenize")
_SHOWN = 60
"""Characters of a prompt's end that a message quotes."""
_PATIENCE = 30
"""Seconds for each of the three requests."""


async def check_template(server: Server, url: str, options: WireOptions, answer: AnswerFormat) -> None:
    """Compare the end of a rendered prompt with what was meant to stand there.

    Args:
        server: whose template it is.
        url: where its API begins, ``.../v1``.
        options: the judge's.
        answer: how the questions are answered.

    Raises:
        ConfigError: the answer's beginning stands somewhere else, or thoughts are not as `thinking` says.
    """
    begin = answer.begin if answer.mode == "choice" and options.prefill else ""
    if not begin and options.thinking == "auto":
        return
    prompt = await _rendered(server, url.rstrip("/").removesuffix("/v1"), options, begin)
    if prompt is None:
        if begin:
            log.warning(
                "%s does not show its rendered prompts (/tokenize), so where its chat template leaves the beginning of "
                "the answer cannot be seen; judge.min_label_mass is what tells",
                server.name,
            )
        return
    wrong = misplaced_beginning(prompt, begin) if begin else other_thinking(prompt, options)
    if wrong:
        raise ConfigError(f"{server.name}: {wrong}")


def misplaced_beginning(prompt: str, begin: str) -> str:
    """Say why a label would not be read right behind the answer's beginning; empty where it would.

    Args:
        prompt: rendered, with the beginning as the judge's unfinished message.
        begin: the beginning.
    """
    turn = prompt.rpartition(_ASKED)[2]
    mend = "set judge.prefill to false, so that the judge writes the beginning itself, or judge.answer to text"
    if not turn.endswith(begin):
        return f"its chat template ends the prompt with {turn[-_SHOWN:]!r} instead of {begin!r}; {mend}"
    if not split_thoughts(turn.removesuffix(begin)).closed:
        return f"its chat template puts {begin!r} inside of the judge's thoughts; set judge.thinking to off, or {mend}"
    return ""


def other_thinking(prompt: str, options: WireOptions) -> str:
    """Say how a template does not do what `thinking` says; empty where it does.

    Args:
        prompt: rendered up to where the judge begins to write.
        options: the judge's.
    """
    opened = opens_thoughts(prompt)
    if options.thinking == "off" and opened:
        return (
            "judge.thinking is off, but its chat template opens thoughts all the same; set it to auto, which gives "
            "thoughts room and keeps them apart, or start the server with a template that knows enable_thinking"
        )
    if options.thinking == "on" and not opened and CLOSING.search(prompt.rpartition(_ASKED)[2]):
        return (
            "judge.thinking is on, but its chat template closes the thoughts before they begin; set it to auto or off"
        )
    return ""


async def _rendered(server: Server, root: str, options: WireOptions, begin: str) -> str | None:
    """The trial conversation as the server renders it; None where it does not show that."""
    import openai

    messages: list[dict[str, Any]] = [{"role": "user", "content": _ASKED}]
    body: dict[str, Any] = {"model": options.model, "messages": messages, "add_generation_prompt": not begin}
    if begin:
        messages.append({"role": "assistant", "content": begin})
        body["continue_final_message"] = True
    settings = dict(options.extra_body.get("chat_template_kwargs", {}))
    if options.thinking != "auto":
        settings = {"enable_thinking": options.thinking == "on", **settings}
    if settings:
        body["chat_template_kwargs"] = settings
    patience = {"timeout": _PATIENCE}
    try:
        described: Any = await server.client.get(f"{root}/openapi.json", cast_to=object, options=patience)
        if not isinstance(described, dict) or not all(path in described.get("paths", {}) for path in _PATHS):
            return None
        tokens: Any = await server.client.post(f"{root}/tokenize", body=body, cast_to=object, options=patience)
        wanted = {"model": options.model, "tokens": tokens["tokens"]}
        written: Any = await server.client.post(f"{root}/detokenize", body=wanted, cast_to=object, options=patience)
        prompt = written["prompt"]
    except (openai.OpenAIError, KeyError, TypeError, ValueError):
        return None
    return prompt if isinstance(prompt, str) and _ASKED in prompt else None
