"""Small studies for tests: pictures drawn on the spot, a table beside them, editors and judges that can be trusted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

CATEGORIES = ("physical", "causal", "referential")
INSTRUCTIONS = ("Make it darker.", "Rotate it by 90 degrees.", "Turn it into grayscale.", "Mirror it.")


def make_table(folder: Path, count: int = 6, *, shared_sources: bool = False) -> Path:
    """A JSONL of `count` samples with real PNG files."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for index in range(count):
        name = f"source-{index // 2 if shared_sources else index}.png"
        width = 64 + 32 * (index % 2)
        across, down = np.meshgrid(np.linspace(0, 200, width), np.linspace(0, 120, 64))
        pixels = np.stack([across + index, down + 5 * index, across / 2 + down / 2], axis=-1)  # no symmetry at all
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)
        lines.append(
            {
                "id": f"s{index}",
                "image": name,
                "instruction": INSTRUCTIONS[index % len(INSTRUCTIONS)],
                "category": CATEGORIES[index % len(CATEGORIES)],
            }
        )
    path = folder / "samples.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    return path


def make_config(folder: Path, checkpoint: Path, table: Path, **changes) -> Path:
    """A config of classic and identity on a table, judged by a tiny checkpoint in the mode choice."""
    data = {
        "benchmark": {"path": str(table)},
        "editors": [{"type": "classic"}, {"type": "identity"}],
        "judge": {
            "model": str(checkpoint),
            "batch_size": 4,
            "answer": "choice",
            "min_label_mass": 0.0,
            "image": {"longest_edge": 64},
        },
        "out": "study",
    }
    data.update(changes)
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True))
    return path
