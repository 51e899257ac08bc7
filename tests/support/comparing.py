"""A judge of pairs whose answers are known: it sees how good each picture is by its colour, with stated flaws."""

from __future__ import annotations

import random

from PIL import Image

from editloupe.config.parts import BenchmarkPart, EditorPart, JudgePart, load_config
from editloupe.images import decode, picture_of
from editloupe.plugins import Options as PluginOptions
from editloupe.records import Failure, Reply, Sample
from worlds import make_config


def worth(picture):
    """How good a picture is: its red, 0 to 255."""
    return decode(picture).getpixel((0, 0))[0]


class PairJudge:
    """Prefers the picture with more red; the nano judge was never taught to compare.

    Options:
        bias: how often it names the picture shown first without looking.
        noise: the spread of what it sees of each picture, in steps of red; fixed by the question.
        step: what it takes for a difference; below it says tie.
        prose: shares of questions that it answers in prose.
        probabilities: whether it answers by choice.
    """

    class Options(PluginOptions):
        bias: float = 0.0
        noise: float = 0.0
        step: float = 1.0
        prose: float = 0.0

    name, decoding, deterministic = "pair judge", "colours", True

    def __init__(self, options):
        self.options = options
        self.signature = f"pair judge {options!r}"
        self.asked = []
        asked.append(self.asked)

    def answer(self, questions):
        self.asked.extend(questions)
        return [self._reply(one) for one in questions]

    def _reply(self, question):
        shown = [part.picture for part in question.context if getattr(part, "role", "") in ("first", "second")]
        sources = [part.picture.sha256 for part in question.context if getattr(part, "role", "") == "source"]
        one = self.options
        rng = random.Random("/".join([question.ask, *sources, *(picture.sha256 for picture in shown)]))
        if rng.random() < one.prose:
            return Reply("Both have their charm.")
        if rng.random() < one.bias:
            answer = "A"
        else:
            a, b = (worth(picture) + rng.gauss(0, one.noise) for picture in shown)
            answer = "tie" if abs(a - b) < one.step else "A" if a > b else "B"
        if question.answer.mode == "choice":
            label = "T" if answer == "tie" else answer
            other = next(each for each in question.answer.labels if each != label)
            return Reply(label, "choice", labels={**dict.fromkeys(question.answer.labels, 0.0), label: 0.8, other: 0.1})
        return Reply(f'{{"reasoning": "it is so", "winner": "{answer}"}}')


asked: list[list] = []
"""The questions of every judge that was made, in the order in which they were made."""


class _None(PluginOptions):
    pass


def editor(name, worths):
    """An editor that makes an edit of this worth of each sample: a number, or None where it fails."""

    class Colours:
        Options = _None
        signature = f"colours of {name} {worths!r}"

        def __init__(self, options):
            del options

        def edit(self, requests):
            made = []
            for request in requests:
                red = worths[int(request.sample.id) % len(worths)]
                failed = Failure("edit", "content-filter", "refused")
                made.append(failed if red is None else Image.new("RGB", (8, 8), (red, 0, 0)))
            return made

    return EditorPart(type="colours", name=name, plugin=Colours, options=_None())


def paired_study(folder, editors, *, samples=6, per_source=1, judge=None, settings=(), pairs=None, **changes):
    """A config of a study that compares editors, by name -> worths.

    Args:
        folder: where it goes.
        editors: what each makes, see `editor`.
        samples: how many.
        per_source: samples that share a source image.
        judge: options of the `PairJudge`.
        settings: as on the command line.
        pairs: the part of the config.
        changes: further parts of the config.
    """

    class Given:
        name, revision, default_rubric, categories = "given", "1", "pairwise", {}
        Options = _None

        def __init__(self, options):
            del options

        def samples(self, store):
            for number in range(samples):
                source = Image.new("RGB", (8, 8), (0, number // per_source, 77))
                yield Sample(str(number), "c", f"do {number}", (store.put(picture_of(source).read()),))

    folder.mkdir(parents=True, exist_ok=True)
    names = [{"type": "identity", "name": name} for name in editors]
    parts = {"editors": names, "rubric": "pairwise", **({} if pairs is None else {"pairs": pairs}), **changes}
    path = make_config(folder, folder / "none", folder / "none.jsonl", **parts)
    config = load_config(path, ["judge.answer=text", *settings])
    part = config.judge.model_dump(exclude={"options", "type"})
    made = JudgePart(type="pair", plugin=PairJudge, options=PairJudge.Options(**(judge or {})), **part)
    return config.model_copy(
        update={
            "benchmark": BenchmarkPart(name="given", plugin=Given, options=_None()),
            "judge": made,
            "editors": tuple(editor(name, worths) for name, worths in editors.items()),
        }
    )
