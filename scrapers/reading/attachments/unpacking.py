"""Archives, opened with suspicion: members are read one by one into memory, no name is ever a path, bombs are refused.

What an archive states of its members' sizes is what its maker wrote: each member is read only up to what is allowed.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

from lxml import etree

from scrapers.reading.attachments.limits import MEBIBYTE, Limits
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.records import FileOutcome

_PIECE = 1 << 16


class Unpacked:
    """A ZIP archive within ``limits``. Raises :class:`FileTrouble` for bombs, torn members and passwords."""

    def __init__(self, body: bytes, limits: Limits) -> None:
        self._limits = limits
        self._left = limits.max_unpacked
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
            raise FileTrouble(FileOutcome.TRUNCATED, f"the archive is torn or damaged: {error}") from error
        members = self._zip.infolist()
        if len(members) > limits.max_members:
            raise FileTrouble(FileOutcome.TOO_LARGE, f"{len(members)} members; at most {limits.max_members} are taken")
        stated = sum(member.file_size for member in members)
        if stated > limits.max_unpacked:
            raise FileTrouble(
                FileOutcome.TOO_LARGE, f"unpacks to {stated} bytes; at most {limits.max_unpacked} are taken"
            )
        self._members = {member.filename: member for member in members if not member.is_dir()}

    def names(self) -> tuple[str, ...]:
        """Names as packed, in the archive's order."""
        return tuple(self._members)

    def shown(self, name: str) -> str:
        """A member's name as a person wrote it: archives without the UTF-8 mark are in the GBK of Windows."""
        member = self._members[name]
        if member.flag_bits & 0x800:
            return name
        try:
            return name.encode("cp437").decode("gb18030")
        except (UnicodeEncodeError, UnicodeDecodeError):
            return name

    def read(self, name: str) -> bytes:
        """A member's content. Raises :class:`KeyError` for a name that is not there."""
        member = self._members[name]
        if member.flag_bits & 1:
            raise FileTrouble(FileOutcome.ENCRYPTED, f"{self.shown(name)} opens with a password only")
        pieces: list[bytes] = []
        size = 0
        try:
            with self._zip.open(member) as file:
                for piece in _pieces(file):
                    size += len(piece)
                    self._left -= len(piece)
                    if self._left < 0:
                        raise FileTrouble(
                            FileOutcome.TOO_LARGE, f"unpacks to more than {self._limits.max_unpacked} bytes"
                        )
                    if size > MEBIBYTE and size > self._limits.max_ratio * max(member.compress_size, 1):
                        raise FileTrouble(
                            FileOutcome.TOO_LARGE,
                            f"{self.shown(name)} unpacks to more than {self._limits.max_ratio} times its size: a bomb",
                        )
                    pieces.append(piece)
        except FileTrouble:
            raise
        except (
            zipfile.BadZipFile,
            NotImplementedError,
            OSError,
            EOFError,
            RuntimeError,
            ValueError,
            zlib.error,
        ) as error:
            raise FileTrouble(FileOutcome.TRUNCATED, f"{self.shown(name)} is torn or damaged: {error}") from error
        return b"".join(pieces)

    def xml(self, name: str) -> etree._Element:
        """A member parsed as XML: no entities, no document types, nothing fetched."""
        return parsed(self.read(name), name)


def parsed(content: bytes, name: str) -> etree._Element:
    """XML without entities, document types or anything from outside. Raises :class:`FileTrouble`."""
    parser = etree.XMLParser(
        resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"{name} is no well-formed XML: {error}") from error
    docinfo = root.getroottree().docinfo
    if docinfo.internalDTD is not None:
        raise FileTrouble(FileOutcome.UNSUPPORTED, f"{name} declares a document type: refused, entities are an attack")
    return root


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


@contextmanager
def well_formed(what: str) -> Iterator[None]:
    """What the content of a document breaks while it is read: a damaged document, not a mistake of ours."""
    try:
        yield
    except FileTrouble:
        raise
    except (KeyError, IndexError, ValueError, struct.error, EOFError) as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"the {what} is damaged: {error!r}") from error
