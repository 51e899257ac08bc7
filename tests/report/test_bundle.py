"""Modules joined into one script: what is joined, and what is refused rather than joined wrongly."""

import pytest

from editloupe.report.bundle import bundle, in_order

MODULES = {
    "app": "import {double} from './math.js';\nimport {words} from './words.js';\n\nwords(double(4));\n",
    "math": "// Numbers.\nimport {two} from './words.js';\n\nexport const double = (value) => two * value;\n",
    "words": "export const two = 2;\nexport function words(value) {\n  console.log(value);\n}\n",
}


def test_a_module_stands_after_those_that_it_imports():
    assert in_order("app", MODULES.__getitem__) == ["words", "math", "app"]
    script = bundle("app", MODULES.__getitem__)
    assert "import" not in script
    assert "export" not in script
    assert script.index("const two") < script.index("const double") < script.index("words(double(4))")


@pytest.mark.parametrize(
    ("name", "source", "says"),
    [
        ("words", "import {double} from './math.js';\nexport const two = 2, words = double;\n", "circle: "),
        ("math", "import {two} from './words.js';\nfunction words() {}\nexport const double = two;\n", "both declare"),
        (
            "math",
            "import {three} from './words.js';\nexport const double = three;\n",
            "'three', which words.js does not",
        ),
        ("math", "import {two as b} from './words.js';\nexport const double = b;\n", "cannot be joined"),
        ("math", "export const double = 2;\nexport default double;\n", "cannot be joined"),
        ("math", "import './words.js';\nexport const double = 2;\n", "cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_refused(name, source, says):
    with pytest.raises(ValueError, match=says):
        bundle("app", {**MODULES, name: source}.__getitem__)
