"""What a killed run has left open in the archive: a torn last record is cut off and set aside, the file is closed."""

from __future__ import annotations

import io
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from scrapers.web import warc
from scrapers.web.archive_file import OPEN_SUFFIX, as_archive_error, lock_new, publish, sync_folder
from scrapers.web.capture_index import entry_of
from scrapers.web.cdxj import Entry


@dataclass(frozen=True, slots=True)
class Recovery:
    """What became of a file that no living process writes any more."""

    warc_file: str
    records: int
    cut_bytes: int
    """Bytes of a torn last record that were cut."""
    set_aside: str | None = None
    """File in the archive folder to which they were written; ``None`` where nothing was cut."""
    damage: str | None = None
    """Set where bytes before the end are damaged: they stay as they are, the whole records on both sides are kept."""


def recover(directory: Path) -> tuple[Recovery, ...]:
    """Close every file of ``directory`` whose process is gone; files in use (locked) are left alone.

    A torn last record is cut, its bytes are kept beside in ``NAME.warc.gz.at-OFFSET.torn``; a file without any record
    besides its ``warcinfo`` is removed. Damage before the end is reported and nothing is cut. Raises
    :class:`~scrapers.web.archive_file.ArchiveError` where a file cannot be read, renamed, or its end set aside; it is
    then left as it was.
    """
    recovered = []
    for path in sorted(directory.glob("*" + OPEN_SUFFIX)):
        with as_archive_error(path, "recover"):
            try:
                file = io.FileIO(path, "r+")
            except FileNotFoundError:
                continue  # its process has just closed it
            with file:
                if lock_new(file, path):
                    recovered.append(_recover_one(file, path))
    return tuple(recovered)


def _recover_one(file: io.FileIO, path: Path) -> Recovery:
    final = path.with_name(path.name.removesuffix(".open"))
    size = os.fstat(file.fileno()).st_size
    entries: list[Entry] = []
    damage: list[str] = []
    records = cut = 0
    captured = False
    aside: Path | None = None
    with io.BufferedReader(io.FileIO(path, "r")) as stream:
        for found in warc.walk(stream, size):
            if isinstance(found, warc.Member):
                records += 1
                captured |= found.record.type != "warcinfo"
                entry = entry_of(found, final.name)
                if entry is not None:
                    entries.append(entry)
            elif found.at_end:
                cut = found.length
                aside = _set_aside(stream, final, found.offset)
            else:
                damage.append(f"{found.length} bytes at {found.offset}: {found.reason}")
    if cut:
        file.truncate(size - cut)
    os.fsync(file.fileno())
    if captured:
        publish(path, final, entries)
    else:
        path.unlink()
    return Recovery(final.name, records, cut, aside.name if aside else None, "; ".join(damage) or None)


def _set_aside(stream: BinaryIO, final: Path, offset: int) -> Path:
    """Copy the bytes from ``offset`` to the end into a file of their own, synced before anything is cut."""
    target = final.with_name(f"{final.name}.at-{offset}.torn")
    part = target.with_name(target.name + ".part")
    stream.seek(offset)
    try:
        with part.open("wb") as out:
            shutil.copyfileobj(stream, out)
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(target.parent)
    return target
