"""What of the archive is to be read anew, and what the warehouse holds of it now."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from scrapers.records import Candidate, Capture, Outcome, ReportType, State
from warehouse.database import writing
from warehouse.storage.instants import aware, kept

COMPARED: Final = (
    "state", "publisher", "division_code", "level", "report_type", "report_year", "title", "published", "doc_number",
    "index_number", "edition",
)  # fmt: skip
"""Fields of a document in which a reading may differ, beside its text."""


@dataclass(frozen=True, slots=True)
class HeldReading:
    """What is held of a page as it was read from one capture."""

    document_id: str
    text_digest: str | None
    fields: dict[str, str | None] | None = None
    """Of ``COMPARED``, as text; ``None`` where a later capture of the page was read since."""


@dataclass(frozen=True, slots=True)
class CaptureToReread:
    """An archived answer with the row that led to it."""

    capture: Capture
    candidate: Candidate
    held_before: bool
    """A document was read at this address from an earlier answer."""
    report_year: int | None
    """Of the document that was read here, if one was."""
    held: HeldReading | None
    files: tuple[Capture, ...] = ()
    """Every answer of the files that were ever found attached to it, the oldest first."""


def captures_to_reread(
    warehouse: Path,
    *,
    source_ids: Collection[str] = (),
    since: datetime | None = None,
    capture_ids: Collection[str] | None = None,
) -> tuple[CaptureToReread, ...]:
    """Every answer that a report may be read from, by WARC file and place: of a page that was asked for again, those
    that brought another payload than the one before. ``capture_ids``: these, whatever they brought.

    Raises as ``database.writing`` does.
    """
    if not warehouse.exists():
        return ()
    with writing(warehouse, "read what is archived") as connection:
        cursor = connection.execute(
            _CAPTURES,
            {
                "sources": list(source_ids),
                "since": kept(since),
                "all": capture_ids is None,
                "captures": list(capture_ids or ()),
            },
        )
        names = [column[0] for column in cursor.description or ()]
        rows = cursor.fetchall()
    return tuple(_capture(dict(zip(names, row, strict=True))) for row in rows)


def unread_candidates(warehouse: Path, source_ids: Collection[str] = ()) -> tuple[Candidate, ...]:
    """Rows of which no page was read: judged by their title alone."""
    if not warehouse.exists():
        return ()
    with writing(warehouse, "read the rows of lists") as connection:
        rows = connection.execute(_UNREAD, {"sources": list(source_ids)}).fetchall()
    return tuple(_candidate(*row) for row in rows)


def held_texts_of(reader_or_warehouse: Path, document_ids: Iterable[str]) -> dict[str, str]:
    """The current text of each document."""
    with writing(reader_or_warehouse, "read texts") as connection:
        rows = connection.execute(
            'SELECT r.document_id, v."text" FROM core_reports r JOIN core_versions v '
            'ON v.document_id = r.document_id AND v."version" = r."version" '
            "WHERE r.document_id IN (SELECT unnest(?))",
            [list(document_ids)],
        ).fetchall()
    return {str(document): str(text) for document, text in rows}


def _capture(row: dict[str, Any]) -> CaptureToReread:
    fields = row["held_fields"]
    held = None
    if row["held_document"] is not None:
        held = HeldReading(row["held_document"], row["held_digest"], None if fields is None else dict(fields))
    return CaptureToReread(
        capture=_answer(
            row,
            headers=tuple((one["name"], one["value"]) for one in row["headers"] or ()),
            etag=row["etag"],
            last_modified=row["last_modified"],
            attempts=row["attempts"],
            elapsed_ms=row["elapsed_ms"],
        ),
        candidate=_candidate(
            row["source_id"],
            row["column_url"],
            row["url"],
            row["title"],
            row["listed_date"],
            row["candidate_state"],
            row["candidate_reason"],
            row["candidate_type"],
            row["pinned"],
            row["last_seen_at"],
        ),
        held_before=row["held_before"],
        report_year=row["report_year"],
        held=held,
        files=tuple(_answer(one) for one in row["files"] or ()),
    )


def _answer(row: dict[str, Any], **more: Any) -> Capture:
    return Capture(
        capture_id=row["capture_id"],
        url=row["url"],
        final_url=row["final_url"],
        fetched_at=_instant(row["fetched_at"]),
        outcome=Outcome(row["outcome"]),
        detail=row["detail"],
        status=row["status"],
        content_type=row["content_type"],
        digest=row["digest"],
        length=row["length"],
        warc_file=row["warc_file"],
        warc_offset=row["warc_offset"],
        **more,
    )


def _candidate(
    source_id: str,
    column_url: str,
    url: str,
    title: str | None,
    listed_date: date | None,
    state: str,
    reason: str | None,
    report_type: str | None,
    pinned: bool,
    seen_at: datetime,
) -> Candidate:
    return Candidate(
        source_id,
        column_url,
        url,
        title or "",
        listed_date,
        State(state),
        reason or "",
        None if report_type is None else ReportType(report_type),
        pinned,
        _instant(seen_at),
    )


def _instant(value: datetime) -> datetime:
    instant = aware(value)
    assert instant is not None
    return instant


_CAPTURES: Final = """
WITH rows_listed AS (
    SELECT source_id, url, max_by({'column_url': column_url, 'title': title, 'listed_date': listed_date, 'state': state,
        'reason': reason, 'report_type': report_type, 'pinned': pinned, 'last_seen_at': last_seen_at
        }, last_seen_at) AS c
    FROM raw_candidates
    WHERE len($sources::VARCHAR[]) = 0 OR list_contains($sources::VARCHAR[], source_id)
    GROUP BY source_id, url
),
answers AS (
    -- What the answer said decides again today: also pages that were no document then.
    SELECT *, lag(digest) OVER (PARTITION BY source_id, url ORDER BY fetched_at, capture_id) AS digest_before
    FROM raw_captures
    WHERE warc_file IS NOT NULL AND digest IS NOT NULL AND status = 200
        AND outcome IN ('ok', 'soft_404', 'wrong_content', 'challenge', 'js_only')
        AND (len($sources::VARCHAR[]) = 0 OR list_contains($sources::VARCHAR[], source_id))
),
first_read AS (
    SELECT a.url, r.source_id, min(a.first_seen_at) AS first_seen_at
    FROM core_addresses a JOIN reports_as_read r ON r.document_id = a.document_id
    WHERE r.state IN ('accepted', 'quarantined') GROUP BY ALL
),
attached AS (
    SELECT d.page, list({'capture_id': c.capture_id, 'url': c.url, 'final_url': c.final_url, 'fetched_at': c.fetched_at,
        'outcome': c.outcome, 'detail': c.detail, 'status': c.status, 'content_type': c.content_type,
        'digest': c.digest, 'length': c.length, 'warc_file': c.warc_file, 'warc_offset': c.warc_offset
        } ORDER BY c.fetched_at) AS files
    FROM (SELECT DISTINCT a.url AS page, f.url AS file FROM core_addresses a
        JOIN core_attachments f ON f.document_id = a.document_id) d
    JOIN raw_captures c ON c.url = d.file
    WHERE d.file <> d.page GROUP BY d.page
),
read_from AS (
    SELECT capture_id, any_value(document_id) AS document_id, any_value(text_digest) AS text_digest
    FROM core_version_facts GROUP BY capture_id
)
SELECT a.* EXCLUDE (digest_before), l.c.column_url AS column_url, l.c.title AS title, l.c.listed_date AS listed_date,
    l.c.state AS candidate_state, l.c.reason AS candidate_reason, l.c.report_type AS candidate_type,
    l.c.pinned AS pinned, l.c.last_seen_at AS last_seen_at,
    coalesce(f.first_seen_at < a.fetched_at, false) AS held_before,
    coalesce(r.report_year, o.report_year)::INTEGER AS report_year,
    coalesce(r.document_id, v.document_id) AS held_document, coalesce(r.text_digest, v.text_digest) AS held_digest,
    CASE WHEN r.document_id IS NOT NULL THEN MAP {
        'state': r.state, 'publisher': r.publisher, 'division_code': r.division_code, 'level': r.level,
        'report_type': r.report_type, 'report_year': r.report_year::VARCHAR, 'title': r.title,
        'published': r.published::VARCHAR, 'doc_number': r.doc_number,
        'index_number': r.index_number, 'edition': r.edition
        } END AS held_fields,
    t.files
