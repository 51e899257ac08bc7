"""Judges that think: where their answer begins, how much room their thoughts have, and what is read."""

import copy
import dataclasses
from contextlib import contextmanager

import pytest
import torch

from editloupe.errors import ConfigError, UnreadableReply
from editloupe.judges.plain import ReferenceRunner
from editloupe.judges.qwen.prompts import PromptMaker
from editloupe.judges.qwen.runner import QwenRunner
from editloupe.judges.sampling import Sampling
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import AnswerFormat, ImagePart, Question
from editloupe.rubrics.replies import read_score
from pictures import noise
from tiny import TEMPLATES, make_checkpoint

BEGIN = '{"score": '
DIGITS = AnswerFormat("choice", tuple("0123456789"), BEGIN)
START = "<|im_start|>assistant\n"
EMPTY = "<think>\n\n</think>\n\n"


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """A checkpoint that opens its thoughts and trims messages, loaded once."""
    folder = make_checkpoint(tmp_path_factory.mktemp("checkpoint") / "thinker", template="opens and trims")
    return TransformersJudge(TransformersJudge.Options(model=str(folder)))


def ask(answer=None, count=3):
    pictures = [noise(64, 32 * (index + 1), index) for index in range(count)]
    return [
        Question("You judge.", (ImagePart("edited", picture),), "Look. " * (index + 1), answer or AnswerFormat())
        for index, picture in enumerate(pictures)
    ]


def templated(judge, template):
    processor = copy.copy(judge.runner.processor)
    processor.chat_template = TEMPLATES[template]
    return processor


def end_of(maker, question):
    """The judge's turn, as the model sees it."""
    return "".join(maker.tokenizer.decode(maker.prompt(question).ids).rpartition(START)[1:])


@pytest.mark.parametrize("thinking", ["auto", "off"])
@pytest.mark.parametrize(
    ("template", "turn"),
    [
        ("opens", START + EMPTY + BEGIN),
        ("opens and trims", START + EMPTY + BEGIN),
        ("told", START + BEGIN),
        ("trims", START + BEGIN),
        ("opens every turn", START + EMPTY + BEGIN),
        ("keeps no beginning", START + EMPTY + BEGIN),
        ("closes", START + EMPTY + BEGIN),
    ],
)
def test_a_label_follows_the_answer_s_beginning_with_its_blank_and_outside_of_thoughts(judge, template, thinking, turn):
    processor = templated(judge, template)
    maker = PromptMaker(processor, 1024, thinking)
    plain = ReferenceRunner(judge.runner.model, processor, longest_edge=1024, max_new_tokens=1, thinking=thinking)
    for question in ask(DIGITS, 2):
        assert end_of(maker, question) == turn
        assert maker.prompt(question).ids.tolist() == plain.encode([question])["input_ids"][0].tolist()
        assert (
            maker.tokenizer(turn)["input_ids"]
            == maker.prompt(question).ids[-len(maker.tokenizer(turn)["input_ids"]) :].tolist()
        )


@pytest.mark.parametrize(
    ("template", "thinking", "turn", "opened"),
    [
        ("opens", "auto", START + "<think>\n", True),
        ("opens", "on", START + "<think>\n", True),
        ("opens", "off", START + EMPTY, False),
        ("opens and trims", "off", START + EMPTY, False),
        ("opens every turn", "off", START + EMPTY, False),
        ("told", "auto", START, False),
        ("told", "on", START, False),
        ("told", "off", START + EMPTY, False),
        ("trims", "auto", START, False),
        ("closes", "auto", START + EMPTY, False),
    ],
)
def test_it_is_known_whether_a_written_reply_begins_inside_thoughts(judge, template, thinking, turn, opened):
    maker = PromptMaker(templated(judge, template), 1024, thinking)
    (question,) = ask(count=1)
    assert end_of(maker, question) == turn
    assert maker.prompt(question).opened is opened


def test_a_template_that_cannot_think_is_refused_where_thoughts_are_asked_for(judge):
    maker = PromptMaker(templated(judge, "closes"), 1024, "on")
    with pytest.raises(ConfigError, match=r"thinking is on, but .* closes the thoughts"):
        maker.prompt(ask(count=1)[0])


