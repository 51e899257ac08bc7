"""Measure the shipped judge on held-out worlds and write its card: ``python training/card.py``."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

from measure import EDITORS, Verdict, agreements, in_order, judged, readable
from train import DEV_SEED, HERE, NANO

from editloupe.categories import FIVE
from editloupe.judges.transformers import TransformersJudge
from editloupe.statistics.agreement import Agreement
from editloupe.statistics.coefficient import Coefficient

__all__ = ["card", "main"]

TARGETS = (
    ("Spearman, three editors together", "all editors", "spearman", 0.90),
    ("pairwise accuracy within a sample, ties apart", "all editors", "pairwise_accuracy", 0.93),
    ("Spearman, editor of skill 0.6 alone", "skill 0.6", "spearman", 0.80),
    *((f"Spearman, editor of skill 0.6, {name}", f"skill 0.6, {name}", "spearman", 0.65) for name in FIVE),
)

TEXT = """\
---
license: apache-2.0
library_name: transformers
pipeline_tag: image-text-to-text
tags: [image-editing, evaluation, judge]
editloupe_domain: [shapes]
---
<!-- Written by training/card.py; edit that instead. -->

# nano: the embedded judge

A `Qwen3VLForConditionalGeneration` of {parameters:.1f} million parameters that judges edits of the drawn world of the
benchmark `shapes`, and **is of no use outside of it**: it knows {words} words, pictures of 128 x 128 pixels with shapes
on a 4 x 4 grid, and the questions of the rubric `shapes`. It exists so that editloupe can be tried, shown and tested
without a GPU and without a download, with a judge whose scores mean something.

It does not reason about the instruction: the rubric tells it what a right result shows (as public benchmarks tell their
judges), and it compares that with what it sees. It names what changed, then scores from 0 to 10:

    {example}

## Training

`python training/train.py`, from scratch, on generated pictures: {examples:,} edits ({steps:,} steps of {batch}), each
seen once, by editors that do it right, make one mistake, or several. Only replies are learned; two helper tasks (what
does each cell hold, what did it hold before), dropped afterwards, make it possible in {minutes:.0f} minutes on
{threads} CPU core{plural} shared with other work. Examples come from a stream of seeds of their own.
Stored as fp16, run as fp32.

## Held-out results

Worlds of the seeds 0 to {last}, which training never drew (it watched itself on seed {dev}); editors of skill 1.0 and
0.6 and the identity, judged by `judge: {{type: transformers, model: nano}}` on the CPU. Intervals: 95 %, by sample.

| on seed 0 (270 samples, {count} edits) | target | reached | |
|---|---|---|---|
{targets}

Replies in words that could be read: {readable:.2%} (target 99.5 %). Editors in their true order: {order} of {seeds}
worlds (seed 0 whole, the others with {few} samples per category).

| seed 0 | Spearman | Kendall | pairwise accuracy | mean absolute error |
|---|---|---|---|---|
{categories}

With one digit instead of words (`answer: choice`), all editors: Spearman {digit_spearman}, pairwise accuracy
{digit_pairs}, mean absolute error {digit_mae}.

{shortfall}
"""


def card(judge: TransformersJudge, run: Path, seeds: int, few: int) -> str:
    """Measure and write.

    Args:
        judge: the judge.
        run: the folder of its training.
        seeds: how many worlds.
        few: samples per category in all worlds but the first.
    """
    started = time.monotonic()
    whole = judged(judge, 0)
    print(f"seed 0 in words: {time.monotonic() - started:.0f} s", flush=True)
    digits = agreements(judged(judge, 0, mode="choice"))["all editors"]
    others = [judged(judge, seed, per_category=few) for seed in range(1, seeds)]
    agreed = agreements(whole)
    plan = json.loads((run / "plan.json").read_text())
    curve = [json.loads(line) for line in (run / "curve.jsonl").read_text().splitlines()]
    every = [verdict for world in (whole, *others) for verdict in world]
    reached: dict[str, Coefficient] = {name: getattr(agreed[part], measure) for name, part, measure, _ in TARGETS}
    missed = [name for name, *_, target in TARGETS if not (reached[name].value or 0) >= target]
    runner = judge.runner
    return TEXT.format(
        parameters=sum(parameter.numel() for parameter in runner.model.parameters()) / 1e6,
        words=len(runner.tokenizer),
        example=next(verdict.reply for verdict in whole if verdict.score == 4),
        examples=curve[-1]["step"] * plan["batch"],
        steps=curve[-1]["step"],
        batch=plan["batch"],
        minutes=curve[-1]["seconds"] / 60,
        threads=plan["threads"],
        plural="s" if plan["threads"] > 1 else "",
        last=seeds - 1,
        dev=DEV_SEED,
        count=len(whole),
        targets="\n".join(
            f"| {name} | >= {target} | {_shown(reached[name])} | {'missed' if name in missed else 'met'} |"
            for name, *_, target in TARGETS
        ),
        readable=readable(every),
        order=sum(in_order(world) for world in (whole, *others)),
        seeds=seeds,
        few=few,
        categories="\n".join(_row(name, agreed[name]) for name in ("all editors", *EDITORS, *FIVE) if name in agreed),
        digit_spearman=_shown(digits.spearman),
        digit_pairs=_shown(digits.pairwise_accuracy),
        digit_mae=_shown(digits.mae),
        shortfall=_shortfall(missed, whole),
    )


def _row(name: str, agreement: Agreement) -> str:
    cells = (
        _shown(coefficient)
        for coefficient in (agreement.spearman, agreement.kendall, agreement.pairwise_accuracy, agreement.mae)
    )
    return f"| {name} | {' | '.join(cells)} |"


def _shown(coefficient: Coefficient) -> str:
    if coefficient.value is None:
        return "-"  # a constant has no rank correlation, and one editor alone no pairs
    ends = coefficient.ci95
    return f"{coefficient.value:.3f}" + (f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "")


def _shortfall(missed: Sequence[str], verdicts: Sequence[Verdict]) -> str:
    if not missed:
        return "All targets are met."
    wrong = [verdict for verdict in verdicts if verdict.score is None or abs(verdict.score - verdict.truth) > 1]
    return (
        f"Missed: {'; '.join(missed)}. {len(wrong)} of {len(verdicts)} edits of seed 0 are scored more than one point "
        "from the truth."
    )


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=HERE / "runs" / "default")
    parser.add_argument("--nano", type=Path, default=NANO)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--few", type=int, default=10)
    options = parser.parse_args()
    judge = TransformersJudge(TransformersJudge.Options(model=str(options.nano), device="cpu", max_new_tokens=128))
    text = card(judge, options.run, options.seeds, options.few)
    (options.nano / "README.md").write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
