"""The shape of the house: imports point one way, heavy libraries stay where needed, public names are listed."""

import ast
from pathlib import Path

import pytest

import editloupe

SOURCE = Path(editloupe.__file__).parent
HEAVY = {"torch", "transformers", "diffusers", "ray", "openai", "skimage", "httpx", "tenacity", "datasets", "pyarrow"}

# The floors of the house, the ground floor first. A room imports from itself and from floors below its own, never from
# a neighbour on its floor: so there can be no circle, and a new room has to be given its place here.
FLOORS = (
    ("categories", "demo", "image_sniffing", "machine", "records", "shapes", "statistics", "streams"),
    ("errors", "lifeline", "pair_results", "progress"),
    ("batching", "hub", "images", "judge_quality", "model_loading", "pixel_arrays", "plugins", "requirements"),
    ("image_frames", "results", "rubrics", "store"),
    ("protocols", "remote"),
    ("config", "editors", "judges", "report"),
    ("api", "benchmarks", "client", "gate"),
    ("planning", "trainers"),
    ("pairs",),
    ("scoring", "workers"),
    ("sanity",),
    ("bench", "checking", "serve", "study"),
    ("audit",),
    ("cli",),
    ("__init__", "__main__"),
)
FLOOR = {room: number for number, rooms in enumerate(FLOORS) for room in rooms}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def imports(path, *, at_the_top):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_the_top else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "editloupe":
            yield from (f"editloupe.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


def test_every_room_has_its_floor_and_every_floor_its_rooms():
    rooms = {path.relative_to(SOURCE).parts[0].removesuffix(".py") for path in modules()}
    assert rooms == set(FLOOR)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_one_way(path):
    here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for name in imports(path, at_the_top=False):
        there = room(name)
        if name.startswith("editloupe.") and there != here:
            assert FLOOR[there] < FLOOR[here], f"{here} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_heavy_libraries_are_imported_inside_the_file_that_needs_them(path):
    if path.parent.name == "qwen":  # imported itself only when a model is loaded
        return
    found = {name.split(".")[0] for name in imports(path, at_the_top=True)}
    assert not found & HEAVY


def test_public_names_are_sorted_and_there():
    assert list(editloupe.__all__) == sorted(editloupe.__all__, key=lambda name: (name.lower() == name, name))
    for name in editloupe.__all__:
        assert getattr(editloupe, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = editloupe.nonsense


def test_nothing_in_the_house_names_a_place_of_one_machine():
    for path in modules():
        text = path.read_text(encoding="utf-8")
        assert "/home/" not in text
        assert "/root/" not in text
