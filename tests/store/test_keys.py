"""Keys hold everything that a number depends on, and nothing else."""

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from editloupe.records import AnswerFormat, ImageBytes, ImagePart, Question, Sample
from editloupe.store.keys import digest_of, edit_key, noise_seed, reply_key, with_files

SAMPLE = Sample("id", "causal", "light it", (ImageBytes(b"source"),))
QUESTION = Question("system", ("text", ImagePart("edited", ImageBytes(b"image"))), "ask")


def key(sample=SAMPLE, signature="editor", inputs=(), seed=1, draw=0):
    return edit_key(sample, signature, inputs, seed, draw)


def test_an_edit_depends_on_source_instruction_editor_inputs_seed_and_draw():
    changed = [
        key(replace(SAMPLE, sources=(ImageBytes(b"other"),))),
        key(replace(SAMPLE, instruction="light it!")),
        key(signature="editor 2"),
        key(inputs=[("a.png", "digest")]),
        key(seed=2),
        key(draw=1),
    ]
    assert len({key(), *changed}) == 7


def test_an_edit_does_not_depend_on_what_the_editor_never_sees():
    other = replace(SAMPLE, category="physical", rationale="r", groups={"a": "b"}, label=3.0, extra={"tags": []})
    assert key(other) == key()


def test_a_reply_depends_on_every_part_of_its_question_and_on_the_judge():
    changed = [
        replace(QUESTION, system="other"),
        replace(QUESTION, context=("text", ImagePart("edited", ImageBytes(b"other")))),
        replace(QUESTION, context=("text", ImagePart("source", ImageBytes(b"image")))),
        replace(QUESTION, context=(ImagePart("edited", ImageBytes(b"image")), "text")),
        replace(QUESTION, ask="other"),
        replace(QUESTION, answer=AnswerFormat("choice", ("0", "1"), "x")),
        replace(QUESTION, draw=1),
        replace(QUESTION, seed=1),
    ]
    keys = {reply_key(question, "judge") for question in [QUESTION, *changed]} | {reply_key(QUESTION, "judge 2")}
    assert len(keys) == 10


def test_a_key_does_not_depend_on_the_order_of_a_dictionary_or_on_the_version():
    assert digest_of("a", {"b": 1, "a": [None, True]}) == digest_of("a", {"a": [None, True], "b": 1})
    # Written down once: a change here would silently judge every existing study anew.
    assert digest_of("é", 1.5, {"k": [1, None]})[:16] == "d94bc1367d48e288"


@given(st.lists(st.text(), min_size=2, max_size=2, unique=True))
def test_different_texts_have_different_digests(pair):
    assert digest_of(pair[0]) != digest_of(pair[1])


@given(st.integers(), st.text(), st.integers(0, 9))
def test_seeds_fit_a_generator_and_differ_by_sample_and_draw(seed, sample, draw):
    value = noise_seed(seed, sample, draw)
    assert 0 <= value < 2**63
    assert value != noise_seed(seed, sample, draw + 1)
    assert value != noise_seed(seed, sample + "x", draw)


def test_the_bytes_of_files_count_and_their_place_does_not():
    first = with_files("model", [Path("a/weights")], lambda _: "1")
    assert first == with_files("model", [Path("b/weights")], lambda _: "1")
    assert first != with_files("model", [Path("a/weights")], lambda _: "2")
    assert with_files("model", [], lambda _: "1") == "model"
