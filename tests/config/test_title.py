"""What a report is called: the config says it, else its file is named so."""

import json

import pytest

from editloupe.config.parts import load_config
from editloupe.study import run_study

TEXT = "benchmark: {name: shapes, limit: 1}\neditors: [identity]\nout: study\n"


@pytest.mark.parametrize(("more", "title"), [("", "night-or-day"), ("title: Night or day?\n", "Night or day?")])
def test_the_study_s_own_name_is_on_every_form_of_the_report(tmp_path, more, title):
    (tmp_path / "night-or-day.yaml").write_text(TEXT + more)
    config = load_config(tmp_path / "night-or-day.yaml")
    run_study(config)
    assert json.loads((config.out / "report.json").read_text("utf-8"))["title"] == title
    assert (config.out / "report.md").read_text("utf-8").splitlines()[0] == f"# {title}: Leaderboard"
    assert f"<title>{title} · editloupe</title>" in (config.out / "report.html").read_text("utf-8")
    assert load_config(config.out).title == title


def test_a_folder_of_an_earlier_version_is_called_as_it_lies_there(tmp_path):
    folder = tmp_path / "my-study"
    folder.mkdir()
    (folder / "config.yaml").write_text(TEXT)
    (folder / "ledger.sqlite").touch()
    assert load_config(folder).title == "my-study"
