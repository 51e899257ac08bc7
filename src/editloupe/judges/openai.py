"""The judge over the wire: vLLM, SGLang, or any other server that speaks the OpenAI chat completions.

Many questions are open at once, so this judge is a stream: each reply is handed over as it arrives. What a server does
wrong becomes a `Failure` of that question; what it does not do at all (no token probabilities, another model) is a
`ConfigError` that says which setting helps.
"""

from __future__ import annotations

import json
import re
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from editloupe.errors import ConfigError, ItemError
from editloupe.images import seen_anew
from editloupe.judges.generation import stated_sampling
from editloupe.judges.wire import launch
from editloupe.judges.wire.background import in_background
from editloupe.judges.wire.dispatch import Dispatcher
from editloupe.judges.wire.forecast import forecast
from editloupe.judges.wire.options import WireOptions
from editloupe.judges.wire.server import Server
from editloupe.judges.wire.setup import Answered
from editloupe.judges.wire.templates import check_template
from editloupe.protocols import StreamingJudge
from editloupe.records import AnswerFormat, Failure, Picture, Question, Reply
from editloupe.remote.keys import NO_KEY, api_key
from editloupe.remote.usage import Usage
from editloupe.requirements import Requirement, lacking_key, lacking_packages, lacking_program, lacking_server

__all__ = ["OpenAIJudge"]

_NUMERIC = (
    "dtype",
    "quantization",
    "kv-cache-dtype",
    "revision",
    "chat-template",
    "lora-modules",
    "mm-processor-kwargs",
)
"""Flags of vLLM and SGLang that change replies; the others are throughput, and not in the signature."""


