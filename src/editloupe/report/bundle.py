"""ES modules -> one script, which a page from disk may run where it may not load modules.

The modules share one scope in the script, so no two of them may declare the same name at the top; that, a circle and an
import of a name that is not exported are refused. What an import means is thereby the same here and in a browser.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["bundle", "in_order"]

_IMPORT = re.compile(r"^import \{(\w+(?:, \w+)*)\} from '\./([\w-]+)\.js';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async function|class|const|function) )", re.MULTILINE)
_DECLARED = re.compile(r"^(export )?(?:async function|class|const|function|let) (\w+)", re.MULTILINE)
_ANY = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)


def in_order(entry: str, read: Callable[[str], str]) -> list[str]:
    """The modules that `entry` needs, and itself last: each after those that it imports.

    Args:
        entry: a module's name, without its suffix.
        read: the source by a module's name.

    Raises:
        ValueError: modules import each other in a circle.
    """
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            raise ValueError(f"modules import each other in a circle: {' -> '.join((*path, name))}")
        if name not in order:
            for _, needed in _IMPORT.findall(read(name)):
                visit(needed, (*path, name))
            order.append(name)

    visit(entry, ())
    return order


def bundle(entry: str, read: Callable[[str], str]) -> str:
    """The script that does what the module `entry` does.

    Args:
        entry: a module's name, without its suffix.
        read: the source by a module's name.

    Raises:
        ValueError: a circle, two declarations of one name, a name that is not exported, or a form of import or export
            other than ``import {a, b} from './name.js';`` and ``export`` before a declaration.
    """
    owner: dict[str, str] = {}
    exported: set[tuple[str, str]] = set()
    parts = []
    for name in in_order(entry, read):
        source = read(name)
        for names, module in _IMPORT.findall(source):
            for wanted in re.findall(r"\w+", names):
                if (module, wanted) not in exported:
                    raise ValueError(f"{name}.js imports {wanted!r}, which {module}.js does not export")
        for public, declared in _DECLARED.findall(source):
            if declared in owner:
                raise ValueError(f"{owner[declared]}.js and {name}.js both declare {declared!r} at the top")
            owner[declared] = name
            if public:
                exported.add((name, declared))
        plain = _EXPORT.sub("", _IMPORT.sub("", source))
        if left := _ANY.search(plain):
            raise ValueError(f"{name}.js: {left[0]!r} is a form of import or export that cannot be joined")
        parts.append(plain)
    return "".join(parts)
