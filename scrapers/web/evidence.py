"""The beginning of an answer that is no content, as text a person can read. Pure."""

from __future__ import annotations

import codecs
import zlib

from scrapers.web.content_coding import GZIP_MAGIC

KEPT = 1024
"""Bytes of the body."""


def beginning(body: bytes) -> str | None:
    """The first :data:`KEPT` bytes as text: UTF-8 where they are that, else GB18030; ``None`` for an empty body.

    A body that is compressed still (a torn one) is unpacked as far as needed. What is no letter becomes U+FFFD; so does
    NUL, which not every database can hold in a text.
    """
    start = _unpacked(body)[:KEPT] if body.startswith(GZIP_MAGIC) else body[:KEPT]
    if not start:
        return None
    try:
        # the last letter may be cut
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(start)
    except UnicodeDecodeError:
        text = codecs.getincrementaldecoder("gb18030")("replace").decode(start)
    return text.replace("\x00", "\ufffd") or None


def _unpacked(body: bytes) -> bytes:
    try:
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(body, KEPT)
    except zlib.error:
        return body
