"""What people put beside what was read, made to count: corrections of fields, and decisions on the quarantine.

A merge applies both to what it brings (``merge/65_amendments.sql``). Here the same script runs for what is held
already, where a file of them has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from scrapers.records import Correction
from warehouse.errors import NoReaderError, QueryError
from warehouse.load import drop_temporary, merge_scripts
from warehouse.query import Answer, run_sql
from warehouse.storage.transactions import transaction

_APPLY: Final = "65_amendments.sql"
_LINK: Final = "80_copies.sql"


def load_corrections(connection: duckdb.DuckDBPyConnection, corrections: Iterable[Correction]) -> None:
    """Make ``core_corrections`` equal to ``corrections``; ``apply_amendments`` makes them count.

    ``connection`` is one of ``database.writing``. Of two corrections of one field the one that comes first counts.
    """
    known = list(corrections)
    table = pa.table(
        {
            "file": pa.array([each.file for each in known], pa.string()),
            "line": pa.array([each.line for each in known], pa.int32()),
            "rank": pa.array(range(len(known)), pa.int32()),
            "document_id": pa.array([each.document_id for each in known], pa.string()),
            "url": pa.array([each.url for each in known], pa.string()),
            "field": pa.array([each.field for each in known], pa.string()),
            "value": pa.array([each.value for each in known], pa.string()),
            "expect": pa.array([each.expect for each in known], pa.string()),
            "reason": pa.array([each.reason for each in known], pa.string()),
            "reported": pa.array([each.reported for each in known], pa.string()),
        }
    )
    connection.register("corrections_in_files", table)
    try:
        connection.execute(
            "DELETE FROM core_corrections WHERE (SELECT count(*) FROM (FROM core_corrections EXCEPT ALL "
            "FROM corrections_in_files)) + (SELECT count(*) FROM (FROM corrections_in_files EXCEPT ALL "
            "FROM core_corrections)) > 0"
        )
        connection.execute(
            "INSERT INTO core_corrections BY NAME SELECT * FROM corrections_in_files "
            "WHERE NOT EXISTS (FROM core_corrections)"
        )
    finally:
        connection.unregister("corrections_in_files")


def apply_amendments(connection: duckdb.DuckDBPyConnection) -> int:
    """Apply corrections and decisions to the documents that are held, and take back those that hold no longer.

    Returns the number of documents that changed. One transaction; run again, it changes nothing. ``connection`` is one
    of ``database.writing``.
    """
    scripts = dict(merge_scripts())
    with transaction(connection):
        connection.execute("CREATE TEMP TABLE newest_reports AS SELECT document_id FROM core_reports LIMIT 0")
        connection.execute(scripts[_APPLY])
        (changed,) = connection.execute("SELECT count(*) FROM changed_by_amendment").fetchall()[0]
        if changed:
            # Copies are looked for among, and of, the documents that are trusted now and were not before.
            connection.execute("INSERT INTO newest_reports SELECT document_id FROM changed_by_amendment")
            connection.execute(scripts[_LINK])
        drop_temporary(connection)
    return int(changed)


def correction_table(reader: Path) -> Answer:
    """Every correction that the reader copy knows, with what has become of it, in the order in which they count.

    Raises ``NoReaderError`` where no copy has been published, or only one of before corrections were kept.
    """
    try:
        return run_sql(reader, "FROM corrections ORDER BY standing NOT LIKE 'source%', file, line")
    except QueryError as error:
        if "no table or view corrections" not in str(error):
            raise
        raise NoReaderError(
            f"{reader} was published before corrections were kept. Run: nianbao crawl (it publishes at its end)"
        ) from error