class OpenAIJudge(StreamingJudge):
    """A model behind an OpenAI-compatible address, one of ours (`launch`) or somebody else's (`base_url`)."""

    Options = WireOptions
    packages: ClassVar[Mapping[str, str]] = {"openai": "openai"}

    @classmethod
    def requirements(cls, options: WireOptions) -> list[Requirement]:
        """Tell of the missing package, a missing key, a server that is not there, or the program that starts it."""
        unmet = [*lacking_packages(cls.packages), *lacking_key(options.api_key_env)]
        if options.launch is not None:
            unmet += lacking_program(shlex.split(options.launch)[0])
        for url in options.base_url:
            unmet += lacking_server(url)
        return unmet

    def __init__(self, options: WireOptions) -> None:
        self.options = options
        self._folder: Path | None = None
        self._launched: list[launch.LaunchedServer] = []
        self._usage: Usage | None = None

    @property
    def name(self) -> str:
        """The short name for tables: the last part of the model's id or folder."""
        return Path(self.options.model).name

    @property
    def deterministic(self) -> bool:
        """Whether equal questions get equal replies, as far as the server keeps to greedy decoding."""
        return self.options.temperature == 0

    @property
    def thinks(self) -> bool:
        """Whether it writes thoughts before a choice as well."""
        return self.options.thinking == "on"

    @property
    def reply_limit(self) -> int:
        """Tokens after which a reply is cut off."""
        return self.options.max_new_tokens

    def sees_anew(self, picture: Picture) -> bool:
        """Whether it sizes a picture otherwise than version 0.1.0 did."""
        return seen_anew(picture, self.options.image.longest_edge)

    @property
    def signature(self) -> str:
        """What every reply depends on as far as we can know it; addresses and throughput settings are not in it."""
        options = self.options
        encoding = options.image.encoding if options.image.encoding == "png" else f"jpeg{options.image.quality}"
        parts = [
            f"openai model={self.name if self._is_local else options.model}",
            f"image={options.image.longest_edge}+server/pil-bicubic+{encoding}",
            f"prefill={str(options.prefill).lower()}",
        ]
        flags = _numeric_flags(options.launch or "")
        parts += [f"launch={','.join(flags)}"] if flags else []
        parts += [f"variant={options.variant}"] if options.variant else []
        if (
            options.thinking == "on"
        ):  # thoughts come before a choice as well, whose key knows nothing else of how they are written
            parts.append(
                f"thinking=on+{options.max_thinking_tokens} temperature={self._heat}{options.sampling_signature}"
            )
        elif options.thinking == "off":
            parts.append("thinking=off")
        parts += [f"extra={json.dumps(options.extra_body, sort_keys=True)}"] if options.extra_body else []
        return " ".join(parts)

    @property
    def decoding(self) -> str:
        """What a generated reply depends on besides."""
        options = self.options
        schema = "if-taken" if options.json_schema else "no"
        thinking = "" if options.thinking == "auto" else f" thinking={options.thinking}+{options.max_thinking_tokens}"
        heat = f"temperature={self._heat}{options.sampling_signature}"
        return f"max_new_tokens={options.max_new_tokens} {heat} json_schema={schema}{thinking}"

    @property
    def _heat(self) -> str:
        heat = self.options.temperature
        return heat if isinstance(heat, str) else f"{heat:g}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a local checkpoint that is launched."""
        if not self._is_local:
            return ()
        wanted = (".safetensors", ".bin", ".json", ".jinja", ".txt", ".model", ".gguf")
        return tuple(sorted(path for path in Path(self.options.model).iterdir() if path.suffix in wanted))

    @property
    def stated_sampling(self) -> str:
        """How a local checkpoint asks for its tokens to be drawn, where the config has the most probable ones taken."""
        return stated_sampling(Path(self.options.model)) if self._is_local and self.deterministic else ""

    @property
    def note(self) -> str:
        """Tokens and cost so far, for the progress lines."""
        return "" if self._usage is None else self._usage.note

    @property
    def _is_local(self) -> bool:
        return self.options.launch is not None and Path(self.options.model).is_dir()

    def work_in(self, folder: Path) -> None:
        """Keep the servers' logs and `cost.json` in this study folder."""
        self._folder = folder

    def forecast(self, questions: Sequence[Question], times: int) -> str:
        """What asking these questions about each of so many editors would take, in one line."""
        return forecast(questions, times, self.options)

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        """Answer one batch, all at once.

        Raises:
            ItemError: a question got no reply. `stream` keeps the others apart from it.
        """
        replies: dict[int, Reply] = {}
        failed: Failure | None = None
        for batch in self.stream(questions):
            for index, outcome, _ in batch:
                if isinstance(outcome, Failure):
                    failed = failed or outcome
                else:
                    replies[index] = outcome
        if failed is not None:
            raise ItemError(failed.message, kind=failed.kind, retryable=failed.retryable)
        return [replies[index] for index in range(len(questions))]

    def stream(self, questions: Sequence[Question], samples: Sequence[str] | None = None) -> Iterator[list[Answered]]:
        """Ask all questions; see `protocols.StreamingJudge`.

        Raises:
            ConfigError: no key, no server, or a server that does not do what the config asks of it.
            StudyStopped: the next question could lead beyond `max_cost`.
        """
        if not questions:
            return
        options = self.options
        if (
            options.thinking == "on"
            and options.prefill
            and any(question.answer.mode == "choice" for question in questions)
        ):
            raise ConfigError(
                "judge.thinking is on, and the answer mode choice begins the judge's answer before it has thought: set "
                "judge.prefill to false, so that the judge writes its thoughts and then the beginning, or judge.answer "
                "to text"
            )
        key = api_key(options.api_key_env, "judge")
        usage = self._counted_usage()
        urls = self._addresses()
        names = samples if samples is not None else [_first_image(question) for question in questions]

        async def work(emit: Any) -> None:
            servers = [self._server(url, key) for url in urls]
            try:
                for server, url in zip(servers, urls, strict=True):
                    for mode, begin in dict.fromkeys(
                        (question.answer.mode, question.answer.begin) for question in questions
                    ):
                        await check_template(server, url, options, AnswerFormat(mode, begin=begin))
                dispatcher = Dispatcher(options, servers, questions, names, usage, key, proven=self.hands_on_all)
                await dispatcher.run(emit)
            finally:
                for server in servers:
                    await server.client.close()

        try:
            for batch in in_background(work):
                usage.save()  # before the replies are committed: money that is spent is never forgotten
                yield batch
        finally:
            usage.save()

    def close(self) -> None:
        """End the servers that were launched."""
        servers, self._launched = self._launched, []
        launch.end(servers)

    def _counted_usage(self) -> Usage:
        if self._usage is None:
            path = None if self._folder is None else self._folder / "cost.json"
            self._usage = Usage(self.name, self.options.prices, self.options.max_cost, path)
        return self._usage

    def _addresses(self) -> Sequence[str]:
        if self.options.launch is None:
            return self.options.base_url
        if not self._launched:
            folder = self._folder or Path(tempfile.mkdtemp(prefix="editloupe-"))
            self._launched = launch.start(self.options, folder)
        return [server.base_url for server in self._launched]

    def _server(self, url: str, key: str | None) -> Server:
        import openai

        client = openai.AsyncOpenAI(
            api_key=key or NO_KEY,
            base_url=url,
            timeout=self.options.timeout,
            max_retries=0,  # one budget, in one place: ours, where a pause is shared by all questions of a server
            # A server of our own is never behind a proxy; the environment's proxies are for the others.
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False) if self._launched else None,
        )
        return Server(client, url, concurrency=self.options.concurrency, retries=self.options.retries)


def _first_image(question: Question) -> str:
    """Stands for the sample where its name is not known: questions about one picture share what a server computes."""
    return question.images[0].sha256 if question.images else question.ask


def _numeric_flags(command: str) -> list[str]:
    """``--dtype float16`` and the like out of a launch command, as ``dtype=float16``, sorted."""
    words = shlex.split(command)
    flags = []
    for index, word in enumerate(words):
        match = re.fullmatch(r"--([a-z_-]+)(?:=(.*))?", word)
        name = match[1].replace("_", "-") if match else ""
        if match and name in _NUMERIC:
            value = match[2] if match[2] is not None else " ".join(words[index + 1 : index + 2])
            flags.append(f"{name}={value}")
    return sorted(flags)
