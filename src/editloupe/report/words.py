"""The report's own words, English and Chinese, and how numbers and foreign text are written in it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from editloupe.report.study_results import Language
from editloupe.statistics.summary import Estimate

__all__ = ["WORDS", "interval", "number", "one_line", "printable", "words"]

WORDS: dict[str, tuple[str, str]] = {
    "about": ("About this study", "关于本次评测"),
    "audit_agreement": ("Agreement with the truth", "与真值的一致性"),
    "audit_compared": ("scores compared", "个分数参与比较"),
    "audit_equal": ("equal scores", "相同分数"),
    "audit_expected": ("expected after reasoning", "推理后的期望分"),
    "audit_modes": (
        "In the answer mode “{mode}” instead: Spearman {spearman}, mean difference {difference}, {questions} scores.",
        "改用回答模式 {mode}：Spearman {spearman}，平均差异 {difference}，{questions} 个分数。",
    ),
    "audit_largest": ("largest difference", "最大差异"),
    "audit_means": ("Means", "均值"),
    "audit_note": (
        "Accuracy is over pairs that truth and judge both decide; intervals are 95 %, clustered by source image.",
        "成对准确率只统计真值与评审均可区分的对；区间为 95%，按源图像聚类。",
    ),
    "audit_stability": ("Stability", "稳定性"),
    "audit_truth": ("Truth", "真值"),
    "batched": ("in batches", "分批"),
    "benchmark": ("Benchmark", "基准"),
    "category": ("Category", "类别"),
    "by_category": ("By category", "分类别"),
    "by_metric": ("By metric", "分指标"),
    "by_group": ("By group", "分组"),
    "config": ("Configuration", "配置"),
    "count": ("Count", "数量"),
    "edit": ("Editing", "编辑"),
    "editor": ("Editor", "编辑模型"),
    "editors": ("editors", "个编辑模型"),
    "example": ("Example", "示例"),
    "failed": ("Failed", "失败"),
    "failures": ("Failures", "失败"),
    "failure_note": (
        "A failure is never a score: it is counted here and in every table.",
        "失败从不折算成分数：在此处和每张表中单独计数。",
    ),
    "failed_note": ("counts what failed.", "为失败的数量。"),
    "gallery": ("Gallery", "图库"),
    "instruction": ("Instruction", "指令"),
    "interval": ("95 % interval", "95% 置信区间"),
    "interval_note": (
        "Lines are 95 % intervals of the mean, clustered by source image.",
        "横线为均值的 95% 置信区间，按源图像聚类。",
    ),
    "items": ("items", "项"),
    "judge": ("Judging", "评审"),
    "judge_page": ("How good is the judge", "评审质量"),
    "judge_name": ("Judge", "评审模型"),
    "kendall": ("Kendall τ-b", "Kendall τ-b"),
    "kind": ("Kind", "类型"),
    "leaderboard": ("Leaderboard", "排行榜"),
    "mae": ("abs. error", "绝对误差"),
    "mean": ("Mean", "均值"),
    "memory": ("peak memory", "峰值内存"),
    "message": ("Message", "信息"),
    "next": ("Next", "下一页"),
    "no_failures": ("Nothing failed.", "没有失败。"),
    "no_image": ("no image", "无图像"),
    "no_score": ("no score", "无分数"),
    "not_run": ("nothing was timed", "没有计时"),
    "overall": ("Overall", "总分"),
    "pairwise_accuracy": ("pairs, one sample", "同样本成对"),
    "pairwise_accuracy_overall": ("pairs, all", "全部成对"),
    "page": ("Page", "页"),
    "per_second": ("per second", "每秒"),
    "previous": ("Previous", "上一页"),
    "report": ("report", "报告"),
    "repeated": ("asked once more", "再次询问"),
    "reversed": ("in reverse order", "逆序"),
    "rubric": ("Rubric", "评分标准"),
    "samples": ("samples", "个样本"),
    "seconds": ("seconds", "秒"),
    "signature": ("Signature", "签名"),
    "source": ("Source", "源图像"),
    "speed": ("Speed", "速度"),
    "spearman": ("Spearman", "Spearman"),
    "stability_note": (
        "{questions} questions asked again, compared with asking one by one (batches of {batch_size}).",
        "{questions} 个问题再次询问，与逐个询问比较（每批 {batch_size} 个）。",
    ),
    "stage": ("Stage", "阶段"),
    "stage_edit": ("edit", "编辑"),
    "stage_judge": ("judge", "评审"),
    "stage_sample": ("sample", "样本"),
    "stage_score": ("score", "评分"),
    "versions": ("Versions", "版本"),
    "words": ("The judge’s words", "评审原话"),
    "worst_note": ("Mean if failures count as worst", "失败按最低分计的均值"),
}

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def words(language: Language) -> Mapping[str, str]:
    """The words of one language by key."""
    return {key: pair[language == "zh"] for key, pair in WORDS.items()}


def number(value: float | None, digits: int = 2) -> str:
    """A number with fixed digits; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def interval(estimate: Estimate) -> str:
    """``low – high``, or a dash."""
    if estimate.ci95 is None:
        return "–"
    return f"{estimate.ci95[0]:.2f} – {estimate.ci95[1]:.2f}"


def printable(text: str) -> str:
    """Leave out control characters, which no page can show, and replace lone surrogates, which no file can hold."""
    return _CONTROL.sub("", text).encode("utf-8", "replace").decode("utf-8")


def one_line(text: str, limit: int = 160) -> str:
    """The text on one line of at most `limit` characters."""
    line = " ".join(printable(text).split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
