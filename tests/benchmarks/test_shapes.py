"""The generated benchmark: its counts, its determinism, its two languages, its pictures."""

import hashlib
import io
import random
from collections import Counter

import numpy as np
import pytest
from PIL import Image

from editloupe.benchmarks.shapes import COUNTS, Shapes
from editloupe.shapes.difference import in_words
from editloupe.shapes.drawing import SIDE, image, pixels
from editloupe.shapes.scene import COLOURS, KINDS, TONE_OF, Scene, Thing
from editloupe.shapes.tasks import TASKS, task
from editloupe.shapes.wordings import REFERENCES, WORDINGS, instruction
from editloupe.store.blobs import NoStore


def samples(**options):
    return list(Shapes(Shapes.Options(**options)).samples(NoStore()))


@pytest.fixture(scope="module")
def world():
    return samples()


def test_counts_per_category(world):
    assert Counter(sample.category for sample in world) == COUNTS
    assert len(world) == 270 == len({sample.id for sample in world})


def test_same_seed_same_bytes_other_seed_other_tasks(world):
    again = samples()
    assert [(one.instruction, one.sources[0].sha256) for one in again] == [
        (one.instruction, one.sources[0].sha256) for one in world
    ]
    other = samples(seed=1)
    assert sum(one.extra == two.extra for one, two in zip(world, other, strict=True)) < 3


def test_world_is_the_one_its_version_names(world):
    """A change of tasks or words must raise `WORLD`; pictures may differ by a grey level between Pillow's versions."""
    text = "\n".join(f"{one.id} {one.instruction} {one.rationale} {one.extra}" for one in world)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "db21b61543cd2e98"


def test_chinese_is_the_same_world_in_other_words(world):
    chinese = samples(language="zh")
    for one, two in zip(world, chinese, strict=True):
        assert one.sources[0].sha256 == two.sources[0].sha256
        assert one.extra == two.extra
        assert any("一" <= letter <= "鿿" for letter in two.instruction)
        assert not any(letter.isalpha() and letter.isascii() for letter in two.instruction.replace("UN", "")) or (
            two.extra["task"] == "paint"  # columns keep their letters
        )
    assert Shapes(Shapes.Options(language="zh")).categories["physical"] == "物理"


def test_revision_names_all_options():
    revisions = {Shapes(Shapes.Options(seed=s, language=w)).revision for s in (0, 1) for w in ("en", "zh")}
    assert len(revisions) == 4


def test_scene_and_right_result_come_along(world):
    for sample in world:
        scene, correct = Scene.from_json(sample.extra["scene"]), Scene.from_json(sample.extra["correct"])
        assert sample.rationale == f"Only this changes: {in_words(scene, correct)}."
        shown = np.asarray(Image.open(io.BytesIO(sample.sources[0].read())))
        assert shown.shape == (SIDE, SIDE, 3)
        assert (shown == pixels([scene])[0]).all()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_wording_can_be_said(language):
    said = set()
    for category in TASKS:
        rng = random.Random(category)
        for _ in range(700):
            one = task(category, rng)
            text = instruction(one.name, one.blanks, language, rng)
            assert "{" not in text
            said.add(one.name.rpartition("/")[2])
    assert said == set(WORDINGS[language])
    assert set(WORDINGS["en"]) == set(WORDINGS["zh"])
    assert set(REFERENCES["en"]) == set(REFERENCES["zh"])


def test_things_keep_to_their_cells_at_every_jitter():
    for kind in KINDS:
        for right, down in ((-2, -2), (2, 2)):
            scene = Scene().put("b2", Thing(kind, "red", jitter=(right, down, 1, 0)))
            outside = pixels([scene])[0].copy()
            outside[32:64, 32:64] = pixels([Scene()])[0][0, 0]
            assert (outside == pixels([Scene()])[0]).all()


def test_pictures_tell_all_attributes_apart():
    looks = [
        Scene().weather(weather).put("a1", Thing(kind, colour, size, lit))
        for weather in TONE_OF
        for kind in KINDS
        for colour in COLOURS
        for size in ("big", "small")
        for lit in (False, True)
    ]
    shown = {one.tobytes() for one in pixels(looks)}
    assert len(shown) == len(looks)


def test_drawing_many_is_drawing_each():
    rng = random.Random(0)
    scenes = [one for _ in range(20) for made in [task("causal", rng)] for one in (made.scene, made.correct)]
    assert (pixels(scenes) == np.stack([np.asarray(image(scene)) for scene in scenes])).all()
