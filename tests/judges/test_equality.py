"""On random checkpoints and random questions the fast engine answers what transformers' own calls answer, one by one.

Every case is a model of its own (layers, heads, deepstack, mixture of experts, a vocabulary with padding), greedy or
sampling, with questions that share pictures, system texts and asks. The models write braces, fences and end tokens more
often than chance, so that replies also end early.
"""

import copy
import dataclasses
import random

import pytest
import torch
from transformers import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLForConditionalGeneration,
    Qwen3_5Config,
    Qwen3_5ForConditionalGeneration,
    Qwen3_5MoeConfig,
    Qwen3_5MoeForConditionalGeneration,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeConfig,
    Qwen3VLMoeForConditionalGeneration,
)

from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.qwen.processor import Qwen3VLImageProcessorOnly, Qwen25VLImageProcessorOnly
from editloupe.judges.qwen.runner import QwenRunner
from editloupe.judges.random_weights import CHAT_TEMPLATE, SPECIAL, make_image_processor, make_tokenizer
from editloupe.judges.sampling import Sampling
from editloupe.records import AnswerFormat, ImagePart, Question
from pictures import noise

CASES_AT_ONCE = 20
CHOICE = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
WORDS = ["edit", "picture", "before", "after", '{"score": 7}', "<|im_end|>", "评分", "naïve", "\n\n", "9", "keeps", "é"]
SIZES = [(32, 32), (64, 64), (90, 31), (200, 40), (40, 300), (1, 150), (129, 97), (256, 256), (17, 900)]

FAMILIES = {
    "dense": (Qwen3VLConfig, Qwen3VLForConditionalGeneration),
    "experts": (Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration),
    "2.5": (Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration),
    "hybrid": (Qwen3_5Config, Qwen3_5ForConditionalGeneration),
    "hybrid experts": (Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration),
}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer(400)


def checkpoint(rng, family, tokenizer):
    """A model with random weights of a random shape, and its processor."""
    ids = {token: tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    heads = rng.choice([2, 4])
    text = {
        "vocab_size": len(tokenizer) + rng.choice([0, 7]),
        "hidden_size": rng.choice([32, 64]),
        "intermediate_size": 96,
        "num_hidden_layers": rng.choice([1, 2, 3]),
        "num_attention_heads": heads,
        "num_key_value_heads": rng.choice([1, heads // 2, heads]),
        "max_position_embeddings": 4096,
        "eos_token_id": ids["<|im_end|>"],
        "pad_token_id": ids["<|endoftext|>"],
        "bos_token_id": None,
    }
    if family == "2.5":
        text["hidden_size"] = 16 * heads
        text["rope_parameters"] = {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [2, 3, 3]}
        vision = {
            "depth": 2,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": 16 * heads,
            "patch_size": 14,
            "spatial_merge_size": 2,
            "window_size": 56,
            "fullatt_block_indexes": [1],
        }
    else:
        text |= {
            "head_dim": 16,
            "rope_parameters": {"rope_type": "default", "rope_theta": 10_000.0, "mrope_section": [4, 2, 2]},
        }
        depth = rng.choice([1, 2, 3])
        deepest = min(depth, text["num_hidden_layers"])
        vision = {
            "depth": depth,
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_heads": 2,
            "out_hidden_size": text["hidden_size"],
            "patch_size": 16,
            "spatial_merge_size": 2,
            "num_position_embeddings": 64,
        }
        if family.startswith("hybrid"):
            text |= {
                "layer_types": [*rng.choices(["linear_attention", "full_attention"], k=2), "full_attention"],
                "num_hidden_layers": 3,
                "linear_key_head_dim": 16,
                "linear_value_head_dim": rng.choice([8, 16]),
                "linear_num_key_heads": 2,
                "linear_num_value_heads": rng.choice([2, 4]),
                "partial_rotary_factor": 1.0,
                "shared_expert_intermediate_size": 32,
            }
            text["rope_parameters"] |= {"partial_rotary_factor": 1.0}
        else:
            vision["deepstack_visual_indexes"] = sorted(rng.sample(range(depth), rng.randint(0, deepest)))
        if "experts" in family:
            text |= {
                "num_experts": 4,
                "num_experts_per_tok": 2,
                "moe_intermediate_size": 32,
                "decoder_sparse_step": 1,
            }
    config_class, model_class = FAMILIES[family]
    config = config_class(
        text_config=text,
        vision_config=vision,
        image_token_id=ids["<|image_pad|>"],
        video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"],
        vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=False,
    )
    torch.manual_seed(rng.randrange(10**6))
    model = model_class(config).eval()
    enders = [
        token
        for token in range(len(tokenizer))
        if tokenizer.decode([token]) in ("{", "}", "{}", "\n", "}\n", "```", "`")
    ]
    with torch.no_grad():
        for weights in model.parameters():
            if weights.ndim > 1:
                weights.mul_(4.0)
        if rng.random() < 0.6:
            keep = torch.zeros(model.lm_head.weight.shape[0], 1)
            keep[[*enders, ids["<|im_end|>"]]] = 1.0
            model.lm_head.weight.mul_(keep)
    model.generation_config.eos_token_id = ids["<|im_end|>"]
    model.generation_config.repetition_penalty = 1.3  # as Qwen2.5-VL publishes one; greedy means greedy
    model.generation_config.pad_token_id = ids["<|endoftext|>"]
    processors = {"2.5": Qwen25VLImageProcessorOnly}
    images = make_image_processor(
        patch_size=14 if family == "2.5" else 16, size={"shortest_edge": 28 * 28, "longest_edge": 300 * 300}
    )
    return model, processors.get(family, Qwen3VLImageProcessorOnly)(images, tokenizer, chat_template=CHAT_TEMPLATE)


class Tight:
    """Little memory: few prompts go through a pass together, and those that wait take the places of those done."""

    def __init__(self, size):
        self.tokens = self.reply_tokens = lambda: size

    def measured(self, tokens, peak):
        raise AssertionError(tokens, peak)


def words(rng, most):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, most)))


