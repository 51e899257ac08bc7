"""Editing pipelines of diffusers with tiny random weights, saved to a folder: the real classes at a size for tests."""

from __future__ import annotations

from pathlib import Path

import torch

from editloupe.judges.random_weights import make_tokenizer


def word_tokenizer(kind="clip"):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<s>", "</s>", "<unk>", "Make", "it", "darker", ".", "Mirror", "the", "whole", "picture", "now"]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        model_max_length=16,
    )


def clip_tokenizer(folder):
    """A real CLIPTokenizer: single characters, no merges."""
    import json

    from transformers import CLIPTokenizer

    letters = [chr(code) for code in range(33, 127)]
    words = [*letters, *(letter + "</w>" for letter in letters), "<|startoftext|>", "<|endoftext|>"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps({word: index for index, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer(str(folder / "vocab.json"), str(folder / "merges.txt"), model_max_length=77)


def clip_text(ids=200):
    from transformers import CLIPTextConfig, CLIPTextModel

    return CLIPTextModel(
        CLIPTextConfig(
            bos_token_id=ids - 2,
            eos_token_id=ids - 1,
            pad_token_id=ids - 1,
            hidden_size=32,
            intermediate_size=37,
            num_attention_heads=4,
            num_hidden_layers=2,
            vocab_size=ids,
            projection_dim=32,
        )
    )


def pix2pix(work):
    from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionInstructPix2PixPipeline, UNet2DConditionModel

    torch.manual_seed(0)
    tokenizer = clip_tokenizer(work / "vocabulary")
    return StableDiffusionInstructPix2PixPipeline(
        unet=UNet2DConditionModel(
            block_out_channels=(32, 64),
            layers_per_block=1,
            sample_size=32,
            in_channels=8,
            out_channels=4,
            down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
            cross_attention_dim=32,
        ),
        scheduler=DDIMScheduler(),
        vae=AutoencoderKL(
            block_out_channels=[32, 64],
            in_channels=3,
            out_channels=3,
            latent_channels=4,
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
        ),
        text_encoder=clip_text(len(tokenizer)),
        tokenizer=tokenizer,
        safety_checker=None,
        feature_extractor=None,
        image_encoder=None,
        requires_safety_checker=False,
    )


def kontext(work):
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler, FluxKontextPipeline, FluxTransformer2DModel
    from transformers import T5Config, T5EncoderModel

    torch.manual_seed(0)
    tokenizer = clip_tokenizer(work / "vocabulary")
    return FluxKontextPipeline(
        transformer=FluxTransformer2DModel(
            patch_size=1,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=32,
            pooled_projection_dim=32,
            axes_dims_rope=[4, 4, 8],
        ),
        text_encoder=clip_text(len(tokenizer)),
        tokenizer=tokenizer,
        text_encoder_2=T5EncoderModel(T5Config(vocab_size=64, d_model=32, d_kv=8, d_ff=37, num_layers=1, num_heads=4)),
        tokenizer_2=word_tokenizer(),
        vae=AutoencoderKL(
            sample_size=32,
            in_channels=3,
            out_channels=3,
            block_out_channels=(4,),
            layers_per_block=1,
            latent_channels=1,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0609,
            scaling_factor=1.5035,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        image_encoder=None,
        feature_extractor=None,
    )


def klein(work):
    from diffusers import (
        AutoencoderKLFlux2,
        FlowMatchEulerDiscreteScheduler,
        Flux2KleinPipeline,
        Flux2Transformer2DModel,
    )
    from transformers import Qwen3Config, Qwen3ForCausalLM

    del work
    torch.manual_seed(0)
    tokenizer = make_tokenizer(400)
    tokenizer.chat_template = "{% for message in messages %}{{ message.content }}{% endfor %}"
    return Flux2KleinPipeline(
        transformer=Flux2Transformer2DModel(
            patch_size=1,
            in_channels=4,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            timestep_guidance_channels=256,
            axes_dims_rope=[4, 4, 4, 4],
            guidance_embeds=False,
        ),
        text_encoder=Qwen3ForCausalLM(
            Qwen3Config(
                intermediate_size=16,
                hidden_size=16,
                num_hidden_layers=2,
                num_attention_heads=2,
                num_key_value_heads=2,
                vocab_size=len(tokenizer),
                max_position_embeddings=512,
            )
        ),
        tokenizer=tokenizer,
        vae=AutoencoderKLFlux2(
            sample_size=32,
            in_channels=3,
            out_channels=3,
            down_block_types=("DownEncoderBlock2D",),
            up_block_types=("UpDecoderBlock2D",),
            block_out_channels=(4,),
            layers_per_block=1,
            latent_channels=1,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
    )


def qwen_text(tokenizer):
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    ids = {word: tokenizer.convert_tokens_to_ids(word) for word in tokenizer.get_added_vocab()}
    config = Qwen2_5_VLConfig(
        text_config={
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 2,
            "vocab_size": len(tokenizer),
            "rope_scaling": {"mrope_section": [1, 1, 2], "rope_type": "default", "type": "default"},
            "rope_theta": 1000000.0,
        },
        vision_config={
            "depth": 2,
            "hidden_size": 16,
            "intermediate_size": 16,
            "num_heads": 2,
            "out_hidden_size": 16,
            "fullatt_block_indexes": [1],
        },
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
    )
    return Qwen2_5_VLForConditionalGeneration(config)


def qwen_processor(tokenizer):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    from still_processor import StillProcessor

    images = Qwen2VLImageProcessorPil(size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112})
    return StillProcessor(images, tokenizer)


def qwen(work, plus=False):
    from diffusers import (
        AutoencoderKLQwenImage,
        FlowMatchEulerDiscreteScheduler,
        QwenImageEditPipeline,
        QwenImageEditPlusPipeline,
        QwenImageTransformer2DModel,
    )

    del work
    torch.manual_seed(0)
    tokenizer = make_tokenizer(400)
    return (QwenImageEditPlusPipeline if plus else QwenImageEditPipeline)(
        transformer=QwenImageTransformer2DModel(
            patch_size=2,
            in_channels=16,
            out_channels=4,
            num_layers=2,
            attention_head_dim=16,
            num_attention_heads=3,
            joint_attention_dim=16,
            guidance_embeds=False,
            axes_dims_rope=(8, 4, 4),
        ),
        vae=AutoencoderKLQwenImage(
            base_dim=24,
            z_dim=4,
            dim_mult=[1, 2, 4],
            num_res_blocks=1,
            temperal_downsample=[False, True],
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=qwen_text(tokenizer),
        tokenizer=tokenizer,
        processor=qwen_processor(tokenizer),
    )


def longcat(work):
    from diffusers import (
        AutoencoderKL,
        FlowMatchEulerDiscreteScheduler,
        LongCatImageEditPipeline,
        LongCatImageTransformer2DModel,
    )

    del work
    torch.manual_seed(0)
    tokenizer = make_tokenizer(400)
    return LongCatImageEditPipeline(
        transformer=LongCatImageTransformer2DModel(
            patch_size=1,
            in_channels=64,
            num_layers=1,
            num_single_layers=1,
            attention_head_dim=16,
            num_attention_heads=2,
            joint_attention_dim=16,
            pooled_projection_dim=16,
            axes_dims_rope=[4, 4, 8],
        ),
        vae=AutoencoderKL(
            sample_size=32,
            in_channels=3,
            out_channels=3,
            block_out_channels=(4, 4),
            layers_per_block=1,
            down_block_types=["DownEncoderBlock2D"] * 2,
            up_block_types=["UpDecoderBlock2D"] * 2,
            latent_channels=16,
            norm_num_groups=1,
            use_quant_conv=False,
            use_post_quant_conv=False,
            shift_factor=0.0609,
            scaling_factor=1.5035,
        ),
        scheduler=FlowMatchEulerDiscreteScheduler(),
        text_encoder=qwen_text(tokenizer),
        tokenizer=tokenizer,
        text_processor=qwen_processor(tokenizer),
    )


MAKERS = {
    "QwenImageEditPipeline": qwen,
    "QwenImageEditPlusPipeline": lambda work: qwen(work, plus=True),
    "FluxKontextPipeline": kontext,
    "Flux2KleinPipeline": klein,
    "StableDiffusionInstructPix2PixPipeline": pix2pix,
    "LongCatImageEditPipeline": longcat,
}

# Small pictures and few steps; what the config of a study would say.
PARAMS = {
    "QwenImageEditPipeline": {"num_inference_steps": 2},
    "QwenImageEditPlusPipeline": {"num_inference_steps": 2},
    "FluxKontextPipeline": {
        "num_inference_steps": 2,
        "max_area": 1024,
        "_auto_resize": False,
        "max_sequence_length": 16,
        "height": 32,
        "width": 32,
    },
    "Flux2KleinPipeline": {
        "num_inference_steps": 2,
        "max_sequence_length": 32,
        "text_encoder_out_layers": [1],
        "height": 32,
        "width": 32,
    },
    "StableDiffusionInstructPix2PixPipeline": {"num_inference_steps": 2},
    "LongCatImageEditPipeline": {"num_inference_steps": 2},
}


def make_pipeline(name: str, folder: Path) -> Path:
    """Save a tiny pipeline of that class."""
    MAKERS[name](folder / "work").save_pretrained(folder / "model")
    return folder / "model"
