"""Which rows of a listed column are reports, told from their titles, before any of them is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from scrapers.judging.genre import judge_title
from scrapers.records import Column, ListRow
from scrapers.sources.overrides import admits


def report_rows(rows: Sequence[ListRow], column: Column) -> tuple[ListRow, ...]:
    """The rows whose own title names a report, newest first; those without a date last, in the order of the list.

    Rows on other hosts, and titles the column is not read for, are left out. Where no title names a report by itself
    (渝中区, 关于2024年情况的报告), the rows that the column's name makes likely ones.
    """
    own = [row for row in rows if not row.off_host and admits(column, row.title)]
    named = [row for row in own if judge_title(row.title).report_type is not None]
    if not named:
        named = [
            row
            for row in own
            if judge_title(row.title, column_name=column.name, report_types=column.report_types).report_type is not None
        ]
    return tuple(sorted(named, key=lambda row: row.date or date.min, reverse=True))


def spread(rows: Sequence[ListRow], count: int) -> tuple[ListRow, ...]:
    """``count`` of ``rows`` at even distances, the first and the last among them; all where there are no more.

    >>> [row.title for row in spread([ListRow(str(n), "", "", None) for n in range(9)], 3)]
    ['0', '4', '8']
    """
    if count >= len(rows):
        return tuple(rows)
    if count <= 1:
        return tuple(rows[:count])
    return tuple(rows[round(place * (len(rows) - 1) / (count - 1))] for place in range(count))
