"""The generated benchmark: 270 small tasks whose right results are known, from one seed.

Nothing is downloaded, and a judge or an editor can be measured against the truth (`editloupe.shapes.truth`). The five
kinds of reasoning come in the proportions 50 / 50 / 70 / 50 / 50, and each needs more than the instruction's literal
words: what falls, what a colour means, which one is meant.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Literal

from editloupe import plugins
from editloupe.categories import FIVE, LABELS, LABELS_ZH
from editloupe.images import encode_png
from editloupe.protocols import Benchmark
from editloupe.records import Sample
from editloupe.shapes.difference import in_words, in_words_zh
from editloupe.shapes.drawing import image
from editloupe.shapes.tasks import Task, task
from editloupe.shapes.truth import truth
from editloupe.shapes.wordings import instruction
from editloupe.store.blobs import Store

__all__ = ["COUNTS", "WORLD", "Shapes", "rationale"]

WORLD = 1
"""The version of the world: raised with any change that makes another picture or task of the same seed."""

COUNTS = {"physical": 50, "environmental": 50, "cultural": 70, "causal": 50, "referential": 50}


class Shapes(Benchmark):
    """The benchmark `shapes`."""

    class Options(plugins.Options):
        """What the config says about this benchmark.

        Attributes:
            seed: which world; the embedded judge was never trained on seeds 0 to 999.
            language: of the instructions; the pictures are the same in both.
        """

        seed: int = 0
        language: Literal["en", "zh"] = "en"

    name = "shapes"
    default_rubric = "shapes"

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def revision(self) -> str:
        """What the samples depend on."""
        return f"world {WORLD}, seed {self.options.seed}, {self.options.language}"

    @property
    def categories(self) -> Mapping[str, str]:
        """English ids and their labels in the language of the instructions, in order."""
        return LABELS_ZH if self.options.language == "zh" else LABELS

    def samples(self, store: Store) -> Iterator[Sample]:
        """Draw the samples, category by category.

        Args:
            store: keeps the pictures.
        """
        for category in FIVE:
            for number in range(COUNTS[category]):
                # One generator per sample: a new task in one place moves none of the others.
                rng = random.Random(f"shapes/{WORLD}/{self.options.seed}/{category}/{number}")
                drawn = task(category, rng)
                yield Sample(
                    id=f"{category}-{number + 1:03d}",
                    category=category,
                    instruction=instruction(drawn.name, drawn.blanks, self.options.language, rng),
                    sources=(store.put(encode_png(image(drawn.scene))),),
                    groups={"language": self.options.language, "task_type": drawn.name.partition("/")[0]},
                    rationale=rationale(drawn, self.options.language),
                    extra={
                        "scene": drawn.scene.json(),
                        "correct": drawn.correct.json(),
                        "task": drawn.name,
                        "truth_unedited": truth(drawn.scene, drawn.correct, drawn.scene),
                    },
                )


def rationale(task: Task, language: str = "en") -> str:
    """Say what a right result shows, as public benchmarks explain their tasks to a judge."""
    if language == "zh":
        return f"正确结果只有这些变化：{in_words_zh(task.scene, task.correct)}。"
    return f"Only this changes: {in_words(task.scene, task.correct)}."
