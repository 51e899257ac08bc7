"""The calls for Python programs: a judge as a function."""

import numpy as np
import pytest
from PIL import Image

import editloupe
from editloupe.errors import ConfigError, ItemError
from editloupe.records import Reply


def picture(seed):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 255, (48, 64, 3), dtype=np.uint8))


@pytest.fixture
def judge(tiny_checkpoint, monkeypatch):
    """A real model whose replies are replaced by readable ones that tell what was asked."""
    made = editloupe.load_judge(str(tiny_checkpoint), batch_size=2, max_new_tokens=4)
    answer = made._judge.answer
    made.batches = []

    def readable(questions):
        made.batches.append(len(questions))
        answer(questions)
        return [Reply(question.ask) for question in questions]

    monkeypatch.setattr(made._judge, "answer", readable)
    yield made
    made.close()


def test_one_score(judge):
    score = judge.score(edited_image=picture(0), system_prompt="s", user_prompt="7", original_image=picture(1))
    assert score == 7.0


def test_a_reply_that_cannot_be_read_is_raised(judge):
    with pytest.raises(editloupe.UnreadableReply) as caught:
        judge.score(edited_image=picture(0), system_prompt="s", user_prompt="rather good")
    assert caught.value.reply == "rather good"


def test_an_image_that_cannot_be_decoded_is_raised(judge):
    with pytest.raises(ItemError):
        judge.score(edited_image=b"no image", system_prompt="s", user_prompt="7")


def test_a_batch_keeps_its_order_and_says_none_where_there_is_no_score(judge, tmp_path):
    picture(3).save(tmp_path / "a.png")
    scores = judge.batch_score(
        edited_images=[picture(0), b"no image", tmp_path / "a.png", tmp_path / "absent.png", picture(4)],
        system_prompts=["s"] * 5,
        user_prompts=["1", "2", "unreadable", "4", "5"],
        original_images=[None, None, picture(5), None, picture(6)],
    )
    assert scores == [1.0, None, None, None, 5.0]
    assert max(judge.batches) == 2


def test_one_by_one_gives_the_same(judge):
    scores = judge.batch_score(
        edited_images=[picture(n) for n in range(3)],
        system_prompts=["s"] * 3,
        user_prompts=["1", "2", "3"],
        use_batch_inference=False,
    )
    assert scores == [1.0, 2.0, 3.0]
    assert judge.batches == [1, 1, 1]


def test_lists_of_different_lengths_are_refused(judge):
    with pytest.raises(ConfigError, match="2 edited images, 1 system prompts"):
        judge.batch_score(edited_images=[picture(0)] * 2, system_prompts=["s"], user_prompts=["1", "2"])


def test_an_unknown_option_is_refused():
    with pytest.raises(ConfigError, match="no option 'tokens'"):
        editloupe.load_judge("nano", tokens=3)


def test_original_images_come_first(tiny_checkpoint):
    judge = editloupe.load_judge(str(tiny_checkpoint), max_new_tokens=2)
    seen = []
    judge._judge.answer = lambda questions: seen.extend(questions) or [Reply("1") for _ in questions]
    judge.score(edited_image=picture(0), system_prompt="s", user_prompt="u", original_image=picture(1))
    assert [part.role for part in seen[0].context] == ["source", "edited"]
