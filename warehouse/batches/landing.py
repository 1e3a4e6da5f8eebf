"""The landing folder: what workers leave for the loader, one Parquet file a batch.

A file holds one row a record: ``kind`` names the record's kind, ``row`` counts from 0, and of the columns
``candidate``, ``listing``, ``capture`` and ``report`` (each a nested struct, see ``arrow_types``) exactly one is set.
A report's text is there once; its blocks are places in it (``placed_blocks``). All rows are one value of the Parquet
file (``packed_rows``).
It appears under its final name in one step, whole and synced to disk, or not at all. The name is
``<run>@<source>@<sequence>.<digest>.parquet``: the beginning of the content's SHA-256 in it shows any damage on the
way, also where Parquet's own page checksums do not reach (headers, footer).

=========================  =====================================================================
``landing/*.parquet``      pending, in the order of their names within a run and source
``landing/loaded/``        loaded and committed
``landing/rejected/``      unreadable, each beside a ``.reason.txt``
``landing/handed_over/``   on a machine that only crawls: put into the shared store, no receipt yet
=========================  =====================================================================
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from scrapers.records import Batch, Candidate, Capture, ColumnListing, Report
from warehouse.batches.arrow_types import arrow_array, arrow_type
from warehouse.batches.packed_rows import packed, unpacked
from warehouse.batches.placed_blocks import PLACED_REPORT, with_placed_blocks
from warehouse.errors import BatchConflictError, UnreadableBatchError
from warehouse.storage.durability import sync_folder

FORMAT: Final = 3
"""Number of the file format; a loader refuses a higher one. In files of format 2 rows are rows of Parquet; in those of
format 1 each block has its text again, too."""
KINDS: Final[dict[str, type]] = {
    "candidate": Candidate,
    "listing": ColumnListing,
    "capture": Capture,
    "report": Report,
}
_RECORDS: Final = {kind: arrow_type(record) for kind, record in KINDS.items()}
_FILED: Final = _RECORDS | {"report": PLACED_REPORT}
SCHEMA: Final = pa.schema([("row", pa.int32()), ("kind", pa.string()), *_FILED.items()])
LOADED: Final = "loaded"
REJECTED: Final = "rejected"
HANDED_OVER: Final = "handed_over"
_WRITTEN: Final[dict[str, Any]] = {
    "compression": "zstd",
    "compression_level": 3,  # Arrow's own default is 1, of which files are a quarter larger
    "write_statistics": False,  # the one value, twice more
    "use_dictionary": False,
    "write_page_checksum": True,
}
_FORMAT_KEY = b"nianbao.batch.format"
_NAME_PARTS = (b"nianbao.run_id", b"nianbao.source_id", b"nianbao.sequence")
_RUN_KIND = b"nianbao.run_kind"
_LONGEST_PART = 80
_FILE_NAME = re.compile(r"(?P<batch>.+@\d{6,})(?:\.(?P<digest>[0-9a-f]{16}))?\.parquet")
"""Files of before the digest stood in the name are read too."""


@dataclass(frozen=True, slots=True)
class BatchFile:
    """A batch file in memory. ``table`` has the columns of ``SCHEMA``."""

    name: str
    """Identity of the batch, ``batch_name``."""
    run_id: str
    source_id: str
    sequence: int
    digest: str
    """``sha256:`` of the file."""
    size: int
    """Bytes of the file."""
    table: Any


@dataclass(frozen=True, slots=True)
class LandedFile:
    """A file of the landing folder in memory, its rows not read yet."""

    path: Path
    name: str | None
    """Batch that the file's name says it is; ``None`` for a name that no batch has."""
    digest: str
    """``sha256:`` of the content."""
    content: bytes


def batch_name(run_id: str, source_id: str, sequence: int) -> str:
    """The identity of a batch, safe as a file name: ``<run>@<source>@<sequence>``; different triples never share
    one.
    """
    return f"{_safe(run_id)}@{_safe(source_id)}@{sequence:06d}"


