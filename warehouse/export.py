"""The warehouse as a Frictionless data package: a folder of Parquet files a table, with ``datapackage.json``.

Everything comes from one reader copy, held open, so tables agree with each other however many loads go on meanwhile.
The package is written beside its place and takes it when it is whole. Format: Data Package v1, frictionless.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.answers.formats import PARQUET_ROWS, fitted, parquet_schema
from warehouse.comments import catalog
from warehouse.errors import ExportError
from warehouse.query_advice import nearest
from warehouse.readers import open_reader
from warehouse.storage.durability import sync_folder
from warehouse.storage.literals import identifier, quoted

DESCRIPTOR: Final = "datapackage.json"
README: Final = "README.md"
DEFAULT_TABLES: Final = (
    "reports",
    "report_texts",
    "attachments",
    "sections",
    "figures",
    "disclosure_panel",
    "terms",
    "coverage",
    "changes",
    "quarantine",
    "problems",
    "outcomes",
    "sources",
    "runs",
)
"""What analysts ask; those of them that the reader copy has are exported."""
FILE_BYTES: Final = 256 * 2**20
"""Of a file, as it is in memory; in Parquet a third to a tenth of it."""
_NAME: Final = "nianbao"
_LICENSE: Final = {
    "name": "other-pd",
    "title": "Texts: official documents, to which 《中华人民共和国著作权法》第五条 says that copyright does not apply",
}
# Columns that tell rows apart, by table; the first set that does becomes the primary key. For others see _COMMON.
_KEYS: Final[Mapping[str, Sequence[tuple[str, ...]]]] = {
    "coverage": [("source_id", "publisher", "report_type", "report_year")],
    "changes": [("document_id", "version")],
    "terms": [("document_id", "token")],
    "outcomes": [("outcome",)],
    "runs": [("run_id",)],
    "sources": [("source_id",)],
}
_COMMON: Final = (("document_id",), ("document_id", "position"), ("document_id", "version", "position"))
_REFERENCES: Final = (("document_id", "reports"), ("source_id", "sources"), ("outcome", "outcomes"))


@dataclass(frozen=True, slots=True)
class Selection:
    """Which reports are exported; ``None`` and nothing given mean all."""

    years: tuple[int, ...] = ()
    division: str | None = None
    """Beginning of a division code; for a zone or department without one, of the division it lies in."""
    report_type: str | None = None

    def __bool__(self) -> bool:
        return bool(self.years) or self.division is not None or self.report_type is not None


@dataclass(frozen=True, slots=True)
class Exported:
    folder: Path
    rows: Mapping[str, int]
    """By table, in the order of the package."""
    size: int
    """Bytes of the Parquet files."""
    unfiltered: tuple[str, ...]
    """Tables with no column by which the selection could be applied; they are there whole."""


def export(
    reader: Path,
    folder: Path,
    *,
    tables: Sequence[str] = (),
    everything: bool = False,
    selection: Selection = Selection(),
    version: str,
    now: datetime | None = None,
    file_bytes: int = FILE_BYTES,
) -> Exported:
    """Write the package to ``folder``, new, empty, or an earlier export, which it replaces in one step.

    Rows are in a stated order, so two exports of the same copy are the same files but for ``created``. Raises
    ``ExportError`` for a folder that holds anything else and for a table that is not there, ``NoReaderError`` where no
    copy has been published.
    """
    _refuse_what_is_no_export(folder)
    connection = open_reader(reader)
    try:
        chosen = _chosen(connection, tables, everything)
        with _taking_the_place_of(folder) as work:
            written = [_write_table(connection, table, work, selection, file_bytes) for table in chosen]
            resources = _resources(connection, work, written, selection)
            sources = _sources(connection)
            package = _package(resources, sources, selection, version, now or datetime.now(UTC))
            (work / DESCRIPTOR).write_text(json.dumps(package, ensure_ascii=False, indent=1) + "\n", "utf-8")
            (work / README).write_text(_readme(package, written, version), "utf-8")
    finally:
        connection.close()
    return Exported(
        folder=folder,
        rows={table.name: table.rows for table in written},
        size=sum(int(resource["bytes"]) for resource in resources),
        unfiltered=tuple(table.name for table in written if selection and not table.is_filtered),
    )


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: Mapping[str, pa.DataType]
    files: tuple[Path, ...]
    rows: int
    is_filtered: bool


def _chosen(connection: duckdb.DuckDBPyConnection, tables: Sequence[str], everything: bool) -> list[str]:
    present = [
        str(name)
        for (name,) in connection.execute(
            "SELECT DISTINCT table_name FROM duckdb_columns() "
            "WHERE database_name = current_database() AND NOT internal ORDER BY table_name"
        ).fetchall()
    ]
    for table in tables:
        if table not in present:
            raise ExportError(f"there is no table or view {table}.{nearest(table, present)}")
    if tables:
        return list(dict.fromkeys(tables))
    default: list[str] = [table for table in DEFAULT_TABLES if table in present]
    return [*default, *(table for table in present if table not in default)] if everything else default


def _write_table(
    connection: duckdb.DuckDBPyConnection, table: str, work: Path, selection: Selection, file_bytes: int
) -> _Table:
    columns = [str(column) for column, *_ in connection.execute(f"DESCRIBE {identifier(table)}").fetchall()]
    condition, is_filtered = _condition(columns, selection)
    order = ", ".join(identifier(column) for column in _order(table, columns))
    reader = connection.execute(
        f"SELECT * FROM {identifier(table)} WHERE {condition} ORDER BY {order}"  # noqa: S608  # quoted names
    ).to_arrow_reader(PARQUET_ROWS)
    schema = parquet_schema(reader.schema)
    (work / table).mkdir()
    files: list[Path] = []
    rows = 0
    batches = iter(reader)
    batch = next(batches, None)
    while batch is not None or not files:
        file = work / table / f"{table}-{len(files) + 1:04d}.parquet"
        files.append(file)
        held = 0
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while batch is not None and held < file_bytes:
                writer.write_batch(fitted(batch, schema), row_group_size=PARQUET_ROWS)
                rows += batch.num_rows
                held += batch.nbytes
                batch = next(batches, None)
    return _Table(table, {field.name: field.type for field in schema}, tuple(files), rows, is_filtered)


def _order(table: str, columns: Sequence[str]) -> Sequence[str]:
    """Columns that put the rows in one order; all of them where nothing is known to be enough."""
    if table == "report_texts":
        return ("document_id",)
    if table in ("core_versions", "core_version_facts"):
        return ("document_id", "version")
    if table == "core_texts":
        return ("report_number", "version", "place")
    return columns


def _condition(columns: Sequence[str], selection: Selection) -> tuple[str, bool]:
    """The selection as SQL on a table with ``columns``: by its own columns, else by its documents, else nothing."""
    asked: list[tuple[str, str]] = []
    if selection.years:
        asked.append(("report_year", f"report_year IN ({', '.join(str(int(year)) for year in selection.years)})"))
    if selection.report_type is not None:
        asked.append(("report_type", f"report_type = {quoted(selection.report_type)}"))
    if selection.division is not None:
        # A view without the parent's code tells nothing of zones: there the document says where it belongs.
        code = "coalesce(division_code, parent_division_code)"
        asked.append(("parent_division_code", f"starts_with({code}, {quoted(selection.division)})"))
    parts = []
    for column, condition in asked:
        if column in columns:
            parts.append(condition)
        elif "document_id" in columns:
            parts.append(f"document_id IN (SELECT document_id FROM core_reports WHERE {condition})")  # noqa: S608
    return " AND ".join(parts) or "true", bool(parts)


def _resources(
    connection: duckdb.DuckDBPyConnection, work: Path, tables: Sequence[_Table], selection: Selection
) -> list[dict[str, Any]]:
    words = {entry.name: entry.words for entry in catalog().entries}
    keys = {table.name: _primary_key(connection, table) for table in tables}
    resources = []
    for table in tables:
        schema: dict[str, Any] = {
            "fields": [_field(table.name, name, kind) for name, kind in table.columns.items()],
            "missingValues": [],
        }
        if keys[table.name] and len(table.files) == 1:
            schema["primaryKey"] = list(keys[table.name])
        references = [
            {"fields": [column], "reference": {"resource": parent.name, "fields": [column]}}
            for column, other in _REFERENCES
            for parent in tables
            if parent.name == other != table.name
            and len(parent.files) == 1
            and column in table.columns
            and keys[parent.name] == (column,)
            and _refers(connection, table, parent, column)
        ]
        if references:
            schema["foreignKeys"] = references
        whole = selection and not table.is_filtered
        for number, file in enumerate(table.files, 1):
            part = f" Part {number} of {len(table.files)}." if len(table.files) > 1 else ""
            resources.append(
                {
                    "name": table.name.replace("_", "-") + (f"-{number:04d}" if part else ""),
                    "title": table.name,
                    "description": words.get(table.name, "")
                    + part
                    + (" Not narrowed: it has no such columns." if whole else ""),
                    "path": file.relative_to(work).as_posix(),
                    "profile": "tabular-data-resource",
                    "scheme": "file",
                    "format": "parquet",
                    "mediatype": "application/vnd.apache.parquet",
                    "bytes": file.stat().st_size,
                    "hash": f"sha256:{_sha256(file)}",
                    "rows": pq.read_metadata(file).num_rows,
                    "schema": schema,
                }
            )
    for resource in resources:
        for reference in resource["schema"].get("foreignKeys", ()):
            reference["reference"]["resource"] = reference["reference"]["resource"].replace("_", "-")
    return resources


def _primary_key(connection: duckdb.DuckDBPyConnection, table: _Table) -> tuple[str, ...]:
    """The first set of columns that is known of the table and tells its rows apart, in the files as written."""
    for columns in (*_KEYS.get(table.name, ()), *_COMMON):
        if not set(columns) <= table.columns.keys():
            continue
        names = ", ".join(map(identifier, columns))
        filled = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in columns)
        ((holds,),) = connection.execute(
            f"SELECT count(*) = count(DISTINCT ({names})) FILTER ({filled}) FROM {_files(table)}"  # noqa: S608
        ).fetchall()
        if holds:
            return columns
    return ()


def _refers(connection: duckdb.DuckDBPyConnection, table: _Table, parent: _Table, column: str) -> bool:
    name = identifier(column)
    ((strays,),) = connection.execute(
        f"SELECT count(*) FROM (SELECT DISTINCT {name} FROM {_files(table)} WHERE {name} IS NOT NULL) "  # noqa: S608
        f"ANTI JOIN {_files(parent)} USING ({name})"
    ).fetchall()
    return bool(strays == 0)


def _files(table: _Table) -> str:
    return f"read_parquet([{', '.join(quoted(str(file)) for file in table.files)}])"


def _field(table: str, name: str, kind: pa.DataType) -> dict[str, Any]:
    words = catalog().column(table, name)
    return {"name": name, "type": _frictionless_type(kind), **({"description": words} if words else {})}


def _frictionless_type(kind: pa.DataType) -> str:
    """The type of Table Schema (v1) for an Arrow type; ``any`` for what it has no word for, as a map."""
    tests = (
        (pa.types.is_boolean, "boolean"),
        (pa.types.is_integer, "integer"),
        (pa.types.is_floating, "number"),
        (pa.types.is_decimal, "number"),
        (pa.types.is_date, "date"),
        (pa.types.is_timestamp, "datetime"),
        (pa.types.is_time, "time"),
        (pa.types.is_string, "string"),
        (pa.types.is_dictionary, "string"),
        (pa.types.is_list, "array"),
        (pa.types.is_struct, "object"),
    )
    return next((word for is_kind, word in tests if is_kind(kind)), "any")


def _sources(connection: duckdb.DuckDBPyConnection) -> list[dict[str, str]]:
    rows = connection.execute(
        "SELECT s.publisher, min(c.url) FROM core_sources s JOIN core_source_columns c USING (source_id) "
        "GROUP BY s.source_id, s.publisher ORDER BY s.source_id"
    ).fetchall()
    return [{"title": str(publisher), "path": str(url)} for publisher, url in rows]


def _package(
    resources: list[dict[str, Any]],
    sources: list[dict[str, str]],
    selection: Selection,
    version: str,
    now: datetime,
) -> dict[str, Any]:
    only = [
        *([f"report years {', '.join(map(str, selection.years))}"] if selection.years else []),
        *([f"divisions {selection.division}*"] if selection.division is not None else []),
        *([f"type {selection.report_type}"] if selection.report_type is not None else []),
    ]
    return {
        "profile": "data-package",
        "name": _NAME,
        "title": "年报: annual reports that Chinese governments publish",
        "description": "Texts and metadata of 法治政府建设年度报告 and 政府信息公开工作年度报告, as crawled from the "
        "publishers' own sites. Instants are UTC, dates are calendar dates in China, unknown is NULL."
        + (f" Narrowed to {'; '.join(only)}." if only else ""),
        "version": version,
        "created": now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "licenses": [_LICENSE],
        "sources": sources,
        "resources": resources,
    }


def _readme(package: Mapping[str, Any], tables: Sequence[_Table], version: str) -> str:
    words = {entry.name: entry.words for entry in catalog().entries}
    listed = "\n".join(
        f"| `{table.name}/` | {table.rows} | {len(table.files)} | {words.get(table.name, '').replace('|', '/')} |"
        for table in tables
    )
    first = tables[0].name if tables else "reports"
    return f"""# {package["title"]}

