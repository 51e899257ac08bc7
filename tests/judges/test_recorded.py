"""Verdicts of other tools as those of a judge."""

import json

import pytest
import yaml

from editloupe.config.parts import load_config
from editloupe.errors import ConfigError, DataError
from editloupe.judges.recorded import Recorded
from editloupe.judges.recorded_files import read_verdicts
from editloupe.records import Failure, Question
from editloupe.rubrics.loading import load_rubric
from editloupe.study import run_study
from pictures import png, sample


def lines(path, *rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path


def recorded(path, **options):
    return Recorded(Recorded.Options(path=str(path), **options))


def asked(judge, rubric, one, editor="mine"):
    """What becomes of each question about an edit."""
    rules = load_rubric(rubric)
    found = {}
    for name, question in rules.questions(one, one.sources[0], mode="text").items():
        metrics = [(metric, rules.metrics[metric]) for metric in rules.read_from(name, one)]
        ((_, outcome, _),) = next(judge.stream([judge.address(question, editor=editor, sample=one, metrics=metrics)]))
        if isinstance(outcome, Failure):
            found[name] = outcome
        else:
            found |= {metric: rules.score(metric, outcome, one, min_label_mass=0.5) for metric, _ in metrics}
    return found


def review(key="k1", status="success", language="en", **values):
    score = {"value": values, "status": status, "main_score_name": "normalized_score"}
    told = {"key": key, "instruction_language": language}
    return {"index": 0, "sample_score": {"score": score, "sample_id": 3, "sample_metadata": told}}


def gedit_sample(key="k1", language="en"):
    return sample(id=f"{key}-{language}", category="color_alter", groups={"language": language}, fields={"key": key})


def test_reviews_of_evalscope_are_scores_where_they_say_so(tmp_path):
    rows = [
        review(semantic_consistency=3, perceptual_similarity=3, normalized_score=3),
        review(semantic_consistency=7.5, perceptual_similarity=0, normalized_score=0),
        review("k2", "parse_error"),
        review("k3", "transport_error", semantic_consistency=0, perceptual_similarity=0),
    ]
    lines(tmp_path / "run" / "reviews" / "m" / "gedit_color_alter.jsonl", *rows)
    judge = recorded(tmp_path / "run", editor="mine")
    assert asked(judge, "gedit-scores", gedit_sample()) == {"semantics": 7.5, "quality": 0}  # the last row counts
    for key, status in (("k2", "parse_error"), ("k3", "transport_error")):
        found = asked(judge, "gedit-scores", gedit_sample(key))
        assert {one.kind for one in found.values()} == {"recorded-failure"}
        assert all(status in one.message for one in found.values())
    assert {one.kind for one in asked(judge, "gedit-scores", gedit_sample("k9")).values()} == {"no-verdict"}
    assert {one.kind for one in asked(judge, "gedit-scores", gedit_sample(language="cn")).values()} == {"no-verdict"}


def lmms_gedit(key, semantics, quality, overall):
    names = ("semantics", "quality", "overall")
    told = {"key": key, "instruction_language": "en"}
    return {
        f"gedit_bench_{name}_score": told | {"score": one}
        for name, one in zip(names, (semantics, quality, overall), strict=True)
    }


def test_three_zeros_of_lmms_eval_are_a_failure_and_one_is_a_score(tmp_path):
    path = lines(tmp_path / "x_samples_gedit_bench.jsonl", lmms_gedit("k1", 0, 0, 0), lmms_gedit("k2", 0, 6, 0))
    judge = recorded(path, editor="mine")
    found = asked(judge, "gedit-scores", gedit_sample("k1"))
    assert {one.kind for one in found.values()} == {"recorded-failure"}
    assert "three zeros" in found["quality"].message
    assert asked(judge, "gedit-scores", gedit_sample("k2")) == {"semantics": 0, "quality": 6}


def test_samples_of_lmms_eval_fit_the_rubrics_of_imgedit_and_kris(tmp_path):
    def imgedit(key, *scores):
        return {f"imgedit_score{n}": {"key": key, "edit_type": "add", "score": one} for n, one in enumerate(scores, 1)}

    told = {"category": "biology", "image_id": "7"}
    kris = {
        f"kris_bench_{name}_score": told | {"score": one, "valid": one > 0}
        for name, one in (("consistency", 5), ("instruction", 4), ("quality", -1.0), ("knowledge", 2))
    }
    path = lines(tmp_path / "s.jsonl", imgedit("1", 4, 3, 2), imgedit("2", 0, 0, 0), kris)
    judge = recorded(path, editor="mine")
    scores = {"instruction": 4, "naturalness": 3, "coherence": 2}
    assert asked(judge, "imgedit", sample(id="1", category="add")) == scores
    assert asked(judge, "imgedit", sample(id="2", category="add"))["edit"].kind == "recorded-failure"
    found = asked(judge, "kris", sample(id="biology_7", category="biology"))
    assert found.pop("quality").kind == "recorded-failure"
    assert found == {"consistency": 5, "instruction": 4, "knowledge": 2}


def test_plain_lines_hold_scores_replies_and_failures_of_several_editors(tmp_path):
    rows = [
        {"editor": "mine", "sample": "a", "metric": "success", "score": 8},
        {"editor": "mine", "sample": "a", "metric": "restraint", "score": 6},
        {"editor": "mine", "sample": "a", "metric": "PQ", "reply": '{"score": [9, 7]}'},
        {"editor": "other", "sample": "a", "metric": "success", "score": 1},
        {"editor": "other", "sample": "a", "metric": "restraint", "score": 0, "failure": "timed out"},
        {"editor": "other", "sample": "a", "metric": "naturalness", "score": None},
        {"editor": "other", "sample": "a", "metric": "cleanness", "score": 12},
    ]
    judge = recorded(lines(tmp_path / "v.jsonl", *rows))
    assert asked(judge, "gedit", sample()) == {"success": 8, "restraint": 6, "naturalness": 9, "cleanness": 7}
    found = asked(judge, "gedit", sample(), editor="other")
    assert "timed out" in found["SC"].message
    assert "None, not a number" in found["PQ"].message


def test_a_path_tells_editors_apart(tmp_path):
    for name, score in (("a", 3), ("b", 4)):
        lines(tmp_path / f"run-{name}" / "v.jsonl", {"sample": "a", "metric": "reasoning", "score": score})
    judge = recorded(tmp_path / "run-{editor}" / "v.jsonl")
    assert [asked(judge, "reasoning", sample(), editor=name) for name in "ab"] == [{"reasoning": 3}, {"reasoning": 4}]
    assert len(judge.files) == 2


def test_what_cannot_be_used_is_one_sentence(tmp_path):
    with pytest.raises(ConfigError, match="names no file of verdicts"):
        recorded(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="leave `editor` out"):
        Recorded.Options(path="{editor}.jsonl", editor="x")
    judge = recorded(lines(tmp_path / "v.jsonl", {"sample": "a", "metric": "reasoning", "score": 3}))
    with pytest.raises(ConfigError, match="does not say whose edits"):
        asked(judge, "reasoning", sample())
    with pytest.raises(ConfigError, match="by editor and sample, only"):
        judge.answer([Question("", ("words",), "How good is it?")])


@pytest.mark.parametrize(
    ("content", "said"), [("{", "is no JSON"), ("[1]", "not an object"), ('{"a": 1}', "has the fields 'a'")]
)
def test_a_line_that_is_no_verdict_is_told_by_its_number(content, said, tmp_path):
    path = tmp_path / "v.jsonl"
    path.write_text(f"\n{content}\n")
    with pytest.raises(DataError, match=f"line 2 .*{said}"):
        list(read_verdicts(path))


def test_a_study_with_recorded_verdicts_has_their_scores_and_their_failures(tmp_path):
    (tmp_path / "out").mkdir()
    rows = []
    for name in "ab":
        (tmp_path / f"{name}.png").write_bytes(png())
        (tmp_path / "out" / f"{name}.png").write_bytes(
            png(50, 30)
        )  # equal edits, and yet each has a verdict of its own
        rows.append({"id": name, "image": f"{name}.png", "instruction": "Push it"})
    lines(tmp_path / "t.jsonl", *rows)
    verdicts = [{"editor": one, "sample": "a", "metric": "reasoning", "score": n} for n, one in ((3, "x"), (9, "y"))]
    lines(tmp_path / "v.jsonl", *verdicts, {"editor": "x", "sample": "b", "metric": "reasoning", "failure": "refused"})
    config = {
        "benchmark": {"path": "t.jsonl"},
        "editors": [{"type": "replay", "name": name, "images": "out"} for name in "xy"],
        "judge": {"type": "recorded", "path": "v.jsonl"},
        "rubric": "reasoning",
        "out": "study",
    }
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(config))
    results = run_study(load_config(tmp_path / "c.yaml"))
    found = {
        (one.editor, one.sample): one.score if one.failure is None else one.failure.kind for one in results.verdicts
    }
    assert found == {("x", "a"): 3, ("y", "a"): 9, ("x", "b"): "recorded-failure", ("y", "b"): "no-verdict"}
