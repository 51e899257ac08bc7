"""The embedded judge's tokenizer, chat template and processor, made from the words of its world.

Byte-level BPE, so that any text can be encoded; the words of `shapes` are one token each, and so are the fixed phrases
of its rubric and the skeleton of a reply, because on a CPU every token of a prompt costs its share of arithmetic.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

from editloupe.judges.qwen.processor import Qwen3VLImageProcessorOnly
from editloupe.judges.random_weights import SPECIAL
from editloupe.rubrics.loading import load_rubric
from editloupe.rubrics.rubric import Rubric, Texts
from editloupe.shapes.difference import in_words
from editloupe.shapes.scene import CELLS, COLOURS, KINDS, SIZES, TONE_OF
from editloupe.shapes.tasks import TASKS, task
from editloupe.shapes.wordings import instruction

__all__ = ["CHAT_TEMPLATE", "SIDE_PIXELS", "SPECIAL", "make_processor"]

SIDE_PIXELS = 128

# Qwen3-VL's own template without tools and videos.
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{{- '<|im_start|>' + message.role + '\\n' -}}
{%- if message.content is string -%}
{{- message.content -}}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == 'image' or 'image' in part or 'image_url' in part -%}
<|vision_start|><|image_pad|><|vision_end|>
{%- elif 'text' in part -%}
{{- part.text -}}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
{{- '<|im_end|>\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}
{{- '<|im_start|>assistant\\n' -}}
{%- endif -%}
"""


def make_processor() -> Qwen3VLImageProcessorOnly:
    """Make the processor that is shipped with the weights."""
    rubric = load_rubric("shapes")
    texts = rubric.texts["en"]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_bpe(_phrases(rubric, texts), _corpus(texts)),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=list(SPECIAL),
        model_max_length=2048,
        padding_side="left",
    )
    pixels = SIDE_PIXELS * SIDE_PIXELS
    images = Qwen2VLImageProcessorPil(
        patch_size=16,
        merge_size=2,
        temporal_patch_size=2,
        image_mean=[0.5, 0.5, 0.5],
        image_std=[0.5, 0.5, 0.5],
        size={"shortest_edge": pixels // 4, "longest_edge": 4 * pixels},
    )
    return Qwen3VLImageProcessorOnly(images, tokenizer, CHAT_TEMPLATE)


def _phrases(rubric: Rubric, texts: Texts) -> list[str]:
    """Return what is the same in every question and reply, longest first."""
    asks = [ask for ask in texts.asks.values() if isinstance(ask, str)]
    fixed = [*asks, *texts.reply.values(), rubric.choice.begin, '{"changed": "', '", "score": ', "Only this changes:"]
    if isinstance(texts.system, str):
        fixed.append(texts.system)
    return sorted((text.strip("\n") for text in fixed), key=len, reverse=True)


def _corpus(texts: Texts) -> list[str]:
    """Return all words of the world in sentences."""
    rng = random.Random("tokenizer")
    lines = [
        str(texts.model_dump()),
        "system",
        "user",
        "assistant",
        " ".join(f" {digit} {digit}" for digit in range(10)),
    ]
    lines += [
        " ".join(("", *CELLS, *KINDS, *COLOURS, *SIZES, *TONE_OF, *TONE_OF.values())),
        "nothing, empty new dark lit.",
    ]
    for cell in CELLS:
        lines += [cell, f" {cell}", f"{cell} empty"]
    for category in TASKS:
        for _ in range(600):
            drawn = task(category, rng)
            words = instruction(drawn.name, drawn.blanks, "en", rng)
            lines += [f"Asked: {words}", in_words(drawn.scene, drawn.correct), in_words(drawn.correct, drawn.scene)]
    return lines


def _bpe(phrases: list[str], corpus: list[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    words = r" ?[a-d][1-4](?![\p{L}\p{N}])| ?\p{L}+|\p{N}|\n| ?[^\s\p{L}\p{N}]+|\s+"
    pattern = "|".join([*(re.escape(phrase) for phrase in phrases), words])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=4000,  # more than there is to merge: every word of the corpus becomes one token
        min_frequency=1,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*corpus, *phrases], trainer)
    return tokenizer


def save_processor(folder: Path) -> Qwen3VLImageProcessorOnly:
    """Make the processor and write its files."""
    processor = make_processor()
    processor.save_pretrained(folder)
    return processor
