"""What a machine can show: every row has a figure or says why not, also where pydantic and diffusers are missing."""

import json
import subprocess
import sys
import textwrap

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from editloupe.bench import machine, machine_steps
from editloupe.bench.arithmetic import prompt_operations
from editloupe.bench.machine import machine_table, measure_machine
from editloupe.judges.random_weights import SHAPES, load_random

ROWS = [
    "loads",
    "batched = one by one",
    "shared = unshared",
    "budget against peak",
    "recovers from too large a batch",
    "tokens per second",
    "share of the matmul ceiling",
    "bf16 against fp32",
]

# A smaller model than any that is measured, and packages that cannot be imported.
WITHOUT = """
import json, sys
for name in ("pydantic", "pydantic_core", "diffusers", "typer", "rich", "datasets"):
    sys.modules[name] = None
from editloupe.bench import arithmetic, machine, machine_steps
from editloupe.judges.random_weights import SHAPES
text, vision, experts = SHAPES["63m"]
SHAPES["small"] = (text | {"num_hidden_layers": 2}, vision | {"depth": 2, "deepstack_visual_indexes": [0]}, experts)
arithmetic.SIDE["cpu"] = 256
machine_steps.NEW_TOKENS = 6
bench = machine_steps.Workbench("cpu", "small", 64, 3, "small")
machine.workbenches = lambda shape: {"cpu": bench}
machine.main(["--json", sys.argv[1]])
"""


def measured(folder):
    file = folder / "machine.json"
    command = [sys.executable, "-c", textwrap.dedent(WITHOUT), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text()), done.stdout


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return measured(tmp_path_factory.mktemp("machine"))


def test_every_row_is_measured_on_a_cpu_or_says_why_not(found):
    data, printed = found
    assert list(data["rows"]) == ROWS
    unmeasured = {name for name, cells in data["rows"].items() if "not measured" in cells["cpu"]["text"]}
    assert unmeasured == {"budget against peak", "recovers from too large a batch"}
    assert not [cells for cells in data["rows"].values() if "failed" in cells["cpu"]["text"]]
    assert all(name in printed for name in ("batched = one by one", "shared = unshared"))


def test_a_gpu_that_is_not_here_was_not_measured(found):
    data, printed = found
    assert {cells["gpu"]["text"] for cells in data["rows"].values()} == {"not measured: no GPU is here"}
    assert "not measured: no GPU is here" in printed


def test_the_figures_are_those_of_an_engine_that_is_right(found):
    rows = {name: cells["cpu"] for name, cells in found[0]["rows"].items()}
    assert rows["batched = one by one"]["largest_difference"] < 1e-5
    assert rows["batched = one by one"]["equal_replies"] == 1.0
    assert rows["shared = unshared"]["largest_difference"] < 1e-5
    assert rows["shared = unshared"]["tokens_unshared"] > 2 * rows["shared = unshared"]["tokens"]
    assert 0 < rows["share of the matmul ceiling"]["share"] < 1.2
    assert rows["bf16 against fp32"]["largest_difference"] > 1e-5
    assert found[0]["torch"] == torch.__version__


def test_what_is_not_begun_in_time_was_not_measured(monkeypatch):
    monkeypatch.setattr(machine, "workbenches", lambda _shape: {"cpu": machine_steps.Workbench("cpu", "63m", 64, 1)})
    data = measure_machine(0, None, lambda _line: None)
    assert {cells["cpu"]["text"] for cells in data["rows"].values()} == {"not measured: out of time"}


def test_a_row_that_fails_says_so_and_the_others_go_on(monkeypatch):
    def fails(_bench):
        raise RuntimeError("no such kernel")

    def works(_bench):
        return machine_steps.Finding("fine", {"seconds": 1.0})

    monkeypatch.setattr(machine_steps, "STEPS", (("first", fails), ("second", works)))
    bench = machine_steps.Workbench("cpu", "63m", 64, 1)
    monkeypatch.setattr(machine_steps.Workbench, "load", lambda self: setattr(self, "model", object()))
    monkeypatch.setattr(machine, "workbenches", lambda _shape: {"cpu": bench})
    data = measure_machine(1, None, lambda _line: None)
    assert data["rows"]["first"]["cpu"]["text"] == "failed: RuntimeError: no such kernel"
    assert data["rows"]["second"]["cpu"]["seconds"] == 1.0
    assert "no such kernel" in machine_table(data)


def test_the_arithmetic_of_a_prompt_is_what_torch_counts(monkeypatch):
    text, vision, experts = SHAPES["63m"]
    smaller = {"num_hidden_layers": 2}, {"depth": 2, "deepstack_visual_indexes": [0]}
    monkeypatch.setitem(SHAPES, "small", (text | smaller[0], vision | smaller[1], experts))
    model, _ = load_random("small", dtype=torch.float32, device="cpu", attention="eager")
    side, length = 16, 128
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model.get_image_features(torch.zeros(side * side, 1536), torch.tensor([[1, side, side]]))
        ids = torch.full((1, length), 9)
        model.model.language_model(input_ids=ids)
    stated = prompt_operations(model, length, [(side, side)])
    # Causal attention is half of what the eager kernel computes.
    assert stated == pytest.approx(counter.get_total_flops(), rel=0.06)
