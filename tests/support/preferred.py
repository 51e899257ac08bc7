"""Small data sets with the features of the published benchmarks of the judge, made on the spot."""

from __future__ import annotations

import io
import json

from PIL import Image


def source(mark):
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), (mark, 0, 200)).save(buffer, "PNG")
    return buffer.getvalue()


def editscore_features():
    from datasets import Features, List, Value
    from datasets import Image as ImageFeature

    return Features(
        {
            "key": List(Value("string")),
            "instruction": Value("string"),
            "input_image": ImageFeature(),
            "output_images": List(ImageFeature()),
            "task_type": Value("string"),
            "dimension": Value("string"),
        }
    )


def editscore_row(mark, better, worse, dimension="overall", task="add", **changes):
    """A row whose first output is the preferred one, as published."""
    row = {
        "key": [f"{mark}-1", f"{mark}-2"],
        "instruction": f"Do {mark}.",
        "input_image": {"bytes": source(mark), "path": None},
        "output_images": [{"bytes": one, "path": None} for one in (better, worse)],
        "task_type": task,
        "dimension": dimension,
    }
    return row | changes


def make_editscore(folder, rows):
    from datasets import Dataset

    folder.mkdir(parents=True, exist_ok=True)
    Dataset.from_list(rows, features=editscore_features()).to_parquet(folder / "train-00000-of-00001.parquet")
    return folder


def editreward_features():
    from datasets import Features, Value
    from datasets import Image as ImageFeature

    names = ("id", "instruction", "ranking", "comparison_type", "dataset", "model_1", "model_2")
    texts = {name: Value("string") for name in names}
    images = {name: ImageFeature() for name in ("source_image", "candidate_1", "candidate_2")}
    return Features({**texts, **images, "score_1": Value("float64"), "score_2": Value("float64")})


def editreward_rows(mark, candidates, order=None, labels=None):
    """All pairs of a group; candidates are called A, B, ... in the order given, best first unless `order` says."""
    order = order or list(range(len(candidates)))
    letters = "ABCD"
    rows = []
    for i in range(len(candidates)):
        for j in range(i + 1, len(candidates)):
            first, second = letters[i], letters[j]
            ranking = f"{first}>{second}" if order.index(i) < order.index(j) else f"{second}>{first}"
            rows.append(
                {
                    "id": f"{mark}_{first}{second}",
                    "instruction": f"Do {mark}.",
                    "source_image": {"bytes": source(mark), "path": None},
                    "candidate_1": {"bytes": candidates[i], "path": None},
                    "candidate_2": {"bytes": candidates[j], "path": None},
                    "ranking": ranking,
                    "comparison_type": f"{first}vs{second}",
                    "dataset": f"{len(candidates)}pair",
                    "model_1": "one",
                    "model_2": "two",
                    "score_1": None if labels is None else labels[i],
                    "score_2": None if labels is None else labels[j],
                }
            )
    return rows


def make_editreward(folder, rows):
    from datasets import Dataset

    Dataset.from_list(rows, features=editreward_features()).save_to_disk(str(folder))
    return folder


def make_editjudge(folder, items):
    """`items`: sample id -> (picture of the edit, the instruction it follows, instructions it does not follow)."""
    lines = []
    for number, (name, (edit, right, wrong)) in enumerate(items.items()):
        place = folder / "images" / name
        place.mkdir(parents=True)
        Image.open(io.BytesIO(source(number))).save(place / "before.jpg", "PNG")
        Image.open(io.BytesIO(edit)).save(place / "after.jpg", "PNG")
        lines.append({"sample_id": name, "instruction_pos": right, "instruction_neg_list": wrong})
    (folder / "bench.json").write_text(json.dumps(lines))
    return folder
