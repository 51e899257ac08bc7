"""What a file that is no picture is instead, told from its first bytes, and what to do about it.

Data sets are copied by many hands: what arrives under the name of a picture is often a pointer to it, a server's error
page, or a format of phones and cameras that Pillow does not read by itself.
"""

from __future__ import annotations

import re

__all__ = ["described"]

_HEAD = 512
"""Bytes that are looked at."""

_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_AVIF = (b"avif", b"avis")

# The beginning of a file, what it is called, what to do. The first match counts.
_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"version https://git-lfs", "a Git LFS pointer", "fetch the picture with `git lfs pull`"),
    (b"/annex/objects/", "a git-annex pointer", "fetch the picture with `git annex get`"),
    (b"\x00\x00\x00\x0cjP  ", "JPEG 2000", "convert it to PNG, with Pillow (its OpenJPEG) for one"),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 code stream", "convert it to PNG, with Pillow (its OpenJPEG) for one"),
    (b"\x00\x00\x00\x0cJXL ", "JPEG XL", "convert it to PNG, with the package pillow-jxl-plugin for one"),
    (b"\xff\x0a", "a JPEG XL code stream", "convert it to PNG, with the package pillow-jxl-plugin for one"),
    (b"\x89PNG\n", "a PNG whose line ends a transfer as text has changed", "copy it again in binary mode"),
    (b"\x89PNG", "a PNG that is cut off or damaged in its header", "copy it again"),
    (b"\xff\xd8\xff", "a JPEG that is cut off or damaged in its header", "copy it again"),
    (b"GIF8", "a GIF that is cut off or damaged in its header", "copy it again"),
    (b"%PDF", "a PDF document", "export its page as PNG"),
    (b"%!PS", "PostScript", "export it as PNG"),
    (b"8BPS", "a Photoshop document", "export it as PNG"),
    (b"v/1\x01", "OpenEXR", "convert it to PNG"),
    (b"#?RADIANCE", "a Radiance HDR picture", "convert it to PNG"),
    (b"DDS ", "a DirectDraw surface", "convert it to PNG"),
    (b"qoif", "QOI", "convert it to PNG, with Pillow for one"),
    (b"\x00\x00\x01\x00", "a Windows icon", "convert it to PNG"),
    (b"PK\x03\x04", "a ZIP archive", "unpack it first"),
    (b"\x1f\x8b", "gzip data", "unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first"),
    (b"Rar!", "a RAR archive", "unpack it first"),
    (b"\x93NUMPY", "a NumPy array", "save it as PNG"),
    (b"PAR1", "a Parquet file", "name it as `path` of the benchmark `table`"),
    (b"SQLite format 3", "an SQLite database", "name the picture itself"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", "extract the frame that is meant"),
)

# Of text, leading white space apart and in lower case.
_TEXTS: tuple[tuple[bytes, str, str], ...] = (
    (b"<!doctype html", "an HTML page", "often a server's error or login page: download the picture again"),
    (b"<html", "an HTML page", "often a server's error or login page: download the picture again"),
    (b"<svg", "an SVG drawing", "render it as PNG"),
    (b"<?xml", "XML", "often a server's error message: download the picture again"),
    (b"<", "markup", "often a server's error page: download the picture again"),
    (b"data:", "a data URI", "put it into the data file itself, or decode it"),
    (b"{", "JSON", "often a server's error message: download the picture again"),
    (b"[", "JSON", "name the picture itself"),
    (b"ivborw0kggo", "a picture as base64 text", "decode it"),
    (b"/9j/", "a picture as base64 text", "decode it"),
)


def described(data: bytes) -> str:
    """Say what bytes are that no decoder takes, and what to do.

    Args:
        data: the whole file, or at least its beginning.

    Returns:
        The predicate of a sentence, such as ``is an HTML page, not an image; ...``.
    """
    head = data[:_HEAD]
    if not data:
        return "is empty (0 bytes); copy or download the picture again"
    if not head.strip(b"\0"):
        return f"begins with {len(head)} zero bytes, as an unfinished download does; copy or download it again"
    name, advice = _family(head) or _known(head)
    return f"is not an image that can be read: it is {name} ({len(data)} bytes); {advice}"


def _family(head: bytes) -> tuple[str, str] | None:
    """The formats that share a container, told apart by its brands."""
    if head[4:8] == b"ftyp":
        brands = head[8 : max(12, int.from_bytes(head[:4]))]
        if any(brand in brands for brand in _AVIF):
            return "AVIF", "this Pillow cannot read it: update Pillow, or convert it to PNG"
        if any(brand in brands for brand in _HEIC):
            return "HEIC, a phone's format", "convert it to PNG or JPEG, with the package pillow-heif for one"
        return "a video or camera file (ISO media)", "extract the frame that is meant"
    if head[:4] == b"RIFF":
        if head[8:12] == b"WEBP":
            return "a WebP that is cut off or damaged in its header", "copy it again"
        return "a sound or video file (RIFF)", "name the picture itself"
    if head[257:262] == b"ustar":
        return "a tar archive", "unpack it first"
    if head[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        return "a TIFF or a camera's raw file that cannot be read", "convert it to PNG"
    return None


def _known(head: bytes) -> tuple[str, str]:
    for beginning, name, advice in _BEGINNINGS:
        if head.startswith(beginning):
            return name, advice
    if b"/annex/objects/" in head:
        return "a git-annex pointer", "fetch the picture with `git annex get`"
    plain = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for beginning, name, advice in _TEXTS:
        if plain.startswith(beginning):
            return name, advice
    if re.fullmatch(rb"[\t\n\r\x20-\x7e]+", head):
        return f"text, which begins {head[:40].decode()!r}", "name the picture itself"
    return "in no known format", "convert it to PNG"
