"""A compound file ([MS-CFB]) of a few streams: what DOC and XLS are packed in."""

from __future__ import annotations

import struct
from collections.abc import Mapping

_SECTOR = 512
_FREE, _END, _TABLE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def compound_file(streams: Mapping[str, bytes]) -> bytes:
    """``streams`` by name, each filled up to 4,096 bytes: shorter ones would lie in sectors of another size."""
    contents = {name: content.ljust(4096, b"\0") for name, content in streams.items()}
    sectors: list[bytes] = []
    following: list[int] = []

    def add(content: bytes) -> int:
        start = len(sectors)
        pieces = [content[n : n + _SECTOR].ljust(_SECTOR, b"\0") for n in range(0, len(content), _SECTOR)]
        sectors.extend(pieces)
        following.extend([*range(start + 1, start + len(pieces)), _END])
        return start

    places = {name: add(content) for name, content in contents.items()}
    names = sorted(places, key=lambda name: (len(name), name.upper()))
    entries = [_entry("Root Entry", 5, _END, 0, child=1 if names else _FREE)]
    for number, name in enumerate(names, 1):
        right = number + 1 if number < len(names) else _FREE
        entries.append(_entry(name, 2, places[name], len(contents[name]), right=right))
    directory = add(b"".join(entries))
    tables = 1
    while (len(sectors) + tables) * 4 > tables * _SECTOR:
        tables += 1
    first_table = len(sectors)
    following += [_TABLE] * tables
    raw = struct.pack(f"<{len(following)}I", *following).ljust(tables * _SECTOR, b"\xff")
    sectors += [raw[n : n + _SECTOR] for n in range(0, len(raw), _SECTOR)]
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, directory, 0, 4096, _END, 0, _END, 0)
    numbers = [first_table + n for n in range(tables)]
    header += struct.pack("<109I", *numbers, *[_FREE] * (109 - tables))
    return header + b"".join(sectors)


def _entry(name: str, kind: int, start: int, size: int, *, right: int = _FREE, child: int = _FREE) -> bytes:
    encoded = name.encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(encoded) + 2, kind, 1, _FREE, right, child)
        + bytes(36)
        + struct.pack("<IQ", start, size)
    )
