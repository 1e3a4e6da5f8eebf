"""ZIP and RAR with a report in them: which member it is, and its bytes. Nothing is ever written to a path they name."""

from __future__ import annotations

import io
import posixpath
import re
import tarfile
from dataclasses import dataclass

from scrapers.reading.attachments.file_types import FileType, named_ending
from scrapers.reading.attachments.limits import Limits
from scrapers.reading.attachments.programs import Program, find, run
from scrapers.reading.attachments.trouble import FileTrouble
from scrapers.reading.attachments.unpacking import Unpacked
from scrapers.records import FileOutcome

_NO_DOCUMENT = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^./]|~\$|Thumbs\.db$|desktop\.ini$)", re.I)
_REPORT = re.compile(r"年度报告|年报|(?:情况|工作|法治政府).{0,12}报告")
_PICTURES = frozenset({"jpg", "jpeg", "png", "gif", "bmp", "tif", "tiff", "webp"})


@dataclass(frozen=True, slots=True)
class Member:
    """A document taken out of an archive."""

    name: str
    body: bytes


def only_document(body: bytes, kind: FileType, limits: Limits) -> Member:
    """The document in an archive: the one that is named as a report, or the only one there is.

    Raises :class:`FileTrouble`: ``several_documents`` where none is told from the others, ``empty`` where there is
    none.
    """
    if kind is FileType.ZIP:
        packed = Unpacked(body, limits)
        names = {packed.shown(name): name for name in packed.names()}
        chosen = _chosen(tuple(names))
        return Member(chosen, packed.read(names[chosen]))
    members = _unpacked_rar(body, limits)
    chosen = _chosen(tuple(members))
    return Member(chosen, members[chosen])


def _chosen(names: tuple[str, ...]) -> str:
    documents = [name for name in names if not _NO_DOCUMENT.search(name) and named_ending(name) is not None]
    written = [name for name in documents if named_ending(name) not in _PICTURES]
    if not written:
        if documents:
            raise FileTrouble(FileOutcome.NEEDS_OCR, f"{len(documents)} pictures and no document")
        raise FileTrouble(FileOutcome.EMPTY, f"no document among {len(names)} members: {', '.join(names[:5])}")
    if len(written) == 1:
        return written[0]
    reports = [name for name in written if _REPORT.search(posixpath.basename(name))]
    if len(reports) == 1:
        return reports[0]
    # one document in two formats
    stems = {posixpath.splitext(name)[0] for name in reports or written}
    if len(stems) == 1:
        return min(reports or written, key=_rank)
    raise FileTrouble(
        FileOutcome.SEVERAL_DOCUMENTS,
        f"{len(written)} documents, {len(reports) or 'none'} of them named as a report: {', '.join(written[:5])}",
    )


def _rank(name: str) -> int:
    order = ("docx", "doc", "wps", "ofd", "pdf", "rtf", "txt")
    ending = named_ending(name)
    return order.index(ending) if ending in order else len(order)


def _unpacked_rar(body: bytes, limits: Limits) -> dict[str, bytes]:
    """Members of a RAR by way of libarchive, which writes them to a pipe as one TAR: no file is made."""
    program = find(Program.BSDTAR)
    if program is None:
        raise FileTrouble(FileOutcome.UNSUPPORTED, "RAR is read by bsdtar: apt-get install libarchive-tools")
    tar = run([program, "-cf", "-", "--format=pax", "@-"], body, limits, what="RAR")
    members: dict[str, bytes] = {}
    left = limits.max_unpacked
    try:
        with tarfile.open(fileobj=io.BytesIO(tar), mode="r:") as opened:
            for member in opened:
                if not member.isfile():
                    continue
                left -= member.size
                if left < 0 or len(members) >= limits.max_members:
                    raise FileTrouble(FileOutcome.TOO_LARGE, f"unpacks to more than {limits.max_unpacked} bytes")
                file = opened.extractfile(member)
                members[member.name] = file.read() if file is not None else b""
    except (tarfile.TarError, EOFError) as error:
        raise FileTrouble(FileOutcome.TRUNCATED, f"the archive is torn or damaged: {error}") from error
    return members
