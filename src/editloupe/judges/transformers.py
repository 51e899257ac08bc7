"""The judge that runs a vision-language checkpoint in this process: Qwen3-VL (dense or MoE), also Qwen2.5-VL.

One batch is one call of the model: a list of conversations, padded on the left so that every row's last token is the
last position, one `generate` (or one forward pass in the mode ``choice``), the prompts trimmed off, one `batch_decode`.
Padding is asked for per call, so the tokenizer keeps the padding side it came with.
"""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from editloupe.errors import ConfigError
from editloupe.images import decode, fit
from editloupe.plugins import Options as PluginOptions
from editloupe.records import AnswerFormat, ImagePart, Question, Reply

if TYPE_CHECKING:
    import torch

__all__ = ["ImageSizing", "TransformersJudge"]

NANO = Path(__file__).parent.parent / "nano"


class ImageSizing(PluginOptions):
    """How images are sized before the checkpoint's own rule (multiples of its patches within its pixel budget)."""

    longest_edge: int | None = Field(default=1024, ge=32)


class TransformersJudge:
    """A vision-language model run by transformers."""

    class Options(PluginOptions):
        """What the config says about this judge.

        Attributes:
            model: hub id, folder (relative to the config), or ``nano``, the embedded one.
            revision: of a hub id; a branch, tag or commit.
            dtype: ``auto`` is the checkpoint's own.
            device: ``auto`` spreads the model over what is there; else ``cpu``, ``cuda:1``, ...
            attention: transformers' name of an attention implementation; its own choice where None.
            max_new_tokens: where a reply is cut off (mode ``text``).
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

    def __init__(self, options: Options) -> None:
        self.options = options
        self._folder: Path | None = None
        self._loaded: tuple[Any, Any] | None = None

    @property
    def name(self) -> str:
        """The short name for tables: the last part of the model's id or folder."""
        return Path(self.options.model).name

    @property
    def deterministic(self) -> bool:
        """Whether equal questions get equal replies."""
        return self.options.temperature == 0

    @property
    def warning(self) -> str | None:
        """What a reader must know before believing this judge: the checkpoint's own `editloupe_warning`."""
        text = self._checkpoint_config().get("editloupe_warning")
        return None if text is None else str(text)

    @property
    def signature(self) -> str:
        """What every reply depends on, apart from the bytes of `files`; throughput settings are not in it."""
        one = self.options
        model = self.name if self._is_local else f"{one.model}@{self.folder.name}"
        return (
            f"transformers model={model} dtype={self._dtype_name()} "
            f"image={one.image.longest_edge}+checkpoint/pil-bicubic"
        )

    @property
    def decoding(self) -> str:
        """What a generated reply depends on besides."""
        return f"max_new_tokens={self.options.max_new_tokens} temperature={self.options.temperature:g}"

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of a local checkpoint; a hub id is pinned by its commit instead."""
        if not self._is_local:
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
    def _is_local(self) -> bool:
        return self.options.model == "nano" or Path(self.options.model).is_dir()

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        """Answer one batch.

        Args:
            questions: any number, with any number of images each.

        Returns:
            One reply per question, in order.

        Raises:
            ImageError: an image of the batch cannot be decoded.
            Exception: whatever the model raises, out-of-memory errors included; the caller splits the batch.
        """
        replies: dict[int, Reply] = {}
        by_format: dict[AnswerFormat, list[int]] = {}
        for index, question in enumerate(questions):
            by_format.setdefault(question.answer, []).append(index)
        for answer, indices in by_format.items():
            batch = [questions[index] for index in indices]
            found = self._choose(batch, answer) if answer.mode == "choice" else self._generate(batch)
            replies.update(zip(indices, found, strict=True))
        return [replies[index] for index in range(len(questions))]

    def close(self) -> None:
        """Drop the model and give its memory back."""
        if self._loaded is None:
            return
        self._loaded = None
        import torch

        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def encode(self, questions: Sequence[Question]) -> Mapping[str, torch.Tensor]:
        """Tokenize one batch of the same answer format: (batch, length) ids and mask, padded on the left, and pixels.

        Text from data stays text: control tokens in it are encoded as ordinary characters.
        """
        processor, model = self._model()
        begin = questions[0].answer.begin
        inputs = processor.apply_chat_template(
            [self._conversation(question) for question in questions],
            tokenize=True,
            return_dict=True,
            return_tensors="pt",
            add_generation_prompt=not begin,
            continue_final_message=bool(begin),
            sanitize_control_tokens=True,
            processor_kwargs={"padding": True, "padding_side": "left"},
        )
        moved: Mapping[str, torch.Tensor] = inputs.to(model.device, dtype=model.dtype)
        return moved

    def _conversation(self, question: Question) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        for part in question.context:
            if isinstance(part, ImagePart):
                image = fit(decode(part.picture), self.options.image.longest_edge)
                content.append({"type": "image", "image": image})
            else:
                content.append({"type": "text", "text": part + "\n"})
        content.append({"type": "text", "text": question.ask})
        messages = [{"role": "user", "content": content}]
        if question.system:
            messages.insert(0, {"role": "system", "content": [{"type": "text", "text": question.system}]})
        if question.answer.begin:
            messages.append({"role": "assistant", "content": [{"type": "text", "text": question.answer.begin}]})
        return messages

    def _generate(self, questions: Sequence[Question]) -> list[Reply]:
        import torch
        from transformers import GenerationConfig, LogitsProcessorList

        started = time.perf_counter()
        processor, model = self._model()
        inputs = self.encode(questions)
        ends = _end_tokens(model, processor)
        padding = processor.tokenizer.pad_token_id if processor.tokenizer.pad_token_id is not None else ends[0]
        # Built anew rather than taken from the checkpoint, whose sampling defaults would make replies random.
        config = GenerationConfig(
            max_new_tokens=self.options.max_new_tokens, do_sample=False, eos_token_id=ends, pad_token_id=padding
        )
        extra = LogitsProcessorList()
        if self.options.temperature > 0:
            extra.append(_SeededSampling(self.options.temperature, [question.seed for question in questions]))
        with torch.inference_mode():
            output = model.generate(**inputs, generation_config=config, logits_processor=extra)
        trimmed = output[:, inputs["input_ids"].shape[1] :].cpu()
        texts = processor.batch_decode(trimmed, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        seconds = (time.perf_counter() - started) / len(questions)
        replies = []
        for row, text in enumerate(texts):
            ended = [position for position, token in enumerate(trimmed[row].tolist()) if token in ends]
            length = ended[0] + 1 if ended else trimmed.shape[1]
            prompt = int(inputs["attention_mask"][row].sum())
            replies.append(Reply(text.strip(), "stop" if ended else "length", prompt, length, None, seconds))
        return replies

    def _choose(self, questions: Sequence[Question], answer: AnswerFormat) -> list[Reply]:
        import torch

        started = time.perf_counter()
        processor, model = self._model()
        tokens = _label_tokens(processor.tokenizer, answer)
        inputs = self.encode(questions)
        with torch.inference_mode():
            # Left padding: the last position is the last real token of every row.
            logits = model(**inputs, logits_to_keep=1, use_cache=False).logits[:, -1].float()
            chances = torch.softmax(logits, dim=-1)[:, tokens].cpu().tolist()
        seconds = (time.perf_counter() - started) / len(questions)
        replies = []
        for row, values in enumerate(chances):
            labels = dict(zip(answer.labels, values, strict=True))
            best = max(labels, key=labels.__getitem__)
            prompt = int(inputs["attention_mask"][row].sum())
            replies.append(Reply(best, "choice", prompt, 1, labels, seconds))
        return replies

    def _checkpoint_config(self) -> dict[str, Any]:
        path = self.folder / "config.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{str(self.folder)!r} holds no checkpoint: its config.json cannot be read") from error
        return found

    def _dtype_name(self) -> str:
        """The checkpoint's own type for ``auto``: what a score depends on must not follow from the machine at hand."""
        if self.options.dtype != "auto":
            return self.options.dtype
        config = self._checkpoint_config()
        return str(config.get("dtype") or config.get("torch_dtype") or "float32")

    def _model(self) -> tuple[Any, Any]:
        if self._loaded is None:
            import torch
            from transformers import AutoModelForImageTextToText
            from transformers.utils import logging as transformers_logging

            from editloupe.judges.qwen_processor import load_processor

            device = self.options.device
            if device == "auto" and not torch.cuda.is_available():
                device = "cpu"
            transformers_logging.disable_progress_bar()  # our own progress says that a model is loading
            processor = load_processor(str(self.folder))
            model = AutoModelForImageTextToText.from_pretrained(
                str(self.folder),
                dtype=getattr(torch, self._dtype_name()),
                device_map=None if device == "cpu" else device,
                attn_implementation=self.options.attention,
            )
            self._loaded = processor, model.eval()
        return self._loaded


