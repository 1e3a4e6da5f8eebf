"""The digest: what came in the last days, what is missing, what fails, as Markdown for a mail, a page or a terminal."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from flows.runs.markdown import cell, link, table
from warehouse.query import Answer, run_sql
from warehouse.storage.instants import kept

MOST_ROWS: Final = 50
_CHINA: Final = ZoneInfo("Asia/Shanghai")


def digest(reader: Path, *, now: datetime, days: int = 1) -> str:
    """The last ``days`` days up to ``now`` (aware), from the reader copy. Raises ``NoReaderError``."""
    since = now - timedelta(days=days)
    at = {"now": kept(now), "since": kept(since)}
    day = {"day": now.astimezone(_CHINA).date()}
    runs = run_sql(reader, _RUNS, parameters=at)
    new = run_sql(reader, _NEW, parameters=at)
    changed = run_sql(reader, _CHANGED, parameters=at)
    standing = run_sql(reader, COVERAGE, parameters=day)
    overdue = run_sql(reader, OVERDUE, parameters=day)
    problems = run_sql(reader, _PROBLEMS)
    parts = [
        f"# nianbao, {since.astimezone(_CHINA):%Y-%m-%d %H:%M} to {now.astimezone(_CHINA):%Y-%m-%d %H:%M} (China time)",
        f"{len(new.rows)} new reports, {len(changed.rows)} changed, {len(overdue.rows)} overdue, "
        f"{sum(row[3] for row in problems.rows)} problems.",
        "## Runs",
        _table(("kind", "state", "began (UTC)", "took", "reports"), runs, "`nianbao sql 'FROM runs'`")
        if runs.rows
        else "**No run at all in this time.** Is a worker there? docs/operating.md, 'nothing runs'.",
        "## New reports",
        table(
            ("publisher", "type", "year", "title", "published", "days late"),
            ((p, t, y, link(title, url), published, late) for p, t, y, title, published, late, url in new.rows),
            most=MOST_ROWS,
            rest="`nianbao sql 'FROM reports ORDER BY first_seen_at DESC'`",
        )
        if new.rows
        else "None.",
    ]
    if changed.rows:
        parts += [
            "## Changed reports",
            table(
                ("publisher", "type", "year", "title", "version"),
                ((p, t, y, link(title, url), version) for p, t, y, title, version, url in changed.rows),
                most=MOST_ROWS,
                rest="`nianbao sql 'FROM changes'`",
            ),
        ]
    parts += ["## Where the season stands", _table(standing.columns, standing, "`nianbao coverage`")]
    if overdue.rows:
        parts += ["## Overdue", _table(overdue.columns, overdue, "`nianbao sql 'FROM overdue'`")]
    if problems.rows:
        parts += [
            "## Problems",
            table(
                ("kind", "source", "outcome", "things", "since (UTC)", "what to do"),
                (
                    (kind, source, outcome, things, f"{since:%Y-%m-%d}" if since else "", cell(advice))
                    for kind, source, outcome, things, since, advice in problems.rows
                ),
                most=MOST_ROWS,
                rest="`nianbao problems`",
            ),
        ]
    return "\n\n".join(parts) + "\n"


def _table(columns: tuple[str, ...], answer: Answer, rest: str) -> str:
    return table(columns, answer.rows, most=MOST_ROWS, rest=rest)


_RUNS: Final = """
SELECT kind, state, strftime(started_at, '%Y-%m-%d %H:%M'), CAST(date_trunc('second', took) AS VARCHAR), reports
FROM runs WHERE started_at > $since AND started_at <= $now ORDER BY started_at
"""
_NEW: Final = """
SELECT publisher, report_type, report_year, title, published, days_late, url FROM reports
WHERE first_seen_at > $since AND first_seen_at <= $now ORDER BY publisher, report_type, report_year
"""
_CHANGED: Final = """
SELECT r.publisher, r.report_type, r.report_year, r.title, v."version", r.url
FROM core_versions v JOIN reports r ON r.document_id = v.document_id
WHERE v."version" > 1 AND v.captured_at > $since AND v.captured_at <= $now ORDER BY r.publisher, r.report_year
"""
COVERAGE: Final = """
SELECT report_type AS "type", report_year AS "year", count(*) AS publishers,
    count(*) FILTER (state IN ('held', 'attachment_only', 'withdrawn')) AS held,
    count(*) FILTER (state = 'not_yet_due') AS "not yet due", count(*) FILTER (state = 'overdue') AS overdue,
    count(*) FILTER (state = 'not_found') AS "not found", count(*) FILTER (state = 'quarantined') AS quarantined,
    count(*) FILTER (state = 'blocked') AS blocked,
    count(*) FILTER (state IN ('unreachable', 'column_broken')) AS "unreachable or broken",
    count(*) FILTER (state IN ('column_unknown', 'not_crawled')) AS "not looked at"
FROM coverage_on($day) WHERE report_year >= year($day) - 3 GROUP BY report_type, report_year
ORDER BY report_year DESC, report_type
"""
OVERDUE: Final = """
SELECT publisher, source_id AS source, report_type AS "type", report_year AS "year", due, days_late AS "days late",
    state
FROM coverage_on($day)
WHERE days_late > 0 AND state IN ('overdue', 'blocked', 'unreachable', 'column_broken', 'quarantined')
    AND report_year = year($day) - 1
ORDER BY days_late DESC, publisher, report_type
"""
_PROBLEMS: Final = """
SELECT kind, source_id, outcome, things, since, advice FROM problem_groups WHERE kind <> 'column unknown'
ORDER BY since DESC, source_id, outcome
"""
