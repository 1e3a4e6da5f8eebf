"""Undoing ``Content-Encoding``: what was asked for (gzip, deflate), what was not (gzip in silence), what is torn or a
bomb."""

from __future__ import annotations

import zlib

GZIP_MAGIC = b"\x1f\x8b\x08"
ACCEPTED = "gzip, deflate"

_NOT_TO_UNPACK = ("application/gzip", "application/x-gzip", "application/x-tar", "application/octet-stream")
_ENOUGH = 2
"""Layers of gzip undone at most: some servers compress what their backend had compressed."""


class TornContentError(ValueError):
    """The coded body ends early or is damaged."""


class ContentTooLargeError(ValueError):
    """The decoded body exceeds the size cap."""


class UnknownCodingError(ValueError):
    """A content coding that was not asked for and is not read."""


def decode_content(raw: bytes, coding: str | None, content_type: str | None, limit: int) -> bytes:
    """The payload of a body, at most ``limit`` bytes.

    ``coding`` is the ``Content-Encoding`` header, ``content_type`` the ``Content-Type``. A gzip body that does not
    say so is known by its magic bytes, unless the type says that it is a compressed file; a body that says gzip
    without being so is taken as it is. Raises :class:`TornContentError`, :class:`ContentTooLargeError`,
    :class:`UnknownCodingError`.
    """
    codings = [name.strip().lower() for name in (coding or "").split(",") if name.strip()]
    body = raw
    for name in reversed(codings):
        if name in ("identity", "gzip", "x-gzip"):
            continue  # gzip is undone below, by its magic bytes
        if name != "deflate":
            raise UnknownCodingError(f"Content-Encoding {name!r} was not asked for")
        body = _inflate_deflate(body, limit)
    declared = any("gzip" in name for name in codings)
    a_file = (content_type or "").split(";")[0].strip().lower() in _NOT_TO_UNPACK
    for _ in range(_ENOUGH):
        if not body.startswith(GZIP_MAGIC) or (a_file and not declared):
            break
        body = _gunzip(body, limit)
        declared = False
    if len(body) > limit:
        raise ContentTooLargeError(f"{len(body)} bytes, the cap is {limit}")
    return body


def _gunzip(raw: bytes, limit: int) -> bytes:
    parts = []
    size = 0
    while raw.startswith(GZIP_MAGIC):  # further members; other trailing bytes are padding, which browsers ignore too
        inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)
        part = _inflate(inflate, raw, limit - size)
        parts.append(part)
        size += len(part)
        raw = inflate.unused_data
    return b"".join(parts)


def _inflate_deflate(raw: bytes, limit: int) -> bytes:
    """``deflate`` is zlib (RFC 9110 8.4.1.2); some servers send the bare stream."""
    try:
        return _inflate(zlib.decompressobj(), raw, limit)
    except TornContentError:
        if raw[:1] == b"\x78":
            raise
        return _inflate(zlib.decompressobj(-zlib.MAX_WBITS), raw, limit)


def _inflate(inflate: zlib._Decompress, raw: bytes, limit: int) -> bytes:
    try:
        body = inflate.decompress(raw, limit + 1)
    except zlib.error as error:
        raise TornContentError(f"damaged compressed body: {error}") from error
    if len(body) > limit:
        raise ContentTooLargeError(f"{len(raw)} compressed bytes unpack to more than the cap of {limit}")
    if not inflate.eof:
        raise TornContentError(f"the compressed body ends early, after {len(raw)} bytes")
    return body