{package["description"]}

Written by nianbao {version} on {package["created"]}, from one copy of the warehouse. `{DESCRIPTOR}` is a Frictionless
data package: of every file its fields in words, rows, bytes and SHA-256, of every table its keys where they hold.

| Folder | Rows | Files | What a row is |
|---|---|---|---|
{listed}

```python
import duckdb, pandas, polars

duckdb.sql("FROM '{first}/*.parquet'")
pandas.read_parquet("{first}")
polars.read_parquet("{first}/*.parquet")
```

In R: `arrow::open_dataset("{first}")`.

The texts are official documents ({_LICENSE["title"].partition(": ")[2]}). Name the publisher and the address of what
you quote; both stand beside every text.
"""


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _refuse_what_is_no_export(folder: Path) -> None:
    if not folder.exists():
        if not folder.parent.is_dir():
            raise ExportError(f"{folder.parent} is no folder: make it first, or name another")
        return
    if not folder.is_dir() or folder.is_symlink():
        raise ExportError(f"{folder} is no folder of its own: name one that is not there yet")
    held = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    if not held:
        return
    try:
        package = json.loads((folder / DESCRIPTOR).read_text("utf-8"))
        ours = {resource["path"] for resource in package["resources"]} | {DESCRIPTOR, README}
        is_ours = package["name"] == _NAME
    except (OSError, ValueError, KeyError, TypeError):
        raise ExportError(f"{folder} is not empty and no earlier export: name a folder that is not there yet") from None
    strangers = sorted(held - ours)
    if not is_ours or strangers:
        what = f" ({', '.join(strangers[:3])})" if strangers else ""
        raise ExportError(f"{folder} holds more than an earlier export{what}: move that away, or name another folder")


@contextmanager
def _taking_the_place_of(folder: Path) -> Iterator[Path]:
    """A folder to write beside ``folder``, which takes its place if the block ends well and is removed otherwise.

    A package that is killed half-way lies below a name that begins with a dot and has no descriptor; the next export to
    the same place removes it.
    """
    folder = folder.absolute()
    for left_behind in folder.parent.glob(f".{folder.name}.*.tmp"):
        if not _is_running(left_behind.name.split(".")[-2]):
            shutil.rmtree(left_behind)
    work = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    old = folder.with_name(f".{folder.name}.old.{os.getpid()}.tmp")
    work.mkdir()
    try:
        yield work
        for path in sorted(work.rglob("*")):
            if path.is_dir():
                sync_folder(path)
            else:
                with path.open("rb") as file:
                    os.fsync(file.fileno())
        if folder.exists():
            folder.rename(old)
        try:
            work.rename(folder)
        except OSError:
            if old.exists():
                old.rename(folder)
            raise
        sync_folder(folder.parent)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _is_running(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
