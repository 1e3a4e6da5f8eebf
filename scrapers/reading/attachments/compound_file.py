"""The compound file of Word and Excel before 2007 ([MS-CFB]): named streams in chains of sectors. Reads only."""

from __future__ import annotations

import struct
from collections.abc import Iterator

_HEADER = 512
_END = 0xFFFFFFFA
"""Sector numbers from here on are marks: free, end of chain, table."""
_ENTRY = 128
_MOST_STREAMS = 4096


class CompoundFileError(Exception):
    """Not a compound file, or a torn one."""


class CompoundFile:
    """Streams by name. Raises :class:`CompoundFileError` where the chains do not hold together."""

    def __init__(self, body: bytes) -> None:
        if len(body) < _HEADER or body[:8] != b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
            raise CompoundFileError("no compound file")
        self._body = body
        shift, mini_shift = struct.unpack_from("<HH", body, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise CompoundFileError(f"sectors of 2^{shift} bytes")
        self._size = 1 << shift
        _, directory, _, self._cutoff, mini_fat, _, difat, _ = struct.unpack_from("<IIIIIIII", body, 44)
        table_sectors = [number for number in struct.unpack_from("<109I", body, 76) if number < _END]
        seen: set[int] = set()
        while difat < _END:
            if difat in seen:
                raise CompoundFileError("a chain of tables that runs in a circle")
            seen.add(difat)
            numbers = struct.unpack(f"<{self._size // 4}I", self._sector(difat))
            table_sectors += [number for number in numbers[:-1] if number < _END]
            difat = numbers[-1]
        joined = b"".join(self._sector(number) for number in table_sectors)
        self._next = struct.unpack(f"<{len(joined) // 4}I", joined)
        self._entries: dict[str, tuple[int, int]] = {}
        mini_stream = b""
        for name, kind, start, size in self._directory(b"".join(self._chain(directory))):
            if kind == 5:
                mini_stream = b"".join(self._chain(start))[:size] if size else b""
            elif kind == 2:
                self._entries.setdefault(name, (start, size))
        self._mini_stream = mini_stream
        joined = b"".join(self._chain(mini_fat)) if mini_fat < _END else b""
        self._next_mini = struct.unpack(f"<{len(joined) // 4}I", joined)

    def names(self) -> tuple[str, ...]:
        """Names of all streams, without the storages they lie in."""
        return tuple(self._entries)

    def stream(self, name: str) -> bytes | None:
        """The content of a stream; ``None`` where there is none of that name."""
        if name not in self._entries:
            return None
        start, size = self._entries[name]
        found = b"".join(self._mini_chain(start)) if size < self._cutoff else b"".join(self._chain(start))
        if len(found) < size:
            raise CompoundFileError(f"stream {name} has {len(found)} of {size} bytes")
        return found[:size]

    def _sector(self, number: int) -> bytes:
        begin = (number + 1) * self._size
        sector = self._body[begin : begin + self._size]
        if len(sector) < self._size:
            if not sector:
                raise CompoundFileError(f"sector {number} lies beyond the end of the file")
            sector = sector.ljust(self._size, b"\0")  # some writers leave the last one unfilled
        return sector

    def _chain(self, number: int) -> Iterator[bytes]:
        steps = 0
        while number < _END:
            yield self._sector(number)
            steps += 1
            if number >= len(self._next) or steps > len(self._next):
                raise CompoundFileError("a chain of sectors that leads nowhere")
            number = self._next[number]

    def _mini_chain(self, number: int) -> Iterator[bytes]:
        steps = 0
        while number < _END:
            yield self._mini_stream[number * 64 : number * 64 + 64]
            steps += 1
            if number >= len(self._next_mini) or steps > len(self._next_mini):
                raise CompoundFileError("a chain of small sectors that leads nowhere")
            number = self._next_mini[number]

    def _directory(self, raw: bytes) -> Iterator[tuple[str, int, int, int]]:
        for at in range(0, min(len(raw), _MOST_STREAMS * _ENTRY) - _ENTRY + 1, _ENTRY):
            (length,) = struct.unpack_from("<H", raw, at + 64)
            start, size = struct.unpack_from("<IQ", raw, at + 116)
            name = raw[at : at + max(min(length, 64) - 2, 0)].decode("utf-16-le", "replace")
            yield name, raw[at + 66], start, size & 0xFFFFFFFF
