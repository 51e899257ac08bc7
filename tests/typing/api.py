"""What a caller and a plugin's author may write, as mypy reads it; checked, never run."""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import assert_type

from PIL import Image

import editloupe
from editloupe import Edit, EditRequest, Failure, Question, Reply, Sample, plugins
from editloupe.store.blobs import Store


class Ruler(editloupe.Judge):
    class Options(plugins.Options):
        length: int = 1

    name = "ruler"
    decoding = ""
    deterministic = True

    def __init__(self, options: Options) -> None:
        self.options = options

    @property
    def signature(self) -> str:
        return f"ruler {self.options.length}"

    def answer(self, questions: Sequence[Question]) -> list[Reply]:
        return [Reply("5") for _ in questions]


class Negative(editloupe.Editor):
    class Options(plugins.Options):
        pass

    signature: str

    def __init__(self, options: Options) -> None:
        self.signature = "negative"

    def edit(self, requests: Sequence[EditRequest]) -> list[Image.Image | Failure]:
        return [Failure("edit", "refused", request.sample.id) for request in requests]


class Few(editloupe.Benchmark):
    class Options(plugins.Options):
        pass

    name = "few"
    revision = "1"
    default_rubric = "reasoning"
    categories: Mapping[str, str] = MappingProxyType({})

    def __init__(self, options: Options) -> None:
        pass

    def samples(self, store: Store) -> Iterator[Sample]:
        yield Sample("a", "b", "Do it.")


with Ruler(Ruler.Options()) as ruler:
    assert_type(ruler, Ruler)
    assert_type(ruler.note, str)

with editloupe.load_judge("nano") as judge:
    score = judge.score(edited_image=b"", system_prompt="", user_prompt="")
    assert_type(score, float)
    scores = judge.batch_score(edited_images=[b""], system_prompts=[""], user_prompts=[""])
    assert_type(scores, list[float | None])

config = editloupe.load_config("config.yaml")
results = editloupe.run_study(config)
assert_type(results, editloupe.Results)
assert_type([verdict.failure for verdict in results.verdicts], list[Failure | None])


def of(edit: Edit) -> float | None:
    return edit.truth
