"""What a backfill wants: publisher x report type x year with its state, also for years nobody expects yet."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

from scrapers.records import ReportType
from warehouse.database import writing

FOUND: Final = frozenset({"held", "attachment_only", "quarantined", "withdrawn"})
"""States of a year of which a document is held."""
BARRED: Final = frozenset({"blocked", "unreachable", "column_broken", "column_unknown"})
"""States in which nothing can be said: the site or the column is in the way."""
_FIRST_MONTH: Final = 12
"""Month of a year from which on its own reports may appear."""


@dataclass(frozen=True, slots=True)
class WantedYear:
    """One year of one publisher's reports of one type."""

    source_id: str
    report_type: ReportType
    year: int
    state: str
    """Of ``warehouse.coverage.STATES``; ``not_crawled`` for a year before any that is expected."""
    detail: str | None = None
    """What the last listing said, or why no column is known."""

    @property
    def is_found(self) -> bool:
        return self.state in FOUND


def wanted_years(
    warehouse: Path,
    source_ids: Collection[str],
    years: Collection[int],
    report_types: Collection[ReportType] = (),
    *,
    day: date,
) -> tuple[WantedYear, ...]:
    """Every year of ``years`` that these sources' publishers may have reported, by source, type and year.

    Years before a source's ``first_year`` are left out: the registry says that there is no report of them; so are years
    whose December has not come on ``day``, from which on their reports appear. Reads the writer's file, which knows
    what was loaded a moment ago. Raises as ``database.writing`` does.
    """
    judged = [(day, sorted(year for year in years if year < day.year))]
    if day.month == _FIRST_MONTH and day.year in years:
        # The ledger has only years that are over: what is held of this one is told as of the day after it.
        judged.append((date(day.year + 1, 1, 1), [day.year]))
    with writing(warehouse, "read what is wanted") as connection:
        rows = [
            row
            for as_of, of_years in judged
            for row in connection.execute(
                _WANTED,
                {
                    "sources": list(source_ids),
                    "years": of_years,
                    "types": [kind.value for kind in report_types],
                    "day": as_of,
                },
            ).fetchall()
        ]
    return tuple(
        WantedYear(source, ReportType(kind), int(year), str(state), detail)
        for source, kind, year, state, detail in sorted(rows, key=lambda row: row[:3])
    )


_WANTED: Final = """
WITH types AS (
    SELECT DISTINCT source_id, unnest(report_types) AS report_type FROM core_source_columns
    UNION
    SELECT source_id, unnest(['rule_of_law', 'disclosure']) FROM core_sources WHERE column_unknown IS NOT NULL
),
asked AS (
    SELECT s.source_id, t.report_type, unnest($years::INTEGER[]) AS report_year, s.first_year, s.column_unknown
    FROM core_sources s JOIN types t ON t.source_id = s.source_id
    WHERE list_contains($sources::VARCHAR[], s.source_id)
        AND (len($types::VARCHAR[]) = 0 OR list_contains($types::VARCHAR[], t.report_type))
)
SELECT a.source_id, a.report_type, a.report_year,
    coalesce(c.state, CASE WHEN a.column_unknown IS NOT NULL THEN 'column_unknown' ELSE 'not_crawled' END),
    coalesce(c.detail, a.column_unknown)
FROM asked a
LEFT JOIN (FROM coverage_on($day::DATE) WHERE list_contains($sources::VARCHAR[], source_id)) c
    ON c.source_id = a.source_id AND c.report_type = a.report_type AND c.report_year = a.report_year
WHERE (a.first_year IS NULL OR a.report_year >= a.first_year)
"""
