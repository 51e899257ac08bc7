"""The Qwen-VL processor on machines without torchvision.

Its video processor needs torchvision, which has no build beside every torch; no judge here looks at videos. Importing
this module registers a processor without that part, so that `AutoProcessor` works with Pillow alone.
"""

from __future__ import annotations

from typing import Any

from transformers import (
    AutoConfig,
    AutoProcessor,
    Qwen2_5_VLConfig,
    Qwen3_5Config,
    Qwen3_5MoeConfig,
    Qwen3VLConfig,
    Qwen3VLMoeConfig,
    Qwen3VLProcessor,
)
from transformers.models.qwen2_5_vl import Qwen2_5_VLProcessor
from transformers.processing_utils import ProcessorMixin

__all__ = ["Qwen3VLImageProcessorOnly", "load_processor"]


def _attach(processor: Any, image_processor: Any, tokenizer: Any, chat_template: str | None) -> None:
    for part in ("image", "video"):
        token = getattr(tokenizer, f"{part}_token", f"<|{part}_pad|>")
        setattr(processor, f"{part}_token", token)
        setattr(processor, f"{part}_token_id", tokenizer.convert_tokens_to_ids(token))
    for part in ("start", "end"):
        token = getattr(tokenizer, f"vision_{part}_token", f"<|vision_{part}|>")
        setattr(processor, f"vision_{part}_token", token)
        setattr(processor, f"vision_{part}_token_id", tokenizer.convert_tokens_to_ids(token))
    ProcessorMixin.__init__(processor, image_processor, tokenizer, chat_template=chat_template)


class Qwen3VLImageProcessorOnly(Qwen3VLProcessor):  # type: ignore[misc]
    """`Qwen3VLProcessor` for still images."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any
    ) -> None:
        _attach(self, image_processor, tokenizer, chat_template)


class Qwen25VLImageProcessorOnly(Qwen2_5_VLProcessor):  # type: ignore[misc]
    """`Qwen2_5_VLProcessor` for still images."""

    def __init__(
        self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None, **_: Any
    ) -> None:
        _attach(self, image_processor, tokenizer, chat_template)


_OURS = {
    **dict.fromkeys((Qwen3VLConfig, Qwen3VLMoeConfig, Qwen3_5Config, Qwen3_5MoeConfig), Qwen3VLImageProcessorOnly),
    Qwen2_5_VLConfig: Qwen25VLImageProcessorOnly,
}
for _config, _processor in _OURS.items():
    AutoProcessor.register(_config, _processor, exist_ok=True)


def load_processor(model: str, **options: Any) -> Any:
    """Load the processor of a checkpoint; its image part is Pillow's, so that sizes mean the same on every machine.

    Published files name transformers' own processor, which would come with that of videos; so the model's type decides,
    not the name in the files.
    """
    ours: Any = _OURS.get(type(AutoConfig.from_pretrained(model)))
    return (ours or AutoProcessor).from_pretrained(model, backend="pil", **options)
