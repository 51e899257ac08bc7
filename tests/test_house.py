"""The shape of the house: imports point one way, heavy libraries stay where needed, public names are listed."""

import ast
from pathlib import Path

import pytest

import editloupe

SOURCE = Path(editloupe.__file__).parent
HEAVY = {"torch", "transformers", "diffusers", "ray", "openai", "skimage", "httpx", "tenacity", "datasets", "pyarrow"}

# A room may import from rooms of its own rank or below. What is not named here is a leaf that anybody may use.
RANKS = {
    "statistics": 1,
    "benchmarks": 2,
    "rubrics": 2,
    "editors": 3,
    "judges": 3,
    "workers": 5,
    "report": 4,
    "planning": 4,
    "edit_scores": 5,
    "study_numbers": 5,
    "scoring": 5,
    "study": 6,
    "api": 6,
    "bench": 6,
    "ratings": 2,
    "judge_card": 2,
    "readings": 5,
    "preferring": 6,
    "asking_again": 6,
    "audit": 7,
    "probe": 7,
    "checking": 6,
    "lacking": 5,
    "cli": 8,
}


def modules():
    return sorted(SOURCE.rglob("*.py"))


def imports(path, *, at_the_top):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_the_top else list(ast.walk(tree))
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def room(name):
    parts = name.split(".")
    return parts[1] if len(parts) > 1 else ""


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(SOURCE).as_posix())
def test_imports_point_one_way(path):
    here = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    if here not in RANKS:
        return
    for name in imports(path, at_the_top=False):
        if name.startswith("editloupe."):
            assert RANKS.get(room(name), 0) <= RANKS[here], f"{here} imports {name}"


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
