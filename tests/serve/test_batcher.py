"""The queue and its batches, without HTTP."""

import threading

import pytest

from editloupe.config.parts import JudgePart
from editloupe.errors import ModelLoadError
from editloupe.records import Failure, ImageBytes, ImagePart, Question, Reply
from editloupe.serve.batcher import Batcher, Closing, Full
from editloupe.serve.measures import Measures
from served import RAISES, TOO_MUCH, GatedJudge, picture, until


def question(source, number, *, mark=0):
    source_part = ImagePart("source", ImageBytes(picture(0, number=source, mark=1)))
    return Question(
        "", (source_part, ImagePart("edited", ImageBytes(picture(5, number=number, mark=mark)))), "how good?"
    )


def asked(*pairs, mark=0):
    return [(f"{source}/{number}", question(source, number, mark=mark)) for source, number in pairs]


@pytest.fixture
def judge():
    return GatedJudge(GatedJudge.Options())


def batcher(judge, *, batch_size=8, wait=0.0, limit=100, keep=lambda _: None):
    part = JudgePart(type="gated", plugin=GatedJudge, options=judge.options, batch_size=batch_size)
    return Batcher(judge, part, wait=wait, limit=limit, measures=Measures(), keep=keep)


def sources(batch):
    return [one.context[0].picture.sha256 for one in batch]


def test_a_batch_takes_the_group_of_the_oldest_question_first(judge):
    judge.gate.clear()
    with batcher(judge, batch_size=4) as queue:
        first = queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        shuffled = [(1, 0), (2, 0), (3, 0), (1, 1), (2, 1), (3, 1), (1, 2), (2, 2), (1, 3)]
        rest = [one for pair in shuffled for one in queue.submit(asked(pair))]
        judge.gate.set()
        for future in [*first, *rest]:
            assert future.result(30).text == '{"score": 5}'
    lone, whole, *others = (sources(batch) for batch in judge.batches)
    assert len(lone) == 1
    assert len(whole) == 4
    assert len(set(whole)) == 1
    assert sum(map(len, others)) == 5


def test_questions_that_arrive_while_a_batch_runs_join_the_next_one(judge):
    judge.gate.clear()
    with batcher(judge) as queue:
        futures = queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        for number in range(1, 6):
            futures += queue.submit(asked((0, number)))
        judge.gate.set()
        for future in futures:
            future.result(30)
    assert [len(batch) for batch in judge.batches] == [1, 5]


def test_a_question_waits_for_others_no_longer_than_it_is_told(judge):
    with batcher(judge, wait=0.3) as queue:
        futures = [one for number in range(3) for one in queue.submit(asked((0, number)))]
        for future in futures:
            future.result(30)
    assert [len(batch) for batch in judge.batches] == [3]


def test_a_full_batch_does_not_wait(judge):
    with batcher(judge, wait=3600.0, batch_size=2) as queue:
        for future in queue.submit(asked((0, 0), (0, 1))):
            future.result(30)


def test_equal_questions_of_several_callers_are_asked_once(judge):
    judge.gate.clear()
    with batcher(judge) as queue:
        running = queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        futures = [*running, *queue.submit(asked((0, 0))), *queue.submit(asked((0, 1))), *queue.submit(asked((0, 1)))]
        judge.gate.set()
        assert len({future.result(30).text for future in futures}) == 1
    assert [len(batch) for batch in judge.batches] == [1, 1]


def test_a_full_queue_takes_all_questions_of_a_call_or_none(judge):
    judge.gate.clear()
    with batcher(judge, limit=3) as queue:
        futures = queue.submit(asked((0, 0), (0, 1)))
        with pytest.raises(Full) as full:
            queue.submit(asked((1, 0), (1, 1)))
        assert 1 <= full.value.after <= 60
        futures += queue.submit(asked((1, 0)))
        judge.gate.set()
        for future in futures:
            assert isinstance(future.result(30), Reply)


