"""The examples that the embedded judge learns from: a drawn pair, the very words of the judge's question, the reply.

One row holds both ways of asking. The context (system, pictures, instruction, rationale) comes first; then the question
that wants words, with its reply; then the question that wants one digit, with its digit. The second does not see the
first (`Batch.segments`), so both train at the price of one context.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from editloupe.benchmarks.shapes import rationale
from editloupe.records import ImageBytes, ImagePart, Question, Sample
from editloupe.rubrics.loading import load_rubric
from editloupe.shapes.difference import in_words
from editloupe.shapes.drawing import pixels
from editloupe.shapes.mistakes import collateral, mistaken
from editloupe.shapes.scene import COLOURS, KINDS, SIZES, TONE_OF, Scene
from editloupe.shapes.tasks import TASKS, Task, task
from editloupe.shapes.truth import truth
from editloupe.shapes.wordings import instruction

__all__ = ["ATTRIBUTE_SIZES", "Batch", "Example", "Words", "cell_labels", "collate", "draw_examples", "reply_text"]

IGNORED = -100
CONTEXT, IN_WORDS, IN_DIGITS, PADDING = range(4)

ATTRIBUTE_SIZES = (len(KINDS) + 1, len(COLOURS) + 1, len(SIZES) + 1, 3, len(TONE_OF))
"""How many values kind, colour, size and light of a cell have (0 stands for an empty one), and the background."""


@dataclass(frozen=True, slots=True)
class Example:
    """One edit with its truth.

    Attributes:
        task: what was asked.
        instruction: in which words.
        result: the scene that came out.
        score: the truth about it.
    """

    task: Task
    instruction: str
    result: Scene
    score: float


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples as tensors; rows are padded on the right.

    Attributes:
        ids: (rows, length) tokens, one image token for each cell.
        segments: (rows, length) `CONTEXT`, `IN_WORDS`, `IN_DIGITS` or `PADDING`.
        positions: (rows, length) places in the segment's own sequence (context, then segment).
        labels: (rows, length) the token that should come next, `IGNORED` where nothing is learned.
        weights: (rows, length) how much that matters.
        pictures: (2 * rows, 128, 128, 3) bytes, source and edited picture by turns.
        cells: (2 * rows, 16, attributes) what the cells of the pictures hold.
    """

    ids: torch.Tensor
    segments: torch.Tensor
    positions: torch.Tensor
    labels: torch.Tensor
    weights: torch.Tensor
    pictures: torch.Tensor
    cells: torch.Tensor


def draw_examples(seed: int, start: int = 0) -> Iterator[Example]:
    """Draw examples without end, each from its own generator; `shapes` never uses this stream of seeds.

    Args:
        seed: of the stream.
        start: how many to leave out, to resume.
    """
    number = start
    while True:
        rng = random.Random(f"training/{seed}/{number}")
        number += 1
        drawn = task(rng.choice(list(TASKS)), rng)
        result = _result(drawn, rng)
        yield Example(
            drawn, instruction(drawn.name, drawn.blanks, "en", rng), result, truth(drawn.scene, drawn.correct, result)
        )


def _result(task: Task, rng: random.Random) -> Scene:
    """Edit rightly, with one mistake, or with several; at rates that no editor of the benchmark has."""
    kind = rng.random()
    if kind < 0.27:
        return task.correct
    if kind < 0.34:
        return task.scene
    result, _ = mistaken(task.scene, task.correct, rng)
    if kind < 0.88:
        return result
    # Damage without the edit, or on top of another mistake.
    return collateral(task.scene, result if kind < 0.96 else task.scene, rng) or result


def reply_text(example: Example) -> str:
    """Return the reply that a perfect judge gives."""
    changed = in_words(example.task.scene, example.result)
    return json.dumps({"changed": changed, "score": round(example.score)})


def digit(score: float) -> str:
    """Return the label nearest to a score where 0 to 9 stand for 0 to 10."""
    return str(round(score * 0.9))


class Words:
    """Renders questions exactly as the judge does, and fast: its own rendering, once, with placeholders.

    Args:
        processor: of the embedded judge.
    """

    def __init__(self, processor: Any) -> None:
        self.processor = processor
        self.begin = load_rubric("shapes").choice.begin
        sample = Sample("-", "physical", "@instruction@", (ImageBytes(b""),), rationale="@rationale@")
        self._templates = {}
        for mode in ("text", "choice"):
            rubric = load_rubric("shapes")
            question = rubric.questions(sample, ImageBytes(b""), mode=mode)["shapes"]  # type: ignore[arg-type]
            self._templates[mode] = rendered(processor, question)

    def text(self, example: Example) -> tuple[str, str]:
        """Return prompt and reply of the question that wants words."""
        return self._filled("text", example), reply_text(example) + "<|im_end|>"

    def choice(self, example: Example) -> tuple[str, str]:
        """Return prompt (with the reply's beginning) and reply of the question that wants a digit."""
        return self._filled("choice", example), digit(example.score)

    def _filled(self, mode: str, example: Example) -> str:
        template = self._templates[mode]
        return template.replace("@instruction@", example.instruction).replace("@rationale@", rationale(example.task))


