"""A prompt that a text encoder reads only in part: recorded on the edit, and shown wherever the edit is."""

import inspect
import json
import logging

import numpy as np
import pytest
from PIL import Image

from editloupe.config.parts import load_config
from editloupe.editors.diffusers import Diffusers
from editloupe.images import encoded, picture_of
from editloupe.records import EditRequest, Sample
from editloupe.store.ledger import Ledger
from editloupe.study import run_study
from tiny_pipelines import PARAMS, make_pipeline
from worlds import make_config, make_table

PIX = "StableDiffusionInstructPix2PixPipeline"
LONG = "Makeitdarker" * 8 + " now."  # one token per letter: 100 of CLIP's, three words
SHORT = "Make it darker."


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    folders = {}

    def get(name):
        if name not in folders:
            folders[name] = make_pipeline(name, tmp_path_factory.mktemp(name))
        return folders[name]

    return get


def edit(folder, name, *instructions, **params):
    params = {**PARAMS[name], "num_inference_steps": 1, **params}
    editor = Diffusers(Diffusers.Options(model=str(folder), dtype="float32", device="cpu", params=params))
    image = picture_of(Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)))
    requests = [EditRequest(Sample(f"s{i}", "c", text, (image,)), i) for i, text in enumerate(instructions)]
    return [image.info["notes"] for image in editor.edit(requests)]


def test_clip_ends_at_77_tokens_and_the_other_samples_of_the_batch_are_not_blamed(saved):
    short, long = edit(saved(PIX), PIX, SHORT, LONG)
    assert short == ()
    (note,) = long
    assert note == f"tokenizer reads 77 tokens; of the prompt this was cut off: {LONG[75:]!r}"


def test_an_encoder_that_reads_all_of_it_is_named(saved):
    name = "FluxKontextPipeline"
    ((note,),) = edit(saved(name), name, LONG)
    assert note.startswith("tokenizer reads 77 tokens")
    assert note.endswith("; tokenizer_2 read all of it")


def test_a_stated_limit_cuts_too(saved):
    name = "Flux2KleinPipeline"
    words = " ".join(f"word{number}" for number in range(60))
    ((note,),) = edit(saved(name), name, words, max_sequence_length=32)
    assert note.startswith("tokenizer reads 32 tokens; of the prompt this was cut off: ")
    assert "word40" in note
    assert edit(saved(name), name, words, max_sequence_length=512) == [()]


def test_a_long_negative_prompt_is_not_taken_for_the_prompt(saved):
    assert edit(saved(PIX), PIX, SHORT, negative_prompt="x" * 200) == [()]


def test_what_a_class_cuts_by_its_own_arithmetic_is_taken_from_its_log(saved, monkeypatch):
    logger = logging.getLogger("diffusers.pipelines.own")
    from diffusers import StableDiffusionInstructPix2PixPipeline as Pipeline

    call = Pipeline.__call__

    def cutting(self, *args, **kwargs):
        logger.warning("Your input was truncated to 9 tokens")
        return call(self, *args, **kwargs)

    cutting.__signature__ = inspect.signature(call)
    monkeypatch.setattr(Pipeline, "__call__", cutting)
    assert edit(saved(PIX), PIX, SHORT) == [("Your input was truncated to 9 tokens",)]


def test_the_tokenizers_and_the_log_are_as_before_afterwards(saved):
    editor = Diffusers(Diffusers.Options(model=str(saved(PIX)), dtype="float32", params={"num_inference_steps": 1}))
    pipeline, _ = editor._pipeline()
    kind, handlers = type(pipeline.tokenizer), list(logging.getLogger("diffusers").handlers)
    image = picture_of(Image.new("RGB", (64, 64), (9, 80, 40)))
    editor.edit([EditRequest(Sample("s", "c", LONG, (image,)), 1)])
    assert type(pipeline.tokenizer) is kind
    assert logging.getLogger("diffusers").handlers == handlers


@pytest.fixture(scope="module")
def cut_study(tmp_path_factory, tiny_checkpoint, saved):
    folder = tmp_path_factory.mktemp("cut")
    table = make_table(folder / "data", 2)
    rows = [json.loads(line) for line in table.read_text().splitlines()]
    rows[1]["instruction"] = LONG
    table.write_text("\n".join(map(json.dumps, rows)))
    editor = {"type": "diffusers", "model": str(saved(PIX)), "dtype": "float32", "params": {"num_inference_steps": 1}}
    config = load_config(make_config(folder, tiny_checkpoint, table, editors=[editor]))
    return config, run_study(config)


def test_it_is_kept_and_shown_with_the_edit(cut_study):
    config, results = cut_study
    assert {sample: len(notes) for (_, sample, _), notes in results.notes_of_edits.items()} == {"s1": 1}
    lines = [json.loads(line) for line in (config.out / "verdicts.jsonl").read_text().splitlines()]
    assert [line["notes"] for line in lines if line["sample"] == "s0"] == [[]]
    (told,) = next(line["notes"] for line in lines if line["sample"] == "s1")
    assert "tokenizer reads 77 tokens" in told
    chunk = (config.out / "report-data" / "samples-0000.js").read_text()
    assert chunk.count("tokenizer reads 77 tokens") == 1
    assert "of the prompt this was cut off" in (config.out / "log.txt").read_text()


def test_the_command_line_says_how_many(cut_study, monkeypatch, capsys):
    from editloupe.cli import main

    monkeypatch.setattr("sys.argv", ["editloupe", "report", str(cut_study[0].out)])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert "notes  1 of the edits, such as 's1' by " in capsys.readouterr().out


def test_an_edit_of_an_earlier_ledger_has_no_notes(cut_study):
    config, _ = cut_study
    with Ledger(config.out) as ledger:
        keys = [key for (_, _, metric), key in ledger.plan().items() if not metric]
        for key, text in ledger._db.execute("SELECT key, result FROM outcomes WHERE stage = 'edit'").fetchall():
            old = {name: value for name, value in json.loads(text).items() if name != "notes"}
            ledger._db.execute("UPDATE outcomes SET result = ? WHERE key = ?", (json.dumps(old), key))
        assert [edit.notes for edit in ledger.find(keys).values()] == [(), ()]


def test_a_text_of_that_name_in_a_file_is_no_note():
    image = Image.new("RGB", (4, 4))
    image.info["notes"] = "by the camera"
    assert encoded(image).notes == ()
