"""What `--where` and `--top` may say: two small grammars, parsed and never evaluated as a program.

    condition   = clause { "or" clause }
    clause      = part { "and" part }
    part        = "not" part | "(" condition ")" | comparison
    comparison  = value operator value { operator value }
    value       = a number | the name of a score | the name in quotes
    operator    = "<" | "<=" | ">" | ">=" | "==" | "!="

It is a part of Python's grammar, so Python's own parser reads it; every other construct is refused.
"""

from __future__ import annotations

import ast
import math
import operator
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from editloupe.errors import ConfigError
from editloupe.plugins import nearest

__all__ = ["Condition", "Top", "condition_of", "top_of"]

Scores = Mapping[str, float]

_OPERATORS: dict[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}

LONGEST = 2_000
"""Characters of a condition; a longer one is no condition, and nesting without end is no use to a parser."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition on the scores of an edit.

    Attributes:
        text: as it was written.
        names: the scores that it looks at.
        holds: whether an edit with these scores meets it; all of `names` are needed.
    """

    text: str
    names: frozenset[str]
    holds: Callable[[Scores], bool]


@dataclass(frozen=True, slots=True)
class Top:
    """How many of a group are kept, the best first: a number, or a share in percent, rounded up."""

    text: str
    count: int | None
    percent: float | None

    def of(self, number: int) -> int:
        """How many of so many."""
        if self.percent is None:
            return min(number, self.count or 0)
        return math.ceil(round(number * self.percent / 100, 9))


def condition_of(text: str, known: Collection[str]) -> Condition:
    """Read a condition.

    Args:
        text: such as ``overall >= 8 and consistency >= 7``.
        known: the names of the study's scores.

    Raises:
        ConfigError: it is none, or names a score that the study does not have.
    """
    if len(text) > LONGEST:
        raise ConfigError(f"--where is {len(text)} characters long; at most {LONGEST} are read")
    try:
        tree = ast.parse(text.strip(), mode="eval").body
        names: set[str] = set()
        holds = _condition(tree, text, known, names)
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError) as error:
        raise _refused(text) from error
    if not names:
        raise ConfigError(f"--where {text!r} looks at no score; this study has: {', '.join(known)}")
    return Condition(text, frozenset(names), holds)


def top_of(text: str) -> Top:
    """Read how many are kept: ``100``, ``20%``.

    Raises:
        ConfigError: it is neither.
    """
    plain = text.strip()
    if re.fullmatch(r"[0-9]+", plain) and int(plain) > 0:
        return Top(plain, int(plain), None)
    share = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*%", plain)
    if share and 0 < float(share[1]) <= 100:
        return Top(plain, None, float(share[1]))
    raise ConfigError(f"--top is {text!r}; give a whole number above 0, or a share above 0% and up to 100%")


def _condition(tree: ast.expr, text: str, known: Collection[str], names: set[str]) -> Callable[[Scores], bool]:
    if isinstance(tree, ast.BoolOp):
        parts = [_condition(part, text, known, names) for part in tree.values]
        every = isinstance(tree.op, ast.And)
        return lambda scores: (all if every else any)(part(scores) for part in parts)
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.Not):
        inner = _condition(tree.operand, text, known, names)
        return lambda scores: not inner(scores)
    if isinstance(tree, ast.Compare):
        values = [_value(value, text, known, names) for value in (tree.left, *tree.comparators)]
        if any(type(sign) not in _OPERATORS for sign in tree.ops):
            raise _refused(text)
        compare = [_OPERATORS[type(sign)] for sign in tree.ops]
        return lambda scores: all(
            sign(left(scores), right(scores)) for sign, left, right in zip(compare, values, values[1:], strict=False)
        )
    raise _refused(text)


def _value(tree: ast.expr, text: str, known: Collection[str], names: set[str]) -> Callable[[Scores], float]:
    minus = isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub)
    plain = tree.operand if minus and isinstance(tree, ast.UnaryOp) else tree
    stated = plain.value if isinstance(plain, ast.Constant) else None
    if isinstance(stated, int | float) and not isinstance(stated, bool) and math.isfinite(stated):
        number = -float(stated) if minus else float(stated)
        return lambda _: number
    name = plain.id if isinstance(plain, ast.Name) else stated
    if minus or not isinstance(name, str):
        raise _refused(text)
    if name not in known:
        raise ConfigError(f"--where: no score is called {name!r}{nearest(name, known)}; there are: {', '.join(known)}")
    names.add(name)
    return lambda scores: scores[name]


def _refused(text: str) -> ConfigError:
    return ConfigError(
        f"--where {text!r:.200} cannot be read; it compares scores with numbers (< <= > >= == !=), joined by `and`, "
        "`or`, `not` and parentheses; a name that is no plain word stands in quotes"
    )
