"""What the `classic` editor understands: from an instruction in English or Chinese to steps.

An instruction is cut into clauses. What stands before a colon is its reason ("It is night now: darken the picture") and
is not looked at. A clause is understood when it names an operation and *every* other word in it is known: "darken the
sky" is refused, because a part of the picture is meant, and "do not blur it" because of "not". A clause without an
operation is taken as scenery, unless it is a request itself or continues one ("darken the picture and add stars").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from editloupe.errors import InstructionError

__all__ = ["KNOWN", "Step", "steps"]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation to carry out.

    Attributes:
        operation: its name in `classic_operations.OPERATIONS`.
        strength: 1 as it comes, 0.5 for "slightly", 1.6 for "strongly".
        degrees: of a rotation, counter-clockwise.
        choice: the region of a crop or the colour of a tint.
    """

    operation: str
    strength: float = 1.0
    degrees: float = 0.0
    choice: str = ""


@dataclass(frozen=True, slots=True)
class _Rule:
    """How an operation is named, in either language, and which details it takes."""

    operation: str
    pattern: re.Pattern[str]
    detail: str = ""


def _words(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


_MORE = r"\b(?:increase|raise|boost|strengthen|enhance|more|higher)\b|增加|提高|加强|增强|加大"
_LESS = r"\b(?:decrease|reduce|lower|less|weaken|soften)\b|降低|减少|减弱|减小"

_RULES = tuple(
    _Rule(operation, _words(pattern), detail)
    for operation, detail, pattern in (
        (
            "brighten",
            "",
            rf"\b(?:brighten|brighter|lighten|lighter)\b|(?:{_MORE})(?=.*(?:brightness|亮度))|提亮|[调变更]亮",
        ),
        ("darken", "", rf"\b(?:darken|darker|dim|dimmer)\b|(?:{_LESS})(?=.*(?:brightness|亮度))|[调变压更]暗"),
        ("grayscale", "", r"\bgr[ae]yscale\b|\bblack[- ]and[- ]white\b|\bmonochrome\b|黑白|灰度|单色"),
        ("sepia", "", r"\bsepia\b|棕褐色?|怀旧|老照片"),
        ("blur", "", r"\b(?:blur|blurry|blurrier|blurred)\b|模糊|虚化"),
        ("sharpen", "", r"\b(?:sharpen|sharper)\b|锐化|更?清晰"),
        (
            "rotate",
            "angle",
            r"\brotate\b|\bturn\b(?=.*(?:\d\s*(?:°|deg)|\bupside[- ]down\b|clockwise))|旋转|转(?=\s*\d)",
        ),
        ("crop", "region", r"\bcrop\b|裁[剪切]|裁(?=成)|只保留"),
        ("tint", "colour", r"\btint\b|(?<=色)(?:色调|滤镜)|(?<=[红橙黄绿青蓝紫粉])色调|染成"),
        ("mirror", "axis", r"\b(?:mirror|flip)\b(?!.*\b(?:vertical|upside))|\b(?:mirror|flip)\b(?=.*\bhorizontal)"),
        ("mirror", "axis", r"(?:左右|水平)(?:翻转|镜像)|(?<!垂直)(?<!上下)(?<!左右)(?<!水平)镜像"),
        ("flip", "axis", r"\b(?:mirror|flip)\b(?=.*\b(?:vertical|upside))|(?:上下|垂直)(?:翻转|镜像)"),
        ("invert", "", r"\binvert\b(?!.*\bnegative\b)|\bnegative\b|反相|反色|(?:变成|转成|转为|做成)负片"),
        ("more contrast", "", rf"(?:{_MORE})(?=.*(?:contrast|对比度))"),
        ("less contrast", "", rf"(?:{_LESS})(?=.*(?:contrast|对比度))"),
        ("saturate", "", rf"\bsaturate\b|(?:{_MORE})(?=.*(?:saturat|vivid|colou?rful|饱和度))|更?鲜艳"),
        ("desaturate", "", rf"\bdesaturate\b|(?:{_LESS})(?=.*(?:saturat|vivid|colou?rful|饱和度))"),
        ("posterize", "", r"\bposteri[sz]e\b|色调分离|海报化"),
        ("warmer", "", r"\bwarm(?:er)?\b|[更变]暖|暖(?=色)"),
        ("colder", "", r"\b(?:cold(?:er)?|cool(?:er)?)\b|[更变]冷|冷(?=色)"),
        ("pixelate", "", r"\bpixel(?:ate|ated|late)\b|像素化|马赛克"),
    )
)

KNOWN = tuple(dict.fromkeys(rule.operation for rule in _RULES))
"""The operations by name, for messages."""

_COLOURS = {
    "red": "红",
    "orange": "橙",
    "yellow": "黄",
    "green": "绿",
    "cyan": "青",
    "blue": "蓝",
    "purple": "紫",
    "pink": "粉",
    "brown": "棕",
}

# what each kind of detail looks like: the choices and their patterns
_DETAILS: dict[str, dict[str, re.Pattern[str]]] = {
    "region": {
        "left": _words(r"\bleft(?:[- ]hand)?(?: (?:half|side|part))?\b|左半?"),
        "right": _words(r"\bright(?:[- ]hand)?(?: (?:half|side|part))?\b|右半?"),
        "top": _words(r"\b(?:top|upper)(?: (?:half|part))?\b|上半?"),
        "bottom": _words(r"\b(?:bottom|lower)(?: (?:half|part))?\b|下半?"),
        "center": _words(r"\b(?:middle|cent(?:er|re)|central)(?: part)?\b|中[间心央]"),
    },
    "colour": {english: _words(rf"\b{english}(?:ish)?\b|{chinese}色?") for english, chinese in _COLOURS.items()},
    "axis": {
        "horizontal": _words(r"\bhorizontal(?:ly)?\b|\bleft to right\b|\bleft[- ]right\b"),
        "vertical": _words(r"\bvertical(?:ly)?\b|\bupside[- ]down\b"),
    },
    "angle": {
        "degrees": _words(r"(?P<number>\d+(?:\.\d+)?)[ -]*(?:°|degrees?\b|deg\b|度)"),
        "half": _words(r"\bupside[- ]down\b"),
        "left": _words(r"\b(?:counter[- ]?clockwise|anti-?clockwise)\b|\bto the left\b|逆时针|向左"),
        "right": _words(r"(?<!counter)(?<!counter[- ])(?<!anti)(?<!anti-)\bclockwise\b|\bto the right\b|顺时针|向右"),
    },
}

_WEAK = _words(r"\b(?:slightly|gently|somewhat|a bit|a little)\b|稍微?|略微?|轻微|一点|有点")
_STRONG = _words(r"\b(?:strongly|heavily|much|very|a lot|drastically)\b|强烈|大幅|非常|大大|明显|很")

# words that add nothing to an operation; "and" is left over only where it joins two axes, "invert"
# only beside "negative"
_ENGLISH = frozenset(
    re.findall(
        r"\w+",
        """
        please now just simply also finally first then again the this it its everything all whole entire full complete
        overall completely a an of by to in into for on at with up be look appear make turn render convert change
        transform set let give apply add use put picture photo photograph image shot scene frame colour colours color
        colors tone tones cast filter effect version bit little more contrast saturation saturated brightness vivid
        colourful colorful and invert
        """,
    )
)
_CHINESE = _words(
    "对比度|请|首先|先|最后|整体|整个|整|这|图片|照片|画面|图像|影像|图|张|幅|个|它|全部|都|把|将|让|使|给|对|进行|处理|做|调整|调|加上|添加|加|一[个种张]|"
    "变|转|换|改|成|为|到|得|地|的|了|更|色彩|颜色|色调|色|效果|滤镜|一些|一下|些|亮度|饱和度|部分|半边|边|现在|看起来|负片"
)

_REASON = re.compile(r"^.*[:：](?!\d)", re.DOTALL)
_SENTENCES = re.compile(r"[.](?!\d)|[;!?\n；。！？]")
_JOINTS = re.compile(
    r"(?P<new>[,，、]|\bso that\b|\bbecause\b|\bas if\b|因为|以便)|"
    r"(?P<joined>(?<!\bblack) and (?:then )?(?!(?:horizontal|vertical))|\bthen\b|然后|并且|而且|同时|接着|再|并)",
    re.IGNORECASE,
)
_STATEMENT = _words(r"\b(?:is|are|was|were|has|have|had|seems?|looks|became|will|can)\b")
_REQUEST = _words(
    r"^\W*(?:(?:please|now|also|then) )*(?:add|remove|replace|put|move|change|turn|make|let|draw|give|show|paint|erase|"
    r"delete|place|insert|take|fill|swap|open|close|convert|render|apply|increase|reduce|raise|lower|keep|do|don't|cut)\b|"
    r"^\W*请?(?:把|将|让|使|给|在.{0,12}(?:放|画|加|倒)|添加|增加|加上|移除|去掉|删除|去除|替换|换成|画|放|不要|别)"
)


def steps(instruction: str) -> list[Step]:
    """Return what an instruction asks for, in its order; at least one step.

    Raises:
        InstructionError: it names no known operation, or something else besides.
    """
    steps: list[Step] = []
    for joined, clause in _clauses(instruction):
        some = _steps(clause, instruction)
        if not some and (joined or _REQUEST.search(clause)):
            raise _not_understood(instruction, f"{clause.strip()!r} is no operation")
        steps += some
    if not steps:
        raise _not_understood(instruction, "it names no operation")
    return steps


def _clauses(instruction: str) -> Iterator[tuple[bool, str]]:
    """Yield (whether it continues a request, clause); reasons before a colon are left out."""
    for sentence in _SENTENCES.split(instruction):
        rest = _REASON.sub("", sentence)
        joined, start, active = False, 0, False
        for joint in [*_JOINTS.finditer(rest), None]:
            clause = rest[start : joint.start() if joint else len(rest)]
            if clause.strip():
                yield joined and active, clause
                active = any(rule.pattern.search(clause) for rule in _RULES)
            if joint:
                joined, start = joint.group("joined") is not None or (joined and not clause.strip()), joint.end()


def _steps(clause: str, instruction: str) -> list[Step]:
    if _STATEMENT.search(clause):
        return []
    matches = sorted(
        ((match, rule) for rule in _RULES for match in rule.pattern.finditer(clause)),
        key=lambda step: step[0].start(),
    )
    if not matches:
        return []
    used = [match.span() for match, _ in matches]
    strength = 1.0
    for pattern, factor in ((_WEAK, 0.5), (_STRONG, 1.6)):
        for match in pattern.finditer(clause):
            strength = factor
            used.append(match.span())
    details: dict[str, re.Match[str]] = {}
    for kind in {rule.detail for _, rule in matches if rule.detail}:
        for choice, pattern in _DETAILS[kind].items():
            for match in pattern.finditer(clause):
                details[choice] = match
                used.append(match.span())
    unknown = _unknown(clause, used)
    if unknown:
        raise _not_understood(instruction, f"it does not know {', '.join(map(repr, unknown))} in {clause.strip()!r}")
    return [_step(rule, strength, details, instruction) for _, rule in matches]


def _unknown(clause: str, used: list[tuple[int, int]]) -> list[str]:
    """Return the words of a clause that are neither used for a step nor known to mean nothing more."""
    letters = list(clause)
    for start, end in used:
        letters[start:end] = " " * (end - start)
    rest = _CHINESE.sub(" ", "".join(letters))
    return [word for word in re.findall(r"[^\W_]+(?:['’-][^\W_]+)*", rest) if word.lower() not in _ENGLISH]


def _step(rule: _Rule, strength: float, details: dict[str, re.Match[str]], instruction: str) -> Step:
    if rule.detail == "angle":
        if not details:
            raise _not_understood(instruction, "a rotation needs its degrees or its direction")
        degrees = 180.0 if "half" in details else 90.0
        if "degrees" in details:
            degrees = float(details["degrees"].group("number"))
        return Step(rule.operation, degrees=degrees if "left" in details else -degrees)
    if rule.detail in ("region", "colour"):
        choices = [choice for choice in _DETAILS[rule.detail] if choice in details]
        if len(choices) > 1 or (rule.detail == "colour" and not choices):
            expected = "one colour of" if rule.detail == "colour" else "one region of"
            raise _not_understood(instruction, f"it needs {expected} {', '.join(_DETAILS[rule.detail])}")
        return Step(rule.operation, strength, choice=choices[0] if choices else "center")
    return Step(rule.operation, strength)


def _not_understood(instruction: str, why: str) -> InstructionError:
    return InstructionError(f"cannot carry out {instruction!r}: {why}; known are: {', '.join(KNOWN)}")
