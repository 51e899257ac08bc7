"""A batch function that raises never costs an item."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from editloupe.batching import PATIENCE, Ceiling, is_out_of_memory, stream
from editloupe.errors import ConfigError, ItemError
from editloupe.records import Failure


def run(items, function, size):
    done = [one for batch in stream(items, function, size=size, stage="judge") for one in batch]
    return {one.item: one.outcome for one in done}, done


def test_one_poison_among_fifty_costs_one_failure():
    def answer(batch):
        if 31 in batch:
            raise ValueError("poison")
        return [item * 2 for item in batch]

    outcomes, done = run(list(range(50)), answer, 8)

    assert len(done) == 50
    failures = {item: one for item, one in outcomes.items() if isinstance(one, Failure)}
    assert list(failures) == [31]
    assert failures[31].kind == "ValueError"
    assert "poison" in failures[31].message
    assert "Traceback" in failures[31].traceback
    assert all(outcomes[item] == item * 2 for item in range(50) if item != 31)


def test_out_of_memory_above_two_loses_nothing_and_lowers_the_ceiling():
    sizes = []

    def answer(batch):
        sizes.append(len(batch))
        if len(batch) > 2:
            raise RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return list(batch)

    outcomes, _ = run(list(range(20)), answer, 8)

    assert outcomes == {item: item for item in range(20)}
    # Learned once, not again for every batch; 3 is the cautious try after eight batches that went well.
    assert [size for size in sizes if size > 2] == [8, 4, 3]


def test_the_ceiling_creeps_up_again_and_not_beyond_what_was_asked():
    ceiling = Ceiling(4)
    ceiling.too_much(4)
    assert ceiling.now == 2
    for _ in range(PATIENCE):
        ceiling.went_well(2)
    assert ceiling.now == 3
    for _ in range(10 * PATIENCE):
        ceiling.went_well(ceiling.now)
    assert ceiling.now == 4


def test_a_batch_smaller_than_the_ceiling_proves_nothing():
    ceiling = Ceiling(8)
    ceiling.too_much(8)
    for _ in range(5 * PATIENCE):
        ceiling.went_well(1)
    assert ceiling.now == 4


def test_a_single_item_that_does_not_fit_is_a_failure_of_its_kind():
    def answer(_batch):
        raise MemoryError

    outcomes, _ = run(["a"], answer, 4)
    assert outcomes["a"].kind == "out-of-memory"


def test_each_fallback_is_one_line(caplog):
    def answer(batch):
        if "bad" in batch:
            raise ItemError("no good\nsecond line", kind="refused")
        return batch

    with caplog.at_level(logging.WARNING):
        run(["a", "b", "c", "bad"], answer, 4)
    lines = [record.getMessage() for record in caplog.records]
    assert lines == [
        "judge batch of 4 failed (refused): no good; trying 2 + 2",
        "judge batch of 2 failed (refused): no good; trying 1 + 1",
        "judge item failed (refused): no good",
    ]


def test_results_of_the_wrong_number_are_not_handed_out():
    outcomes, _ = run(["a", "b"], lambda batch: [*batch, "extra"], 2)
    assert all(isinstance(outcome, Failure) for outcome in outcomes.values())


def test_a_config_error_ends_the_stream():
    def answer(_batch):
        raise ConfigError("the labels are no tokens")

    with pytest.raises(ConfigError):
        run(["a", "b"], answer, 2)


def test_an_interrupt_is_not_swallowed():
    def answer(_batch):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(["a"], answer, 1)


@given(
    count=st.integers(0, 40),
    size=st.integers(1, 9),
    poison=st.sets(st.integers(0, 39)),
    room=st.integers(1, 9),
)
def test_every_item_comes_back_exactly_once_in_order(count, size, poison, room):
    def answer(batch):
        if len(batch) > room:
            raise RuntimeError("out of memory")
        if poison.intersection(batch):
            raise ValueError("poison")
        return [str(item) for item in batch]

    outcomes, done = run(list(range(count)), answer, size)
    assert [one.item for one in done] == list(range(count))
    for item, outcome in outcomes.items():
        assert isinstance(outcome, Failure) if item in poison else outcome == str(item)


def test_torch_errors_count_as_out_of_memory():
    import torch

    assert is_out_of_memory(torch.OutOfMemoryError("x"))
    assert is_out_of_memory(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"))
    assert not is_out_of_memory(RuntimeError("shape mismatch"))
    assert not is_out_of_memory(ValueError("out of memory"))


def test_many_failures_of_a_kind_become_a_count(caplog):
    def answer(batch):
        raise ItemError("no good", kind="refused")

    with caplog.at_level(logging.WARNING):
        outcomes, _ = run(list(range(40)), answer, 1)
    lines = [record.getMessage() for record in caplog.records]
    assert len(outcomes) == 40
    assert len(lines) == 10
    assert lines[-1] == "judge: 31 more lines about refused are left out"
