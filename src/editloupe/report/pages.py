"""Results -> the files of the HTML report: one page that holds the program and the overview, and chunks of data.

The page is safe to open whatever a benchmark, an editor or a judge wrote. Data reaches it as JSON and becomes text
nodes, never markup: the Content-Security-Policy allows only the page's own script and style sheet (by their hashes) and
what this script itself loads, and Trusted Types forbid turning text into markup or into foreign addresses altogether.
No request leaves the page.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from editloupe.report.bundle import bundle
from editloupe.report.gallery import PER_CHUNK
from editloupe.report.remarks import warnings_of
from editloupe.report.tables import Tables
from editloupe.report.words import WORDS, interval, number, one_line, printable, words

__all__ = ["CHUNKS", "as_script", "chunk_name", "html_page"]

CHUNKS = "report-data"
"""The folder of the chunks, beside the page."""

PROGRAM = "app"
"""The module that the program begins with; it imports the others."""

STYLES = ("ground", "tables", "gallery", "sample", "narrow")


def chunk_name(number: int) -> str:
    """The name of a chunk of samples, from 0."""
    return f"samples-{number:04d}"


def as_script(name: str, data: Any) -> bytes:
    """A chunk as the script that brings it: a page from disk may load scripts, but not fetch its neighbours."""
    return f"editloupe({_json(name)},{_json(data)});\n".encode("utf-8", "replace")


def html_page(
    tables: Tables,
    overview: Mapping[str, Any],
    chunks: Mapping[str, bytes],
    *,
    inside: Mapping[str, Any] | None = None,
    single: Mapping[str, int] | None = None,
    part: Mapping[str, int] | None = None,
) -> bytes:
    """Return the bytes of the page.

    Args:
        tables: of the study.
        overview: what `overview.overview_of` returned.
        chunks: bytes of the script by the name of each chunk; the page asks for them by their hashes.
        inside: the data by the name of each chunk, for a page that has no neighbours.
        single: for such a page, ``{shown, all}``: of how many samples it holds the pictures.
        part: ``{shown, all}`` where the gallery holds only some of the samples.
    """
    results = tables.results
    environment = Environment(
        loader=PackageLoader("editloupe.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join(_own(f"{name}.css") for name in STYLES)
    script = "'use strict';(() => {\n" + bundle(PROGRAM, _module) + "})();\n"
    hashes = {name: hashlib.sha256(data).hexdigest()[:12] for name, data in chunks.items()}
    manifest = {
        "files": hashes or dict.fromkeys(inside or (), ""),
        "per_chunk": PER_CHUNK,
        "single": single,
        "part": part,
    }
    blocks = {"overview": overview, "words": WORDS, "manifest": manifest, **(inside or {})}
    pictures = "data:" if inside is not None else "'self' file:"
    policy = (
        f"default-src 'none'; script-src 'sha256-{_sha256(script)}' 'strict-dynamic'; "
        f"style-src 'sha256-{_sha256(style)}'; img-src {pictures}; base-uri 'none'; form-action 'none'; "
        "require-trusted-types-for 'script'; trusted-types editloupe"
    )
    rows = [
        {
            "editor": one_line(standing.editor.name, 80),
            "mean": number(standing.overall.mean),
            "interval": interval(standing.overall),
            "n": standing.overall.n,
            "failed": standing.overall.failed,
        }
        for standing in tables.ranked
    ]
    html = environment.get_template("report.html").render(
        language=results.language,
        text=words(results.language),
        title=printable(results.heading),
        warnings=warnings_of(results),
        csp=policy,
        rows=rows,
        # Nothing of a study is in the first two; in the third, no `<` is left that could end the block.
        style=Markup(style),  # noqa: S704
        script=Markup(script),  # noqa: S704
        blocks={name: Markup(_json(data)) for name, data in blocks.items()},  # noqa: S704
    )
    return html.encode("utf-8", "replace")  # of a lone surrogate, which no file can hold


def _module(name: str) -> str:
    return _own(f"{name}.js")


def _own(name: str) -> str:
    return (files("editloupe.report") / "app" / name).read_text(encoding="utf-8")


def _json(data: Any) -> str:
    """JSON that may stand in a script: `<` could begin a tag there, and U+2028 once ended a line."""
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _sha256(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
