"""Where exactly a JSON file breaks.

Streaming parsers say that a file is broken, not where: ijson's message shows the surroundings, without a position. So
once it has complained, the file is walked again by this small scanner, which looks at nothing but the grammar
(RFC 8259) and runs at the speed of a few regular expressions.

msgspec was tried in its place and refused: it accepts strings that are no UTF-8, the position that it gives is wrong
for some broken files, and it takes 143 MB of memory for a file of 150 MB, which this maps and never holds.
"""

from __future__ import annotations

import mmap
import re
from pathlib import Path

__all__ = ["find_break"]

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'(?:[^"\\\x00-\x1f]++|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+')
_ESCAPE = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?+")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?(?:[eE][+-]?[0-9]++)?")
# the longest piece that could still become a number
_NUMBER_BEGUN = re.compile(rb"-?(?:(?:0|[1-9][0-9]*+)(?:\.[0-9]*+)?+(?:(?<=[0-9])[eE](?:[+-]?[0-9]*+)?+)?+)?+")
_WORDS = {b"t": b"true", b"f": b"false", b"n": b"null"}

_EXPECTED = {
    "value": "a value",
    "first": "a value or the end of the list",
    "key": "a key in quotes",
    "first key": "a key in quotes or the end of the object",
    "colon": "a colon",
    "next": "a comma or the end of the list or object",
    "end": "nothing more",
}


_RELEASE = 1 << 24


class _Broken(Exception):  # noqa: N818 - control flow of this file
    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset
        self.reason = reason


def find_break(path: Path) -> tuple[int, str] | None:
    """Find the first byte after which a file can no longer become valid JSON.

    Args:
        path: the file; a UTF-8 byte order mark is accepted.

    Returns:
        The byte's offset from the beginning of the file (its size, where it only ends too early) and what is wrong
        there; None for valid JSON.
    """
    if path.stat().st_size == 0:  # which cannot be mapped
        return 0, "the file is empty"
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        try:
            _walk(data)
        except _Broken as broken:
            return broken.offset, broken.reason
    return None


def _walk(data: mmap.mmap) -> None:
    state = "value"
    closers: list[bytes] = []
    position = _skip(data, 3 if data[:3] == b"\xef\xbb\xbf" else 0)
    released = 0
    while position < len(data):
        if position - released > _RELEASE:
            released = _release(data, released, position)
        byte = data[position : position + 1]
        if state == "next" and byte == b",":
            state, position = ("key" if closers[-1] == b"}" else "value"), position + 1
        elif state in ("next", "first", "first key") and byte == closers[-1]:
            closers.pop()
            state, position = ("next" if closers else "end"), position + 1
        elif state == "colon" and byte == b":":
            state, position = "value", position + 1
        elif state in ("key", "first key") and byte == b'"':
            state, position = "colon", _string(data, position)
        elif state in ("value", "first") and byte in (b"[", b"{"):
            closers.append(b"]" if byte == b"[" else b"}")
            state, position = ("first" if byte == b"[" else "first key"), position + 1
        elif state in ("value", "first"):
            position = _scalar(data, position, byte, state)
            state = "next" if closers else "end"
        else:
            raise _unexpected(position, byte, state)
        position = _skip(data, position)
    if state != "end":
        raise _Broken(len(data), f"the file ends where {_EXPECTED[state]} should follow")


def _release(data: mmap.mmap, start: int, position: int) -> int:
    """Give the pages back that have been walked: mapped pages count as memory of this process until then."""
    end = position - position % mmap.PAGESIZE
    if hasattr(mmap, "MADV_DONTNEED"):  # absent on Windows
        data.madvise(mmap.MADV_DONTNEED, start, end - start)
    return end


def _skip(data: mmap.mmap, position: int) -> int:
    space = _SPACE.match(data, position)
    return space.end() if space else position


def _scalar(data: mmap.mmap, position: int, byte: bytes, state: str) -> int:
    if byte == b'"':
        return _string(data, position)
    if byte in _WORDS:
        word = _WORDS[byte]
        for index, letter in enumerate(word):
            _need(data, position + index, letter == data[position + index] if position + index < len(data) else False)
        return position + len(word)
    begun = _NUMBER_BEGUN.match(data, position)
    if begun is None or begun.end() == position:
        raise _unexpected(position, byte, state)
    whole = _NUMBER.match(data, position)
    _need(data, begun.end(), whole is not None and whole.end() == begun.end())
    return begun.end()


def _need(data: mmap.mmap, position: int, good: bool) -> None:
    if not good and position >= len(data):
        raise _Broken(len(data), "the file ends inside a value")
    if not good:
        raise _Broken(position, f"{data[position : position + 1]!r} inside a number or word")


def _string(data: mmap.mmap, opening: int) -> int:
    body = _STRING.match(data, opening + 1)
    end = body.end() if body else opening + 1
    try:
        data[opening + 1 : end].decode()
    except UnicodeDecodeError as error:
        if error.end == end - opening - 1 == len(data) - opening - 1 and "end of data" in error.reason:
            raise _Broken(len(data), "the file ends inside a string") from error
        raise _Broken(opening + 1 + error.start, f"a string holds bytes that are not UTF-8 ({error.reason})") from error
    if data[end : end + 1] == b'"':
        return end + 1
    escape = _ESCAPE.match(data, end)
    if escape:
        end = escape.end()
    if end >= len(data):
        raise _Broken(len(data), f"the file ends inside a string that begins at byte {opening}")
    what = "is no escape sequence" if escape else "may not stand in a string as it is"
    raise _Broken(end, f"{data[end : end + 1]!r} {what}")


def _unexpected(position: int, byte: bytes, state: str) -> _Broken:
    return _Broken(position, f"found {byte!r}, expected {_EXPECTED[state]}")
