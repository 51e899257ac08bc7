"""The stated memory model, and what a budget makes of it."""

import pytest
import torch

from editloupe.judges.qwen.memory import CPU_TOKENS, Budget, Shape, memory_table

# Qwen3-VL-8B in bfloat16: 36 layers, 8 key-value heads of 128.
LARGE = Shape(36, 4096, 12288, 0, 2 * 8 * 128, 151936, 1152, 4304, 3, 2, 2)
# Qwen3-VL-30B-A3B: 48 layers, 4 key-value heads of 128, 8 experts of a token.
EXPERTS = Shape(48, 2048, 6144, 8, 2 * 4 * 128, 151936, 1152, 4304, 3, 2, 2)


def test_keys_and_values_by_hand():
    without = LARGE.per_token(0, image=False) - (3 * 12288 + 6 * 4096) * 2
    assert without == 36 * 2 * 8 * 128 * 2 == 147_456


@pytest.mark.parametrize(("shape", "peak"), [(LARGE, 254_488), (EXPERTS, 246_872)])
def test_the_model_lies_a_little_above_what_all_layers_take(shape, peak):
    """The peaks were counted by running all layers of the published configurations on meta tensors, 2,300 tokens."""
    assert peak <= shape.per_token(2300) <= 1.45 * peak


def test_the_table_grows_with_the_batch():
    table = memory_table(LARGE, 2300, 2048, 128)
    sizes = [size for _, size in table]
    assert sizes == sorted(sizes)
    assert table[3][1] == pytest.approx(8 * table[0][1])


def test_on_the_cpu_time_sets_the_limit(tiny_checkpoint):
    assert Budget(LARGE, [torch.device("cpu")], 400).tokens() <= CPU_TOKENS


def test_a_measurement_corrects_the_model():
    budget = Budget(LARGE, [torch.device("cpu")], 400)
    budget._free = 10**9
    before = budget.tokens()
    budget.measured(before, 2 * 10**9)
    assert budget.tokens() == pytest.approx(before * 0.8 / 2, rel=0.01)
    corrected = budget.tokens()
    budget.measured(1, 10**12)  # a tiny batch says nothing
    assert budget.tokens() == corrected
    budget.expect(4000)  # what was measured holds for the next questions too
    assert budget.tokens() == corrected
