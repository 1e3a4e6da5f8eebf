"""The ledger: runs as they start and end, the registry as expected, and what is known of each page before it is
fetched.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import pyarrow as pa

from scrapers.records import FileKnown, KnownColumn, KnownPage, Outcome, Place, Source, State
from warehouse.database import writing
from warehouse.storage.instants import aware, kept
from warehouse.storage.transactions import transaction

FILE_TRIES: Final = 5
"""Fetches of an attached file that may fail before it is given up."""
_KNOWN_PAGES: Final = """
WITH listed AS (
    SELECT source_id, url, arg_max(state, last_seen_at) AS state, arg_max(title, last_seen_at) AS title,
        arg_max(column_url, last_seen_at) AS column_url, arg_max_null(listed_date, last_seen_at) AS listed_date,
        max(last_seen_at) AS last_seen_at
    FROM raw_candidates WHERE list_contains($sources, source_id) GROUP BY source_id, url
),
read AS (
    SELECT r.source_id, a.url, arg_max(r.state, r.last_read_at) AS state,
        arg_max(r.listed_title, r.last_read_at) AS title
    FROM core_addresses a JOIN core_reports r ON r.document_id = a.document_id
    WHERE list_contains($sources, r.source_id) GROUP BY r.source_id, a.url
),
fetched AS (
    SELECT url, ok_at, etag, last_modified, digest, last_fetched_at FROM core_pages WHERE url IN (
        SELECT url FROM listed UNION SELECT url FROM read)
),
-- Reports with a file that nobody looked at yet (read before files were), or that may yet be had: a few tries.
incomplete AS (
    SELECT DISTINCT d.url
    FROM core_reports r
    JOIN core_attachments a ON a.document_id = r.document_id AND a."version" = r."version"
    JOIN core_addresses d ON d.document_id = r.document_id
    LEFT JOIN core_pages p ON p.url = a.url
    WHERE list_contains($sources, r.source_id) AND r.state = 'accepted' AND (a.outcome IS NULL
        OR (a.outcome = 'not_fetched' AND coalesce(p.failures, 0) < $tries
            AND coalesce(p.last_outcome, 'not_asked') NOT IN ('gone', 'soft_404', 'client_error', 'robots_denied',
                'wrong_host', 'forbidden_address', 'wrong_content', 'too_large')))
),
-- The file whose text a report has: it may change behind an unchanged page.
text_files AS (
    SELECT d.url, any_value({'url': a.url, 'digest': a.digest}) AS file
    FROM core_reports r
    JOIN core_attachments a ON a.document_id = r.document_id AND a."version" = r."version" AND a.role = 'report'
    JOIN core_addresses d ON d.document_id = r.document_id
    WHERE list_contains($sources, r.source_id) AND a.digest IS NOT NULL AND a.url <> d.url GROUP BY d.url
),
archived AS (
    SELECT url, arg_max({'warc_file': warc_file, 'warc_offset': warc_offset}, fetched_at) AS place
    FROM raw_captures WHERE outcome = 'ok' AND warc_file IS NOT NULL AND list_contains($sources, source_id)
    GROUP BY url
)
SELECT
    coalesce(l.source_id, r.source_id) AS source_id,
    coalesce(l.url, r.url) AS url,
    CASE
        WHEN r.state IS NOT NULL THEN r.state
        WHEN l.state = 'wanted' AND f.last_fetched_at IS NOT NULL AND f.ok_at IS NULL THEN 'failed'
        ELSE l.state
    END AS state,
    -- A page that was answered but never read must come whole again: no validators, or a 304 would hide it for ever.
    -- So must one of which a file is missing.
    CASE WHEN r.url IS NOT NULL AND i.url IS NULL THEN f.etag END AS etag,
    CASE WHEN r.url IS NOT NULL AND i.url IS NULL THEN f.last_modified END AS last_modified,
    CASE WHEN r.url IS NOT NULL THEN f.digest END AS digest,
    f.last_fetched_at, coalesce(l.title, r.title) AS title,
    l.column_url, l.listed_date, l.last_seen_at, a.place.warc_file, a.place.warc_offset,
    i.url IS NOT NULL AS files_missing, t.file.url, t.file.digest, b.place.warc_file, b.place.warc_offset
