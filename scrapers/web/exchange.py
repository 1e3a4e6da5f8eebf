"""A request and its response as they went over the wire: what the client judges and the archive keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its response.

    Header names and values are the bytes that were sent, read as Latin-1. ``body`` is the payload without chunking
    and before content decoding. ``truncated`` is ``None`` for a whole body, else why it ends early, in the words of
    ISO 28500 5.13: ``length`` (size cap), ``time`` (time limit), ``disconnect``.
    """

    url: str
    at: datetime
    method: str
    target: str
    """Path and query, as in the request line."""
    request_headers: tuple[tuple[str, str], ...]
    request_body: bytes
    protocol: str
    """``HTTP/1.1`` or ``HTTP/1.0``."""
    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    truncated: str | None = None
    ip: str | None = None
    """Address of the server; ``None`` where a proxy spoke to it."""

    def header(self, name: str) -> str | None:
        """First value of a response header, or ``None``."""
        name = name.lower()
        return next((value for key, value in self.headers if key.lower() == name), None)
