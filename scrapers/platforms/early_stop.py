"""When paging may end before the list does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from scrapers.platforms.list_rows import is_descending
from scrapers.records import ListPage, ListRow


@dataclass(frozen=True, slots=True)
class EarlyStop:
    """``known``: stop at a page of known rows; ``since``: at a page of older rows. ``None``: never for that reason.

    Either holds only where order is proven: every row read so far, pinned ones aside, has a date, and no date is later
    than the one before it. A page of known rows ends paging only if the site states no more rows than are known,
    since a report filed late under an old date would hide behind the order.
    """

    known: frozenset[str] | None = None
    since: date | None = None

    def reason(self, page: ListPage, read: Sequence[ListRow]) -> str | None:
        """Why paging may end after ``page``; ``read`` are all rows in reading order, those of ``page`` included."""
        if (self.known is None and self.since is None) or not page.rows:
            return None
        loose = [row for row in read if not row.pinned]
        dates = [row.date for row in loose if row.date]
        if len(dates) < len(loose) or not is_descending(dates):
            return None
        if self.known is not None and all(row.url in self.known for row in page.rows):
            total = page.pager.total
            if total is None or total <= len(self.known):
                return "every row on it is known"
        shown = [row.date for row in page.rows if not row.pinned]
        if self.since is not None and shown and all(day is not None and day < self.since for day in shown):
            return f"every row on it is older than {self.since}"
        return None
