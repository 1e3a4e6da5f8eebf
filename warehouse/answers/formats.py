"""Answers as files and text: CSV, JSON, JSON Lines, Parquet, Excel. What can be written a piece at a time is."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, TextIO

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from warehouse.errors import QueryError
from warehouse.query import Answer, Stream

TextFormat = Literal["csv", "json", "jsonl"]
FileFormat = Literal["csv", "json", "jsonl", "parquet", "xlsx"]
Format = Literal["table", "csv", "json", "jsonl", "parquet", "xlsx"]

ENDINGS: Final[Mapping[str, FileFormat]] = {
    ".csv": "csv",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
}
PARQUET_ROWS: Final = 10_000
"""Rows of a row group: of report texts, about 60 MB in memory."""
SHEET_ROWS: Final = 1_048_576
"""Rows of an Excel sheet, with its header (Microsoft, "Excel specifications and limits")."""
SHEET_COLUMNS: Final = 16_384
CELL_CHARACTERS: Final = 32_767
"""In UTF-16 units, as Excel counts."""
_EXACT_DIGITS: Final = 15
"""Digits of a number that Excel keeps."""
_FIRST_DAY: Final = date(1900, 3, 1)
"""Excel counts 1900-02-29 as a day: dates before this one would be shown as the day before."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that took its place."""

    rows: int
    sheets: int = 1
    """Of an Excel workbook; more than one where the rows do not fit in one."""
    cut_cells: int = 0
    """Of an Excel workbook: cells that held more characters than Excel can; the rest of them is not in the file."""


def format_of(path: Path) -> FileFormat | None:
    """The format that a file's ending names."""
    return ENDINGS.get(path.suffix.lower())


def write_file(stream: Stream, format: FileFormat, target: Path) -> Written:
    """Write an answer to ``target``, which it takes the place of only when it is whole.

    Raises ``QueryError`` for what goes wrong in the query, and for a type the format cannot hold.
    """
    with _replacing(target) as temporary:
        if format == "parquet":
            return Written(write_parquet(stream, temporary))
        if format == "xlsx":
            return _write_workbook(stream, temporary)
        with temporary.open("w", encoding="utf-8", newline="") as out:
            return Written(write_rows(stream.columns, stream.rows(), format, out))


def write_answer(answer: Answer, format: TextFormat, out: TextIO) -> None:
    """``write_rows`` of an answer that is there whole."""
    write_rows(answer.columns, answer.rows, format, out)


def write_rows(columns: Sequence[str], rows: Iterable[Sequence[Any]], format: TextFormat, out: TextIO) -> int:
    """Write rows as text, one at a time: CSV with a header row (``NULL`` is an empty cell), a JSON array, or one JSON
    object a line. Returns their number.

    Dates and instants are ISO 8601; lists and structs stay nested in JSON and are JSON in a CSV cell.
    """
    count = 0
    if format == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            writer.writerow([_cell(value) for value in row])
            count += 1
        return count
    keys = _distinct(columns)
    before, between, after = ("[", ",\n ", "]\n") if format == "json" else ("", "\n", "\n")
    out.write(before)
    for row in rows:
        item = json.dumps(dict(zip(keys, map(plain, row), strict=True)), ensure_ascii=False)
        out.write((between if count else "\n " if format == "json" else "") + item)
        count += 1
    out.write(("\n" if format == "json" and count else "") + (after if count or format == "json" else ""))
    return count


def answer_text(answer: Answer, format: TextFormat) -> str:
    """``write_answer`` into a string."""
    out = io.StringIO()
    write_answer(answer, format, out)
    return out.getvalue()


def plain(value: Any) -> Any:
    """``value`` in the types of JSON."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)  # JSON has no word for them
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def write_parquet(stream: Stream, target: Path, *, rows_at_once: int = PARQUET_ROWS) -> int:
    """Write a Parquet file (zstd) in row groups of ``rows_at_once``; returns the number of rows. Intervals become
    seconds."""
    schema, batches = stream.batches(rows_at_once)
    kept = parquet_schema(schema)
    count = 0
    try:
        with pq.ParquetWriter(target, kept, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(fitted(batch, kept), row_group_size=rows_at_once)
                count += batch.num_rows
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid) as error:
        told = ", ".join(f"{name} {kind}" for name, kind in zip(stream.columns, stream.types, strict=True))
        raise QueryError(f"Parquet cannot hold a column of these ({told}): cast it to text. ({error})") from error
    return count


def parquet_schema(schema: pa.Schema) -> pa.Schema:
    """``schema`` with what Parquet has no type for in a type it has: an interval in seconds."""
    return pa.schema(
        pa.field(name, pa.float64() if field.type == pa.month_day_nano_interval() else field.type)
        for name, field in zip(_distinct(schema.names), schema, strict=True)
    )


def fitted(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """``batch`` in the types of ``parquet_schema``."""
    columns = [
        column if column.type == field.type else pa.array(map(_seconds, column.to_pylist()), field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _seconds(interval: Any) -> float | None:
    """A month counts as 30 days, as DuckDB's ``epoch`` does."""
    if interval is None:
        return None
    return (30 * int(interval.months) + int(interval.days)) * 86_400 + int(interval.nanoseconds) / 1e9


