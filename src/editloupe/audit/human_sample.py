"""`editloupe sample`: a random part of a study for people to rate, drawn once and kept in the ledger."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from editloupe.config.parts import StudyConfig
from editloupe.errors import ConfigError
from editloupe.planning import edits_of
from editloupe.records import Edit, Sample
from editloupe.store.blobs import write_durably
from editloupe.store.keys import digest_of
from editloupe.store.ledger import Ledger

__all__ = ["DrawnSample", "draw_sample", "drawn_sample"]

FACT = "human_sample"


@dataclass(frozen=True, slots=True)
class DrawnSample:
    """What was drawn.

    Attributes:
        seed: of the draw.
        samples: ids, in the order of the draw: the first of a larger draw are those of a smaller one.
        editors: whose edits of these samples are to be rated.
        of: how many samples the study has.
        population: a digest of their ids and categories, by which a study that changed since is known.
    """

    seed: int
    samples: tuple[str, ...]
    editors: tuple[str, ...]
    of: int
    population: str

    def as_json(self) -> dict[str, Any]:
        """The object that the ledger keeps."""
        return {
            "seed": self.seed,
            "samples": list(self.samples),
            "editors": list(self.editors),
            "of": self.of,
            "population": self.population,
        }


def drawn_sample(ledger: Ledger, samples: Sequence[Sample]) -> DrawnSample | None:
    """What was drawn of these very samples; None where nothing was, or where the study has other samples now."""
    kept = ledger.fact(FACT)
    if kept is None or kept["population"] != _population(samples):
        return None
    return DrawnSample(kept["seed"], tuple(kept["samples"]), tuple(kept["editors"]), kept["of"], kept["population"])


def draw_sample(
    config: StudyConfig, count: int, *, editors: Sequence[str] = (), seed: int | None = None, path: Path | None = None
) -> tuple[DrawnSample, int, Path]:
    """Draw samples at random within each category, by its share, and write a table to fill in.

    Args:
        config: the study; its edits are there already.
        count: samples to draw.
        editors: whose edits are rated; all where empty.
        seed: of the draw; the study's where None.
        path: of the table; ``to-rate.csv`` in the study's folder where None.

    Returns:
        What was drawn, how many edits that is, and where the table lies. Its rows are in an order that tells nothing.

    Raises:
        ConfigError: more samples than the study has, an editor that it does not have, or no edit of them is there.
    """
    seed = config.seed if seed is None else seed
    with Ledger(config.out) as ledger:
        samples, edits = edits_of(config, ledger)
        if count > len(samples):
            raise ConfigError(f"{count} samples cannot be drawn: the study has {len(samples)}")
        chosen = tuple(editors) or tuple(part.name for part in config.editors)
        names = tuple(sample.id for sample in _in_random_order(samples, seed)[:count])
        places = [(editor, name) for editor in chosen for name in names]
        made = [(place, edit) for place in places if isinstance(edit := edits.get(place), Edit)]
        if not made:
            raise ConfigError(f"no edit of {', '.join(chosen)} is there yet; run the study first")
        drawn = DrawnSample(seed, names, chosen, len(samples), _population(samples))
        ledger.save_fact(FACT, drawn.as_json())
    order = np.random.default_rng(seed).permutation(len(made))
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["editor", "sample", "image", "score", "flag", "rater"])
    for number in order:
        (editor, name), edit = made[number]
        rows.writerow([editor, name, edit.image.sha256, "", "", ""])
    where = config.out / "to-rate.csv" if path is None else path
    write_durably(where, table.getvalue().encode("utf-8-sig"))
    return drawn, len(made), where


def _in_random_order(samples: Sequence[Sample], seed: int) -> list[Sample]:
    """All samples, each category shuffled, and the categories mixed so that any first part holds its share of each."""
    rng = np.random.default_rng(seed)
    categories: defaultdict[str, list[Sample]] = defaultdict(list)
    for sample in samples:
        categories[sample.category].append(sample)
    placed = []
    for number, members in enumerate(categories.values()):
        for rank, which in enumerate(rng.permutation(len(members))):
            placed.append(((rank + 0.5) / len(members), number, members[which]))
    return [sample for _, _, sample in sorted(placed, key=lambda entry: entry[:2])]


def _population(samples: Sequence[Sample]) -> str:
    return digest_of(sorted([sample.id, sample.category] for sample in samples))[:16]
