"""The judge that runs a vision-language checkpoint in this process: Qwen3-VL (dense or MoE), also Qwen2.5-VL.

Here are its options, its signature and its loading. The work is done by a runner: `qwen.runner.QwenRunner` for the
Qwen-VL family, `plain.ReferenceRunner`, which is transformers' own calls and nothing else, for any other model.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, ValidationInfo, field_validator

from editloupe.errors import ConfigError
from editloupe.hub import cached_snapshot, hub_snapshot
from editloupe.images import seen_anew
from editloupe.judges.generation import GenerationOptions, stated_sampling
from editloupe.judges.placement import choose_device, refuse_offload, weight_bytes
from editloupe.judges.random_weights import WARNING
from editloupe.judges.runner import Runner
from editloupe.judges.sampling import THINKING_TOKENS
from editloupe.judges.sizing import ImageSizing
from editloupe.model_loading import loading_model
from editloupe.protocols import Judge
from editloupe.records import AnswerFormat, Picture, Question, Reply
from editloupe.requirements import Requirement, lacking_model

__all__ = ["TransformersJudge"]

QWEN_FAMILY = ("qwen3_vl", "qwen3_vl_moe", "qwen2_5_vl", "qwen3_5", "qwen3_5_moe")
"""Model types that the fast engine knows; transformers' own calls serve the others."""

NANO = Path(__file__).parent.parent / "nano"


