"""Batches by tokens: the default, through the engine that studies use."""

from collections import Counter

import pytest
from PIL import Image

from editloupe.config.parts import load_config
from editloupe.images import picture_of
from editloupe.judges.transformers import TransformersJudge
from editloupe.planning import PlannedReply
from editloupe.records import AnswerFormat, ImageBytes, ImagePart, Question, Reply, Sample
from editloupe.workers import here
from pictures import noise
from worlds import make_config, make_table

DIGITS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')
SAMPLE = Sample("s", "causal", "x")


@pytest.fixture
def part(tmp_path, tiny_checkpoint):
    path = make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data"))
    return load_config(path, ["judge.batch_size=auto"]).judge


def plans(count=24, answer=DIGITS):
    made = []
    for index in range(count):
        context = (ImagePart("edited", noise(32 * (1 + index % 6), 64, index)), "word " * (index % 7))
        made.append(PlannedReply(str(index), "e", SAMPLE, "m", Question("s", context, "ask", answer)))
    return made


def run(part, judge, items):
    return [one for batch in here.replies(part, judge, items) for one in batch]


def test_every_question_is_answered_once_as_if_alone(part):
    judge = TransformersJudge(part.options)
    done = run(part, judge, plans())
    assert Counter(one.item.key for one in done) == Counter(str(index) for index in range(24))
    alone = TransformersJudge(part.options)
    for one in done[::5]:
        assert one.outcome.labels == pytest.approx(alone.answer([one.item.question])[0].labels, abs=1e-6)


def test_a_budget_of_tokens_bounds_each_batch(part, monkeypatch):
    sizes = []
    judge = TransformersJudge(part.options)
    answer = judge.answer
    monkeypatch.setattr(judge, "budget", lambda _questions: lambda: 200)

    def watching(questions):
        sizes.append(sum(len(judge.runner._prompt(question)) for question in questions))
        return answer(questions)

    monkeypatch.setattr(judge, "answer", watching)
    run(part, judge, plans())
    assert len(sizes) > 5
    assert all(size <= 200 for size in sizes)
    assert sizes[0] >= sizes[-1]  # the longest first


def test_memory_that_runs_out_lowers_the_budget_and_loses_nothing(part, monkeypatch):
    judge = TransformersJudge(part.options)
    answer = judge.answer
    tried = []

    def small(questions):
        tried.append(len(questions))
        if len(questions) > 3:
            raise RuntimeError("CUDA out of memory")
        return answer(questions)

    monkeypatch.setattr(judge, "answer", small)
    done = run(part, judge, plans())
    assert len(done) == 24
    assert all(isinstance(one.outcome, Reply) for one in done)
    assert sum(size > 3 for size in tried) < 8


def test_a_broken_image_fails_alone(part):
    items = plans(8)
    broken = Question("s", (ImagePart("edited", ImageBytes(b"no image")),), "ask", DIGITS)
    items[3] = PlannedReply("3", "e", SAMPLE, "m", broken)
    done = {one.item.key: one.outcome for one in run(part, TransformersJudge(part.options), items)}
    assert [key for key, outcome in done.items() if not isinstance(outcome, Reply)] == ["3"]
    assert done["3"].kind == "bad-image"


def test_questions_of_one_sample_stay_side_by_side(part):
    judge = TransformersJudge(part.options)
    items = []
    for sample in range(4):
        source = ImagePart("source", noise(64, 64, sample))
        items += [
            Question("system " * 10, (source, ImagePart("edited", noise(64, 64, 10 * sample + n))), "ask", DIGITS)
            for n in (1, 2)
        ]
    order = [index // 2 for index, _ in judge.plan(items)]
    assert order[0::2] == order[1::2]


def test_questions_are_prepared_ahead(part, monkeypatch):
    judge = TransformersJudge(part.options)
    monkeypatch.setattr(judge, "budget", lambda _questions: lambda: 150)
    prepared = []
    prepare = judge.prepare
    monkeypatch.setattr(judge, "prepare", lambda question: (prepared.append(question), prepare(question)))
    run(part, judge, plans())
    assert len(prepared) >= 15


def test_a_text_beyond_the_model_s_positions_is_refused_and_a_huge_image_is_sized_down(part):
    huge = picture_of(Image.new("RGB", (8000, 8000), "teal"))
    items = plans(4)
    items[1] = PlannedReply("1", "e", SAMPLE, "m", Question("s", ("x y " * 12_500,), "ask", DIGITS))
    items[2] = PlannedReply("2", "e", SAMPLE, "m", Question("s", (ImagePart("edited", huge),), "ask", DIGITS))
    done = {one.item.key: one.outcome for one in run(part, TransformersJudge(part.options), items)}
    assert [key for key, outcome in done.items() if not isinstance(outcome, Reply)] == ["1"]
    assert done["1"].kind == "too-long"
    assert "tokens; this judge has room for" in done["1"].message
    assert done["2"].prompt_tokens < 60  # 64 x 64 pixels, as the config's longest edge says
