"""How much a file may cost."""

from __future__ import annotations

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on the reading of one file; beyond them its outcome says which was met."""

    max_bytes: int = 64 * MEBIBYTE
    """Of the file as it came."""
    max_unpacked: int = 256 * MEBIBYTE
    """Of all that an archive, or a document that is one (DOCX, XLSX, OFD), unpacks to."""
    max_ratio: int = 200
    """Unpacked bytes for each packed one, of a member that unpacks to a mebibyte and more."""
    max_members: int = 5_000
    max_pages: int = 3_000
    max_characters: int = 20_000_000
    seconds: float = 300.0
    """By the clock, programs that it starts included."""
    cpu_seconds: float = 120.0
    memory: int = 1536 * MEBIBYTE
    """Address space of the process that reads, in bytes."""
