"""Train the embedded judge: ``python training/train.py``. One command, seeded; run it again and it resumes.

The curve goes to ``training/runs/NAME/curve.jsonl``; averaged weights are exported to the judge's folder whenever the
held-back examples are scored better than before.
"""

from __future__ import annotations

import argparse
import copy
import json
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields
from functools import cache
from itertools import count, islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from data import ATTRIBUTE_SIZES, IN_DIGITS, Batch, Example, Words, collate, draw_examples
from network import Network, Output, make_model
from numpy.typing import NDArray
from scipy.stats import spearmanr
from torch.nn import functional
from vocabulary import SPECIAL, make_processor

from editloupe.benchmarks.shapes import Shapes
from editloupe.editors.procedural import Procedural, resulting_scene
from editloupe.shapes.scene import Scene
from editloupe.shapes.tasks import Task
from editloupe.shapes.truth import truth
from editloupe.store.blobs import NoStore

__all__ = ["Plan", "export", "held_back", "main", "train"]

HERE = Path(__file__).parent
NANO = HERE.parent / "src" / "editloupe" / "nano"
POOL = 16
DEV_SEED = 1000
"""The world on which training watches itself; seeds 0 to 999 stay untouched for measurements."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One training.

    Attributes:
        steps: of the optimizer; the learning rate falls to 0 at the last one.
        batch: examples per step.
        seed: of weights and examples.
        rate: the peak learning rate of the matrices (Muon); the others use a fixed share of it (AdamW).
        watch: steps between two looks at the held-back examples.
        average: how long the averaged weights remember, in steps.
        threads: of torch; on a machine that others use too, one is far quicker than two that wait for each other.
    """

    steps: int = 7_000
    batch: int = 64
    seed: int = 1
    rate: float = 0.01
    watch: int = 200
    average: float = 300.0
    threads: int = 1


