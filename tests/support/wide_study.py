"""A study with everything that the page can show: three editors, categories, groups, metrics, failures, audit, probe.

Nothing in it depends on the date, the machine or chance.
"""

from PIL import Image

from editloupe.judge_quality.audit import Audit
from editloupe.judge_quality.card import card_of
from editloupe.judge_quality.probe import Probe
from editloupe.records import Failure
from editloupe.results import (
    Aggregate,
    BenchmarkInfo,
    Category,
    EditorInfo,
    JudgeInfo,
    ReplyCount,
    ReplyCounts,
    ReplyExample,
    Results,
    Scale,
    Speed,
    Verdict,
)
from editloupe.statistics.summary import Estimate

EDITORS = ("atlas", "brush", "chroma")
CATEGORIES = ("physical", "causal")
METRICS = ("reasoning", "consistency")
COLORS = ("white", "navy", "teal", "orange")


def score_of(editor, number, metric):
    """Whole points, so that a reader can check a filter by hand: 0 to 10."""
    return float((7 * number + 3 * editor + 5 * metric) % 11)


def failure_of(editor, number):
    if editor == 1 and number == 1:
        return Failure("edit", "out-of-memory", "no memory left")
    if editor == 2 and number == 2:
        return Failure("score", "prose", "no score in prose", reply="rather good")
    return None


HUMAN_MEAN = {
    "labelled": 3,
    "unlabelled": 9,
    "judge": 8.25,
    "mean": 6.25,
    "ci95": [5.5, 7.0],
    "labels_alone": [4.5, 8.0],
    "weight": 0.7,
    "wanted": 77,
}


def _audit():
    coefficients = ("spearman", "kendall", "pairwise_accuracy", "pairwise_accuracy_overall", "mae")
    ties = {kind: {"pairs": 20, "judge": 2, "truth": 1, "both": 0} for kind in ("within", "overall")}
    row = {"n": 20, "ties": ties, **{name: {"value": 0.5, "ci95": [0.4, 0.6]} for name in coefficients}}
    value = {"value": 0.75, "ci95": [0.6, 0.9]}
    order = {
        **dict.fromkeys(("accuracy", "accuracy_ties_wrong"), value),
        "pairs": 9,
        "right": 6,
        "wrong": 2,
        "ties": 1,
        "unscored": 0,
        "equal": 0,
        "equal_agreed": 0,
    }
    dimension = {
        **order,
        "score": "overall",
        **dict.fromkeys(("macro", "macro_ties_wrong"), value),
        "groups": {"3": {"groups": 2, "unscored": 0, "right": 1, "value": 0.5, "ci95": None}},
        "categories": {"physical": order},
    }
    return {
        "judge": "tiny",
        "judge_signature": "plain",
        "rubric": "reasoning v1",
        "benchmark": "wide",
        "signature": "wide 1",
        "against": ["people", "preferences", "classes"],
        "n": 20,
        "unscored": 1,
        "overall": row,
        "expected": None,
        "readings": {"score": row, "first_draw": row, "expected": None},
        "preferences": {"score": {"overall": dimension}},
        "classes": {"score": {"overall": {"right": 5, "wrong": 6, "unscored": 1, **value}}},
        "human": {
            "raters": {"ann": 3, "bo": 2},
            "ratings": 5,
            "edits": 3,
            "unknown": 1,
            "changed": 2,
            "superseded": 0,
            "blind": 0.4,
            "flags": [{"rater": "ann", "editor": "atlas", "sample": "s000", "flag": "the score is of another picture"}],
            "between_raters": [{"raters": ["ann", "bo"], "n": 2, "spearman": value, "mae": value}],
        },
        "human_means": {
            "seed": 0,
            "drawn": 3,
            "of": 12,
            "width": 1.0,
            "editors": {
                "atlas": {"overall": HUMAN_MEAN, "categories": dict.fromkeys(CATEGORIES, HUMAN_MEAN)},
                "chroma": {"refused": "1 of 3 drawn edits are not rated"},
            },
        },
        "editors": dict.fromkeys(EDITORS, row),
        "categories": dict.fromkeys(CATEGORIES, row),
        "means": {name: {"judge": 5.0, "truth": 6.0} for name in EDITORS},
        "stability": {
            "questions": 8,
            "batch_size": 4,
            **{name: {"equal": 1.0, "largest_difference": 0.0} for name in ("batched", "reversed", "repeated")},
        },
        "modes": {
            "other": "reason",
            "questions": 8,
            "spearman": {"value": 0.7},
            "mean_absolute_difference": {"value": 1.25},
        },
    }


