"""What one request, and all of them together, may ask of the service."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Limits"]


@dataclass(frozen=True, slots=True)
class Limits:
    """Every bound that is checked before anything is computed.

    Attributes:
        body: bytes of one request's body.
        held: bytes of the bodies of all open requests together.
        items: items of one request.
        pictures: pictures of one item.
        pixels: pixels of one picture, read from its header.
        queue: questions that are accepted and not answered yet.
        deadline: seconds after which an accepted request is answered with what there is.
        body_seconds: seconds that a body may take to arrive.
        header_seconds: seconds that the headers of a request may take to arrive.
        drain_seconds: seconds that accepted requests are given when the service is told to end.
    """

    body: int = 64 * 2**20
    held: int = 2**30
    items: int = 256
    pictures: int = 16
    pixels: int = 4096 * 4096
    queue: int = 2048
    deadline: float = 300.0
    body_seconds: float = 60.0
    header_seconds: float = 15.0
    drain_seconds: float = 60.0
