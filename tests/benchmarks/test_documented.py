"""The page about public benchmarks is held to the code."""

import re
from pathlib import Path

import pytest
import yaml

from editloupe.benchmarks import gedit, imgedit, kris, rise
from editloupe.config.parts import load_config
from editloupe.plugins import find

PAGE = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
CONFIGS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SECTIONS = dict(re.findall(r"^## `([\w-]+)`\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize("text", CONFIGS, ids=[yaml.safe_load(text)["benchmark"]["name"] for text in CONFIGS])
def test_a_config_of_the_page_loads(text, tmp_path):
    (tmp_path / "c.yaml").write_text(text)
    config = load_config(tmp_path / "c.yaml")
    assert config.rubric.name == config.benchmark.plugin.default_rubric
    assert config.rubric.name in (config.benchmark.name, "preference")


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("gedit", gedit.TASKS),
        ("imgedit", imgedit.TYPES),
        ("rise", {name.removesuffix("_reasoning"): count for name, count in rise.CATEGORIES.items()}),
        (
            "kris",
            {name: count for kind in kris.TAXONOMY.values() for one in kind.values() for name, count in one.items()},
        ),
    ],
)
def test_the_counts_of_the_page_are_those_that_are_checked(name, counts):
    for category, count in counts.items():
        assert re.search(rf"\b{category}\s{count}\b", SECTIONS[name]), category


def test_every_benchmark_with_a_rubric_of_its_own_has_a_section():
    for name in ("re-edit", "gedit", "imgedit", "rise", "kris"):
        assert find("benchmarks", name).default_rubric == name
        assert name in SECTIONS


def test_every_kind_of_finding_stands_in_the_page():
    sources = Path(gedit.__file__).parent.glob("*.py")
    found = {kind for path in sources for kind in re.findall(r'Finding\("([a-z-]+)"', path.read_text(encoding="utf-8"))}
    assert {"duplicate-key", "wrong-count", "unused-image"} <= found
    assert {kind for kind in found if f"`{kind}`" not in PAGE} == set()