def write_batch(directory: Path, batch: Batch, *, run_kind: str | None = None) -> Path:
    """Write ``batch`` to ``directory`` (made if absent) and return the path under which it may now be loaded.

    ``run_kind`` (``crawl``, ``backfill`` ...) is that of the batch's run, for when nothing but its batches is left.
    Writing the same batch again changes nothing. Raises ``BatchConflictError`` when a batch of the same run, source and
    sequence but with other content lies there, pending or loaded: its rows would never be loaded.
    """
    directory.mkdir(parents=True, exist_ok=True)
    name = batch_name(batch.run_id, batch.source_id, batch.sequence)
    content = _parquet(batch, run_kind)
    path = directory / f"{name}.{hashlib.sha256(content).hexdigest()[:16]}.parquet"
    for earlier in (*files_of(directory, name), *files_of(directory / LOADED, name)):
        if earlier.read_bytes() == content:
            return earlier
        raise BatchConflictError(
            f"{earlier}: a batch of run {batch.run_id}, source {batch.source_id}, sequence {batch.sequence} is "
            "there already, with other rows. Take the next sequence, or a fresh run id."
        )
    temporary = directory / f".{name}.{os.getpid()}.tmp"
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(directory)
    return path


def pending(directory: Path) -> tuple[Path, ...]:
    """Batch files not yet loaded, oldest first (then by name); empty where the folder does not exist."""
    if not directory.is_dir():
        return ()
    files = [path for path in directory.glob("*.parquet") if path.is_file()]
    return tuple(sorted(files, key=lambda path: (path.stat().st_mtime_ns, path.name)))


def take_in(path: Path) -> LandedFile:
    """A file of the landing folder as bytes, with its digest: enough to know whether it was loaded before.

    Raises ``UnreadableBatchError`` where its content is not what was written.
    """
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    name, stated = _named(path)
    if stated is not None and not digest.startswith(stated):
        raise UnreadableBatchError(f"{path}: damaged: its content is not what was written (the name has its digest)")
    return LandedFile(path, name, f"sha256:{digest}", content)


def read_batch_file(path: Path) -> BatchFile:
    """Read a batch file whole. Raises ``UnreadableBatchError`` when it is none, is damaged, or is of a newer format."""
    return read_landed(take_in(path))


def read_landed(file: LandedFile) -> BatchFile:
    """The rows of a batch file. Raises ``UnreadableBatchError`` when it is none, is damaged, or is of a newer format.

    A file of an older ``scrapers.records`` (fields missing) reads with those fields ``NULL``.
    """
    path, content = file.path, file.content
    try:
        table = pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise UnreadableBatchError(f"{path}: not a readable Parquet file ({error})") from error
    stated = table.schema.metadata or {}
    try:
        written_as = int(stated[_FORMAT_KEY])
        run_id, source_id, sequence = (stated[key].decode() for key in _NAME_PARTS)
        number = int(sequence)
    except (KeyError, ValueError) as error:
        raise UnreadableBatchError(f"{path}: a Parquet file, but not a batch (its metadata lack {error})") from error
    if written_as > FORMAT:
        raise UnreadableBatchError(
            f"{path}: batch format {written_as}, this nianbao reads up to {FORMAT}: upgrade, then move the file back"
        )
    name = batch_name(run_id, source_id, number)
    if file.name != name:
        raise UnreadableBatchError(f"{path}: the file's name is not its batch's, {run_id} {source_id} {sequence}")
    try:
        if written_as > 2:
            table = unpacked(table)
        table.validate(full=True)  # before anything is done with them: a stream is taken as it is
        unknown = set(table.column_names) - set(SCHEMA.names)
        if unknown:
            raise UnreadableBatchError(f"{path}: unknown columns {sorted(unknown)}")
        table = _with_present_schema(table, written_as)
        unknown = set(table["kind"].unique().to_pylist()) - set(KINDS)
        if unknown:
            raise UnreadableBatchError(f"{path}: records of unknown kinds {sorted(map(str, unknown))}")
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: of names of fields
        raise UnreadableBatchError(f"{path}: its rows are not typed as records are ({error})") from error
    return BatchFile(
        name=name,
        run_id=run_id,
        source_id=source_id,
        sequence=number,
        digest=file.digest,
        size=len(content),
        table=table,
    )


