"""Small folders in the layouts that public benchmarks are published in, drawn on the spot."""

import json

import datasets

from pictures import b64, encode, gradient, png

FEATURES = datasets.Features(
    {
        "task_type": datasets.Value("string"),
        "key": datasets.Value("string"),
        "instruction": datasets.Value("string"),
        "instruction_language": datasets.Value("string"),
        "input_image": datasets.Image(),
        "input_image_raw": datasets.Image(),
        "Intersection_exist": datasets.Value("bool"),
    }
)

WORDS = {"en": "Make the sky green", "cn": "把天空变成绿色", "zh": "把天空变成绿色"}


def put(path, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png() if data is None else data)
    return path


def put_json(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


def gedit_row(key="k0", task="color_alter", language="en", **changes):
    size = 40 + int("".join(filter(str.isdigit, key)) or 0)
    row = {
        "task_type": task,
        "key": key,
        "instruction": WORDS.get(language, "Make it red"),
        "instruction_language": language,
        "input_image": {"bytes": png(size, 30), "path": None},
        "input_image_raw": {"bytes": png(2 * size, 60), "path": None},
        "Intersection_exist": language == "en",
    }
    return row | changes


def gedit_rows(count=2, tasks=("color_alter", "subject-add"), languages=("en", "cn")):
    """`count` requests per task, each in all languages; keys go on from task to task."""
    return [
        gedit_row(f"k{place * count + i}", task, language)
        for place, task in enumerate(tasks)
        for i in range(count)
        for language in languages
    ]


def make_gedit(folder, rows, *, features=FEATURES, shards=1):
    """A snapshot of the data set: parquet files below ``data``."""
    (folder / "data").mkdir(parents=True, exist_ok=True)
    size = -(-len(rows) // shards)
    for number in range(shards):
        part = datasets.Dataset.from_list(rows[number * size : (number + 1) * size], features=features)
        part.to_parquet(str(folder / "data" / f"train-{number:05d}-of-{shards:05d}.parquet"))
    return folder


def make_imgedit(folder, items=None, *, images=""):
    """``basic_edit.json`` beside the folders of its images."""
    if items is None:
        items = {
            "1082": {"id": "animal/000342021.jpg", "prompt": "Smooth the shell", "edit_type": "adjust"},
            "673": {"id": "style/000278574.jpg", "prompt": "As a woodcut", "edit_type": "style"},
        }
    put_json(folder / "basic_edit.json", items)
    for item in items.values():
        put(folder / images / item["id"], encode(gradient(), "JPEG"))
    return folder


def rise_item(index=1, category="temporal_reasoning", **changes):
    item = {
        "index": f"{category}_{index}",
        "category": category,
        "instruction": "Show it a year later",
        "image": f"{category}_images/{index}.png",
    }
    return item | changes


def make_rise(folder, items, *, name="datav2_total_w_subtask.json", below="data"):
    """An annotation file beside ``data`` with the images of each category."""
    put_json(folder / name, items)
    for item in items:
        for field in ("image", "reference_img"):
            value = item.get(field) or []
            for one in value if isinstance(value, list) else [value]:
                put(folder / below / one)
    return folder


def kris_item(image="1.jpg", **changes):
    return {"ori_img": image, "gt_img": "", "ins_en": "Show what rusts", "explain_en": "Iron turns brown"} | changes


def make_kris(folder, categories):
    """A folder per category with its annotations and images."""
    for category, items in categories.items():
        put_json(folder / category / "annotation.json", items)
        for item in items.values():
            for field in ("ori_img", "gt_img"):
                value = item.get(field) or []
                for one in value if isinstance(value, list) else [value]:
                    put(folder / category / one)
    return folder


def re_edit_item(name="00000_物理_medium", **changes):
    item = {
        "subset": "physical",
        "edit_instruction": "把杯子推下桌子",
        "edit_instruction_en": "Push the cup off the table",
        "original_description_en": "A cup on a table",
        "rationale_short_en": "It falls",
        "src_img_b64": b64(png()),
        "original_image_path": f"images/{name}.png",
        "difficulty": "medium",
    }
    return item | changes
