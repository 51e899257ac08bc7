"""`docs/records.md`, made of the docstrings and annotations of what plugins are handed and hand back."""

import dataclasses
import inspect
import re

from editloupe import records
from editloupe.store import blobs

BEGIN = """# Records and the store

What plugins are handed and what they hand back: the records of `editloupe.records`, most of which `editloupe` itself
exports, and the store of `editloupe.store.blobs` to which a benchmark gives its images.
[design/plugins.md](design/plugins.md) shows them at work in a whole editor, benchmark and judge. This page is made of
the code's own docstrings.

Records are frozen: `dataclasses.replace` makes a changed one.
"""


def page():
    parts = [BEGIN, "## Records\n"]
    for name in records.__all__:
        thing = getattr(records, name)
        if not isinstance(thing, type):
            parts.append(f"### `{name}`\n\nOne of {', '.join(f'`{one}`' for one in thing.__args__)}.\n")
        else:
            parts.append(section(thing))
    parts.append("## The store\n")
    parts += [section(one) for one in (blobs.Store, blobs.NoStore)]
    return "\n".join(parts)


def section(thing):
    text, meanings = told(inspect.getdoc(thing))
    lines = [f"### `{thing.__name__}`", "", text, ""]
    if dataclasses.is_dataclass(thing):
        lines += ["| field | type | default | meaning |", "|---|---|---|---|"]
        for one in dataclasses.fields(thing):
            kind = one.type.replace("|", "\\|")
            lines.append(f"| `{one.name}` | `{kind}` | {default(one)} | {meanings.get(one.name, '')} |")
        lines.append("")
    for name, member in vars(thing).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, property)):
            continue
        what, _ = told(inspect.getdoc(member))
        call = name if isinstance(member, property) else f"{name}{signature(member)}"
        lines += [f"* `{call}`: {what}"]
    return "\n".join(lines).rstrip() + "\n"


def signature(function):
    found = inspect.signature(function)
    return str(found.replace(parameters=list(found.parameters.values())[1:])).replace("'", "")


def default(one):
    if one.default is not dataclasses.MISSING:
        return f"`{one.default!r}`"
    return f"`{one.default_factory()!r}`" if one.default_factory is not dataclasses.MISSING else ""


def told(docstring):
    """(what stands before the sections, with what is raised; the meaning of each attribute)."""
    text, _, rest = docstring.partition("\n\nAttributes:\n")
    text, _, raised = text.partition("\n\nRaises:\n")
    text = " ".join(text.split())
    if raised:
        text += f" Raises {' '.join(raised.split())}"
    meanings = {}
    for names, meaning in re.findall(r"^    (\w[\w, ]*): (.*(?:\n     .*)*)", rest, re.MULTILINE):
        for name in names.split(", "):
            meanings[name] = " ".join(meaning.split())
    return text.replace("``", "`"), {name: meaning.replace("``", "`") for name, meaning in meanings.items()}
