"""ZIP as Windows and others pack it, and RAR 5 with its members stored."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping

_DAY, _TIME = (2026 - 1980) << 9 | 1 << 5 | 20, 9 << 11
"""20 January 2026, 9:00, as MS-DOS counts."""


def zipped(members: Mapping[str, bytes], *, names_in_gbk: bool = False) -> bytes:
    """A ZIP; with ``names_in_gbk`` the names are as Chinese Windows writes them, and nothing says so."""
    out = bytearray()
    directory = bytearray()
    for name, content in members.items():
        written = name.encode("gb18030" if names_in_gbk else "utf-8")
        mark = 0 if names_in_gbk else 0x800
        squeezed = zlib.compressobj(wbits=-15)
        data = squeezed.compress(content) + squeezed.flush()
        sizes = (zlib.crc32(content), len(data), len(content), len(written), 0)
        common = struct.pack("<HHHHHIIIHH", 20, mark, 8, _TIME, _DAY, *sizes)
        directory += (
            b"PK\x01\x02" + struct.pack("<H", 20) + common + struct.pack("<HHHII", 0, 0, 0, 0, len(out)) + written
        )
        out += b"PK\x03\x04" + common + written + data
    end = struct.pack("<HHHHIIH", 0, 0, len(members), len(members), len(directory), len(out), 0)
    return bytes(out + directory + b"PK\x05\x06" + end)


def rar(members: Mapping[str, bytes]) -> bytes:
    """A RAR 5 archive without compression."""
    out = bytearray(b"Rar!\x1a\x07\x01\x00")
    out += _block(_number(1) + _number(0) + _number(0))
    for name, content in members.items():
        written = name.encode()
        head = (
            _number(2) + _number(2) + _number(len(content))  # type, flags: data follow, their size
            + _number(4) + _number(len(content)) + _number(0o100644)  # file flags: checksum; size; attributes
            + struct.pack("<I", zlib.crc32(content)) + _number(0) + _number(1) + _number(len(written)) + written
        )  # fmt: skip
        out += _block(head) + content
    out += _block(_number(5) + _number(0) + _number(0))
    return bytes(out)


def _block(head: bytes) -> bytes:
    sized = _number(len(head)) + head
    return struct.pack("<I", zlib.crc32(sized)) + sized


def _number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
