"""A study of given samples whose judge says what a test tells it to: everything between the two is real."""

from __future__ import annotations

from editloupe import images, plugins
from editloupe.config.parts import BenchmarkPart, EditorPart, JudgePart, load_config
from editloupe.records import ImagePart, Reply, Sample
from pictures import noise
from worlds import make_config


class Half:
    """Hands back the last source image at half its size."""

    class Options(plugins.Options):
        """There is nothing to choose."""

    signature = "half"

    def __init__(self, options):
        del options

    def edit(self, requests):
        made = []
        for request in requests:
            image = images.decode(request.sample.sources[-1])
            made.append(image.resize((image.width // 2, image.height // 2)))
        return made


class _Options(plugins.Options):
    pass


def task(name, category, *, sources=1, references=0, groups=None, extra=None, rationale="", instruction="do it"):
    """A sample, its pictures unlike all others."""
    number = sum(name.encode())
    return Sample(
        name,
        category,
        instruction,
        tuple(noise(64, 32 + 32 * index, number) for index in range(sources)),
        groups or {},
        rationale=rationale,
        reference=tuple(noise(32, 96, number + index) for index in range(references)),
        extra=extra or {},
    )


def scripted_study(folder, rubric, samples, say, *, editors=(Half,), deterministic=True, settings=()):
    """A config, and the list that will hold every question that was asked.

    Args:
        folder: where the study goes.
        rubric: its name.
        samples: made by `task`.
        say: the judge's words about a question.
        editors: classes of editors.
        deterministic: what the judge says of itself.
        settings: as on the command line.
    """
    asked = []

    class Given:
        name, revision, default_rubric, categories = "given", "1", rubric, {}
        Options = _Options

        def __init__(self, options):
            del options

        def samples(self, store):
            for one in samples:
                parts = {
                    field: tuple(store.put(images.encode_png(images.decode(each))) for each in getattr(one, field))
                    for field in ("sources", "reference")
                }
                yield Sample(
                    one.id,
                    one.category,
                    one.instruction,
                    groups=one.groups,
                    rationale=one.rationale,
                    extra=one.extra,
                    description=one.description,
                    **parts,
                )

    class Scripted:
        Options = _Options
        name, signature, decoding = "scripted", "scripted", "sampling"

        def __init__(self, options):
            del options
            self.deterministic = deterministic

        def answer(self, questions):
            asked.extend(questions)
            return [Reply(say(question)) for question in questions]

    folder.mkdir(parents=True, exist_ok=True)
    path = make_config(folder, folder / "none", folder / "none.jsonl", rubric=rubric)
    config = load_config(path, ["judge.answer=text", *settings])
    part = config.judge.model_dump(exclude={"options", "type"})
    changes = {
        "benchmark": BenchmarkPart(name="given", plugin=Given, options=_Options()),
        "judge": JudgePart(type="scripted", plugin=Scripted, options=_Options(), **part),
        "editors": tuple(
            EditorPart(type=one.__name__, name=one.__name__.lower(), plugin=one, options=one.Options())
            for one in editors
        ),
    }
    return config.model_copy(update=changes), asked


def roles(question):
    """The roles of a question's pictures, in order."""
    return [part.role for part in question.context if isinstance(part, ImagePart)]


def words(question):
    """All text of a question."""
    return "\n".join([question.system, *(part for part in question.context if isinstance(part, str)), question.ask])
