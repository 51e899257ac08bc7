"""An audit finds a good judge good, a useless one useless, and an unstable one unstable."""

import json

import pytest
import yaml

from editloupe.audit.audit import audit_study
from editloupe.config.parts import load_config
from editloupe.errors import ConfigError
from editloupe.judge_quality.audit import Audit, MeanScores, Repetition
from editloupe.judges.transformers import TransformersJudge
from editloupe.records import Reply
from editloupe.statistics.coefficient import Coefficient
from editloupe.study import Study, run_study
from overview import overview
from worlds import make_config, make_table


@pytest.fixture
def config(tmp_path, tiny_checkpoint):
    path = tmp_path / "config.yaml"
    data = {
        "benchmark": {"name": "shapes", "limit": 12},
        "editors": [
            {"type": "procedural", "name": "good", "skill": 0.9},
            {"type": "procedural", "name": "poor", "skill": 0.2},
            {"type": "identity"},
        ],
        "judge": {"model": str(tiny_checkpoint), "batch_size": 8, "max_new_tokens": 4},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(data))
    return load_config(path)


def truths(config):
    """The true score of each edited image, by its digest."""
    with Study(config) as study:
        study.plan_edits()
        study.make_edits()
        keys = [key for (_, _, metric), key in study.ledger.plan().items() if not metric]
        return {edit.image.sha256: edit.truth for edit in study.ledger.find(keys).values()}


@pytest.fixture
def true(config):
    """What the procedural editors' and the control's edits are worth, by the digest of the edited image."""
    return truths(config)


def edited(question):
    return next(part.picture.sha256 for part in question.context if getattr(part, "role", "") == "edited")


def test_a_judge_that_tells_the_truth_agrees_with_it(config, true, monkeypatch):
    monkeypatch.setattr(
        TransformersJudge,
        "answer",
        lambda _self, questions: [Reply(f'{{"score": {true[edited(one)]:.4f}}}') for one in questions],
    )
    found = audit_study(config)
    assert found.n == 36
    assert found.overall.spearman.value == pytest.approx(1.0)
    assert found.overall.pairwise_accuracy.value == 1.0
    assert found.overall.mae.value < 1e-3
    assert set(found.editors) == {"good", "poor", "identity"}
    assert set(found.categories) == {"physical"}
    assert found.means["identity"] == MeanScores(judge=0.0, truth=0.0)
    assert found.means["good"].truth > found.means["poor"].truth
    assert found.stability.batched == Repetition(equal=1.0, largest_difference=0.0)
    assert found.modes.other == "choice"
    assert found.modes.mean_absolute_difference.value == 0.0
    assert found.expected is None  # these replies come without probabilities
    facts = json.loads((config.out / "audit.json").read_text())
    assert Audit.from_json(facts) == found
    assert overview(config.out)["audit"] == facts == found.as_json()


def test_a_judge_that_tells_the_opposite_is_found_out(config, true, monkeypatch):
    monkeypatch.setattr(
        TransformersJudge,
        "answer",
        lambda _self, questions: [Reply(f'{{"score": {10 - true[edited(one)]:.4f}}}') for one in questions],
    )
    found = audit_study(config)
    assert found.overall.spearman.value == pytest.approx(-1.0)
    assert found.overall.pairwise_accuracy.value == 0.0


def test_a_judge_that_changes_its_mind_is_unstable(config, monkeypatch):
    count = iter(range(10**6))
    monkeypatch.setattr(
        TransformersJudge, "answer", lambda _self, questions: [Reply(str(next(count) % 11)) for _ in questions]
    )
    found = audit_study(config)
    assert found.stability.repeated.equal < 0.5
    assert found.stability.repeated.largest_difference >= 1


def test_unreadable_replies_are_counted_apart(config):
    found = audit_study(config)  # an untrained model writes nothing readable
    assert found.n == 0
    assert found.unscored == 36
    assert found.overall.spearman == Coefficient()


def test_a_reply_that_is_refused_has_no_expected_score_either(config, true, monkeypatch):
    """An 11 begins with a 1, which the judge did not mean."""

    def reply(question):
        score = 7 if true[edited(question)] > 0 else 11
        return Reply(f'{{"score": {score}}}', score_labels={str(score)[0]: 1.0})

    monkeypatch.setattr(TransformersJudge, "answer", lambda _self, questions: [reply(one) for one in questions])
    found = audit_study(config)
    assert 0 < found.n < 36
    assert found.expected.n == found.overall.n == found.n


def test_the_page_forgets_the_audit_when_the_numbers_change(config, true, monkeypatch):
    monkeypatch.setattr(TransformersJudge, "answer", lambda _self, questions: [Reply("5") for _ in questions])
    audit_study(config)
    assert overview(config.out)["audit"] is not None
    path = config.out.parent / "config.yaml"
    run_study(load_config(path, ["benchmark.limit=6"]))
    assert overview(config.out)["audit"] is None


def test_labels_of_people_count_as_truth(tmp_path, tiny_checkpoint):
    table = make_table(tmp_path / "data", 4)
    lines = [json.loads(line) | {"label": index} for index, line in enumerate(table.read_text().splitlines())]
    table.write_text("\n".join(map(json.dumps, lines)))
    config = load_config(make_config(tmp_path, tiny_checkpoint, table, editors=["identity"]))
    found = audit_study(config)
    assert found.n == 4
    assert found.means["identity"].truth == 1.5


def test_without_any_truth_there_is_nothing_to_audit(tmp_path, tiny_checkpoint):
    config = load_config(make_config(tmp_path, tiny_checkpoint, make_table(tmp_path / "data", 2)))
    with pytest.raises(ConfigError, match="known truth"):
        audit_study(config)


def test_the_embedded_judge_is_audited_in_both_modes(tmp_path):
    path = tmp_path / "config.yaml"
    data = {
        "benchmark": {"name": "shapes", "seed": 12, "limit": 10},
        "editors": [{"type": "procedural", "skill": 0.5}, "identity"],
        "judge": {"model": "nano", "max_new_tokens": 64},
        "out": "study",
    }
    path.write_text(yaml.safe_dump(data))
    found = audit_study(load_config(path))
    assert found.overall.spearman.value > 0.9
    assert found.expected.n == 20
    assert found.expected.spearman.value > 0.8
    assert found.modes.spearman.value > 0.8
    assert found.stability.batched.equal == 1.0
    assert overview(tmp_path / "study")["audit"]["expected"]["n"] == 20
    assert overview(tmp_path / "study")["audit"]["modes"]["other"] == "choice"
