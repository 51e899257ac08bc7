"""A tiny Qwen3-VL checkpoint with random weights, made on the spot: the real classes at a size that runs in tests."""

from __future__ import annotations

import json
from pathlib import Path

_HEAD = """{%- for message in messages -%}
{%- set said = namespace(text='') -%}
{%- for part in message.content -%}
{%- set image = '<|vision_start|><|image_pad|><|vision_end|>' -%}
{%- set said.text = said.text + (image if part.type == 'image' else part.text) -%}
{%- endfor -%}
{%- if message.role != 'assistant' -%}
{{- '<|im_start|>' + message.role + '\n' + said.text + '<|im_end|>\n' -}}
{%- else -%}
"""
_MIDDLE = """{{- '<|im_end|>\n' -}}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
"""
_EMPTY = "<think>\\n\\n</think>\\n\\n"
_START = "<|im_start|>assistant\\n"


def _template(answered: str, begun: str) -> str:
    """A chat template: what it writes for a message of the judge, and for a turn that is to begin."""
    return _HEAD + answered + _MIDDLE + begun + "{%- endif -%}"


TEMPLATES = {
    "opens": _template(
        f"{{{{- '{_START}{_EMPTY}' + said.text.lstrip('\\n') -}}}}", f"{{{{- '{_START}<think>\\n' -}}}}"
    ),
    "opens and trims": _template(
        f"{{{{- '{_START}{_EMPTY}' + said.text | trim -}}}}",
        f"{{{{- '{_START}' + ('{_EMPTY}' if enable_thinking is false else '<think>\\n') -}}}}",
    ),
    "told": _template(
        f"{{{{- '{_START}' + said.text -}}}}",
        f"{{{{- '{_START}' + ('{_EMPTY}' if enable_thinking is false else '') -}}}}",
    ),
    "trims": _template(f"{{{{- '{_START}' + said.text | trim -}}}}", f"{{{{- '{_START}' -}}}}"),
    "opens every turn": _template(f"{{{{- '{_START}<think>\\n' + said.text -}}}}", f"{{{{- '{_START}<think>\\n' -}}}}"),
    "keeps no beginning": _template(f"{{{{- '{_START}' -}}}}", f"{{{{- '{_START}<think>\\n' -}}}}"),
    "closes": _template(f"{{{{- '{_START}{_EMPTY}' + said.text -}}}}", f"{{{{- '{_START}{_EMPTY}' -}}}}"),
}
"""Chat templates of the shapes that thinking checkpoints come with."""


def make_checkpoint(
    folder: Path, *, seed: int = 0, moe: bool = False, hidden: int = 64, template: str | None = None
) -> Path:
    """Write a checkpoint of about 0.3 million parameters; one with a template of `TEMPLATES` knows the think tags."""
    import torch
    from transformers import (
        Qwen3VLConfig,
        Qwen3VLForConditionalGeneration,
        Qwen3VLMoeConfig,
        Qwen3VLMoeForConditionalGeneration,
    )

    from editloupe.judges.qwen.processor import Qwen3VLImageProcessorOnly
    from editloupe.judges.random_weights import CHAT_TEMPLATE, SPECIAL, WARNING, make_image_processor, make_tokenizer

    tokenizer = make_tokenizer(400)
    if template is not None:
        tokenizer.add_tokens(["<think>", "</think>"])
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden,
        "intermediate_size": 2 * hidden,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 16,
        "max_position_embeddings": 4096,
        "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 2, 2]},
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
    }
    if moe:
        text |= {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 32, "decoder_sparse_step": 1}
    vision = {
        "depth": 2,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_heads": 2,
        "out_hidden_size": hidden,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "num_position_embeddings": 64,
        "deepstack_visual_indexes": [0],
    }
    config_class, model_class = (
        (Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration)
        if moe
        else (Qwen3VLConfig, Qwen3VLForConditionalGeneration)
    )
    config = config_class(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    torch.manual_seed(seed)
    model = model_class(config).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():  # larger than the usual start, so that rows differ visibly
            if parameter.ndim > 1:
                parameter.mul_(4.0)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.save_pretrained(folder)
    images = make_image_processor(size={"shortest_edge": 32 * 32, "longest_edge": 512 * 512})
    chat = CHAT_TEMPLATE if template is None else TEMPLATES[template]
    Qwen3VLImageProcessorOnly(images, tokenizer, chat_template=chat).save_pretrained(folder)
    file = folder / "config.json"
    settings = json.loads(file.read_text())
    settings["editloupe_warning"] = WARNING
    file.write_text(json.dumps(settings))
    return folder


def make_qwen2_5_checkpoint(folder: Path) -> Path:
    """Write a tiny Qwen2.5-VL: windowed vision attention, patches of 14, no deepstack."""
    import torch
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    from editloupe.judges.qwen.processor import Qwen25VLImageProcessorOnly
    from editloupe.judges.random_weights import CHAT_TEMPLATE, SPECIAL, make_image_processor, make_tokenizer

    tokenizer = make_tokenizer(400)
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    config = Qwen2_5_VLConfig(
        text_config={
            "vocab_size": len(tokenizer),
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "max_position_embeddings": 4096,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]},
            "bos_token_id": None,
            "eos_token_id": ids["<|im_end|>"],
            "pad_token_id": ids["<|endoftext|>"],
        },
        vision_config={
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 64,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    torch.manual_seed(0)
    model = Qwen2_5_VLForConditionalGeneration(config).float().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                parameter.mul_(4.0)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    model.save_pretrained(folder)
    images = make_image_processor(patch_size=14, size={"shortest_edge": 28 * 28, "longest_edge": 512 * 512})
    Qwen25VLImageProcessorOnly(images, tokenizer, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
    return folder
