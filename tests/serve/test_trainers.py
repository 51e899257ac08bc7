"""What trainers call, with what they call it with, against a real service."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from editloupe.client import Client
from editloupe.errors import ItemError
from editloupe.images import decode
from editloupe.records import ImageBytes
from editloupe.trainers import UniRLScorer, flow_grpo, flow_grpo_edit, verl_compute_score
from served import UNREADABLE, picture, served

BEFORE = decode(ImageBytes(picture(0)))
SCORES = [1.0, 4.0, 10.0]
EDITED = [decode(ImageBytes(picture(score, number=number))) for number, score in enumerate(SCORES)]
PROMPTS = ["do it"] * 3
WRONG = decode(ImageBytes(picture(5, mark=UNREADABLE)))


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    with served(tmp_path_factory.mktemp("service")) as (_, http):
        yield str(http.base_url)


@pytest.fixture
def client(url):
    with Client(url) as client:
        yield client


def floats(images):
    """A batch as Flow-GRPO holds it: (count, 3, height, width), 0 to 1."""
    return torch.stack([torch.from_numpy(np.asarray(one)).permute(2, 0, 1).float() / 255 for one in images])


@pytest.mark.parametrize("form", [floats, lambda images: np.stack([np.asarray(one) for one in images]), list])
def test_flow_grpo_for_editing(client, form):
    reward = flow_grpo_edit(client)
    scores, detail = reward(form([BEFORE] * 3), form(EDITED), PROMPTS, [{"category": "physical"}] * 3)
    assert scores == SCORES
    assert detail == {"shapes": SCORES}


def test_flow_grpo_with_sources_in_the_metadata(client):
    reward = flow_grpo(client, source="before")
    scores, _ = reward(floats(EDITED), PROMPTS, [{"before": BEFORE}] * 3, only_strict=True)
    assert scores == SCORES


def test_flow_grpo_is_given_nan_or_an_error_and_never_a_zero(client):
    scores, _ = flow_grpo_edit(client, on_failure="nan")([BEFORE] * 2, [WRONG, EDITED[1]], ["do it"] * 2, [{}, {}])
    assert math.isnan(scores[0])
    assert scores[1] == 4
    with pytest.raises(ItemError):
        flow_grpo_edit(client)([BEFORE], [WRONG], ["do it"], [{}])


def test_verl_calls_by_keyword(url):
    image = torch.from_numpy(np.asarray(EDITED[1])).permute(2, 0, 1)
    told = {"source_image": BEFORE, "category": "physical"}
    call = {"data_source": "edits", "ground_truth": "do it", "extra_info": told, "server_url": url, "step": 3}
    assert verl_compute_score(solution_image=image, **call) == {"score": 4.0, "shapes": 4.0}
    with pytest.raises(ItemError):
        verl_compute_score(solution_image=WRONG, **call)


def test_a_sample_without_its_source_is_a_sentence(client, url):
    with pytest.raises(ItemError, match="'source_image', its source picture; it tells of: category"):
        flow_grpo(client)(EDITED[:1], PROMPTS[:1], [{"category": "physical"}])
    with pytest.raises(ItemError, match="it tells of: nothing"):
        verl_compute_score("edits", EDITED[0], "do it", {}, server_url=url)


def edit(before, after):
    return SimpleNamespace(history=[("do it", before), ("do it", after)], videos=[], metadata={})


def test_unirl_has_a_mapping_for_each_item_and_nan_for_one_that_is_bad(client):
    good, bad = UniRLScorer(client).score([edit(BEFORE, EDITED[2]), edit(BEFORE, WRONG)])
    assert good == {"overall": 10.0, "shapes": 10.0}
    assert math.isnan(bad["overall"])


def test_unirl_is_told_of_an_outage():
    with Client("http://127.0.0.1:9", retries=0) as gone, pytest.raises(ItemError):
        UniRLScorer(gone).score([edit(BEFORE, EDITED[0])])


def test_pictures_and_prompts_of_different_number_are_an_error(client):
    with pytest.raises(ValueError, match="zip"):
        flow_grpo_edit(client)([BEFORE], EDITED, PROMPTS, [{}] * 3)
