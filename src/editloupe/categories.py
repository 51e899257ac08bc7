"""The five kinds of reasoning, by their English ids, with the names people write for them."""

from __future__ import annotations

__all__ = ["FIVE", "LABELS", "LABELS_ZH", "category_id"]

FIVE = ("physical", "environmental", "cultural", "causal", "referential")

LABELS_ZH = {"physical": "物理", "environmental": "环境", "cultural": "社会", "causal": "因果", "referential": "指代"}

LABELS = {name: name.capitalize() for name in FIVE}

_IDS = {
    **{name: name for name in FIVE},
    **{chinese: english for english, chinese in LABELS_ZH.items()},
    "environment": "environmental",
    "social": "cultural",
    "文化": "cultural",
    "reference": "referential",
}


def category_id(name: str) -> str:
    """Return the English id of one of the five categories, or the name itself (stripped) where it is another."""
    name = name.strip()
    return _IDS.get(name.lower(), name)
