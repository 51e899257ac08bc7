"""Procedural editors: right at the stated rate, wrong in named ways, and honest about it."""

from collections import Counter

import numpy as np
import pytest

from editloupe.benchmarks.shapes import Shapes
from editloupe.editors.procedural import Procedural, refused, resulting_scene, true_score
from editloupe.errors import InstructionError
from editloupe.records import EditRequest, Failure, Sample
from editloupe.shapes.drawing import pixels
from editloupe.shapes.mistakes import MISTAKES
from editloupe.shapes.scene import Scene
from editloupe.store.blobs import NoStore


@pytest.fixture(scope="module")
def samples():
    return list(Shapes(Shapes.Options(seed=5)).samples(NoStore()))


def options(**values):
    return Procedural.Options(**values)


def test_full_skill_is_always_right(samples):
    assert all(true_score(sample, options(skill=1.0), seed) == 10 for seed, sample in enumerate(samples))


def test_an_editor_that_changes_nothing_scores_zero(samples):
    assert all(true_score(sample, None, 0) == 0 for sample in samples)


def test_skill_is_the_share_of_right_edits(samples):
    names = Counter(resulting_scene(sample, options(skill=0.6), seed)[1] for seed, sample in enumerate(samples * 4))
    assert names["none"] / (4 * len(samples)) == pytest.approx(0.6, abs=0.05)
    assert set(names) == {"none", *MISTAKES}


def test_the_less_skilled_is_right_only_where_the_more_skilled_is(samples):
    for seed, sample in enumerate(samples):
        if resulting_scene(sample, options(skill=0.3), seed)[1] == "none":
            assert resulting_scene(sample, options(skill=0.6), seed)[1] == "none"


def test_images_show_the_resulting_scene_and_carry_its_truth(samples):
    editor = Procedural(options(skill=0.3))
    requests = [EditRequest(sample, seed=seed) for seed, sample in enumerate(samples[::9])]
    for request, image in zip(requests, editor.edit(requests), strict=True):
        scene, _ = resulting_scene(request.sample, editor.options, request.seed)
        assert (np.asarray(image) == pixels([scene])[0]).all()
        assert image.info["truth"] == true_score(request.sample, editor.options, request.seed)


def test_batching_changes_nothing(samples):
    editor = Procedural(options(skill=0.5))
    requests = [EditRequest(sample, seed=7) for sample in samples[:12]]
    together = editor.edit(requests)
    alone = [editor.edit([request])[0] for request in requests]
    assert [one.tobytes() for one in together] == [one.tobytes() for one in alone]


def test_nothing_done_is_the_very_source(samples):
    sample = samples[0]
    seed = next(seed for seed in range(200) if resulting_scene(sample, options(skill=0.0), seed)[1] == "nothing")
    image = Procedural(options(skill=0.0)).edit([EditRequest(sample, seed=seed)])[0]
    assert (np.asarray(image) == pixels([Scene.from_json(sample.extra["scene"])])[0]).all()


def test_refused_requests_are_failures_and_leave_the_other_edits_as_they_are(samples):
    requests = [EditRequest(sample, seed=number) for number, sample in enumerate(samples)]
    refusing = options(skill=0.5, refuses=0.3)
    outcomes = Procedural(refusing).edit(requests)
    refused_ones = [isinstance(outcome, Failure) for outcome in outcomes]
    assert refused_ones == [refused(refusing, request.seed) for request in requests]
    assert 0 < sum(refused_ones) < len(samples)
    for outcome, image in zip(outcomes, Procedural(options(skill=0.5)).edit(requests), strict=True):
        if isinstance(outcome, Failure):
            assert (outcome.stage, outcome.kind, outcome.retryable) == ("edit", "content-filter", False)
        else:
            assert outcome.tobytes() == image.tobytes()


def test_an_editor_that_refuses_nothing_keeps_its_old_signature():
    assert Procedural(options(skill=0.5)).signature == "procedural 1 skill=0.5 seed=0"
    assert Procedural(options(skill=0.5, refuses=0.1)).signature.endswith(" refuses=0.1")


def test_signature_names_all_options():
    assert len({Procedural(options(skill=k, seed=s)).signature for k in (0.5, 1.0) for s in (0, 1)}) == 4


@pytest.mark.parametrize("extra", [{}, {"scene": {}, "correct": {}}, {"scene": None, "correct": None}])
def test_other_samples_are_not_understood(extra):
    with pytest.raises(InstructionError, match="shapes") as caught:
        Procedural(options()).edit([EditRequest(Sample("x", "physical", "do"), seed=0)])
    assert caught.value.kind == "not-understood"
    with pytest.raises(InstructionError):
        true_score(Sample("x", "physical", "do", extra=extra), options(), 0)
