"""What publishers changed, as a question to the reader copy: the view ``changes``, narrowed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from warehouse.query import Answer, run_sql


def change_table(
    reader: Path,
    *,
    source_id: str | None = None,
    year: int | None = None,
    since: date | None = None,
    limit: int | None = None,
) -> Answer:
    """Rows of ``changes``, the newest first, of one source, about one report year, seen on or after a date (UTC).

    Raises ``NoReaderError`` where no copy has been published.
    """
    return run_sql(
        reader,
        "SELECT c.* FROM changes c JOIN core_reports r ON r.document_id = c.document_id "
        "WHERE ($source::VARCHAR IS NULL OR r.source_id = $source) "
        "AND ($year::INTEGER IS NULL OR c.report_year = $year) "
        "AND ($since::DATE IS NULL OR c.changed_at >= $since::DATE) "
        "ORDER BY c.changed_at DESC, c.document_id, c.version DESC",
        parameters={"source": source_id, "year": year, "since": since},
        limit=limit,
    )