def questions(rng):
    """One to six questions about few pictures, sometimes asked again with another ask."""
    systems, asks = [words(rng, 60), words(rng, 60), ""], [words(rng, 25) or "ask" for _ in range(3)]
    pool = [noise(*rng.choice(SIZES), seed=rng.randrange(10**6)) for _ in range(3)]
    asked = []
    for _ in range(rng.randint(1, 4)):
        context = tuple(
            ImagePart("edited", rng.choice(pool)) if rng.random() < 0.6 else words(rng, 20)
            for _ in range(rng.randint(0, 4))
        )
        asked.append(Question(rng.choice(systems), context, rng.choice(asks), seed=rng.randrange(1000)))
    return asked + [dataclasses.replace(question, ask=rng.choice(asks)) for question in asked[:2]]


@pytest.mark.parametrize("first", range(0, 200, CASES_AT_ONCE))
def test_the_fast_engine_equals_transformers_own_calls(first, tokenizer):
    labels = tokenizer.convert_tokens_to_ids(list(CHOICE.labels))
    for case in range(first, first + CASES_AT_ONCE):
        rng = random.Random(case)
        model, processor = checkpoint(rng, rng.choice(list(FAMILIES)), tokenizer)
        settings = {
            "longest_edge": 256,
            "max_new_tokens": rng.randint(1, 16),
            "sampling": Sampling(rng.choice([0.0, 0.0, 0.8])),
        }
        reference = ReferenceRunner(copy.deepcopy(model), processor, **settings)
        fast = QwenRunner(model, processor, **settings)
        fast._budget = rng.choice([None, Tight(rng.randint(50, 3000))])
        asked = questions(rng)
        for question, reply in zip(asked, fast.generate(asked), strict=True):
            (expected,) = reference.generate([question])
            same = (reply.text, reply.finish, reply.reply_tokens) == (
                expected.text,
                expected.finish,
                expected.reply_tokens,
            )
            # A reply may also end where its answer is complete.
            cut = reply.finish == "stop" and expected.text.startswith(reply.text)
            assert same or (cut and reply.reply_tokens <= expected.reply_tokens), (case, reply, expected)
            assert reply.prompt_tokens == expected.prompt_tokens
        chosen = [dataclasses.replace(question, answer=CHOICE) for question in asked]
        for question, reply in zip(chosen, fast.choose(chosen, CHOICE, labels), strict=True):
            (expected,) = reference.choose([question], CHOICE, labels)
            assert reply.labels == pytest.approx(expected.labels, abs=1e-6), case