class TransformersJudge(Judge):
    """A vision-language model run by transformers."""

    class Options(GenerationOptions):
        """What the config says about this judge, besides the keys of `GenerationOptions`.

        Attributes:
            model: hub id, folder (relative to the config), ``nano``, the embedded one, or ``random:63m`` (also ``8b``,
                ``30b-a3b``): random weights of that shape, for timing.
            revision: of a hub id; a branch, tag or commit.
            dtype: ``auto`` is the checkpoint's own.
            device: ``auto`` is the emptiest GPU, several where the weights do not fit on one, else the CPU; or
                ``cpu``, ``cuda:1``, ...
            attention: transformers' name of an attention implementation; its own choice where None.
            max_new_tokens: where a reply is cut off (mode ``text``), thoughts apart.
            temperature: 0 is greedy; above, each reply is sampled with a seed of its own, whatever the batch.
            image: sizing.
        """

        model: str = "nano"
        revision: str | None = None
        dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
        device: str = "auto"
        attention: str | None = None
        max_new_tokens: int = Field(default=512, ge=1)
        temperature: float = Field(default=0.0, ge=0.0)
        image: ImageSizing = ImageSizing()

        @field_validator("model")
        @classmethod
        def _folder_beside_config(cls, value: str, info: ValidationInfo) -> str:
            folder = Path((info.context or {}).get("base", ".")) / Path(value).expanduser()
            return str(folder) if folder.is_dir() and value != "nano" else value

    @classmethod
    def requirements(cls, options: Options) -> list[Requirement]:
        """Tell of a checkpoint that is not on this machine; ``nano`` and random weights always are."""
        return list(lacking_model(options.model, options.revision))

    def __init__(self, options: Options) -> None:
        self.options = options
        self._folder: Path | None = None
        self._runner: Runner | None = None
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        """The short name for tables: the last part of the model's id or folder."""
        return Path(self.options.model).name

    @property
    def deterministic(self) -> bool:
        """Whether equal questions get equal replies."""
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
    def warning(self) -> str | None:
        """What a reader must know before believing this judge: the checkpoint's own `editloupe_warning`."""
        if self._random is not None:
            return WARNING
        text = self._checkpoint_config().get("editloupe_warning")
        return None if text is None else str(text)

    @property
    def domain(self) -> tuple[str, ...]:
        """The benchmarks that the checkpoint says it was made for; nothing where it is not on this machine.

        It says so as `editloupe_domain`, a name or a list of them, in its config.json or in the metadata of its model
        card (README.md).
        """
        if not self._is_here:
            return ()
        stated = self._checkpoint_config().get("editloupe_domain")
        stated = stated or _card_metadata(self.folder).get("editloupe_domain")
        return (stated,) if isinstance(stated, str) else tuple(str(benchmark) for benchmark in stated or ())

    @property
    def stated_sampling(self) -> str:
        """How the checkpoint asks for its tokens to be drawn, where the config has the most probable ones taken."""
        return stated_sampling(self.folder) if self.options.temperature == 0 and self._is_here else ""

    @property
    def signature(self) -> str:
        """What every reply depends on, apart from the bytes of `files`; throughput settings are not in it."""
        options = self.options
        model = self.name if self._is_local or self._random else f"{options.model}@{self.folder.name}"
        return (
            f"transformers model={model} dtype={self._dtype_name()} "
            f"image={options.image.longest_edge}+checkpoint/pil-bicubic{self._thinking_signature}"
        )

    @property
    def decoding(self) -> str:
        """What a generated reply depends on besides."""
        options = self.options
        room = ""
        if options.thinking == "auto" and options.max_thinking_tokens != THINKING_TOKENS:
            room = f" max_thinking_tokens={options.max_thinking_tokens}"
        heat = f"temperature={options.temperature:g}{options.sampling_signature}"
        return f"max_new_tokens={options.max_new_tokens} {heat}{room}"

    @property
    def _thinking_signature(self) -> str:
        """What thinking changes in both answer modes; nothing for ``auto``."""
        options = self.options
        if options.thinking != "on":
            return " thinking=off" if options.thinking == "off" else ""
        heat = f" temperature={options.temperature:g}{options.sampling_signature}"
        return f" thinking=on+{options.max_thinking_tokens}{heat}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a local checkpoint; a hub id is pinned by its commit instead."""
        if not self._is_local or self._random:
            return ()
        wanted = (".safetensors", ".bin", ".json", ".jinja", ".txt", ".model")
        return tuple(sorted(path for path in self.folder.iterdir() if path.suffix in wanted))

    @property
    def folder(self) -> Path:
        """Where the checkpoint lies; a hub id is downloaded on first use.

        Raises:
            ConfigError: there is no such checkpoint, or it cannot be reached.
        """
        if self._folder is None:
            self._folder = _resolve(self.options.model, self.options.revision)
        return self._folder

    @property
    def _random(self) -> str | None:
        """The shape asked for by ``random:SHAPE``."""
        kind, _, shape = self.options.model.partition(":")
        return shape if kind == "random" else None

    @property
    def _is_local(self) -> bool:
        return self.options.model == "nano" or Path(self.options.model).is_dir()

    @property
    def _is_here(self) -> bool:
        """Whether there is a checkpoint, and it is on this machine."""
        if self._random is not None:
            return False
        return self._is_local or cached_snapshot(self.options.model, self.options.revision) is not None

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        """Answer one batch.

        Args:
            questions: any number, with any number of images each.

        Returns:
            One reply per question, in order.

        Raises:
            ImageError: an image of the batch cannot be decoded.
            ModelLoadError: the weights cannot be loaded.
            Exception: whatever the model raises, out-of-memory errors included; the caller splits the batch.
        """
        replies: dict[int, Reply] = {}
        by_format: dict[AnswerFormat, list[int]] = {}
        for index, question in enumerate(questions):
            by_format.setdefault(question.answer, []).append(index)
        for answer, indices in by_format.items():
            batch = [questions[index] for index in indices]
            answers = self._choose(batch, answer) if answer.mode == "choice" else self.runner.generate(batch)
            replies.update(zip(indices, answers, strict=True))
        return [replies[index] for index in range(len(questions))]

    def close(self) -> None:
        """Drop the model and give its memory back."""
        if self._runner is None:
            return
        self._runner = None
        import torch

        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def plan(self, questions: Sequence[Question]) -> list[tuple[int, int]]:
        """Order questions for batching, (index, tokens) each; see `QwenRunner.plan`."""
        return self.runner.plan(questions)

    def budget(self, questions: Sequence[Question]) -> Callable[[], int]:
        """How many tokens a batch of these questions may have, as a function that may be asked again; see `memory`."""
        return self.runner.budget(questions)

    def memory(self, questions: Sequence[Question]) -> list[tuple[int, int]]:
        """What batches of such questions take by the stated model, (batch size, bytes); loads no weights.

        Args:
            questions: some of the work; their median lengths count.

        Returns:
            Nothing where the checkpoint is not on this machine, or not of the Qwen-VL family.
        """
        if not self._is_here:
            return []
        import torch
        from transformers import AutoConfig

        from editloupe.judges.qwen.memory import Shape, memory_table
        from editloupe.judges.qwen.processor import load_processor
        from editloupe.judges.qwen.prompts import PromptMaker

        config = AutoConfig.from_pretrained(str(self.folder))
        if config.model_type not in QWEN_FAMILY or not questions:
            return []
        options = self.options
        maker = PromptMaker(load_processor(str(self.folder)), options.image.longest_edge, options.thinking)
        prompts = sorted((maker.prompt(question) for question in questions), key=len)
        middle = prompts[len(prompts) // 2]
        new = options.max_new_tokens if questions[0].answer.mode == "text" else 0
        if options.thinking == "on" or (new and maker.turns.written().opened):
            new += options.max_thinking_tokens
        images = sum(image.tokens for image in middle.images)
        return memory_table(Shape.of(config, getattr(torch, self._dtype_name())), len(middle), images, new)

    def prepare(self, question: Question) -> None:
        """Do what a question needs of the CPU ahead of its turn; may be called from any thread."""
        self.runner.prepare(question)

    def tokens_computed(self) -> tuple[int, int] | None:
        """The prompt tokens computed by the model that is loaded, padding included, and the padding."""
        if self._runner is None:
            return None
        return self._runner.counters.tokens, self._runner.counters.padding

    def _choose(self, questions: Sequence[Question], answer: AnswerFormat) -> list[Reply]:
        runner = self.runner
        return runner.choose(questions, answer, _label_tokens(runner.tokenizer, answer))

    def _checkpoint_config(self) -> dict[str, Any]:
        path = self.folder / "config.json"
        try:
            config: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{str(self.folder)!r} holds no checkpoint: its config.json cannot be read") from error
        return config

    def _dtype_name(self) -> str:
        """The checkpoint's own type for ``auto``: what a score depends on must not follow from the machine at hand."""
        if self.options.dtype != "auto":
            return self.options.dtype
        if self._random is not None:
            return "float32" if self._random == "63m" else "bfloat16"
        config = self._checkpoint_config()
        for part in (config, config.get("text_config", {})):  # published Qwen3-VL checkpoints say it in the text part
            stated = part.get("dtype") or part.get("torch_dtype")
            if stated:
                return str(stated).removeprefix("torch.")
        return "float32"

    @property
    def runner(self) -> Runner:
        """What runs the checkpoint; loads it where that has not happened yet.

        Raises:
            ModelLoadError: the weights cannot be loaded.
        """
        with self._loading:  # planning and preparing may ask for it from several threads
            if self._runner is None:
                self._runner = self._load()
            return self._runner

    def _load(self) -> Runner:
        import torch

        device, weights = self.options.device, 0 if self._random is not None else weight_bytes(self.folder)
        if device == "auto":
            device = choose_device(
                weights, [torch.cuda.mem_get_info(gpu)[0] for gpu in range(torch.cuda.device_count())]
            )
        dtype = getattr(torch, self._dtype_name())
        mend = "another `device:`, a smaller `dtype:` or a smaller checkpoint"
        with loading_model(self.options.model, device=device, mend=mend):
            from transformers import AutoModelForImageTextToText
            from transformers.utils import logging as transformers_logging

            from editloupe.judges.plain import ReferenceRunner
            from editloupe.judges.qwen.processor import load_processor
            from editloupe.judges.qwen.runner import QwenRunner
            from editloupe.judges.random_weights import load_random

            transformers_logging.disable_progress_bar()  # our own progress says that a model is loading
            if self._random is not None:
                attention = self.options.attention
                model, processor = load_random(self._random, dtype=dtype, device=device, attention=attention)
            else:
                processor = load_processor(str(self.folder))
                model = AutoModelForImageTextToText.from_pretrained(
                    str(self.folder),
                    dtype=dtype,
                    device_map=None if device == "cpu" else device,
                    attn_implementation=self.options.attention,
                ).eval()
            if device != "cpu":
                refuse_offload(getattr(model, "hf_device_map", {}), self.name, weights)
        runner = QwenRunner if model.config.model_type in QWEN_FAMILY else ReferenceRunner
        return runner(
            model,
            processor,
            longest_edge=self.options.image.longest_edge,
            max_new_tokens=self.options.max_new_tokens,
            sampling=self.options.sampling(self.options.temperature),
            thinking=self.options.thinking,
            max_thinking_tokens=self.options.max_thinking_tokens,
        )


def _label_tokens(tokenizer: Any, answer: AnswerFormat) -> list[int]:
    """The token of each label after `begin`.

    Raises:
        ConfigError: a label is not exactly one token there, so one step cannot tell its probability.
    """
    before = tokenizer(answer.begin, add_special_tokens=False)["input_ids"]
    files = []
    for label in answer.labels:
        ids = tokenizer(answer.begin + label, add_special_tokens=False)["input_ids"]
        if ids[:-1] != before:
            raise ConfigError(
                f"the label {label!r} is not one token after {answer.begin!r} for this judge; use other labels, or the "
                "answer mode 'text'"
            )
        files.append(ids[-1])
    if len(set(files)) != len(files):
        raise ConfigError(f"two of the labels {answer.labels} are the same token for this judge")
    return files


def _card_metadata(folder: Path) -> dict[str, Any]:
    """The YAML between two lines ``---`` that a model card on the hub begins with; nothing where there is none."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    begin, _, rest = text.partition("---\n")
    block, end, _ = rest.partition("\n---")
    if begin or not end:
        return {}
    try:
        metadata = yaml.safe_load(block)
    except yaml.YAMLError:
        return {}
    return metadata if isinstance(metadata, dict) else {}


def _resolve(model: str, revision: str | None) -> Path:
    if model == "nano":
        return NANO
    return Path(model) if Path(model).is_dir() else hub_snapshot(model, revision)