def train(plan: Plan, run: Path, nano: Path, *, report: bool = True) -> dict[str, float]:
    """Train, or go on where the checkpoint in `run` stands.

    Args:
        plan: what to do.
        run: the folder of checkpoint and curve.
        nano: where the weights are exported.
        report: whether to print the curve too.

    Returns:
        The last line of the curve.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    run.mkdir(parents=True, exist_ok=True)
    (run / "plan.json").write_text(json.dumps(asdict(plan), indent=2) + "\n")
    processor = make_processor()
    words = Words(processor)
    ids = {token: processor.tokenizer.convert_tokens_to_ids(token) for token in SPECIAL}
    network = Network(make_model(len(processor.tokenizer), ids))
    averaged = copy.deepcopy(network)
    optimizers = _optimizers(network, plan)
    state = {"step": 0, "best": -1.0, "seconds": 0.0}
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        state = saved["state"]
        network.load_state_dict(saved["network"])
        averaged.load_state_dict(saved["averaged"])
        for optimizer, kept in zip(optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(kept)
    held = list(held_back())
    dev = [collate(words, held[at : at + 90]) for at in range(0, len(held), 90)]
    started = time.monotonic() - state["seconds"]
    line: dict[str, float] = {}
    losses: dict[str, float] = {}
    for batch in islice(_batches(plan, state["step"]), plan.steps - state["step"]):
        step = state["step"]
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * _share(step, plan.steps)
        with torch.autocast("cpu", torch.bfloat16):  # five times the arithmetic where the CPU knows it
            output = network(batch)
        parts = _losses(output, batch)
        loss = parts["words"] + 0.5 * parts["seen"] + 0.5 * parts["recalled"]
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for optimizer in optimizers:
            optimizer.step()
        state["step"] = step = step + 1
        keep = min(1 - 1 / plan.average, step / (step + 10))
        with torch.no_grad():
            torch._foreach_lerp_(list(averaged.parameters()), list(network.parameters()), 1 - keep)
        for name, value in parts.items():
            losses[name] = 0.98 * losses.get(name, value.item()) + 0.02 * value.item()
        if step % plan.watch == 0 or step == plan.steps:
            state["seconds"] = time.monotonic() - started
            line = {"step": step, "seconds": round(state["seconds"], 1), **losses, **look(averaged, dev)}
            with (run / "curve.jsonl").open("a") as file:
                file.write(json.dumps({name: round(value, 4) for name, value in line.items()}) + "\n")
            if report:
                print(json.dumps({name: round(value, 3) for name, value in line.items()}), flush=True)
            if line["right"] >= state["best"]:
                state["best"] = line["right"]
                export(averaged, processor, nano)
            _save(checkpoint, state, network, averaged, optimizers)
    return line


def held_back(editors: tuple[float | None, ...] = (1.0, 0.6, 0.3, None)) -> Iterator[Example]:
    """Return the edits of a held-back world by editors of these skills (None changes nothing)."""
    for sample in Shapes(Shapes.Options(seed=DEV_SEED)).samples(NoStore()):
        for skill in editors:
            scene, correct = Scene.from_json(sample.extra["scene"]), Scene.from_json(sample.extra["correct"])
            result = scene
            if skill is not None:
                seed = random.Random(f"{sample.id}/{skill}").randrange(2**31)
                result, _ = resulting_scene(sample, Procedural.Options(skill=skill), seed)
            task = Task(sample.extra["task"], scene, correct)
            yield Example(task, sample.instruction, result, truth(scene, correct, result))


@torch.no_grad()
def look(network: Network, batches: list[Batch]) -> dict[str, float]:
    """Score held-back examples, the right words so far given.

    Returns:
        Shares of examples: `changed` all its words right, `score` right after the true words, `right` both, `digit`
        right from one step; and Spearman's correlation of the digit's expected value with the true digit.
    """
    network.eval()
    rows = []
    expected: list[float] = []
    true: list[float] = []
    zero = int(batches[0].ids.max()) * 0 + _digit_zero(batches)
    for batch in batches:
        logits = network(batch).logits
        learned = batch.labels >= 0
        right = torch.ones_like(learned)
        right[learned] = logits.argmax(-1) == batch.labels[learned]
        chosen = batch.segments[learned] == IN_DIGITS
        chances = logits[chosen][:, zero : zero + 10].softmax(-1)
        expected += (chances * torch.arange(10)).sum(-1).tolist()
        true += (batch.labels[learned][chosen] - zero).tolist()
        in_digits = batch.segments == IN_DIGITS
        score = _last(learned & ~in_digits, 4)
        rows.append(
            torch.stack(
                [
                    (right | in_digits | score).all(1),
                    (right | ~score).all(1),
                    (right | in_digits).all(1),
                    (right | ~in_digits).all(1),
                ]
            )
        )
    network.train()
    shares = torch.cat(rows, 1).float().mean(1).tolist()
    names = ("changed", "score", "right", "digit")
    correlation = float(spearmanr(expected, true).statistic) if len(set(expected)) > 1 else 0.0
    return {**dict(zip(names, shares, strict=True)), "spearman": correlation}


def export(network: Network, processor: Any, folder: Path) -> None:
    """Write weights (fp16) and processor as the judge loads them."""
    model = copy.deepcopy(network.model).half()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    # Stored as fp16 to be small, run as fp32: the config states what it is to be run in.
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "dtype": "float32"}, indent=2, sort_keys=True) + "\n")


def _losses(output: Output, batch: Batch) -> dict[str, torch.Tensor]:
    learned = batch.labels >= 0
    weights = batch.weights[learned]
    words = functional.cross_entropy(output.logits, batch.labels[learned], reduction="none")
    sources = batch.cells[0::2]
    return {
        "words": (words * weights).sum() / weights.sum(),
        "seen": _attributes(output.seen, batch.cells),
        "recalled": _attributes(output.recalled, sources),
    }


def _attributes(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    parts = logits.flatten(0, 1).split(ATTRIBUTE_SIZES, dim=-1)
    columns = labels.flatten(0, 1).unbind(-1)
    return torch.stack([functional.cross_entropy(*pair) for pair in zip(parts, columns, strict=True)]).sum()


def _optimizers(network: Network, plan: Plan) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the layers, AdamW for the rest: half the steps of AdamW alone."""
    inside = {
        name
        for name, parameter in network.named_parameters()
        if parameter.ndim == 2 and (".layers." in name or ".blocks." in name)
    }
    matrices = [parameter for name, parameter in network.named_parameters() if name in inside]
    others = [parameter for name, parameter in network.named_parameters() if name not in inside]
    muon = torch.optim.Muon(matrices, lr=plan.rate, momentum=0.95, weight_decay=0.01)
    adam = torch.optim.AdamW(others, lr=plan.rate / 4, betas=(0.9, 0.98), weight_decay=0.01, fused=True)
    for optimizer, peak in ((muon, plan.rate), (adam, plan.rate / 4)):
        for group in optimizer.param_groups:
            group["peak"] = peak
    return [muon, adam]