def test_a_template_whose_turns_cannot_be_told_is_refused(judge):
    processor = copy.copy(judge.runner.processor)
    processor.chat_template = (
        "{{ 'A judge answers:' if add_generation_prompt else '' }}"
        "{% for message in messages if message.role == 'user' %}{{ message.content[0].text }}{% endfor %}"
    )
    with pytest.raises(ConfigError, match=r"cannot be told how it begins a turn; set judge\.answer to text"):
        PromptMaker(processor, 1024).prompt(ask(DIGITS, 1)[0])


def test_marks_of_thoughts_in_a_question_open_nothing(judge):
    maker = PromptMaker(judge.runner.processor, 1024)
    question = dataclasses.replace(ask(DIGITS, 1)[0], ask="Say <think> or </think>.")
    assert end_of(maker, question) == START + EMPTY + BEGIN
    written = PromptMaker(templated(judge, "trims"), 1024).prompt(
        dataclasses.replace(question, ask="It says <think>", answer=AnswerFormat())
    )
    assert not written.opened


@contextmanager
def leaning(runner, bias):
    """The same model with the end of thoughts made more or less likely."""
    model = runner.model
    added = torch.zeros(model.lm_head.out_features)
    added[runner.tokenizer.convert_tokens_to_ids("</think>")] = bias
    model.lm_head.bias = torch.nn.Parameter(added)
    yield runner
    model.lm_head.bias = None


@pytest.fixture
def eager(judge):
    with leaning(judge.runner, 6.0) as runner:
        yield runner


@pytest.fixture
def endless(judge):
    with leaning(judge.runner, -1e4) as runner:
        yield runner


def runners(runner, template="opens and trims", **settings):
    processor = copy.copy(runner.processor)
    processor.chat_template = TEMPLATES[template]
    settings = {"longest_edge": 1024, "max_new_tokens": 6, "max_thinking_tokens": 60, **settings}
    fast, plain = (kind(runner.model, processor, **settings) for kind in (QwenRunner, ReferenceRunner))
    return fast, plain


def labels_of(runner, answer):
    return [runner.tokenizer.convert_tokens_to_ids(label) for label in answer.labels]


def thoughtful(seed=11):
    return [dataclasses.replace(one, seed=seed + index) for index, one in enumerate(ask(DIGITS))]


def test_a_choice_is_made_after_the_thoughts_where_they_are_asked_for(eager):
    fast, plain = runners(eager, thinking="on", sampling=Sampling(1.0))
    questions, tokens = thoughtful(), labels_of(eager, DIGITS)
    together = fast.choose(questions, DIGITS, tokens)
    assert len({reply.thoughts for reply in together}) > 1
    for question, reply in zip(questions, together, strict=True):
        assert reply.finish == "choice"
        (other,) = plain.choose([question], DIGITS, tokens)
        assert (other.thoughts, other.reply_tokens) == (reply.thoughts, reply.reply_tokens)
        assert other.labels == pytest.approx(reply.labels, rel=1e-3, abs=1e-6)
    # By hand: the thoughts as they were written, closed as the template closes them, then the beginning.
    prompt = PromptMaker(fast.processor, 1024, "on").prompt(questions[0])
    writer = fast._write(questions[:1], [prompt], only_thoughts=True)
    ids = [*prompt.ids.tolist(), *writer.drafts[0].tokens, *eager.tokenizer("\n\n" + BEGIN)["input_ids"]]
    assert eager.tokenizer.decode(ids[-12:]).endswith("</think>\n\n" + BEGIN)
    begun = prompt.followed_by(ids[len(prompt) :])
    chances = torch.softmax(fast._engine.last_logits([begun]), -1)[0, tokens].tolist()
    assert chances == pytest.approx(list(together[0].labels.values()), rel=1e-3, abs=1e-6)


def test_a_choice_whose_thoughts_never_end_is_cut_off_and_no_score(endless):
    fast, plain = runners(endless, thinking="on", max_thinking_tokens=9)
    for runner in (fast, plain):
        for reply in runner.choose(ask(DIGITS), DIGITS, labels_of(endless, DIGITS)):
            assert (reply.labels, reply.reply_tokens) == (None, 9)
            with pytest.raises(UnreadableReply) as caught:
                read_score(reply, low=0, high=10)
            assert caught.value.kind == "truncated"


def test_a_judge_that_thinks_of_nothing_is_measured_at_the_beginning_of_its_turn(judge):
    fast, _ = runners(judge.runner, "told", thinking="on")
    still, _ = runners(judge.runner, "told")
    tokens = labels_of(judge.runner, DIGITS)
    for reply, other in zip(
        fast.choose(ask(DIGITS), DIGITS, tokens), still.choose(ask(DIGITS), DIGITS, tokens), strict=True
    ):
        assert reply.thoughts is None
        assert reply.labels == pytest.approx(other.labels, rel=1e-3, abs=1e-6)


