"""Judges of known faults in a world of plain colours, and the scores that such judges would give in any number.

Each sample shows two dark pictures and names a bright colour that the picture is to be painted in; the editor does it.
"""

from __future__ import annotations

import re

import numpy as np
import yaml
from PIL import Image

from editloupe import images, plugins
from editloupe.images import picture_of
from editloupe.records import ImagePart, Sample
from editloupe.sanity.verdicts import ScorePairs
from scripted import scripted_study, words

RUBRIC = {
    "name": "paint",
    "metrics": {"follows": {"low": 0, "high": 10}},
    "texts": {
        "en": {
            "system": "You judge.",
            "contexts": {
                "pair": [
                    {"image": "source", "label": "Picture {number}:"},
                    "Wanted: {instruction}",
                    {"image": "edited", "label": "Result:"},
                ]
            },
            "asks": {"follows": "How well does the result follow?"},
            "reply": {"text": 'Reply with {"score": 0-10}.'},
        }
    },
}


class Painter:
    """Paints the whole picture in the colour that the instruction names."""

    class Options(plugins.Options):
        """There is nothing to choose."""

    signature = "painter"

    def __init__(self, options):
        del options

    def edit(self, requests):
        return [Image.new("RGB", (48, 32), colour(one.sample.instruction)) for one in requests]


def colour(text):
    """The colour that a text names."""
    return tuple(int(one) for one in re.search(r"paint it (\d+) (\d+) (\d+)", text).groups())


def samples(count=40):
    rng = np.random.default_rng(7)
    made = []
    for number in range(count):
        dark, light = ((int(tone), number, int(rng.integers(0, 20))) for tone in rng.permutation([10, 60]))
        target = " ".join(str(one) for one in rng.integers(100, 255, 3))
        pair = tuple(picture_of(Image.new("RGB", (40, 32), one)) for one in (dark, light))
        made.append(Sample(f"s{number}", "physical", f"paint it {target}", pair))
    return made


def seen(question, role):
    """The colours of a question's pictures of one role."""
    parts = [part for part in question.context if isinstance(part, ImagePart) and part.role == role]
    return [images.decode(part.picture).getpixel((0, 0)) for part in parts]


def closeness(question):
    """From 0 to 10: how close the result is to the colour that was asked for."""
    (result,) = seen(question, "edited")
    apart = max(abs(one - other) for one, other in zip(result, colour(words(question)), strict=True))
    return 10 * max(0.0, 1 - apart / 80)


def biased(question):
    """Four points less where the darker picture comes first."""
    first, second = seen(question, "source")
    return max(0.0, closeness(question) - 4 * (first < second))


JUDGES = {
    "honest": closeness,
    "blind": lambda question: 5 + sum(colour(words(question))) % 40 / 10,
    "deaf": lambda question: min(10, sum(seen(question, "edited")[0]) / 40),
    "order-biased": biased,
    "constant": lambda question: 7,
}
"""Each gives the score of a question."""


def planted_study(folder, judge, count=40, **options):
    """A config with a planted judge, and the list of what it will have been asked.

    Args:
        folder: where the study goes.
        judge: gives the score of a question.
        count: samples.
        options: of `scripted_study`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "rubric.yaml"
    path.write_text(yaml.safe_dump(RUBRIC))

    def say(question):
        score = judge(question)
        return score if isinstance(score, str) else f'{{"score": {score:.4f}}}'

    return scripted_study(folder, str(path), samples(count), say, editors=(Painter,), **options)


# Simulated: 200 seeds in one call of the statistics.

NOISE = 0.5
"""Points that a judge's score moves when it is asked again."""

FALLS = ("blank", "other-edit", "source", "instruction")


def simulated(judge, probe, rng, edits):
    """The scores of one study, on a scale from 0 to 10 and then from 0 to 1.

    Args:
        judge: its name.
        probe: its name.
        rng: of all chance.
        edits: how many.
    """
    quality = rng.choice([0.0, 3, 6, 8, 9, 10], edits, p=[0.1, 0.1, 0.2, 0.2, 0.2, 0.2])
    taste = rng.uniform(4, 9, edits)  # what a judge would say that does not look, or does not listen
    side = rng.choice([0, 1], edits)
    noise = 0.0 if judge == "constant" else NOISE

    def asked(what):
        if judge == "constant":
            score = np.full(edits, 7.0)
        elif judge == "blind":
            score = quality * 0 if what == "instruction" else taste
        elif judge == "deaf":
            score = quality * 0 if what in ("blank", "source") else taste
        else:
            score = quality * 0 if what in FALLS else quality
        if judge == "order-biased":
            score = score - 4 * (1 - side if what == "order" else side)
        return (np.clip(score + noise * rng.normal(size=edits), 0, 10) / 10).tolist()

    before, repeated, after = asked("study"), asked("repeat"), asked(probe)
    return ScorePairs(before, after, repeated if probe in ("order", "wording") else None)
