"""Qwen2.5-VL's processor for still images: the real one needs torchvision for its videos."""

from __future__ import annotations

from transformers.models.qwen2_vl import Qwen2VLProcessor
from transformers.processing_utils import ProcessorMixin


class StillProcessor(Qwen2VLProcessor):
    def __init__(self, image_processor=None, tokenizer=None, chat_template=None, **_):
        for part in ("image", "video"):
            setattr(self, f"{part}_token", f"<|{part}_pad|>")
            setattr(self, f"{part}_token_id", tokenizer.convert_tokens_to_ids(f"<|{part}_pad|>"))
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)
