"""Random weights, saved as a checkpoint that other engines load as well: with the files that published ones have."""

import json

import pytest
import torch

from editloupe.judges import random_weights
from editloupe.judges.random_weights import load_random, save_random
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import AnswerFormat, ImagePart, Question
from pictures import noise

LABELS = AnswerFormat("choice", tuple("0123456789"), '{"score": ')


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    text, vision, experts = random_weights.SHAPES["63m"]
    small = {"num_hidden_layers": 2}, {"depth": 2, "deepstack_visual_indexes": [0]}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(random_weights.SHAPES, "small", (text | small[0], vision | small[1], experts))
        folder = save_random("small", tmp_path_factory.mktemp("random"), dtype=torch.float32)
        yield folder, load_random("small", dtype=torch.float32, device="cpu")[0]


def test_a_saved_checkpoint_answers_as_the_one_in_memory(saved):
    folder, model = saved
    question = Question("Look.", (ImagePart("edited", noise(64, 96)),), "Good?", LABELS)
    judge = TransformersJudge(TransformersJudge.Options(model=str(folder), device="cpu"))
    (reply,) = judge.answer([question])
    assert "mean nothing" in judge.warning
    in_memory = dict(model.named_parameters())
    for name, weights in judge.runner.model.named_parameters():
        assert torch.equal(weights, in_memory[name])
    assert sum(reply.labels.values()) > 0
    judge.close()


def test_its_files_name_only_what_transformers_has(saved):
    folder, _ = saved
    named = {path.name: json.loads(path.read_text()) for path in folder.glob("*.json")}
    assert named["video_preprocessor_config.json"]["video_processor_type"] == "Qwen3VLVideoProcessor"
    assert named["video_preprocessor_config.json"]["patch_size"] == named["preprocessor_config.json"]["patch_size"]
    assert {data["processor_class"] for data in named.values() if "processor_class" in data} == {"Qwen3VLProcessor"}
