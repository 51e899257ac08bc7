"""An ask that is worded for each answer mode, so that a digit and a number to 100 are never asked for at once."""

import pytest
import yaml

from editloupe.errors import ConfigError
from editloupe.records import ImageBytes, Reply, Sample
from editloupe.rubrics.loading import load_rubric
from pictures import png

EDITED = ImageBytes(png(20, 30))
SAMPLE = Sample("a", "physical", "make it night", (ImageBytes(png(64, 32)),))


def rubric(folder, ask):
    data = {
        "name": "percent",
        "metrics": {"done": {"low": 0, "high": 100}},
        "texts": {
            "en": {
                "system": "You examine.",
                "contexts": {"pair": [{"image": "edited"}]},
                "asks": {"done": ask},
                "reply": {"text": "Reply with a number from 0 to 100.", "choice": "Reply with a digit."},
            }
        },
    }
    (folder / "percent.yaml").write_text(yaml.safe_dump(data))
    return load_rubric(str(folder / "percent.yaml"))


def asked(one, mode, sample=SAMPLE):
    return one.questions(sample, EDITED, mode=mode)["done"].ask


def test_each_mode_has_its_own_words(tmp_path):
    one = rubric(tmp_path, {"mode": {"text": "From 0 to 100?", "choice": "From 0 to 9?"}})
    assert asked(one, "text") == "From 0 to 100?\nReply with a number from 0 to 100."
    assert asked(one, "choice") == "From 0 to 9?\nReply with a digit."
    nine = Reply("9", labels={str(digit): float(digit == 9) for digit in range(10)})
    assert one.score("done", nine, SAMPLE, min_label_mass=0.5) == 100


def test_words_by_category_stand_inside_a_mode_and_a_category_may_be_called_mode(tmp_path):
    one = rubric(tmp_path, {"mode": {"text": {"physical": "Gravity?", "default": "Well?"}, "choice": "Digit?"}})
    assert asked(one, "text").startswith("Gravity?")
    plain = rubric(tmp_path, {"mode": "Which mode?", "default": "Well?"})
    assert asked(plain, "text").startswith("Well?")


def test_a_mode_without_words_is_refused_with_the_other(tmp_path):
    one = rubric(tmp_path, {"mode": {"text": "From 0 to 100?"}})
    one.require("text")
    with pytest.raises(ConfigError, match="set `answer: text`"):
        one.require("choice")
