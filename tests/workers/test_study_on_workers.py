"""The same study, in this process and on workers: the same keys, the same truth, the same scores."""

import sqlite3

import pytest

from editloupe.audit.audit import audit_study
from editloupe.config.parts import JudgePart, load_config
from editloupe.study import run_study
from noting import NotingJudge
from worlds import make_config, make_table


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_where_a_stage_runs_changes_no_number(tmp_path, tiny_checkpoint):
    found = []
    for name, workers in (("here", {}), ("ray", {"engine": "ray", "devices": 2, "gpus_per_worker": 0})):
        folder = tmp_path / name
        folder.mkdir()
        editors = ["identity", {"type": "procedural", "skill": 0.5}]
        path = make_config(folder, tiny_checkpoint, make_table(folder / "data", 1), editors=editors, workers=workers)
        config = load_config(path, ["benchmark={name: shapes, limit: 6}"])
        results = run_study(config)
        with sqlite3.connect(config.out / "ledger.sqlite") as db:
            keys = {key for (key,) in db.execute("SELECT key FROM outcomes WHERE result IS NOT NULL")}
            truths = sorted(
                db.execute("SELECT key, json_extract(result, '$.truth') FROM outcomes WHERE stage = 'edit'")
            )
        found.append((keys, truths, {(one.editor, one.sample): one.score for one in results.verdicts}))
    here, ray = found
    assert len(here[0]) > 20
    assert here[0] == ray[0]
    assert here[1] == ray[1]
    assert all(truth is not None for _, truth in ray[1])
    assert ray[2] == pytest.approx(here[2], abs=1e-3)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_all_passes_of_an_audit_run_on_the_same_workers(tmp_path):
    """Asked one by one, in batches, reversed, repeated and in the other mode, by a judge that is loaded once."""
    (notes := tmp_path / "notes").mkdir()
    path = tmp_path / "config.yaml"
    path.write_text(
        "benchmark: {name: shapes, limit: 2}\neditors: [{type: procedural, skill: 0.5}]\njudge: {model: nano}\n"
        "workers: {judge: {engine: ray, devices: 1, gpus_per_worker: 0}}\n"
    )
    options = NotingJudge.Options(notes=str(notes))
    judge = JudgePart(type="noting", plugin=NotingJudge, options=options, batch_size=1)
    config = load_config(path).model_copy(update={"judge": judge})
    run_study(config)
    asked = processes(notes)
    audit = audit_study(config)
    assert audit.stability.repeated.equal == 1
    assert len(list(notes.iterdir())) == 2 + 5 * 2
    assert len(processes(notes) - asked) == 1


def processes(notes):
    return {path.read_text().split()[0] for path in notes.iterdir()}