class _SeededSampling:
    """Sampling that does not depend on the batch: logits / temperature + Gumbel noise, then the arg max.

    arg max(l_i / T + g_i) with g_i = -log(-log u_i) is an exact draw from softmax(l / T) (Gumbel 1954; Maddison et al.
    2014, "A* Sampling"). Each row owns its generator, so grouping questions otherwise changes no reply.
    """

    def __init__(self, temperature: float, seeds: Sequence[int]) -> None:
        import torch

        self._temperature = temperature
        self._generators = [torch.Generator().manual_seed(seed) for seed in seeds]

    def __call__(self, _ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        import torch

        uniform = torch.stack([torch.rand(scores.shape[1], generator=one) for one in self._generators])
        noise = -torch.log(-torch.log(uniform.clamp(1e-20, 1 - 1e-7)))
        return scores / self._temperature + noise.to(scores.device, scores.dtype)


def _end_tokens(model: Any, processor: Any) -> list[int]:
    """The tokens that end a reply: the checkpoint's own, and the tokenizer's."""
    stated = model.generation_config.eos_token_id
    ends = list(stated) if isinstance(stated, list | tuple) else [stated]
    ends.append(processor.tokenizer.eos_token_id)
    return sorted({token for token in ends if token is not None})


def _label_tokens(tokenizer: Any, answer: AnswerFormat) -> list[int]:
    """The token of each label after `begin`.

    Raises:
        ConfigError: a label is not exactly one token there, so one step cannot tell its probability.
    """
    before = tokenizer(answer.begin, add_special_tokens=False)["input_ids"]
    found = []
    for label in answer.labels:
        ids = tokenizer(answer.begin + label, add_special_tokens=False)["input_ids"]
        if ids[:-1] != before:
            raise ConfigError(
                f"the label {label!r} is not one token after {answer.begin!r} for this judge; use other labels, or the "
                "answer mode 'text'"
            )
        found.append(ids[-1])
    if len(set(found)) != len(found):
        raise ConfigError(f"two of the labels {answer.labels} are the same token for this judge")
    return found


def _resolve(model: str, revision: str | None) -> Path:
    if model == "nano":
        return NANO
    if Path(model).is_dir():
        return Path(model)
    if model.startswith((".", "/", "~")) or model.count("/") != 1:
        raise ConfigError(f"there is no model folder {model!r}; give a folder, a hub id such as 'Qwen/...', or 'nano'")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(model, revision=revision, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    try:
        return Path(snapshot_download(model, revision=revision))
    except (LocalEntryNotFoundError, RepositoryNotFoundError, HfHubHTTPError, OSError) as error:
        first = str(error).strip().split("\n")[0]
        raise ConfigError(
            f"the model {model!r} is neither a folder nor in the hub's cache, and cannot be downloaded: {first}"
        ) from error
