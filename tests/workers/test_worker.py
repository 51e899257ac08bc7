"""One worker, chunk after chunk, as Ray's actors run it: what it learns stays, past pictures do not."""

import gc

import pytest

from editloupe.config.parts import JudgePart
from editloupe.judges.qwen import patches
from editloupe.judges.transformers import TransformersJudge
from editloupe.planning import PlannedReply
from editloupe.records import AnswerFormat, ImageBytes, ImagePart, Question, Reply, Sample
from editloupe.workers.transfer import model_spec, sizing_of
from editloupe.workers.worker import Worker
from noting import NotingJudge, SmallMemoryJudge, notes
from pictures import noise

DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
CHUNK = 6


def worker_of(judge_class, kind, **options):
    """A worker that has built its model, and the sizing of its chunks."""
    part = JudgePart(type=kind, plugin=judge_class, options=judge_class.Options(**options))
    worker = Worker(model_spec(part, part.make()), "judge")
    worker.hello()
    return worker, sizing_of(part)


def chunk(number):
    """Questions about pictures that no other chunk shows, as they arrive: with bytes of their own."""
    plans = []
    for index in range(CHUNK):
        picture = ImageBytes(noise(48, 48, 100 * number + index).read())
        question = Question("s", (ImagePart("edited", picture),), f"ask {number} {index}", DIGITS)
        plans.append(PlannedReply(f"{number} {index}", "e", Sample(f"{number}", "c", "x"), "m", question))
    return plans


def test_a_worker_holds_no_pictures_of_past_chunks(tiny_checkpoint):
    worker, sizing = worker_of(TransformersJudge, "transformers", model=str(tiny_checkpoint))

    def held():
        gc.collect()
        return sum(type(one) is ImageBytes for one in gc.get_objects())

    before = held()
    for number in range(4):
        parcel = chunk(number)
        worker.prepare(parcel)
        answered = worker.answer(parcel, sizing)
        assert all(isinstance(outcome, Reply) for outcome, _ in answered)
        del parcel, answered
    assert held() - before <= 2 * CHUNK  # those of the last chunk, and of its preparation


def test_pictures_of_the_next_chunk_are_decoded_before_its_turn(tiny_checkpoint, monkeypatch):
    worker, sizing = worker_of(TransformersJudge, "transformers", model=str(tiny_checkpoint))
    decoded = []
    decode = patches.decode
    monkeypatch.setattr(patches, "decode", lambda picture: decoded.append(picture.sha256) or decode(picture))
    worker.prepare(chunk(1))
    assert len(decoded) == CHUNK
    worker.answer(chunk(1), sizing)  # other objects, the same pictures
    assert len(decoded) == CHUNK


def test_a_batch_that_did_not_fit_is_not_tried_again_in_the_next_chunk(tmp_path):
    worker, _ = worker_of(SmallMemoryJudge, "small", notes=str(tmp_path), fitting=2)
    for number in range(3):
        answered = worker.answer(chunk(number), {"batch_size": CHUNK, "use_batch_inference": True})
        assert all(isinstance(outcome, Reply) for outcome, _ in answered)
    refused = [name for name, *_ in notes(tmp_path) if name.startswith("refused")]
    assert refused == [f"refused {CHUNK}", "refused 3"]


def test_batches_of_one_worker_may_change_between_chunks(tmp_path):
    worker, sizing = worker_of(NotingJudge, "noting", notes=str(tmp_path))
    assert sizing == {"batch_size": "auto", "use_batch_inference": True}
    worker.answer(chunk(0), {"batch_size": 1, "use_batch_inference": True})
    assert worker.status().largest_batch == 1
    worker.answer(chunk(1), {"batch_size": 4, "use_batch_inference": True})
    assert worker.status().largest_batch == 4


@pytest.mark.parametrize("change", [{"batch_size": 4}, {"use_batch_inference": False}])
def test_how_a_judge_is_batched_makes_no_other_model(tmp_path, change):
    part = JudgePart(type="noting", plugin=NotingJudge, options=NotingJudge.Options(notes=str(tmp_path)))
    other = part.model_copy(update=change)
    assert model_spec(part, part.make()) == model_spec(other, other.make())
    changed = part.model_copy(update={"options": NotingJudge.Options(notes="elsewhere")})
    assert model_spec(part, part.make()) != model_spec(changed, changed.make())
