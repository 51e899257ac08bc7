"""Checkpoints of a published shape with random weights: for timing only, their scores mean nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from editloupe.errors import ConfigError

__all__ = [
    "CHAT_TEMPLATE",
    "SHAPES",
    "SPECIAL",
    "WARNING",
    "load_random",
    "make_image_processor",
    "make_tokenizer",
    "save_random",
]

WARNING = "untrained random weights: these scores mean nothing"

# The form of Qwen's own template, written down anew: roles between markers, an image as one placeholder.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{ '<|im_start|>' + message.role + '\n' }}"
    "{%- if message.content is string -%}{{ message.content }}"
    "{%- else -%}{%- for part in message.content -%}"
    "{%- if part.type == 'image' -%}<|vision_start|><|image_pad|><|vision_end|>"
    "{%- else -%}{{ part.text }}{%- endif -%}{%- endfor -%}{%- endif -%}"
    "{{ '<|im_end|>\n' }}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\n' }}{%- endif -%}"
)
SPECIAL = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)

_SMALL_TEXT = {
    "hidden_size": 512,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 64,
    "intermediate_size": 1536,
    "max_position_embeddings": 32768,
    "rope_parameters": {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [12, 10, 10]},
}
_SMALL_VISION = {
    "hidden_size": 384,
    "depth": 8,
    "num_heads": 6,
    "intermediate_size": 1152,
    "out_hidden_size": 512,
    "deepstack_visual_indexes": [1, 3, 5],
    "num_position_embeddings": 2304,
}
_LARGE_ROPE = {"rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20]}
_LARGE_VISION = {
    "hidden_size": 1152,
    "depth": 27,
    "num_heads": 16,
    "intermediate_size": 4304,
    "deepstack_visual_indexes": [8, 16, 24],
    "num_position_embeddings": 2304,
}

# text config, vision config, whether a mixture of experts; the large ones as in the published configs of Qwen3-VL.
SHAPES: dict[str, tuple[dict[str, Any], dict[str, Any], bool]] = {
    "63m": (_SMALL_TEXT, _SMALL_VISION, False),
    "8b": (
        {
            "vocab_size": 151936,
            "hidden_size": 4096,
            "num_hidden_layers": 36,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "head_dim": 128,
            "intermediate_size": 12288,
            "max_position_embeddings": 262144,
            "rope_parameters": _LARGE_ROPE,
        },
        {**_LARGE_VISION, "out_hidden_size": 4096},
        False,
    ),
    "30b-a3b": (
        {
            "vocab_size": 151936,
            "hidden_size": 2048,
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "head_dim": 128,
            "intermediate_size": 6144,
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
            "decoder_sparse_step": 1,
            "norm_topk_prob": True,
            "max_position_embeddings": 262144,
            "rope_parameters": _LARGE_ROPE,
        },
        {**_LARGE_VISION, "out_hidden_size": 2048},
        True,
    ),
}


def load_random(name: str, *, dtype: Any, device: str, attention: str | None = None) -> tuple[Any, Any]:
    """Build a model with random weights, and a processor whose tokenizer is trained on the spot.

    Args:
        name: one of `SHAPES`.
        dtype: torch type of the weights.
        device: where they are made; ``auto`` is the first GPU.
        attention: transformers' name of an attention implementation.

    Raises:
        ConfigError: no such shape.
    """
    import torch
    from transformers import (
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLMoeConfig,
        Qwen3VLMoeForConditionalGeneration,
    )

    from editloupe.judges.qwen.processor import Qwen3VLImageProcessorOnly

    if name not in SHAPES:
        raise ConfigError(f"there is no random model {name!r}; there are: {', '.join(SHAPES)}")
    text, vision, experts = SHAPES[name]
    tokenizer = make_tokenizer()
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    ends = {"eos_token_id": ids["<|im_end|>"], "pad_token_id": ids["<|endoftext|>"]}
    config = (Qwen3VLMoeConfig if experts else Qwen3VLConfig)(
        text_config={"vocab_size": len(tokenizer), **text, **ends},
        vision_config={"patch_size": 16, "spatial_merge_size": 2, **vision},
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings="vocab_size" not in text,
        dtype=dtype,
    )
    if attention is not None:
        config._attn_implementation = attention  # noqa: SLF001 - the documented way needs a saved checkpoint
    kind = Qwen3VLMoeForConditionalGeneration if experts else Qwen3VLForConditionalGeneration
    target = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(target):
            model = kind(config).eval()
    finally:
        torch.set_default_dtype(before)
    model.generation_config.eos_token_id = ends["eos_token_id"]
    model.generation_config.pad_token_id = ends["pad_token_id"]
    processor = Qwen3VLImageProcessorOnly(make_image_processor(), tokenizer, chat_template=CHAT_TEMPLATE)
    return model, processor


def save_random(name: str, folder: Path, *, dtype: Any) -> Path:
    """Write a checkpoint with random weights that other engines can load as well.

    They make a processor for videos too, by a file of its own; here it holds the published sizes.

    Args:
        name: one of `SHAPES`.
        folder: made where it is missing.
        dtype: torch type of the weights.

    Raises:
        ConfigError: no such shape.
    """
    model, processor = load_random(name, dtype=dtype, device="cpu")
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    pictures = {
        **{key: getattr(processor.image_processor, key) for key in _COMMON},
        "rescale_factor": 1 / 255,
        "processor_class": "Qwen3VLProcessor",
    }
    sizes = dict(processor.image_processor.size)
    _write(
        folder / "preprocessor_config.json",
        {**pictures, "size": sizes, "image_processor_type": "Qwen2VLImageProcessor"},
    )
    _write(
        folder / "video_preprocessor_config.json",
        {**pictures, "size": _VIDEO_SIZES, "video_processor_type": "Qwen3VLVideoProcessor"},
    )
    (folder / "processor_config.json").unlink()  # it names our processor, which no other engine has
    file = folder / "tokenizer_config.json"
    _write(file, json.loads(file.read_text(encoding="utf-8")) | {"processor_class": "Qwen3VLProcessor"})
    file = folder / "config.json"
    _write(file, json.loads(file.read_text(encoding="utf-8")) | {"editloupe_warning": WARNING})
    return folder


_COMMON = ("patch_size", "merge_size", "temporal_patch_size", "image_mean", "image_std", "do_resize", "do_rescale")
_VIDEO_SIZES = {"shortest_edge": 4096, "longest_edge": 25_165_824}


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def make_tokenizer(vocabulary: int = 4000) -> Any:
    """A byte-level tokenizer that, as Qwen's, knows any text and splits numbers into digits; trained on our prompts."""
    from importlib.resources import files

    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\p{N}|[^\s\p{L}\p{N}]+|\s?\p{L}+|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = files("editloupe.rubrics").joinpath("reasoning.yaml").read_text(encoding="utf-8")
    tokenizer.train_from_iterator(texts.split("\n"), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",  # noqa: S106 - a token of text
        pad_token="<|endoftext|>",  # noqa: S106
        additional_special_tokens=list(SPECIAL[1:]),
        chat_template=CHAT_TEMPLATE,
        padding_side="right",
    )


def make_image_processor(**changes: Any) -> Any:
    """Pillow's image processor with the sizes of Qwen3-VL: patches of 16, one token per 32 x 32 pixels."""
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    settings: dict[str, Any] = {
        "patch_size": 16,
        "merge_size": 2,
        "image_mean": [0.5] * 3,
        "image_std": [0.5] * 3,
        "size": {"shortest_edge": 65_536, "longest_edge": 16_777_216},
    }
    return Qwen2VLImageProcessorPil(**{**settings, **changes})
