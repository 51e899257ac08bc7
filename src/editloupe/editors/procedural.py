"""An editor of known skill for the benchmark `shapes`: it does what was asked, or makes a named mistake.

It is the fake with which editloupe shows and tests itself: its true scores are known, so a leaderboard can be checked.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from PIL import Image
from pydantic import Field

from editloupe import plugins
from editloupe.errors import InstructionError
from editloupe.protocols import Editor
from editloupe.records import EditRequest, Failure, Sample
from editloupe.shapes.drawing import pixels
from editloupe.shapes.mistakes import mistaken
from editloupe.shapes.scene import Scene
from editloupe.shapes.truth import truth

__all__ = ["Procedural", "refused", "resulting_scene", "true_score"]

_VERSION = 1


class Procedural(Editor):
    """The editor `procedural`."""

    class Options(plugins.Options):
        """What the config says about this editor.

        Attributes:
            skill: the share of right edits; the others are mistakes.
            refuses: the share of requests that are answered by a refusal instead of an edit, as by a service that has a
                filter. Such an edit failed; it has no score.
            seed: another one makes other mistakes at the same rate. Editors of the same seed share their luck: what
                the less skilled one gets right, the more skilled one gets right too.
        """

        skill: float = Field(default=1.0, ge=0.0, le=1.0)
        refuses: float = Field(default=0.0, ge=0.0, le=1.0)
        seed: int = 0

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def signature(self) -> str:
        """What an edit depends on, apart from the request."""
        refuses = f" refuses={self.options.refuses:g}" if self.options.refuses else ""
        return f"procedural {_VERSION} skill={self.options.skill:g} seed={self.options.seed}{refuses}"

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        """Edit a batch.

        The edits carry their true score in ``info["truth"]``, so that a study can audit its judge.

        Returns:
            The edits in order, or the failure of a refused one.

        Raises:
            InstructionError: a sample does not come from `shapes`.
        """
        scenes = [resulting_scene(request.sample, self.options, request.seed)[0] for request in requests]
        images = [Image.fromarray(array) for array in pixels(scenes)]
        for request, scene, image in zip(requests, scenes, images, strict=True):
            image.info["truth"] = truth(*_scenes(request.sample), scene)
        return [
            _refusal(request.sample) if refused(self.options, request.seed) else image
            for request, image in zip(requests, images, strict=True)
        ]


def refused(options: Procedural.Options, seed: int) -> bool:
    """Whether the editor refuses the request of a seed; luck of its own, so that the other edits stay as they are."""
    return random.Random(f"procedural refusal/{_VERSION}/{options.seed}/{seed}").random() < options.refuses


def _refusal(sample: Sample) -> Failure:
    return Failure("edit", "content-filter", f"this editor's filter refused the instruction {sample.instruction!r}")


def resulting_scene(sample: Sample, options: Procedural.Options, seed: int) -> tuple[Scene, str]:
    """Return the scene that the editor makes of a sample, and the name of its mistake (``none`` where it is right).

    Raises:
        InstructionError: the sample does not come from `shapes`.
    """
    scene, correct = _scenes(sample)
    rng = random.Random(f"procedural/{_VERSION}/{options.seed}/{seed}")
    if rng.random() < options.skill:
        return correct, "none"
    return mistaken(scene, correct, rng)


def true_score(sample: Sample, options: Procedural.Options | None, seed: int) -> float:
    """Return the truth, 0 to 10, about the edit of a sample.

    Args:
        sample: from `shapes`.
        options: of the procedural editor; None for an editor that changes nothing.
        seed: of the request.

    Raises:
        InstructionError: the sample does not come from `shapes`.
    """
    scene, correct = _scenes(sample)
    return truth(scene, correct, scene if options is None else resulting_scene(sample, options, seed)[0])


def _scenes(sample: Sample) -> tuple[Scene, Scene]:
    try:
        return Scene.from_json(sample.extra["scene"]), Scene.from_json(sample.extra["correct"])
    except (KeyError, TypeError, ValueError) as error:
        raise InstructionError(
            f"the procedural editor edits samples of the benchmark 'shapes'; {sample.id!r} carries no scene"
        ) from error