def _share(step: int, steps: int) -> float:
    """Rise for 200 steps, stay, and fall to 0 over the last 60 %."""
    return min((step + 1) / 200, 1.0, (steps - step) / (0.6 * steps))


def _batches(plan: Plan, step: int) -> Iterator[Batch]:
    """Draw batches in a process of its own, while this one learns; from any step on they are the same."""
    first = step // POOL
    with ProcessPoolExecutor(1, get_context("spawn")) as drawer:
        coming = [drawer.submit(_pool, plan.seed, first + ahead, plan.batch) for ahead in range(2)]
        for number in count(first):
            ready = coming.pop(0).result()
            coming.append(drawer.submit(_pool, plan.seed, number + 2, plan.batch))
            for batch in ready[step - number * POOL if number == first else 0 :]:
                yield Batch(*map(torch.from_numpy, batch))


def _pool(seed: int, number: int, size: int) -> list[tuple[NDArray[Any], ...]]:
    """Make some batches, each of examples of similar length, which saves a tenth of the arithmetic."""
    torch.set_num_threads(1)
    words = _words()
    drawn = list(islice(draw_examples(seed, number * POOL * size), POOL * size))
    drawn.sort(key=lambda example: sum(map(len, words.text(example))))
    batches = [collate(words, drawn[at : at + size]) for at in range(0, len(drawn), size)]
    random.Random(number).shuffle(batches)
    return [tuple(getattr(batch, field.name).numpy() for field in fields(batch)) for batch in batches]


@cache
def _words() -> Words:
    return Words(make_processor())


def _digit_zero(batches: list[Batch]) -> int:
    """The token of '0': digits are ten tokens in a row, and the lowest one learned in one step is among them."""
    return min(int(batch.labels[(batch.labels >= 0) & (batch.segments == IN_DIGITS)].min()) for batch in batches)


def _last(learned: torch.Tensor, count: int) -> torch.Tensor:
    """Return the last learned places of each row: the score and what closes the reply."""
    from_end = learned.flip(1).cumsum(1).flip(1)
    return learned & (from_end <= count)


def _save(
    path: Path, state: dict[str, float], network: Network, averaged: Network, optimizers: list[torch.optim.Optimizer]
) -> None:
    data = {
        "state": state,
        "network": network.state_dict(),
        "averaged": averaged.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in optimizers],
    }
    temporary = path.with_suffix(".tmp")
    torch.save(data, temporary)
    temporary.replace(path)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("steps", "batch", "seed", "watch", "threads"):
        parser.add_argument(f"--{name}", type=int, default=getattr(Plan(), name))
    parser.add_argument("--rate", type=float, default=Plan().rate)
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "default")
    parser.add_argument("--nano", type=Path, default=NANO)
    options = parser.parse_args()
    plan = Plan(
        steps=options.steps, batch=options.batch, seed=options.seed, rate=options.rate, watch=options.watch,
        threads=options.threads,
    )  # fmt: skip
    train(plan, options.run, options.nano)


if __name__ == "__main__":
    main()
