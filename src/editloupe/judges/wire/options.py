"""What the config says about a judge over the wire."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, ValidationInfo, field_validator, model_validator

from editloupe.errors import ConfigError
from editloupe.judges.sizing import ImageSizing
from editloupe.judges.wire.keys import check_name
from editloupe.plugins import Options as PluginOptions

__all__ = ["Prices", "WireImages", "WireOptions"]


class WireImages(ImageSizing):
    """How images are sized, by the local judge's rule, and encoded for the way.

    Attributes:
        encoding: ``png`` loses nothing; ``jpeg`` is smaller. A PNG or JPEG file that needs no change is sent as it is.
        quality: of ``jpeg``.
    """

    encoding: Literal["png", "jpeg"] = "png"
    quality: int = Field(default=95, ge=1, le=100)


class Prices(PluginOptions):
    """Prices per million tokens."""

    input: float = Field(ge=0)
    output: float = Field(ge=0)
    currency: str = "USD"


class WireOptions(PluginOptions):
    """What the config says about this judge.

    Attributes:
        model: as the server calls it; with `launch`, also a folder beside the config.
        base_url: one address or several (``http://localhost:8000/v1``); questions about one sample go to one of them.
        launch: a command that starts a server, with ``{model}`` and ``{port}``; instead of `base_url`.
        replicas: how many servers are launched.
        devices: shared out among the replicas, as CUDA_VISIBLE_DEVICES.
        ready_within: seconds that a launched server may take before it answers.
        api_key_env: the environment variable that holds the key; no key is sent without it.
        concurrency: questions that may be open at each server.
        timeout: seconds that one answer may take.
        retries: how often one question is asked again in all, whatever the reasons.
        max_new_tokens: where a reply is cut off (mode ``text``).
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
        max_cost: no question is asked that could lead beyond it; for all runs of the study together.
    """

    model: str
    base_url: tuple[str, ...] = ()
    launch: str | None = None
    replicas: int = Field(default=1, ge=1)
    devices: tuple[int | str, ...] | None = None
    ready_within: float = Field(default=1800.0, gt=0)
    api_key_env: str | None = None
    concurrency: int = Field(default=32, ge=1)
    timeout: float = Field(default=300.0, gt=0)
    retries: int = Field(default=8, ge=0)
    max_new_tokens: int = Field(default=512, ge=1)
    temperature: float | Literal["default"] = 0.0
    json_schema: bool = True
    prefill: bool = True
    top_logprobs: int = Field(default=20, ge=1)
    answers_as: tuple[str, ...] = ()
    variant: str | None = None
    extra_body: dict[str, Any] = Field(default_factory=dict)
    image: WireImages = WireImages()
    prices: Prices | None = None
    max_cost: float | None = Field(default=None, gt=0)

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
            parts = urlsplit(str(url))
            if "@" in parts.netloc or parts.query:
                # Not as a ValueError, whose message would repeat the value.
                raise ConfigError("judge.base_url may hold no user, password or query: keys come from api_key_env")
            if parts.scheme not in ("http", "https") or not parts.netloc:
                raise ValueError("an address starts with http:// or https://")
        return urls

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, value: str | None) -> str | None:
        return None if value is None else check_name(value)

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
