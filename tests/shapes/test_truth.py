"""The truth: 10 for the right result, 0 for none of it, and damage never pays."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from editloupe.shapes.difference import changed_places, in_words
from editloupe.shapes.mistakes import MISTAKES, _disturb, mistaken
from editloupe.shapes.scene import CELLS, COLOURS, KINDS, SIZES, TONE_OF, Scene, Thing
from editloupe.shapes.tasks import TASKS, task
from editloupe.shapes.truth import SPARED, TOUCHED, truth

tasks = st.builds(
    lambda category, seed: task(category, random.Random(seed)), st.sampled_from(sorted(TASKS)), st.integers(0, 2**32)
)
things = st.none() | st.builds(
    Thing, st.sampled_from(KINDS), st.sampled_from(COLOURS), st.sampled_from(SIZES), st.booleans()
)
scenes = st.builds(
    lambda cells, background, tone: Scene(tuple(cells), background, tone),
    st.lists(things, min_size=16, max_size=16),
    st.sampled_from(sorted(TONE_OF)),
    st.sampled_from(sorted(TONE_OF.values())),
)


@given(tasks)
def test_right_result_is_ten_and_unchanged_source_is_zero(one):
    assert truth(one.scene, one.correct, one.correct) == 10
    assert truth(one.scene, one.correct, one.scene) == 0


@given(tasks, scenes)
def test_any_scene_gets_a_score_in_range(one, result):
    assert 0 <= truth(one.scene, one.correct, result) <= 10


@given(scenes, scenes, scenes)
def test_even_senseless_tasks_are_scored(scene, correct, result):
    assert 0 <= truth(scene, correct, result) <= 10
    assert truth(scene, correct, correct) == 10


@given(tasks, st.integers(0, 2**32))
def test_a_mistake_is_never_the_right_result(one, seed):
    result, name = mistaken(one.scene, one.correct, random.Random(seed))
    assert name in MISTAKES
    assert truth(one.scene, one.correct, result) < 10


@settings(max_examples=300)
@given(tasks, st.integers(0, 2**32), st.data())
def test_more_damage_never_scores_higher(one, seed, data):
    """Spoil, again and again, something that nobody asked about and that is still as it was."""
    rng = random.Random(seed)
    result = data.draw(st.sampled_from([one.correct, one.scene, mistaken(one.scene, one.correct, rng)[0]]))
    before = truth(one.scene, one.correct, result)
    for _ in range(3):
        touched = {*changed_places(one.scene, one.correct), *changed_places(one.scene, result)}
        result = _disturb(result, sorted(touched), rng)
        after = truth(one.scene, one.correct, result)
        assert after <= before
        before = after


@given(tasks, st.integers(0, 2**32))
def test_jitter_means_nothing(one, seed):
    rng = random.Random(seed)
    moved = one.correct
    for cell, _ in one.correct.things():
        moved = moved.change(cell, jitter=(rng.randint(-2, 2), rng.randint(-2, 2), 0, 0))
    assert truth(one.scene, one.correct, moved) == 10
    assert in_words(one.correct, moved) == "nothing"


class TestWorkedExamples:
    scene = Scene().put("b2", Thing("circle", "red")).put("c3", Thing("star", "blue"))
    painted = scene.change("b2", colour="green")

    @pytest.mark.parametrize(
        ("result", "score"),
        [
            pytest.param(scene.change("b2", colour="purple"), 10 * TOUCHED, id="wrong colour"),
            pytest.param(scene.change("c3", colour="green"), 0, id="wrong object"),
            pytest.param(scene.put("b2", None), 0, id="removed instead"),
            pytest.param(painted.put("c3", None), 10 * SPARED, id="right, and a thing lost"),
            pytest.param(painted.weather("night"), 10 * SPARED**2, id="right, at another time of day"),
            pytest.param(painted.change("b2", size="small"), 10 * SPARED, id="right, and shrunk"),
        ],
    )
    def test_recolouring(self, result, score):
        assert truth(self.scene, self.painted, result) == pytest.approx(score)

    def test_moving_half_way_is_half(self):
        moved = self.scene.move("b2", "b4")
        copied = moved.put("b2", self.scene["b2"])
        assert truth(self.scene, moved, copied) == pytest.approx(5)
        assert truth(self.scene, moved, self.scene.put("b2", None)) == pytest.approx(5)

    def test_what_moves_into_a_cell_counts_apart_from_what_leaves_it(self):
        stack = Scene().put("a4", Thing("square", "red")).put("a3", Thing("star", "blue"))
        right = stack.put("a4", stack["a3"]).put("a3", None)
        hovering = stack.put("a4", None)
        assert truth(stack, right, hovering) == pytest.approx(10 / 3)

    def test_weather_without_its_light_is_half(self):
        night = self.scene.weather("night")
        half = Scene(self.scene.cells, "night", "clear")
        assert truth(self.scene, night, half) == pytest.approx(5)


@given(scenes, scenes)
def test_words_name_every_changed_place(before, after):
    words = in_words(before, after).split(", ")
    places = changed_places(before, after)
    assert len(words) == max(1, len(places))
    assert all(word.split()[0] == place for word, place in zip(words, places, strict=False) if place in CELLS)


@given(scenes)
def test_json_round_trip(scene):
    assert Scene.from_json(scene.json()) == scene