FROM listed l
FULL JOIN read r ON r.source_id = l.source_id AND r.url = l.url
LEFT JOIN fetched f ON f.url = coalesce(l.url, r.url)
LEFT JOIN archived a ON a.url = coalesce(l.url, r.url)
LEFT JOIN incomplete i ON i.url = r.url
LEFT JOIN text_files t ON t.url = r.url
LEFT JOIN archived b ON b.url = t.file.url
ORDER BY ALL
"""
_KNOWN_COLUMNS: Final = """
WITH listings AS (
    SELECT * FROM raw_listings WHERE list_contains($sources, source_id)
),
last_listings AS (
    -- One that gave no row (the site was down) says nothing of the list: what was known before it still holds.
    SELECT source_id, column_url, outcome, unread_pages, pages_read, total_stated, listed_since,
        listed_at AS last_listed_at FROM listings
    QUALIFY row_number() OVER (PARTITION BY source_id, column_url ORDER BY rows_listed > 0 DESC, listed_at DESC) = 1
),
learned AS (
    SELECT source_id, column_url, parameters, parameters_of, listed_at FROM listings WHERE parameters IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY source_id, column_url ORDER BY listed_at DESC) = 1
),
given AS (
    SELECT source_id, column_url, list(url) AS urls FROM raw_candidates
    WHERE list_contains($sources, source_id) GROUP BY source_id, column_url
)
SELECT l.*, p.parameters, p.parameters_of, p.listed_at, c.urls
FROM last_listings l
LEFT JOIN learned p ON p.source_id = l.source_id AND p.column_url = l.column_url
LEFT JOIN given c ON c.source_id = l.source_id AND c.column_url = l.column_url
"""


@dataclass(frozen=True, slots=True)
class SourceLedger:
    """What a worker is told of a source before it starts; both by address."""

    pages: Mapping[str, KnownPage] = field(default_factory=dict)
    columns: Mapping[str, KnownColumn] = field(default_factory=dict)


def read_ledgers(warehouse: Path, source_ids: Iterable[str], *, wait_seconds: float = 60.0) -> dict[str, SourceLedger]:
    """What the warehouse holds of each of these sources, by id; of a source that was never crawled, nothing.

    A page's ``state`` is the report's where the address was read, ``failed`` where no fetch was answered yet, else what
    the candidate's title gave. ``etag``, ``last_modified`` and ``digest`` are those of the last full answer, of pages
    that were read; ``archived`` is the place of the last full answer. Batches that are still pending are not in it:
    load first.
    """
    sources = list(source_ids)
    pages: dict[str, dict[str, KnownPage]] = {source: {} for source in sources}
    columns: dict[str, dict[str, KnownColumn]] = {source: {} for source in sources}
    if warehouse.exists():
        with writing(warehouse, "read the ledger", wait_seconds=wait_seconds) as connection:
            known = connection.execute(_KNOWN_PAGES, {"sources": sources, "tries": FILE_TRIES}).fetchall()
            listed = connection.execute(_KNOWN_COLUMNS, {"sources": sources}).fetchall()
        for (
            source, url, state, etag, modified, digest, fetched_at, title, column, listed_date, seen_at, file, offset,
            files_missing, file_url, file_digest, file_warc, file_offset,
        ) in known:  # fmt: skip
            pages[source][url] = KnownPage(
                url=url,
                state=State(state),
                etag=etag,
                last_modified=modified,
                digest=digest,
                fetched_at=aware(fetched_at),
                title=title,
                column_url=column,
                listed_date=listed_date,
                seen_at=aware(seen_at),
                archived=None if file is None else Place(file, offset),
                files_missing=files_missing,
                text_file=None
                if file_url is None
                else FileKnown(file_url, file_digest, None if file_warc is None else Place(file_warc, file_offset)),
            )
        for (
            source, url, outcome, unread, pages_read, total, since, listed_at,
            parameters, digest, learned_at, addresses,
        ) in listed:  # fmt: skip
            columns[source][url] = KnownColumn(
                url,
                Outcome(outcome),
                tuple(unread),
                frozenset(addresses or ()),
                pages_read=pages_read,
                total_stated=total,
                parameters=parameters or {},
                parameters_of=digest,
                parameters_at=aware(learned_at),
                since=since,
                listed_at=aware(listed_at),
            )
    return {source: SourceLedger(pages[source], columns[source]) for source in sources}


def start_run(
    warehouse: Path, run_id: str, kind: str, parameters: Mapping[str, Any], *, started_at: datetime | None = None
) -> None:
    """Record that a run (``crawl``, ``backfill`` ...) began. Starting a run again (a retry) sets it back to running."""
    with writing(warehouse, f"start of run {run_id}") as connection:
        connection.execute(
            "INSERT INTO raw_runs (run_id, kind, parameters, started_at, state) VALUES (?, ?, ?, ?, 'running') "
            "ON CONFLICT (run_id) DO UPDATE SET state = 'running', finished_at = NULL",
            [
                run_id,
                kind,
                _json(parameters),
                kept(started_at or datetime.now(UTC)),
            ],
        )


def finish_run(
    warehouse: Path,
    run_id: str,
    state: Literal["completed", "failed", "cancelled"],
    summary: Mapping[str, Any],
    *,
    finished_at: datetime | None = None,
) -> None:
    """Record how a run ended. Raises ``KeyError`` for a run that was never started."""
    with writing(warehouse, f"end of run {run_id}") as connection:
        changed = connection.execute(
            "UPDATE raw_runs SET state = ?, summary = ?, finished_at = ? WHERE run_id = ?",
            [
                state,
                _json(summary),
                kept(finished_at or datetime.now(UTC)),
                run_id,
            ],
        ).fetchone()
        if changed is None or changed[0] == 0:
            raise KeyError(f"run {run_id!r} was never started: call start_run first")


def close_killed_runs(warehouse: Path, is_alive: Callable[[str], bool]) -> tuple[str, ...]:
    """Record as failed the runs that say they are running and are not; returns their ids.

    ``is_alive`` is asked for each. Such a run was killed, or its machine went down: it ended with the last batch that
    was loaded of it, so far as anybody knows.
    """
    with writing(warehouse, "close killed runs") as connection:
        running = connection.execute("SELECT run_id FROM raw_runs WHERE state = 'running' ORDER BY started_at")
        killed = [run_id for (run_id,) in running.fetchall() if not is_alive(run_id)]
        for run_id in killed:
            connection.execute(
                "UPDATE raw_runs SET state = 'failed', summary = $summary, "
                "finished_at = (SELECT max(loaded_at) FROM raw_batches WHERE run_id = $run) WHERE run_id = $run",
                {"run": run_id, "summary": json.dumps({"killed": True})},
            )
    return tuple(killed)


def runs_cut_short(warehouse: Path, since: datetime) -> tuple[str, ...]:
    """Ids of the runs that were started after ``since`` and were killed, cancelled or failed."""
    if not warehouse.exists():
        return ()
    with writing(warehouse, "read the runs") as connection:
        rows = connection.execute(
            "SELECT run_id FROM raw_runs WHERE state IN ('failed', 'cancelled') "
            "AND started_at >= ? ORDER BY started_at",
            [kept(since)],
        ).fetchall()
    return tuple(str(identifier) for (identifier,) in rows)


def record_sources(connection: duckdb.DuckDBPyConnection, sources: Iterable[Source]) -> None:
    """Make the registry in the warehouse equal to ``sources``, the whole registry; unchanged, nothing is written.

    ``connection`` is one of ``database.writing``.
    """
    wanted = list(sources)
    registry = pa.table(
        {
            "source_id": pa.array([source.id for source in wanted], pa.string()),
            "publisher": pa.array([source.publisher for source in wanted], pa.string()),
            "level": pa.array([source.level.value for source in wanted], pa.string()),
            "division_code": pa.array([source.division_code for source in wanted], pa.string()),
            "parent_division_code": pa.array([source.parent_division_code for source in wanted], pa.string()),
            "hosts": pa.array([list(source.hosts) for source in wanted], pa.list_(pa.string())),
            "first_year": pa.array([source.first_year for source in wanted], pa.int16()),
            "column_unknown": pa.array([source.column_unknown for source in wanted], pa.string()),
            "verified": pa.array([_verified(source) for source in wanted], pa.date32()),
            "file": pa.array([source.file for source in wanted], pa.string()),
            "ignored": pa.array([list(source.ignored.items()) for source in wanted], pa.map_(pa.string(), pa.string())),
        }
    )
    columns = [(source.id, column) for source in wanted for column in source.columns]
    listed = pa.table(
        {
            "source_id": pa.array([source_id for source_id, _ in columns], pa.string()),
            "url": pa.array([column.url for _, column in columns], pa.string()),
            "name": pa.array([column.name for _, column in columns], pa.string()),
            "platform": pa.array([column.platform for _, column in columns], pa.string()),
            "report_types": pa.array(
                [[kind.value for kind in column.report_types] for _, column in columns], pa.list_(pa.string())
            ),
        }
    )
    connection.register("registry", registry)
    connection.register("registry_columns", listed)
    try:
        with transaction(connection):
            # Staged inserts and an anti-join instead of delete-all-and-insert: a key may not be deleted and inserted
            # again in one transaction (duckdb, over-eager constraint checks), and an unchanged registry writes nothing.
            connection.execute("DELETE FROM core_sources WHERE source_id NOT IN (SELECT source_id FROM registry)")
            connection.execute(_MERGE_SOURCES)
            connection.execute(
                "DELETE FROM core_source_columns WHERE (source_id, url, name, platform, report_types) NOT IN "
                "(SELECT (source_id, url, name, platform, report_types) FROM registry_columns)"
            )
            connection.execute(
                "INSERT INTO core_source_columns "
                "SELECT * FROM registry_columns EXCEPT SELECT * FROM core_source_columns"
            )
    finally:
        connection.unregister("registry")
        connection.unregister("registry_columns")


_MERGE_SOURCES: Final = """
INSERT INTO core_sources BY NAME
SELECT * FROM (SELECT * FROM registry EXCEPT SELECT * FROM core_sources)
ON CONFLICT (source_id) DO UPDATE SET
    publisher = excluded.publisher, level = excluded.level, division_code = excluded.division_code,
    parent_division_code = excluded.parent_division_code, hosts = excluded.hosts, first_year = excluded.first_year,
    column_unknown = excluded.column_unknown, verified = excluded.verified, file = excluded.file,
    ignored = excluded.ignored
"""


def _verified(source: Source) -> date | None:
    return None if source.verified == "never" else date.fromisoformat(source.verified)


def _json(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, default=str)
