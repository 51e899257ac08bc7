"""Rows that come and go while replies are written."""

import pytest

from editloupe.judges.transformers import TransformersJudge
from editloupe.records import ImagePart, Question
from pictures import noise

LENGTHS = [1, 9, 2, 14, 3, 3, 150, 5]


@pytest.fixture(scope="module")
def runner(tiny_checkpoint):
    return TransformersJudge(TransformersJudge.Options(model=str(tiny_checkpoint))).runner


@pytest.fixture(scope="module")
def prompts(runner):
    """Of unequal lengths, some with a common beginning."""
    return [
        runner._prompt(
            Question("See. " * 9, (ImagePart("edited", noise(32 + 32 * (n % 3), 64, n // 2)),), "ask " * (1 + n))
        )
        for n in range(len(LENGTHS))
    ]


class Taker:
    """Takes the most probable tokens, so many of each row as `LENGTHS` says; None at the end as a reply's end does."""

    def __init__(self, numbers):
        self.numbers = numbers
        self.tokens = {number: [] for number in numbers}
        self.rows = []

    def __call__(self, step):
        self.rows.append([self.numbers[row] for row in step.rows])
        chosen = step.logits.argmax(dim=-1).tolist()
        for number, token in zip(self.rows[-1], chosen, strict=True):
            self.tokens[number].append(token)
        return [
            None if len(self.tokens[number]) == LENGTHS[number] else token
            for number, token in zip(self.rows[-1], chosen, strict=True)
        ]


@pytest.fixture(scope="module")
def alone(runner, prompts):
    """Each prompt's tokens, continued by itself."""
    tokens = {}
    for number, prompt in enumerate(prompts):
        taker = Taker([number])
        runner._engine.generate([prompt], taker, [[0]], 1)
        tokens |= taker.tokens
    return tokens


@pytest.mark.parametrize("group", [1, 2, 3, 8])
@pytest.mark.parametrize("slots", [1, 3, 8])
def test_rows_that_wait_take_the_places_of_those_that_are_done(runner, prompts, alone, group, slots):
    taker = Taker(list(range(len(prompts))))
    groups = [range(start, min(start + group, len(prompts))) for start in range(0, len(prompts), group)]
    runner._engine.generate(prompts, taker, groups, slots)
    assert taker.tokens == alone
    assert {number: len(tokens) for number, tokens in taker.tokens.items()} == dict(enumerate(LENGTHS))
    assert max(map(len, taker.rows)) <= max(group, slots)


def test_a_row_that_is_done_is_computed_no_more_and_a_waiting_one_begins_at_once(runner, prompts):
    taker = Taker(list(range(len(prompts))))
    runner._engine.generate(prompts, taker, [[number] for number in range(len(prompts))], 3)
    assert sum(map(len, taker.rows)) == sum(LENGTHS)
    after_the_first = next(step for step in taker.rows if len(step) == 3)
    assert set(after_the_first) == {1, 2, 3}  # 0 was done with its first token
    assert len(taker.rows) - len(prompts) <= max(LENGTHS) + 20  # not one reply after the other: 187


class Memory:
    """A budget of so many tokens."""

    def __init__(self, tokens):
        self.tokens = self.reply_tokens = lambda: tokens


def test_prompts_wait_where_memory_holds_no_more_replies(runner, monkeypatch):
    monkeypatch.setattr(runner, "_budget", Memory(100_000))
    groups, slots = runner._arranged([4000] * 40, 512)
    assert [number for group in groups for number in group] == list(range(40))
    assert {len(group) for group in groups[:-1]} == {6}  # a quarter of the budget goes through together
    assert 20 <= slots <= 24
    monkeypatch.setattr(runner, "_budget", Memory(8_000))
    groups, slots = runner._arranged([4000] * 4, 512)
    assert ([len(group) for group in groups], slots) == ([2, 2], 1)


def test_a_reply_counts_on_the_cpu_with_a_part_of_its_room(runner):
    asked = [Question("s", (), f"ask {number}") for number in range(3)]
    long = TransformersJudge(TransformersJudge.Options(model=runner.model.name_or_path, max_new_tokens=2000)).runner
    for used, counted in ((runner, 128), (long, 500)):
        for index, weight in used.plan(asked):
            assert weight == len(used._prompt(asked[index])) + counted
        assert used.budget(asked)() == used._budget.reply_tokens() <= used._budget.tokens()
