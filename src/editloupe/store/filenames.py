"""File names that people can read, from ids that may hold anything."""

from __future__ import annotations

import hashlib
import re

__all__ = ["safe_name"]

_KEPT = re.compile(r"[^\w.-]+")
LIMIT = 100
"""Bytes of a name; file systems allow 255 for the whole of it."""


def safe_name(identifier: str, taken: set[str]) -> str:
    """Return a name for a file or folder that holds no separator, is not hidden, not too long, and not in `taken`.

    A name that had to be changed, or that differs from a taken one only in case, gets a piece of the id's hash, so two
    ids never share a name. The name is added to `taken` (in lower case).
    """
    name = _KEPT.sub("_", identifier).strip("._-")
    name = name.encode()[:LIMIT].decode(errors="ignore")
    if name != identifier or name.casefold() in taken:
        mark = hashlib.sha256(identifier.encode("utf-8", "surrogatepass")).hexdigest()[:10]
        name = f"{name}-{mark}" if name else mark
    taken.add(name.casefold())
    return name
