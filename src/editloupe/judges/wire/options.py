"""What the config says about a judge over the wire."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from editloupe.errors import ConfigError
from editloupe.judges.sizing import ImageSizing
from editloupe.remote.options import Prices, RemoteOptions, check_address

__all__ = ["WireImages", "WireOptions"]


class WireImages(ImageSizing):
    """How images are sized, by the local judge's rule, and encoded for the way.

    Attributes:
        encoding: ``png`` loses nothing; ``jpeg`` is smaller. A PNG or JPEG file that needs no change is sent as it is.
        quality: of ``jpeg``.
    """

    encoding: Literal["png", "jpeg"] = "png"
    quality: int = Field(default=95, ge=1, le=100)


class WireOptions(RemoteOptions):
    """What the config says about this judge, besides the keys of `RemoteOptions`.

    With `launch`, `model` may also be a folder beside the config; `max_cost` counts all runs of the study together.

    Attributes:
        base_url: one address or several (``http://localhost:8000/v1``); questions about one sample go to one of them.
        launch: a command that starts a server, with ``{model}`` and ``{port}``; instead of `base_url`.
        replicas: how many servers are launched.
        devices: shared out among the replicas, as CUDA_VISIBLE_DEVICES.
        ready_within: seconds that a launched server may take before it answers.
        concurrency: questions that may be open at each server.
        max_new_tokens: where a reply is cut off (mode ``text``).
        thinking: ``on`` and ``off`` tell the chat template (vLLM, SGLang); ``auto`` leaves it to the server.
        max_thinking_tokens: room for thoughts, added to `max_new_tokens` with ``thinking: on`` and for servers that
            want `max_completion_tokens`, which counts thoughts.
        temperature: 0 is greedy; ``default`` sends none, for models that refuse it.
        json_schema: ask for the rubric's JSON object through `response_format`, where the server takes it.
        prefill: mode ``choice``: put the answer's beginning into the assistant's turn (vLLM, SGLang); else the model
            writes it (hosted models).
        top_logprobs: mode ``choice``: alternatives asked for per token.
        answers_as: further names under which the model may answer.
        variant: a word for what changes replies and stands nowhere else, such as ``awq``; part of the signature.
        extra_body: further fields of each request; part of the signature.
        image: sizing and encoding.
        prices: per million tokens.
    """

    base_url: tuple[str, ...] = ()
    launch: str | None = None
    replicas: int = Field(default=1, ge=1)
    devices: tuple[int | str, ...] | None = None
    ready_within: float = Field(default=1800.0, gt=0)
    concurrency: int = Field(default=32, ge=1)
    max_new_tokens: int = Field(default=512, ge=1)
    thinking: Literal["auto", "on", "off"] = "auto"
    max_thinking_tokens: int = Field(default=8192, ge=0)
    temperature: float | Literal["default"] = 0.0
    json_schema: bool = True
    prefill: bool = True
    top_logprobs: int = Field(default=20, ge=1)
    answers_as: tuple[str, ...] = ()
    variant: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    image: WireImages = WireImages()
    prices: Prices | None = None

    @property
    def may_think(self) -> bool:
        """Whether the config says or implies that the model thinks: those that refuse a temperature do."""
        return self.thinking == "on" or (self.thinking == "auto" and self.temperature == "default")

    def token_limit(self, *, thinks: bool) -> int:
        """New tokens of one reply, with room for thoughts where the server counts them among the new tokens."""
        return self.max_new_tokens + (self.max_thinking_tokens if thinks and self.thinking != "off" else 0)

    @field_validator("model")
    @classmethod
    def _folder_beside_config(cls, value: str, info: ValidationInfo) -> str:
        folder = Path((info.context or {}).get("base", ".")) / Path(value).expanduser()
        return str(folder) if folder.is_dir() else value

    @field_validator("base_url", mode="before")
    @classmethod
    def _addresses(cls, value: Any) -> Any:
        urls = [value] if isinstance(value, str) else value
        for url in urls if isinstance(urls, list | tuple) else []:
            check_address(str(url))
        return urls

    @field_validator("launch")
    @classmethod
    def _a_command(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if re.search(r"--api[-_]key\b", value):
            raise ConfigError("judge.launch may hold no key; give it to the server through its environment")
        if "{port}" not in value:
            raise ValueError("the command needs {port}, the free port that is chosen for it")
        shlex.split(value)
        return value

    @model_validator(mode="after")
    def _together(self) -> Self:
        if bool(self.base_url) == (self.launch is not None):
            raise ConfigError(
                "the judge of type openai needs either base_url (where a server runs) or launch (how to start one)"
            )
        if self.devices is not None and len(self.devices) % self.replicas:
            raise ConfigError(
                f"judge.devices names {len(self.devices)} devices, which {self.replicas} replicas cannot share evenly"
            )
        if self.max_cost is not None and self.prices is None:
            raise ConfigError("judge.max_cost needs judge.prices, for example {input: 0.15, output: 0.60}")
        return self
