"""The coverage ledger as a question: who published, who did not, how late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from warehouse.query import Answer, run_sql

STATES: Final = (
    "held",
    "attachment_only",
    "quarantined",
    "withdrawn",
    "overdue",
    "not_found",
    "not_yet_due",
    "blocked",
    "unreachable",
    "column_broken",
    "column_unknown",
    "not_crawled",
)
"""Every state a publisher's year can have; ``docs/dictionary.md`` says what each means."""


def coverage_table(
    reader: Path,
    *,
    years: Sequence[int] = (),
    states: Sequence[str] = (),
    report_type: str | None = None,
    division: str | None = None,
    source_id: str | None = None,
    day: date | None = None,
) -> Answer:
    """Rows of ``coverage`` (one a publisher, report type and year), narrowed; nothing given means everything.

    ``division`` is the beginning of a division code (``33``: Zhejiang; also of the division a zone lies in), ``day``
    the date in China by which to judge what is due (today). Raises ``ValueError`` for an unknown state.
    """
    unknown = [state for state in states if state not in STATES]
    if unknown:
        raise ValueError(f"no such state: {', '.join(unknown)}. States are {', '.join(STATES)}")
    return run_sql(
        reader,
        _LEDGER,
        parameters={
            "years": list(years),
            "states": list(states),
            "report_type": report_type,
            "division": division,
            "source_id": source_id,
            "day": day,
        },
    )


_LEDGER: Final = """
SELECT publisher, level, division_code, report_type, report_year, state, due, published, days_late, reports,
    document_id, last_listed_at, detail, source_id
FROM coverage_on(coalesce($day::DATE, (now() AT TIME ZONE 'Asia/Shanghai')::DATE))
WHERE (len($years::INTEGER[]) = 0 OR list_contains($years::INTEGER[], report_year::INTEGER))
    AND (len($states::VARCHAR[]) = 0 OR list_contains($states::VARCHAR[], state))
    AND ($report_type::VARCHAR IS NULL OR report_type = $report_type)
    AND ($division::VARCHAR IS NULL OR starts_with(coalesce(division_code, parent_division_code), $division))
    AND ($source_id::VARCHAR IS NULL OR source_id = $source_id)
ORDER BY coalesce(division_code, parent_division_code), publisher, report_type, report_year
"""
