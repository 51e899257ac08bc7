"""`editloupe bench machine`: what the judge's engine does on the machine at hand, in minutes and with random weights.

It needs neither a config nor a checkpoint, and of the packages only those that the engine itself needs, so it also runs
where only torch and transformers are installed: ``python -m editloupe.bench.machine``.
"""

from __future__ import annotations

import argparse
import json
import os
import textwrap
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from editloupe.bench.machine_steps import Workbench

__all__ = ["SHAPES_BY_SIZE", "machine_table", "measure_machine", "workbenches"]

SHAPES_BY_SIZE = ("30b-a3b", "8b", "63m")
"""What is tried on a GPU, the largest first; the first that fits is measured."""

WEIGHTS = {"30b-a3b": 61 * 10**9, "8b": 17 * 10**9, "63m": 10**9}
ROOM = 1.2
"""Free memory that a shape needs, in sizes of its weights."""

NO_GPU = "not measured: no GPU is here"
WIDTH = 46


def measure_machine(minutes: float, shape: str | None, say: Callable[[str], None]) -> dict[str, Any]:
    """Measure everything that this machine can show.

    Args:
        minutes: after which nothing new is begun; what is missing then reads "not measured".
        shape: of the model on the GPU; the largest that fits where None. The CPU has the small one.
        say: takes one line of progress.

    Returns:
        What the file holds: the machine, the versions, and `rows`, whose cells have a ``text``, and numbers where
        something was measured.
    """
    import torch
    import transformers

    from editloupe import machine
    from editloupe.bench.machine_steps import STEPS

    deadline = time.monotonic() + 60 * minutes
    load = machine.load_average()
    rows: dict[str, dict[str, Any]] = {name: {"cpu": None, "gpu": {"text": NO_GPU}} for name, _ in STEPS}
    for device, bench in workbenches(shape).items():
        for name, cell in _measured(bench, deadline):
            rows[name][device] = cell
            say(f"{device}  {name:32} {cell['text']}")
        bench.model = bench.processor = None
    return {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine.hardware(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
        "load_before": load,
        "rows": rows,
    }


def workbenches(shape: str | None) -> dict[str, Workbench]:
    """What is measured, by the table's columns: a GPU first where there is one, and always the CPU.

    Args:
        shape: of the model on the GPU; the largest that fits where None.
    """
    import torch

    from editloupe.bench.machine_steps import Workbench

    benches = {"cpu": Workbench("cpu", "63m", 256, 8)}
    if not torch.cuda.is_available():
        return benches
    free = torch.cuda.mem_get_info()[0]
    fitting = [name for name in SHAPES_BY_SIZE if WEIGHTS[name] * ROOM <= free]
    return {"gpu": Workbench("cuda", shape or (fitting[0] if fitting else "63m"), 1024, 16), **benches}


def _measured(bench: Workbench, deadline: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """(name, cell) of each row; one that fails says why and does not stop the others."""
    from editloupe.bench.machine_steps import STEPS, NotMeasured

    failed: str | None = None
    for name, step in STEPS:
        if failed is not None:
            yield name, {"text": f"not measured: {failed}"}
        elif time.monotonic() > deadline:
            yield name, {"text": "not measured: out of time"}
        else:
            started = time.perf_counter()
            try:
                if bench.model is None:
                    bench.load()
                finding = step(bench)
                cell = {"text": finding.text, **finding.facts, "step_seconds": time.perf_counter() - started}
            except NotMeasured as reason:
                cell = {"text": f"not measured: {reason}"}
            except Exception as error:  # noqa: BLE001 - a row of its own, which must not cost the others
                cell = {"text": f"failed: {type(error).__name__}: {error}"}
                if bench.model is None:
                    failed = "the weights could not be loaded"
            yield name, cell


def machine_table(measurement: dict[str, Any]) -> str:
    """The measurement as text: one row per thing, a column for the CPU and one for the GPU."""
    facts = {
        **measurement["machine"],
        **{key: measurement[key] for key in ("date", "torch", "transformers", "threads", "load_before")},
    }
    lines = [", ".join(f"{name.replace('_', ' ')} {value or 'none'}" for name, value in facts.items()), ""]
    lines += _row("", "CPU", "GPU")
    lines.append("-" * (34 + 2 * WIDTH))
    for name, cells in measurement["rows"].items():
        lines += _row(name, cells["cpu"]["text"], cells["gpu"]["text"])
    return "\n".join(lines)


def _row(name: str, *cells: str) -> list[str]:
    columns = [textwrap.wrap(name, 30) or [""], *(textwrap.wrap(cell, WIDTH - 2) for cell in cells)]
    height = max(map(len, columns))
    padded = [column + [""] * (height - len(column)) for column in columns]
    return [f"{first:32}{second:{WIDTH}}{third}".rstrip() for first, second, third in zip(*padded, strict=True)]


def main(arguments: Sequence[str] | None = None) -> None:
    """The command without the command line's package."""
    parser = argparse.ArgumentParser(prog="python -m editloupe.bench.machine", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--shape", choices=SHAPES_BY_SIZE)
    parser.add_argument("--json", metavar="FILE", type=Path)
    given = parser.parse_args(arguments)
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    measurement = measure_machine(given.minutes, given.shape, lambda line: print(line, flush=True))  # noqa: T201
    print("\n" + machine_table(measurement))  # noqa: T201
    if given.json is not None:
        given.json.write_text(json.dumps(measurement, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
