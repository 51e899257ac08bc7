"""Where a judge's weights go, by what is free."""

import pytest

from editloupe.errors import ConfigError
from editloupe.judges.placement import choose_device, refuse_offload, weight_bytes

GIB = 2**30


@pytest.mark.parametrize(
    ("weights", "free", "device"),
    [
        (58 * GIB, [], "cpu"),
        (16 * GIB, [70 * GIB, 78 * GIB, 78 * GIB], "cuda:1"),  # the emptiest, the first of equal ones
        (58 * GIB, [78 * GIB] * 6, "cuda:0"),
        (58 * GIB, [40 * GIB, 40 * GIB], "auto"),
        (58 * GIB, [40 * GIB], "cuda:0"),  # there is no other; loading says whether it fits
    ],
)
def test_auto_is_one_gpu_wherever_the_weights_fit_on_one(weights, free, device):
    assert choose_device(weights, free) == device


def test_layers_outside_of_the_gpus_are_refused_in_one_sentence():
    refuse_offload({"model.visual": 0, "lm_head": 1}, "judge", 58 * GIB)
    with pytest.raises(ConfigError, match=r"58 GiB.*2 of its 3 parts.*'layers.6'"):
        refuse_offload({"model.visual": 0, "layers.6": "cpu", "layers.7": "disk"}, "judge", 58 * GIB)


def test_the_size_of_a_checkpoint_is_that_of_its_weight_files(tmp_path, tiny_checkpoint):
    assert weight_bytes(tmp_path) == 0
    (tmp_path / "a.bin").write_bytes(b"12")
    assert weight_bytes(tmp_path) == 2
    assert weight_bytes(tiny_checkpoint) > 10_000
