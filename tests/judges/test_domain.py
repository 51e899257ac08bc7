"""What a checkpoint says it was made for, wherever it says so."""

import json
import shutil

import pytest

from editloupe.checking import check_study
from editloupe.config.parts import load_config
from editloupe.judges.transformers import TransformersJudge
from editloupe.study import run_study
from worlds import make_config, make_table


def domain(folder):
    return TransformersJudge(TransformersJudge.Options(model=str(folder))).domain


def test_the_embedded_judge_is_for_the_drawn_world_alone():
    assert domain("nano") == ("shapes",)


@pytest.mark.parametrize(
    ("stated", "card", "expected"),
    [
        (["gedit", "photos"], None, ("gedit", "photos")),
        ("gedit", None, ("gedit",)),
        (None, "---\nlicense: mit\neditloupe_domain: [rise]\n---\n# A judge\n", ("rise",)),
        ("gedit", "---\neditloupe_domain: [rise]\n---\n", ("gedit",)),
        (None, "---\nlicense: [\n---\n", ()),
        (None, "# no metadata\n", ()),
        (None, None, ()),
    ],
)
def test_a_checkpoint_says_it_in_its_config_or_its_card(tmp_path, tiny_checkpoint, stated, card, expected):
    folder = tmp_path / "judge"
    shutil.copytree(tiny_checkpoint, folder)
    config = json.loads((folder / "config.json").read_text("utf-8"))
    if stated is not None:
        (folder / "config.json").write_text(json.dumps({**config, "editloupe_domain": stated}), "utf-8")
    if card is not None:
        (folder / "README.md").write_text(card, "utf-8")
    assert domain(folder) == expected


def test_check_and_run_begin_with_the_warning_and_the_report_has_it(tmp_path, caplog):
    table = make_table(tmp_path / "data", 2)
    config = load_config(make_config(tmp_path, "nano", table), ["judge.model=nano"])
    said = []
    check_study(config, said.append)
    assert said[0].startswith("The judge nano was made for shapes alone, not for")
    run_study(config)
    assert caplog.messages[0] == said[0]
    assert json.loads((config.out / "report.json").read_text("utf-8"))["judge"]["warning"].startswith(
        "The judge nano was made"
    )
    assert (config.out / "report.md").read_text("utf-8").startswith("**The judge nano was made for shapes alone")


def test_a_study_that_did_not_keep_the_domain_is_warned_of_as_well(tmp_path):
    from editloupe.store.ledger import Ledger

    config = load_config(make_config(tmp_path, "nano", make_table(tmp_path / "data", 2)), ["judge.model=nano"])
    run_study(config)
    with Ledger(config.out) as ledger:
        ledger.save_fact("judge_domain", None)
    results = run_study(config, stages=())
    assert results.judge.domain == ("shapes",)