def _write_workbook(stream: Stream, target: Path) -> Written:
    """Write an Excel workbook a row at a time. Text stays text, whatever it looks like: no formulas, no links."""
    if len(stream.columns) > SHEET_COLUMNS:
        raise QueryError(f"{len(stream.columns)} columns: an Excel sheet has {SHEET_COLUMNS}. Ask for fewer")
    # constant_memory: each row is on disk before the next is taken.
    with xlsxwriter.Workbook(target, {"constant_memory": True}) as workbook:
        sheets = _Sheets(workbook, stream.columns)
        rows = 0
        for row in stream.rows():
            sheets.write(row)
            rows += 1
        return Written(rows, sheets.count, sheets.cut_cells)


class _Sheets:
    """Sheets of one workbook, the next begun where one is full, each with the header."""

    def __init__(self, workbook: xlsxwriter.Workbook, columns: Sequence[str]) -> None:
        self._workbook = workbook
        self._columns = columns
        self._bold = workbook.add_format({"bold": True})
        self._day = workbook.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self._clock = workbook.add_format({"num_format": "hh:mm:ss"})
        self._span = workbook.add_format({"num_format": "[h]:mm:ss"})
        self.count = 0
        self.cut_cells = 0
        self._begin()

    def write(self, row: Sequence[Any]) -> None:
        if self._row == SHEET_ROWS:
            self._begin()
        for number, value in enumerate(row):
            self._write(number, value)
        self._row += 1

    def _begin(self) -> None:
        self.count += 1
        self._sheet = self._workbook.add_worksheet("answer" if self.count == 1 else f"answer {self.count}")
        self._sheet.freeze_panes(1, 0)
        for number, column in enumerate(self._columns):
            self._sheet.set_column(number, number, min(max(len(column) + 2, 12), 40))
            self._sheet.write_string(0, number, column, self._bold)
        self._row = 1

    def _write(self, number: int, value: Any) -> None:
        at = (self._row, number)
        if value is None:
            return
        if isinstance(value, bool):
            self._sheet.write_boolean(*at, value)
        elif isinstance(value, datetime) and value.date() >= _FIRST_DAY:
            naive = value if value.tzinfo is None else value.astimezone(UTC).replace(tzinfo=None)
            self._sheet.write_datetime(*at, naive, self._instant)
        elif isinstance(value, date) and not isinstance(value, datetime) and value >= _FIRST_DAY:
            self._sheet.write_datetime(*at, value, self._day)
        elif isinstance(value, time) and value.tzinfo is None:
            self._sheet.write_datetime(*at, value, self._clock)
        elif isinstance(value, timedelta) and value >= timedelta():
            self._sheet.write_datetime(*at, value, self._span)
        elif isinstance(value, int | float | Decimal) and _is_exact(value):
            self._sheet.write_number(*at, float(value))
        else:
            self._sheet.write_string(*at, self._fitting(str(_cell(value))))

    def _fitting(self, text: str) -> str:
        if len(text.encode("utf-16-le")) // 2 <= CELL_CHARACTERS:
            return text
        self.cut_cells += 1
        return text.encode("utf-16-le")[: 2 * (CELL_CHARACTERS - 1)].decode("utf-16-le", "ignore") + "…"


def _is_exact(number: float | Decimal) -> bool:
    """Whether Excel keeps the number: it has no infinities, and of digits fifteen."""
    if isinstance(number, float):
        return math.isfinite(number)
    if isinstance(number, int):
        return abs(number) < 10**_EXACT_DIGITS
    return number.is_finite() and len(number.as_tuple().digits) <= _EXACT_DIGITS


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A file to write beside ``target``, put in its place if the block ends well, and removed otherwise."""
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _distinct(columns: Sequence[str]) -> tuple[str, ...]:
    """Column names as keys: of a name that comes twice, the second with ``_1``, as DuckDB names it in a subquery."""
    seen: dict[str, int] = {}
    keys = []
    for column in columns:
        number = seen.get(column, 0)
        seen[column] = number + 1
        keys.append(column if number == 0 else f"{column}_{number}")
    return tuple(keys)


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, float):
        return value  # of CSV and Excel neither minds what is no number
    simple = plain(value)
    return json.dumps(simple, ensure_ascii=False) if isinstance(simple, dict | list) else simple
