"""Whether a column gives about as many rows a year as its source file expects.

Too few: the column was redesigned, emptied, or its title rules no longer fit. Too many: another column took its place,
or the rules let everything through. Either would otherwise show only in a table that nobody looks at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from scrapers.records import Bounds, Column, KnownPage, Listing, Outcome, State
from scrapers.sources.overrides import admits

_YEARS_NAMED = 6


def bounded(column: Column, listing: Listing, known: Iterable[KnownPage], today: date) -> Listing:
    """``listing``, ``out_of_bounds`` where the column gives too few or too many rows a year.

    Counted are the rows on the source's hosts that the title rules admit, those of earlier listings among ``known``
    included. A listing that is in trouble already keeps its outcome.
    """
    bounds = column.rows_a_year
    if bounds is None:
        return listing
    days = {
        page.url: page.listed_date
        for page in known
        if page.column_url == column.url and page.state is not State.OFF_HOST and admits(column, page.title or "")
    }
    days.update((row.url, row.date) for row in listing.rows if not row.off_host and admits(column, row.title))
    complete = listing.outcome is Outcome.OK
    wrong = out_of_bounds(bounds, days.values(), today=today, complete=complete)
    if wrong is None:
        return listing
    detail = "; ".join(part for part in ((wrong, listing.detail) if complete else (listing.detail, wrong)) if part)
    return replace(listing, outcome=Outcome.OUT_OF_BOUNDS if complete else listing.outcome, detail=detail)


def out_of_bounds(bounds: Bounds, days: Iterable[date | None], *, today: date, complete: bool) -> str | None:
    """What is out of bounds, in a reader's words with the numbers; ``None`` where nothing is.

    ``days`` are the dates of all rows of the column that its title rules admit, a row each. Judged are the years from
    the first dated one on; the least is not asked of the current year, which is not over, nor of the first, of which
    a list may hold the end alone, nor at all of a listing that is not ``complete``. Rows without a date may be of any
    year: they count for the least, and not against the most.
    """
    years = Counter(day.year if day is not None else None for day in days)
    undated = years.pop(None, 0)
    dated = sorted(year for year in years if year is not None)
    wrong = []
    for year in range(dated[0], today.year + 1) if dated else ():
        count = years[year]
        few = bounds.min is not None and count + undated < bounds.min
        if complete and few and dated[0] < year < today.year:
            wrong.append(f"{year}: {count} rows, at least {bounds.min} expected")
        if bounds.max is not None and count > bounds.max:
            wrong.append(f"{year}: {count} rows, at most {bounds.max} expected")
    if not dated and complete and bounds.min and undated < bounds.min:
        wrong.append(f"{undated} rows in all, at least {bounds.min} a year expected")
    if not wrong:
        return None
    rest = f"; and {len(wrong) - _YEARS_NAMED} further years" if len(wrong) > _YEARS_NAMED else ""
    unknown = f" ({undated} rows without a date)" if undated and dated else ""
    return f"rows_a_year: {'; '.join(wrong[:_YEARS_NAMED])}{rest}{unknown}"
