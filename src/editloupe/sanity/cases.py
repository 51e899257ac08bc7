"""The edits that a probe may ask about: those of the study that changed something, in an order drawn by the seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from PIL import Image

from editloupe.config.parts import StudyConfig
from editloupe.errors import ImageError
from editloupe.images import decode, dimensions, encode_png
from editloupe.planning import PlannedReply
from editloupe.records import Edit, Failure, Picture, Sample
from editloupe.store.blobs import Store
from editloupe.store.keys import noise_seed

__all__ = ["Case", "Cases"]

GREY = (127, 127, 127)
"""Of the blank picture: unlike white or black, no instruction asks for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """One edit of the study.

    Attributes:
        editor: whose it is.
        sample: what was asked of the editor.
        edit: the edited image.
        asked: the study's own questions about it, all draws.
    """

    editor: str
    sample: Sample
    edit: Edit
    asked: tuple[PlannedReply, ...]

    @property
    def cluster(self) -> str:
        """What makes edits dependent: their first source image."""
        return self.sample.sources[0].sha256 if self.sample.sources else self.sample.id


class Cases:
    """All edits of a study that were asked about, in an order that the seed draws.

    The order depends on the names of editor and sample alone: a study that grows keeps most of what was chosen, and
    what is asked about them is recorded already.

    Args:
        config: the study.
        planned: all its questions.
        edits: by (editor, sample id).
        store: keeps the blank pictures.
    """

    def __init__(
        self,
        config: StudyConfig,
        planned: Sequence[PlannedReply],
        edits: Mapping[tuple[str, str], Edit | Failure],
        store: Store,
    ) -> None:
        asked: dict[tuple[str, str], list[PlannedReply]] = {}
        for plan in planned:
            asked.setdefault((plan.editor, plan.sample.id), []).append(plan)
        cases = []
        for (editor, sample), questions in asked.items():
            edit = edits.get((editor, sample))
            if isinstance(edit, Edit):
                cases.append(Case(editor, questions[0].sample, edit, tuple(questions)))
        cases.sort(key=lambda case: noise_seed(config.seed, "sanity", case.sample.id, case.editor))
        self._all = cases
        self._places = {(case.editor, case.sample.id): index for index, case in enumerate(cases)}
        self._store = store
        self._changed: dict[str, bool] = {}
        self._blanks: dict[tuple[int, int], Picture] = {}

    def __iter__(self) -> Iterator[Case]:
        """The edits that differ from their source by a pixel at least; one that does not is no edit to tell apart."""
        return (case for case in self._all if self._differs(case))

    @cached_property
    def most_sources(self) -> int:
        """How many source images a sample has at most."""
        return max((len(case.sample.sources) for case in self._all), default=0)

    def partner(self, case: Case) -> Case | None:
        """The next edit of another source and another instruction, in the same language; the same editor's first."""
        start = self._places[case.editor, case.sample.id] + 1
        others = [
            other
            for other in [*self._all[start:], *self._all[:start]]
            if other.cluster != case.cluster
            and _told(other.sample).isdisjoint(_told(case.sample))
            and other.sample.groups.get("language") == case.sample.groups.get("language")
        ]
        others.sort(key=lambda other: other.editor != case.editor)
        return next((other for other in others if self._differs(other)), None)

    def blank(self, case: Case) -> Picture:
        """A grey picture of the edit's size.

        Raises:
            ImageError: the edit's size cannot be read.
        """
        size = dimensions(case.edit.image)
        if size not in self._blanks:
            self._blanks[size] = self._store.put(encode_png(Image.new("RGB", size, GREY)))
        return self._blanks[size]

    def _differs(self, case: Case) -> bool:
        if case.edit.key not in self._changed:
            self._changed[case.edit.key] = _differ(case.edit.image, case.sample.sources[:1])
        return self._changed[case.edit.key]


def _differ(edited: Picture, sources: Sequence[Picture]) -> bool:
    try:
        after = decode(edited)
        return not sources or dimensions(sources[0]) != after.size or decode(sources[0]).tobytes() != after.tobytes()
    except ImageError:
        return False


def _told(sample: Sample) -> set[str]:
    """What says how the edit has to look; two samples with any of it in common may want the same."""
    return {text for text in (sample.instruction, sample.rationale) if text}
