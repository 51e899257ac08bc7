"""A tiny Qwen3-VL checkpoint with random weights, made on the spot: the real classes at a size that runs in tests."""

from __future__ import annotations

import json
from pathlib import Path


def make_checkpoint(folder: Path, *, seed: int = 0, moe: bool = False, hidden: int = 64) -> Path:
    """Write a checkpoint of about 0.3 million parameters."""
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
    Qwen3VLImageProcessorOnly(images, tokenizer, chat_template=CHAT_TEMPLATE).save_pretrained(folder)
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