def rendered(processor: Any, question: Question) -> str:
    """Return the text of a question with one image token per cell, as the transformers judge makes it."""
    content: list[dict[str, Any]] = [
        {"type": "image"} if isinstance(part, ImagePart) else {"type": "text", "text": part + "\n"}
        for part in question.context
    ]
    content.append({"type": "text", "text": question.ask})
    messages: list[dict[str, Any]] = [
        {"role": "system", "content": [{"type": "text", "text": question.system}]},
        {"role": "user", "content": content},
    ]
    if question.answer.begin:
        messages.append({"role": "assistant", "content": [{"type": "text", "text": question.answer.begin}]})
    text: str = processor.apply_chat_template(
        messages,
        tokenize=False,
        add_generation_prompt=not question.answer.begin,
        continue_final_message=bool(question.answer.begin),
    )
    return text.replace("<|image_pad|>", "<|image_pad|>" * 16)


def collate(words: Words, examples: Sequence[Example]) -> Batch:
    """Make tensors of examples."""
    asked = [words.text(example) for example in examples]
    chosen = [words.choice(example) for example in examples]
    tokenizer = words.processor.tokenizer.backend_tokenizer
    texts = [prompt + reply for prompt, reply in (*asked, *chosen)] + [reply for _, reply in asked]
    encoded = [encoding.ids for encoding in tokenizer.encode_batch(texts, add_special_tokens=False)]
    count = len(examples)
    rows = [_row(encoded[row], encoded[count + row], len(encoded[2 * count + row])) for row in range(count)]
    length = max(len(row[0]) for row in rows)
    arrays: list[NDArray[Any]] = []
    for column, (kind, filler) in enumerate(
        ((np.int64, 0), (np.int64, PADDING), (np.int64, 0), (np.int64, IGNORED), (np.float32, 0))
    ):
        padded = np.full((count, length), filler, kind)
        for number, row in enumerate(rows):
            padded[number, : len(row[0])] = row[column]
        arrays.append(padded)
    scenes = [scene for example in examples for scene in (example.task.scene, example.result)]
    tensors = [torch.from_numpy(array) for array in arrays]
    return Batch(*tensors, torch.from_numpy(pixels(scenes)), torch.from_numpy(cell_labels(scenes)))


def _row(asked: list[int], chosen: list[int], reply: int) -> tuple[list[Any], ...]:
    """Join two token sequences that begin alike: ids, segments, positions, labels, weights."""
    shared = next(at for at, (short, other) in enumerate(zip(asked, chosen, strict=False)) if short != other)
    in_words, in_digits = asked[shared:], chosen[shared:]
    ids = [*asked, *in_digits]
    segments = [CONTEXT] * shared + [IN_WORDS] * len(in_words) + [IN_DIGITS] * len(in_digits)
    positions = [*range(len(asked)), *range(shared, shared + len(in_digits))]
    first = len(asked) - reply
    labels = [IGNORED] * (first - 1) + asked[first:] + [IGNORED] * (len(in_digits) - 1) + chosen[-1:] + [IGNORED]
    weights = [1.0] * len(ids)
    # The score is one or two tokens of many, and what everything is for: '10}' and '7}' before the end of the turn.
    weights[len(asked) - 4] = weights[len(asked) - 5] = 2.0
    weights[len(ids) - 2] = 2.0
    return ids, segments, positions, labels, weights


def cell_labels(scenes: Sequence[Scene]) -> NDArray[np.int64]:
    """Return what each cell holds as numbers: (scenes, 16, kind / colour / size / light / background)."""
    labels = np.zeros((len(scenes), 16, len(ATTRIBUTE_SIZES)), np.int64)
    backgrounds = list(TONE_OF)
    for number, scene in enumerate(scenes):
        labels[number, :, 4] = backgrounds.index(scene.background)
        for cell, thing in enumerate(scene.cells):
            if thing is not None:
                labels[number, cell, :4] = (
                    1 + KINDS.index(thing.kind),
                    1 + COLOURS.index(thing.colour),
                    1 + SIZES.index(thing.size),
                    1 + thing.lit,
                )
    return labels
