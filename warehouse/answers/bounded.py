"""The reader copy for people who share it: a query gets so much time, memory and answer, and can reach nothing else.

Each query has a DuckDB of its own, opened on the newest copy and thrown away with the answer. Some functions change
the instance they run in (``FROM enable_logging(...)`` is a SELECT, and every later query fails): the next query must
never meet what one has left behind.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, Final, Literal, cast

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.answers.formats import TextFormat, fitted, parquet_schema, write_rows
from warehouse.errors import LimitError, QueryError, WarehouseError
from warehouse.query import hints_on, says_nothing, stream_on
from warehouse.readers import open_reader
from warehouse.restricted import open_restricted

AnswerFormat = Literal["csv", "json", "jsonl", "parquet", "arrow"]

_BATCH_ROWS: Final = 2048
_HINT_SECONDS: Final = 2.0
_ROW_GROUP_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one query may take."""

    seconds: float = 30.0
    rows: int = 1_000_000
    answer_bytes: int = 256 * 1024 * 1024
    memory_bytes: int = 1024 * 1024 * 1024
    """Of DuckDB; nothing is spilled to disk."""
    threads: int = 2


@dataclass(frozen=True, slots=True)
class Answered:
    """What is known of an answer that was written to a file."""

    rows: int
    cut: bool
    """There were more rows than were asked for."""
    size: int
    """Bytes."""
    seconds: float
    published: datetime
    """When the copy that was asked took its place (UTC)."""
    hints: tuple[str, ...] = ()
    """Words on why nothing was found, no row or counts of 0."""


class BoundedReader:
    """Answers one query after the other, each on the newest copy, within ``bounds``. For one thread."""

    def __init__(self, reader: Path, bounds: Bounds) -> None:
        self._reader = reader
        self._bounds = bounds
        self._open: tuple[duckdb.DuckDBPyConnection, _Identity] | None = None

    def prepare(self) -> None:
        """Have the newest copy open for the next query, and let go of an older one, whose space is freed by that.

        Does nothing where there is no copy yet.
        """
        found = _identity(self._reader)
        if self._open is not None and self._open[1] != found:
            self.close()
        if self._open is None and found is not None:
            memory = f"{self._bounds.memory_bytes // 1024}KiB"
            opened = open_restricted(self._reader, memory=memory, threads=self._bounds.threads, spill=False)
            self._open = (opened, found)

    def close(self) -> None:
        """Let go of the copy."""
        if self._open is not None:
            self._open[0].close()
            self._open = None

    def answer(self, sql: str, form: AnswerFormat, file: IO[bytes], *, most: int | None = None) -> Answered:
        """Write the answer of one reading statement to ``file``; with ``most``, at most so many rows of it.

        Without ``most`` an answer is whole or an error, never silently shorter. Raises ``QueryError`` with what is
        wrong and the nearest names, ``LimitError`` where a bound was reached, ``NoReaderError`` where no copy has
        been published.
        """
        began = time.monotonic()
        self.prepare()
        if self._open is None:
            open_reader(self._reader).close()  # raises, with what to type
            self.prepare()
        assert self._open is not None
        connection, identity = self._open
        try:
            with stream_on(connection, sql, limit=most, seconds=self._bounds.seconds) as stream:
                count = _Count(self._bounds, file, until=began + self._bounds.seconds)
                if form in ("parquet", "arrow"):
                    schema, batches = stream.batches(_BATCH_ROWS)
                    (_write_parquet if form == "parquet" else _write_arrow)(schema, count.batches(batches), file)
                else:
                    out = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
                    try:
                        write_rows(stream.columns, count.rows(stream.rows()), cast(TextFormat, form), out)
                    finally:
                        out.detach()  # the file is the caller's to close
                count.check()
            took, size = time.monotonic() - began, file.tell()
            hints = (
                self._hints(sql, nothing=count.nothing, seconds=self._bounds.seconds - took) if count.seen < 2 else ()
            )
            return Answered(count.seen, stream.cut, size, took, identity.published, hints)
        except duckdb.Error as error:  # of an instance that its own query has broken
            raise QueryError(str(error)) from error
        except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
            raise QueryError(f"{form} cannot hold a column of these: cast it to text. ({error})") from error
        finally:
            self.close()

    def _hints(self, sql: str, *, nothing: bool, seconds: float) -> tuple[str, ...]:
        """Why nothing was found, asked of an instance that the query has not touched: a broken one may end the process.

        All that hints speak of is a text in the query. The answer stands without them, also where the copy cannot be
        opened once more.
        """
        if "'" not in sql or seconds <= 0:
            return ()
        self.close()
        with suppress(duckdb.Error, WarehouseError):
            self.prepare()
            if self._open is not None:
                return hints_on(self._open[0], sql, nothing=nothing, seconds=min(_HINT_SECONDS, seconds))
        return ()


class _Count:
    """What has been written of an answer; raises ``LimitError`` where that goes beyond a bound."""

    def __init__(self, bounds: Bounds, file: IO[bytes], *, until: float) -> None:
        self.seen = 0
        """Rows."""
        self.nothing = True
        """No row, or one that says nothing."""
        self._bounds = bounds
        self._file = file
        self._until = until

    def rows(self, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
        for row in rows:
            self.seen += 1
            self.nothing = self.seen == 1 and says_nothing(row)
            if self.seen % 256 == 0 or self.seen > self._bounds.rows:
                self.check()
            yield row

    def batches(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.seen += batch.num_rows
            self.nothing = self.seen == 0 or (
                self.seen == 1 and self.nothing and says_nothing([column[0].as_py() for column in batch.columns])
            )
            self.check()
            yield batch

    def check(self) -> None:
        if self.seen > self._bounds.rows:
            raise LimitError(
                f"the answer has more than {self._bounds.rows:,} rows: ask for less (where, limit), or fetch it in "
                "parts, by year or by division"
            )
        if self._file.tell() > self._bounds.answer_bytes:
            raise LimitError(
                f"the answer is larger than {self._bounds.answer_bytes / 1024**2:,.0f} MiB: ask for fewer rows or "
                "columns, or fetch it in parts, by year or by division"
            )
        if time.monotonic() > self._until:
            raise LimitError(f"stopped after {self._bounds.seconds:g} s, while the answer was written: ask for less")


def _write_arrow(schema: pa.Schema, batches: Iterable[pa.RecordBatch], file: IO[bytes]) -> None:
    with pa.ipc.new_stream(file, schema) as stream:
        for batch in batches:
            stream.write_batch(batch)


def _write_parquet(schema: pa.Schema, batches: Iterable[pa.RecordBatch], file: IO[bytes]) -> None:
    kept = parquet_schema(schema)
    with pq.ParquetWriter(file, kept, compression="zstd") as parquet:
        held: list[pa.RecordBatch] = []
        for batch in batches:
            held.append(fitted(batch, kept))
            if sum(piece.nbytes for piece in held) >= _ROW_GROUP_BYTES:
                parquet.write_table(pa.Table.from_batches(held, kept))
                held.clear()
        if held:
            parquet.write_table(pa.Table.from_batches(held, kept))


@dataclass(frozen=True, slots=True)
class _Identity:
    device: int
    inode: int
    changed: int
    published: datetime


def _identity(reader: Path) -> _Identity | None:
    try:
        found = reader.stat()
    except FileNotFoundError:
        return None
    # The rename that put it there is the last change of its inode; its content may have been written long before.
    published = datetime.fromtimestamp(found.st_ctime, UTC).replace(microsecond=0)
    return _Identity(found.st_dev, found.st_ino, found.st_mtime_ns, published)