def test_what_nobody_waits_for_is_not_asked_and_makes_room(judge):
    judge.gate.clear()
    with batcher(judge, limit=3) as queue:
        running = queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        waiting = queue.submit(asked((1, 0), (1, 1)))
        queue.forget(waiting)
        more = queue.submit(asked((2, 0), (2, 1)))
        judge.gate.set()
        for future in [*running, *more]:
            future.result(30)
    assert [len(batch) for batch in judge.batches] == [1, 2]


def test_a_question_that_one_of_two_callers_has_left_is_asked(judge):
    judge.gate.clear()
    with batcher(judge) as queue:
        queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        left, kept = queue.submit(asked((0, 1))), queue.submit(asked((0, 1)))
        queue.forget(left)
        judge.gate.set()
        assert isinstance(kept[0].result(30), Reply)


def test_a_batch_that_raises_fails_only_the_guilty_question(judge):
    with batcher(judge, wait=0.2) as queue:
        good = queue.submit(asked((0, 0), (0, 1), (0, 2)))
        (bad,) = queue.submit(asked((0, 3), mark=RAISES))
        failure = bad.result(30)
        assert isinstance(failure, Failure)
        assert failure.kind == "RuntimeError"
        assert all(isinstance(future.result(30), Reply) for future in good)


def test_memory_that_runs_out_makes_later_batches_smaller(judge):
    with batcher(judge, wait=0.2, batch_size=4) as queue:
        tried = queue.submit([*asked((0, 0), (0, 1), (0, 2)), *asked((0, 3), mark=TOO_MUCH)])
        assert [type(future.result(30)) for future in tried] == [Reply, Reply, Reply, Failure]
        judge.batches.clear()
        for future in queue.submit(asked(*((1, number) for number in range(4)))):
            assert isinstance(future.result(30), Reply)
    assert max(map(len, judge.batches)) < 4


def test_a_judge_that_cannot_be_loaded_fails_every_question_retryably_and_may_recover(judge):
    judge.error = ModelLoadError("no such device")
    with batcher(judge) as queue:
        (future,) = queue.submit(asked((0, 0)))
        failure = future.result(30)
        assert (failure.kind, failure.retryable) == ("judge-unusable", True)
        until(lambda: "no such device" in queue.trouble)
        judge.error = None
        (again,) = queue.submit(asked((0, 0)))
        assert isinstance(again.result(30), Reply)
        until(lambda: not queue.trouble)


def test_a_queue_that_closes_answers_what_it_took_and_takes_nothing_more(judge):
    judge.gate.clear()
    with batcher(judge) as queue:
        futures = queue.submit(asked((0, 0), (0, 1)))
        queue.close()
        with pytest.raises(Closing):
            queue.submit(asked((1, 0)))
        judge.gate.set()
        assert all(isinstance(future.result(30), Reply) for future in futures)


def test_what_is_abandoned_may_be_tried_elsewhere(judge):
    judge.gate.clear()
    with batcher(judge) as queue:
        (running,) = queue.submit(asked((0, 0)))
        until(lambda: judge.begun == 1)
        (waiting,) = queue.submit(asked((0, 1)))
        queue.abandon("the service had to end")
        failure = waiting.result(30)
        assert (failure.kind, failure.retryable) == ("shutting-down", True)
        judge.gate.set()
        assert isinstance(running.result(30), Reply)


def test_replies_are_kept_before_anybody_has_them(judge):
    kept, seen = [], []
    with batcher(judge, keep=kept.extend) as queue:
        (future,) = queue.submit(asked((0, 0)))
        future.add_done_callback(lambda _: seen.append(len(kept)))
        future.result(30)
    assert seen == [1]


def test_callers_of_many_threads_each_get_their_own_reply(judge):
    found = {}

    def call(number):
        part = ImagePart("edited", ImageBytes(picture(number % 10, number=number)))
        (future,) = queue.submit([(str(number), Question("", (part,), "how good?"))])
        found[number] = future.result(60).text

    with batcher(judge, wait=0.01) as queue:
        threads = [threading.Thread(target=call, args=(number,)) for number in range(64)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert found == {number: f'{{"score": {number % 10}}}' for number in range(64)}
    assert len(judge.batches) < 64
