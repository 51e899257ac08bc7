"""What differs between two scenes, and how to say it in few words.

The words are the common language of the benchmark's rationale and of the embedded judge's replies::

    nothing                     the scenes look the same
    night, dim                  other background, other tone of the things
    b2 empty, b4 new red star   a thing went from b2 to b4
    c1 small blue               the thing in c1 became small and blue
    d3 lit, d4 dark             light fell on d3, and went away from d4
"""

from __future__ import annotations

from editloupe.shapes.scene import CELLS, COLOURS, KINDS, SIZES, Scene, Thing

__all__ = ["changed_places", "in_words", "in_words_zh"]

_ZH = {
    "day": "白天", "night": "黑夜", "snow": "雪地", "fog": "雾天",
    "clear": "颜色清晰", "dim": "颜色变暗", "white": "物体积雪", "pale": "颜色变淡",
    "empty": "变空", "new": "出现", "big": "大", "small": "小", "lit": "被照亮", "dark": "不再亮",
    "red": "红", "yellow": "黄", "green": "绿", "blue": "蓝", "purple": "紫",
    "circle": "圆形", "square": "正方形", "triangle": "三角形", "star": "星形", "cross": "十字",
    "flower": "花", "seed": "种子", "lamp": "灯", "nothing": "什么都没变",
}  # fmt: skip


def changed_places(before: Scene, after: Scene) -> list[str]:
    """Return where two scenes look different: ``background``, ``tone``, and cells in reading order."""
    places = [name for name in ("background", "tone") if getattr(before, name) != getattr(after, name)]
    return places + [
        cell
        for cell, old, new in zip(CELLS, before.cells, after.cells, strict=True)
        if (old and old.looks()) != (new and new.looks())
    ]


def in_words(before: Scene, after: Scene) -> str:
    """Say what changed, in English."""
    return ", ".join(" ".join(words) for words in _items(before, after)) or "nothing"


def in_words_zh(before: Scene, after: Scene) -> str:
    """Say what changed, in Chinese; cells keep their names."""
    return "，".join(_item_zh(*words) for words in _items(before, after)) or _ZH["nothing"]


def _item_zh(place: str, *words: str) -> str:
    text = "".join(_ZH[word] for word in words)
    return _ZH.get(place, place) + ("变" if words and words[0] in (*SIZES, *COLOURS, *KINDS) else "") + text


def _items(before: Scene, after: Scene) -> list[list[str]]:
    items = []
    for place in changed_places(before, after):
        if place in ("background", "tone"):
            items.append([getattr(after, place)])
        else:
            items.append([place, *_of_cell(before[place], after[place])])
    return items


def _of_cell(old: Thing | None, new: Thing | None) -> list[str]:
    if new is None:
        return ["empty"]
    if old is None:
        small = ["small"] if new.size == "small" else []
        return ["new", *small, new.colour, new.kind, *(["lit"] if new.lit else [])]
    words = [getattr(new, name) for name in ("size", "colour", "kind") if getattr(old, name) != getattr(new, name)]
    if old.lit != new.lit:
        words.append("lit" if new.lit else "dark")
    return words
