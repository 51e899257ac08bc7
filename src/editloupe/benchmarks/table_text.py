"""The lines of a text file as other programs write it: their encoding, and where each line begins."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from pathlib import Path

from editloupe.errors import DataError

__all__ = ["broken", "encoding_of", "known_encoding", "lines", "refuse_other_files"]

_BOM = "\ufeff"
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_OTHERS = (
    (b"PK\x03\x04", "an Excel or ZIP file"),
    (b"\xd0\xcf\x11\xe0", "an old Excel file"),
    (b"PAR1", "a Parquet file"),
    (b"\x1f\x8b", "a gzip file"),
)
_HEAD = 4096


def encoding_of(head: bytes) -> str:
    """The encoding that the first bytes of a file tell: its mark, or the zero bytes of UTF-16; else UTF-8."""
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if marked is not None:
        return marked
    if len(head) >= 4 and head[1] == 0 and head[0] and head[3] == 0:
        return "utf-16-le"
    if len(head) >= 4 and head[0] == 0 and head[1] and head[2] == 0:
        return "utf-16-be"
    return "utf-8"


def refuse_other_files(path: Path, head: bytes) -> None:
    """Refuse what is called a table of text and is something else.

    Raises:
        DataError: it is a workbook, an archive or the like.
    """
    other = next((name for mark, name in _OTHERS if head.startswith(mark)), None)
    if other is not None:
        raise DataError(
            f"{str(path)!r} is {other}, whatever its extension says; in a spreadsheet save it as 'CSV UTF-8', "
            "unpack what is packed, and give a Parquet file the extension .parquet"
        )


def lines(path: Path, encoding: str | None = None) -> Iterator[tuple[int, int, str]]:
    """Yield (number from 1, byte offset, text) of each line.

    Args:
        path: the file.
        encoding: a codec's name; what the file's first bytes tell where None.

    Raises:
        DataError: it is no text in that encoding.
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
        refuse_other_files(path, head)
        if b"\r" in head and b"\n" not in head and len(head) < _HEAD:
            raise DataError(f"{str(path)!r} ends its lines with a bare carriage return; save it with other line ends")
        file.seek(0)
        codec = encoding or encoding_of(head)
        if codecs.lookup(codec).name.startswith(("utf-16", "utf-32")):
            yield from _wide(path, codec, stated=encoding is not None)
        else:
            yield from _by_bytes(path, file, codec, stated=encoding is not None)


def _by_bytes(path: Path, file: Iterable[bytes], codec: str, *, stated: bool) -> Iterator[tuple[int, int, str]]:
    """Lines of an encoding in which the byte of a line's end is nothing else."""
    offset = 0
    for number, raw in enumerate(file, 1):
        try:
            line = raw.decode(codec)
        except UnicodeDecodeError as error:
            hint = ", as `encoding` states" if stated else _hint(path)
            name = "UTF-8" if codec == "utf-8" else codec
            raise broken(path, number, offset + error.start, f"not {name} ({error.reason}){hint}") from error
        if number == 1 and line.startswith(_BOM):
            yield number, len(_BOM.encode(codec)), line.removeprefix(_BOM)
        else:
            yield number, offset, line
        offset += len(raw)


def _wide(path: Path, codec: str, *, stated: bool) -> Iterator[tuple[int, int, str]]:
    """Lines of an encoding of two or four bytes a letter."""
    number, width = 0, {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(codec, codec)
    offset = len(_BOM.encode(width)) if width != codec else 0
    try:
        with path.open(encoding=codec, newline="\n") as file:
            for number, line in enumerate(file, 1):
                yield number, offset, line.removeprefix(_BOM) if number == 1 else line
                offset += len(line.encode(width))
    except UnicodeError as error:
        known = "as `encoding` states" if stated else "as its first bytes tell"
        raise broken(path, number + 1, offset, f"not {codec}, {known}; save it as UTF-8") from error


def _hint(path: Path) -> str:
    """Which encoding the file is probably in, for a person to decide: a guess must not change a single word."""
    head = path.read_bytes()[: 1 << 20]
    for codec, name in (("gb18030", "GBK or GB18030, as Excel writes Chinese"), ("shift_jis", "Shift JIS")):
        try:
            text = codecs.getincrementaldecoder(codec)().decode(head)
        except UnicodeDecodeError:
            continue
        if any("\u4e00" <= letter <= "\u9fff" for letter in text):
            return f"; it reads as {name}: save it as UTF-8, or set `encoding: {codec}` if the words are right then"
    return "; save it as UTF-8, or name its encoding, such as `encoding: cp1252`"


def broken(path: Path, number: int, offset: int, reason: str) -> DataError:
    """The error of a line that cannot be read."""
    return DataError(f"{str(path)!r} is broken at line {number}, byte {offset}: {reason}")


def known_encoding(name: str) -> str:
    """Return the name of a codec that Python has.

    Raises:
        ValueError: it has none of that name.
    """
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ValueError("no such encoding; such as utf-8, utf-16, gb18030, cp1252") from error