FROM answers a
JOIN rows_listed l ON l.source_id = a.source_id AND l.url = a.url
LEFT JOIN first_read f ON f.source_id = a.source_id AND f.url = a.url
LEFT JOIN reports_as_read r ON r.capture_id = a.capture_id  -- what people corrected is no difference of reading
LEFT JOIN read_from v ON v.capture_id = a.capture_id
LEFT JOIN attached t ON t.page = a.url
LEFT JOIN core_reports o ON o.document_id = v.document_id
WHERE (NOT $all OR a.digest IS DISTINCT FROM a.digest_before)
    AND ($since::TIMESTAMP IS NULL OR a.fetched_at >= $since::TIMESTAMP)
    AND ($all OR a.capture_id IN (SELECT unnest($captures::VARCHAR[])))
ORDER BY a.warc_file, a.warc_offset
"""
_UNREAD: Final = """
SELECT source_id, column_url, url, title, listed_date, state, reason, report_type, pinned, last_seen_at
FROM raw_candidates c
WHERE state IN ('wanted', 'rejected', 'off_host') AND title IS NOT NULL
    AND (len($sources::VARCHAR[]) = 0 OR list_contains($sources::VARCHAR[], source_id))
    AND NOT EXISTS (FROM raw_captures p WHERE p.url = c.url AND p.source_id = c.source_id)
ORDER BY ALL
"""