def _aggregate(variant, mean, editors):
    estimate = Estimate(12, 0, mean, None, None, None, None, None if variant == "official" else (4.0, 5.0), mean)
    return Aggregate("overall", variant, 0, 10, dict.fromkeys(editors, estimate), "over 2 of 2 groups")


def _replies():
    example = ReplyExample("atlas", "s000", "reasoning", "words about it. Score: 8")
    lost = ReplyExample("chroma", "s002", "reasoning", "rather good", "no score in prose")
    return ReplyCounts(70, 7, (ReplyCount("score-line", 66, (example,)),), (ReplyCount("prose", 4, (lost,), "score"),))


READING = {
    "version": 2,
    "before": 1,
    "changed": 2,
    "examples": [
        {"editor": "chroma", "sample": "s002", "metric": "reasoning", "before": 8.0, "before_kind": None, "now": None}
        | {"now_kind": "prose", "why": "no score in prose"}
    ],
}


def _probe():
    return {
        "signature": "wide 1",
        "judges": [{"name": name, "signature": "plain", "mode": "score"} for name in ("tiny", "other")],
        "unreadable": [0, 1],
        "questions": 3,
        "compared": 2,
        "equal": 0.5,
        "mean_difference": 0.5,
        "largest_difference": 1.0,
        "bias": -0.5,
        "pairs": [{"editor": "atlas", "sample": "s000", "metric": "reasoning", "scores": [8.0, None]}],
    }


def study(folder, samples=12, editors=EDITORS, language="en"):
    """The study, with its pictures in `folder`: sources and edits of one plain color each."""
    (folder / "images").mkdir(exist_ok=True)
    for color in COLORS:
        Image.new("RGB", (640, 480), color).save(folder / "images" / f"{color}.png")
    verdicts, overall = [], {}
    for number in range(samples):
        sample = f"s{number:03d}"
        for at, name in enumerate(editors):
            failure = failure_of(at, number)
            scores = [None if failure else score_of(at, number, metric) for metric in range(2)]
            overall[name, sample] = None if failure else sum(scores) / 2
            image = None if failure and failure.stage == "edit" else f"images/{COLORS[1 + at % 3]}.png"
            for metric, score in zip(METRICS, scores, strict=True):
                verdicts.append(
                    Verdict(
                        editor=name,
                        sample=sample,
                        category=CATEGORIES[number % 2],
                        metric=metric,
                        score=score,
                        cluster=sample,
                        instruction=f"make picture {number} dusk",
                        judge="tiny",
                        failure=failure,
                        reply=None if failure else f"words about {metric} number{number}of{name}. Score: {score:g}",
                        image=image,
                        digest=None if image is None else f"{100 * number + at:064x}",
                        sources=("images/white.png",),
                        groups={"language": ("en", "cn")[number // 2 % 2]},
                    )
                )
    counts = [sum(number % 2 == at for number in range(samples)) for at in range(2)]
    return Results(
        version="0.1.0",
        signature="editloupe wide",
        benchmark=BenchmarkInfo(
            "wide",
            "r1",
            tuple(Category(one, one.title(), count) for one, count in zip(CATEGORIES, counts, strict=True)),
        ),
        judge=JudgeInfo("tiny", "plain", "an untrained judge: these scores mean nothing"),
        rubric="two-metrics",
        scale=Scale(),
        metrics=dict.fromkeys(METRICS, Scale()),
        editors=tuple(EditorInfo(name, f"{name} v1") for name in editors),
        verdicts=tuple(verdicts),
        overall=overall,
        speed={"edit": Speed(36, 18.0), "judge": Speed(72, 36.0)},
        config={"benchmark": "wide"},
        versions={"python": "3.11"},
        language=language,
        audit=Audit.from_json(_audit()),
        judge_card=card_of(Audit.from_json(_audit())),
        card="Asks whether the edit does what the instruction means.",
        aggregates=tuple(
            _aggregate(variant, mean, editors) for variant, mean in (("official", 5.0), ("corrected", 4.5))
        ),
        probe=Probe.from_json(_probe()),
        replies=_replies(),
        drawn={"samples": ["s000", "s004", "s007"], "editors": ["atlas"]},
        reading=READING,
        hardware={"edit": {"device": "a small machine"}},
        cost={"tiny": {"prompt_tokens": 7, "reply_tokens": 2, "cost": 0.5, "currency": "USD"}},
    )