def batch_of(path: Path) -> str | None:
    """Batch that a file's name says it is; ``None`` for a name that no batch has."""
    return _named(path)[0]


def files_of(directory: Path, name: str) -> Iterator[Path]:
    """The files of a batch in one folder: one, or more where it was written with other rows or under an older name."""
    return directory.glob(f"{name}.*parquet")


def run_kind_of(path: Path) -> str | None:
    """Kind of the run that wrote a batch file; ``None`` where it was written before files said so.

    Raises ``UnreadableBatchError``.
    """
    try:
        stated = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise UnreadableBatchError(f"{path}: not a readable Parquet file ({error})") from error
    return stated[_RUN_KIND].decode() if _RUN_KIND in stated else None


def archive_files_of(path: Path) -> frozenset[str]:
    """Names of the WARC files that a batch's captures stand in. Raises ``UnreadableBatchError``."""
    files = pc.struct_field(read_batch_file(path).table["capture"], "warc_file")
    return frozenset(files.drop_null().unique().to_pylist())


def set_aside(path: Path, folder: str, reason: str | None = None) -> Path:
    """Move a batch file to ``loaded`` or ``rejected`` beside it; ``reason`` goes to ``<name>.reason.txt``."""
    target = path.parent / folder / path.name
    target.parent.mkdir(exist_ok=True)
    if reason is not None:
        target.with_suffix(".reason.txt").write_text(reason + "\n", encoding="utf-8")
    path.replace(target)
    return target


def _named(path: Path) -> tuple[str | None, str | None]:
    """The batch and the beginning of the digest that a file's name states."""
    named = _FILE_NAME.fullmatch(path.name)
    return (None, None) if named is None else (named["batch"], named["digest"])


def _parquet(batch: Batch, run_kind: str | None) -> bytes:
    rows: list[tuple[str, Any]] = [
        *(("report", record) for record in batch.reports),  # the first: see staging._rows
        *(("candidate", record) for record in batch.candidates),
        *(("listing", record) for record in batch.listings),
        *(("capture", record) for record in batch.captures),
    ]
    columns: list[Any] = [
        pa.array(range(len(rows)), type=pa.int32()),
        pa.array([kind for kind, _ in rows], type=pa.string()),
    ]
    for name in KINDS:
        records = [record if kind == name else None for kind, record in rows]
        array = arrow_array(records, _RECORDS[name])
        columns.append(with_placed_blocks(array) if name == "report" else array)
    stated = (str(FORMAT), *(str(part) for part in (batch.run_id, batch.source_id, batch.sequence)))
    metadata = dict(zip((_FORMAT_KEY, *_NAME_PARTS), stated, strict=True))
    if run_kind is not None:
        metadata[_RUN_KIND] = run_kind
    schema = SCHEMA.with_metadata(metadata)
    sink = pa.BufferOutputStream()
    pq.write_table(packed(pa.Table.from_arrays(columns, schema=schema)), sink, **_WRITTEN)
    return bytes(sink.getvalue().to_pybytes())


def _with_present_schema(table: Any, written_as: int) -> Any:
    """Columns in the order of ``SCHEMA``; fields that the file does not have yet are ``NULL``."""
    columns = []
    for field in SCHEMA:
        if field.name in table.column_names:
            column = table[field.name]
            if written_as == 1 and field.name == "report":
                column = with_placed_blocks(column.cast(_RECORDS["report"]).combine_chunks())
            columns.append(column if column.type == field.type else column.cast(field.type))
        else:
            columns.append(pa.chunked_array([pa.nulls(table.num_rows, field.type)]))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _safe(part: str) -> str:
    """Letters, digits, ``-_.~`` as they are, every other byte as ``=XX``; long parts end in a digest of the whole."""
    safe = quote(part, safe="", errors="surrogatepass").replace("%", "=")
    if len(safe) > _LONGEST_PART:
        safe = safe[: _LONGEST_PART - 17] + "~" + hashlib.sha256(part.encode(errors="surrogatepass")).hexdigest()[:16]
    return safe
