import random

from hypothesis import given
from hypothesis import strategies as st

from editloupe.workers.queue import ATTEMPTS, Queue


def test_units_stay_together_and_order_is_kept():
    queue = Queue([["a1", "a2", "a3"], ["b1"], ["c1", "c2"]], 4)
    assert queue.take(1).items == ("a1", "a2", "a3", "b1")
    assert queue.take(1).items == ("c1", "c2")
    assert queue.take(1) is None


def test_chunks_get_smaller_towards_the_end_so_that_all_workers_end_together():
    queue = Queue([[number] for number in range(10)], 4)
    sizes = []
    while chunk := queue.take(3):
        sizes.append(len(chunk.items))
    assert sizes == [4, 2, 2, 1, 1]


def test_suspects_go_to_idle_workers_only_and_there_alone():
    queue = Queue([["a"], ["b"], ["c"]], 2)
    queue.worker_lost(queue.take(1))
    assert queue.take(1, idle=False).items == ("c",)
    assert queue.take(1, idle=False) is None
    chunk = queue.take(1)
    assert (chunk.items, chunk.suspect) == (("a",), True)
    queue.requeue(chunk)
    assert queue.take(1).items == ("a",)


def test_a_unit_larger_than_a_chunk_is_one_chunk():
    assert Queue([["a"] * 9, ["b"]], 2).take(1).items == ("a",) * 9


def test_items_of_a_chunk_that_died_are_tried_alone_and_only_the_guilty_one_is_given_up():
    queue = Queue([["good"], ["bad"], ["fine"]], 3)
    assert queue.worker_lost(queue.take(1)) == []
    given_up, finished = [], []
    while queue.left:
        chunk = queue.take(1)
        assert len(chunk.items) == 1
        if chunk.items == ("bad",):
            given_up += queue.worker_lost(chunk)
        else:
            finished += chunk.items
            queue.finished(chunk)
    assert given_up == ["bad"]
    assert finished == ["good", "fine"]


def test_a_chunk_that_only_waited_goes_back_without_blame():
    queue = Queue([["a"], ["b"]], 1)
    first, second = queue.take(1), queue.take(1)
    for _ in range(ATTEMPTS + 1):
        queue.requeue(second)
        second = queue.take(1)
    assert second.items == ("b",)
    assert queue.worker_lost(first) == []


@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=12),
    st.integers(1, 6),
    st.sets(st.integers(0, 40)),
    st.integers(0, 2**32),
)
def test_whatever_dies_every_item_ends_exactly_once(sizes, size, poison, seed):
    rng = random.Random(seed)
    items = iter(range(1000))
    units = [[next(items) for _ in range(count)] for count in sizes]
    queue = Queue(units, size)
    ended, held = [], []
    while queue.left:
        chunk = queue.take(rng.randint(1, 5), idle=rng.random() < 0.5)
        if chunk is not None:
            held.append(chunk)
        if not held:
            continue
        chunk = held.pop(rng.randrange(len(held)))
        if rng.random() < 0.2:
            queue.requeue(chunk)
        elif poison & set(chunk.items):
            ended += queue.worker_lost(chunk)
        else:
            ended += chunk.items
            queue.finished(chunk)
    everything = [item for unit in units for item in unit]
    assert sorted(ended) == everything
    assert queue.waiting == 0
