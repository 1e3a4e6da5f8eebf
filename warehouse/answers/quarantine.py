"""The quarantine as people look at it: its pages, one page whole, and which page somebody means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from scrapers.addresses import canonical
from warehouse.errors import NoReaderError, UnknownDocumentError
from warehouse.query import Answer, run_sql
from warehouse.readers import open_reader

SHORTEST_PREFIX: Final = 4
"""Characters of an identity that are enough to name a page, where only one begins so."""


@dataclass(frozen=True, slots=True)
class QuarantinedPage:
    """A page that is in quarantine, or was until somebody decided on it."""

    document_id: str
    state: str
    url: str
    title: str | None
    publisher: str | None
    report_type: str | None
    report_year: int | None
    text_digest: str | None
    payload_digest: str | None


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision on a page, with what has become of it; ``standing`` as in the view ``decisions``."""

    verdict: str
    decided_by: str
    decided_at: datetime
    reason: str
    standing: str


def quarantine_table(reader: Path, *, source_id: str | None = None, decided: bool = False) -> Answer:
    """The pages in quarantine, those to be looked at again first, then the oldest; with ``decided`` the decisions
    instead, the newest first.

    Raises ``NoReaderError`` where no copy has been published, or only one of before decisions were kept.
    """
    _open(reader).close()
    if decided:
        return run_sql(
            reader,
            "SELECT d.document_id, d.verdict, d.standing, d.decided_by, d.decided_at, d.reason, r.publisher, "
            "r.report_type, r.report_year, d.title, d.url FROM decisions d "
            "LEFT JOIN core_reports r ON r.document_id = d.document_id "
            "WHERE $source IS NULL OR r.source_id = $source ORDER BY d.decided_at DESC, d.document_id",
            parameters={"source": source_id},
        )
    return run_sql(
        reader,
        "FROM quarantine WHERE $source IS NULL OR source_id = $source "
        "ORDER BY decided_before IS NULL, first_seen_at, document_id",
        parameters={"source": source_id},
    )


def find_page(reader: Path, wanted: str) -> QuarantinedPage:
    """The page that ``wanted`` names: its identity, the beginning of it, or an address.

    Raises ``UnknownDocumentError``, with what stands nearest, where that is no page of the quarantine, or several.
    """
    connection = _open(reader)
    try:
        rows = connection.execute(_PAGES).fetchall()
        pages = {str(row[0]): QuarantinedPage(*row) for row in rows}
        if wanted in pages:
            return pages[wanted]
        if "://" in wanted:
            address = canonical(wanted, wanted) or wanted
            found = connection.execute(_AT_ADDRESS, [[wanted, address]]).fetchall()
        else:
            found = connection.execute(_BEGINNING, [wanted]).fetchall() if len(wanted) >= SHORTEST_PREFIX else []
    finally:
        connection.close()
    named = [pages[identity] for identity, _ in found if identity in pages]
    if len(named) == 1:
        return named[0]
    if named:
        raise UnknownDocumentError(
            f"{len(named)} pages of the quarantine are named {wanted}: "
            + "; ".join(map(_in_words, named[:5]))
            + ". Write more of the one you mean."
        )
    if found:
        identity, state = found[0]
        raise UnknownDocumentError(
            f"{identity} is {state} and was never in quarantine, so there is nothing to decide. A page that is no "
            "report of its source can stand under [ignored] in the source file."
        )
    near = difflib.get_close_matches(wanted, [*pages, *(page.url for page in pages.values())], n=3, cutoff=0.5)
    close = [page for page in pages.values() if page.document_id in near or page.url in near]
    hint = " Nearest: " + "; ".join(map(_in_words, close)) + "." if close else ""
    raise UnknownDocumentError(
        f"no page of the quarantine is named {wanted}.{hint} There are {len(pages)}: nianbao quarantine list"
    )


def page_in_words(reader: Path, document_id: str) -> tuple[Mapping[str, Any], str, tuple[PastDecision, ...]]:
    """What is known of a page, by the names of the view ``quarantine`` (plus the dates it states); its text; and the
    decisions on it, newest first."""
    connection = _open(reader)
    try:
        cursor = connection.execute(_WHOLE, [document_id])
        names = [column[0] for column in cursor.description or []]
        *values, text = cursor.fetchall()[0]
        past = connection.execute(
            "SELECT verdict, decided_by, decided_at, reason, standing FROM decisions WHERE document_id = ? "
            "ORDER BY decided_at DESC",
            [document_id],
        ).fetchall()
    finally:
        connection.close()
    return dict(zip(names, values, strict=False)), str(text or ""), tuple(PastDecision(*row) for row in past)


def standing_of(connection: duckdb.DuckDBPyConnection, document_id: str) -> tuple[str | None, str | None]:
    """State of a document and standing of the last decision on it, each ``None`` where there is none.

    ``connection`` is one of ``database.writing``.
    """
    row = connection.execute(
        "SELECT (SELECT state FROM core_reports WHERE document_id = $id), "
        "(SELECT arg_max(standing, decided_at) FROM decisions WHERE document_id = $id)",
        {"id": document_id},
    ).fetchone()
    return (None, None) if row is None else (row[0], row[1])


def _in_words(page: QuarantinedPage) -> str:
    return f"{page.document_id} ({page.title or page.url})"


def _open(reader: Path) -> duckdb.DuckDBPyConnection:
    connection = open_reader(reader)
    if not connection.execute("FROM duckdb_tables() WHERE table_name = 'core_decisions'").fetchall():
        connection.close()
        raise NoReaderError(
            f"{reader} was published before decisions were kept. Run: nianbao crawl (it publishes at its end)"
        )
    return connection


_PAGES: Final = """
SELECT document_id, state, url, title, publisher, report_type, report_year, text_digest, payload_digest
FROM core_reports
WHERE state = 'quarantined' OR document_id IN (SELECT document_id FROM decisions)
ORDER BY document_id
"""
_AT_ADDRESS: Final = """
SELECT DISTINCT r.document_id, r.state FROM core_addresses a JOIN core_reports r ON r.document_id = a.document_id
WHERE list_contains(?, a.url) ORDER BY ALL
"""
_BEGINNING: Final = "SELECT document_id, state FROM core_reports WHERE starts_with(document_id, ?) ORDER BY ALL"
_WHOLE: Final = """
SELECT r.document_id, r.state, r.reason, r.title, r.publisher, r.division_code, r."level", r.report_type, r.report_year,
    r.report_year_reason, r.published, r.dates, r.stated_source, r.doc_number, r.index_number, r.url,
    (SELECT list(a.url ORDER BY a.url) FROM core_addresses a WHERE a.document_id = r.document_id AND a.url <> r.url)
        AS also_at,
    o.url AS mirror_of, o.document_id AS mirror_of_id, c.similarity, r.source_id, r.column_url, r.listed_title,
    (SELECT list(f.flag || CASE WHEN f.evidence = '' THEN '' ELSE ': ' || f.evidence END ORDER BY f.flag, f.evidence)
        FROM core_flags f WHERE f.document_id = r.document_id AND f."version" = r."version") AS evidence,
    r."version", r.text_length, r.tables, r.attachments, r.capture_id, r.first_seen_at, r.last_read_at, v."text"
FROM core_reports r
LEFT JOIN core_copies c ON c.document_id = r.document_id
LEFT JOIN core_reports o ON o.document_id = c.copy_of
LEFT JOIN core_versions v ON v.document_id = r.document_id AND v."version" = r."version"
WHERE r.document_id = ?
"""
