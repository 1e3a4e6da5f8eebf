"""Which rows of a list may be reports of the years that are wanted, and how far back a list has to be read for them.

A report of year Y is published in Y + 1, mostly from January to April; some come in December of Y, stragglers and
migrated pages any time later (``reports.md`` 1.1 and 3). So a list is read back to the December of the first year, and
a row that states no year is wanted unless it was listed before.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from scrapers.reading.years import title_years

_FIRST_MONTH = 12
"""Month of a year from which its own report may appear."""
_YEAR_ENDS = 11
"""A title with the year in which it is listed before this month may name the year of publication."""


def listed_since(years: Collection[int]) -> date | None:
    """The day back to which lists must be read for reports of ``years``; ``None`` for all years: to their end."""
    return date(min(years), _FIRST_MONTH, 1) if years else None


def may_be_of(years: Collection[int], title: str, listed: date | None) -> bool:
    """Whether a row may be a report of one of ``years`` (empty: of any), by its title and the day it is listed.

    A title's year decides; a title without one, or of several years, may be of any year that had ended, or was in its
    December, when it was listed.
    """
    if not years:
        return True
    stated = title_years(title)
    if len(stated) == 1:
        (year,) = stated
        of_publication = listed is not None and listed.year == year and listed.month < _YEAR_ENDS
        return year in years or (of_publication and year - 1 in years)
    if stated and not any(year in years for year in stated):
        return False
    return listed is None or min(years) <= (listed.year if listed.month >= _FIRST_MONTH else listed.year - 1)


def spelt(years: Collection[int]) -> str:
    """``2016-2018, 2020``."""
    spans: list[list[int]] = []
    for year in sorted(years):
        if spans and spans[-1][-1] == year - 1:
            spans[-1].append(year)
        else:
            spans.append([year])
    return ", ".join(str(span[0]) if len(span) == 1 else f"{span[0]}-{span[-1]}" for span in spans)


def parse_years(text: str) -> frozenset[int]:
    """``2016-2018,2020`` as years. Raises ``ValueError`` in a reader's words."""
    years: set[int] = set()
    for part in text.replace("，", ",").split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ValueError(f"years: {part.strip()!r} is no year or span of years; write 2018, 2016-2023 or 2016,2019")
        begin, end = int(first), int(last or first)
        if not 1990 <= begin <= end <= 2100:
            raise ValueError(f"years: {part.strip()!r} is no span of years between 1990 and 2100, earliest first")
        years.update(range(begin, end + 1))
    return frozenset(years)