@pytest.mark.parametrize("thinking", ["auto", "on"])
def test_thoughts_have_room_of_their_own(eager, thinking):
    fast, plain = runners(eager, thinking=thinking, sampling=Sampling(1.0))
    questions = [dataclasses.replace(one, answer=AnswerFormat()) for one in thoughtful(3)]
    replies = fast.generate(questions)
    assert [reply.text for reply in replies] == [reply.text for reply in plain.generate(questions)]
    assert [reply.reply_tokens for reply in replies] == [reply.reply_tokens for reply in plain.generate(questions)]
    for reply in replies:
        thoughts = reply.text.partition("</think>")[0]
        count = len(eager.tokenizer(thoughts)["input_ids"]) + 1
        assert reply.opened
        assert reply.reply_tokens <= count + 6
    assert max(reply.reply_tokens for reply in replies) > 6  # the limit of the answer alone


def test_thoughts_that_use_up_their_room_are_cut_off_there(endless):
    fast, plain = runners(endless, max_thinking_tokens=11)
    for reply in (*fast.generate(ask()), *plain.generate(ask())):
        assert (reply.finish, reply.reply_tokens, reply.opened) == ("length", 11, True)
        with pytest.raises(UnreadableReply, match=r"thoughts never ended.*max_thinking_tokens"):
            read_score(reply, low=0, high=10)


def test_a_judge_that_thinks_plans_with_room_for_it(judge):
    fast, _ = runners(judge.runner)
    still, _ = runners(judge.runner, "trims")
    difference = {
        new - old for (_, new), (_, old) in zip(sorted(fast.plan(ask())), sorted(still.plan(ask())), strict=True)
    }
    (more,) = difference
    assert more == 60 + len(judge.runner.tokenizer("<think>\n")["input_ids"])


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"top_k": 1}, True),
        ({"top_p": 1e-6}, True),
        ({"min_p": 1.0}, True),
        ({"top_p": 1.0, "min_p": 0.0, "top_k": 100_000}, False),
    ],
)
def test_sampling_is_narrowed_down(judge, changes, same):
    greedy, _ = runners(judge.runner, "trims")
    drawn, plain = runners(judge.runner, "trims", sampling=Sampling(3.0, **changes))
    texts = [reply.text for reply in drawn.generate(ask())]
    assert (texts == [reply.text for reply in greedy.generate(ask())]) is same
    assert texts == [reply.text for reply in plain.generate(ask())]
    assert texts == [drawn.generate([question])[0].text for question in ask()]


@pytest.mark.parametrize(
    ("heat", "changes"),
    [(0.0, {"repetition_penalty": 3.0}), (1.0, {"repetition_penalty": 3.0}), (0.0, {"presence_penalty": 2.0})],
)
def test_penalties_follow_the_reply_and_not_the_batch(judge, heat, changes):
    free, _ = runners(judge.runner, "trims", sampling=Sampling(heat), max_new_tokens=30)
    held, plain = runners(judge.runner, "trims", sampling=Sampling(heat, **changes), max_new_tokens=30)
    texts = [reply.text for reply in held.generate(ask())]
    assert texts != [reply.text for reply in free.generate(ask())]
    assert texts == [reply.text for reply in plain.generate(ask())]
    assert texts == [held.generate([question])[0].text for question in ask()]


def test_old_keys_stay_and_new_settings_make_new_ones(judge):
    def keys(**options):
        made = TransformersJudge(TransformersJudge.Options(model=judge.options.model, **options))
        return made.signature, made.decoding

    signature, decoding = keys()
    assert signature.endswith("dtype=float32 image=1024+checkpoint/pil-bicubic")
    assert decoding == "max_new_tokens=512 temperature=0"
    assert keys(thinking="auto") == (signature, decoding)
    assert keys(top_p=0.95, top_k=20) == (signature, decoding + " top_p=0.95 top_k=20")
    assert keys(max_thinking_tokens=100) == (signature, decoding + " max_thinking_tokens=100")
    thinking = [keys(thinking=word, **more)[0] for word, more in (("on", {}), ("on", {"top_p": 0.9}), ("off", {}))]
    assert len({signature, *thinking}) == 4  # also a choice is another one, whose key knows no decoding
