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

    Where the site states a total, and ``total`` is what it stated when the known rows were listed, the count decides:
    the rows that came since are those read and not known, or paging goes on. A report filed late under an old date
    shows in the count, and so does one that was withdrawn.

    Else either holds only where order is proven: every row read so far, pinned ones aside, has a date, and no date is
    later than the one before it.
    """

    known: frozenset[str] | None = None
    since: date | None = None
    total: int | None = None

    def nothing_new(self, page: ListPage, read: Sequence[ListRow]) -> str | None:
        """Why nothing unknown can follow ``page``; ``read`` are all rows in reading order, with those of ``page``."""
        if not page.rows:
            return None
        if self.known is not None and self.total is not None and page.pager.total is not None:
            return self._by_count(page.pager.total, page, read, self.known)
        return self._all_known(page, read)

    def too_old(self, page: ListPage, read: Sequence[ListRow]) -> str | None:
        """Why all that follows ``page`` is older than what is wanted."""
        shown = [row.date for row in page.rows if not row.pinned]
        if self.since is None or not shown or not _in_order(read):
            return None
        older = all(day is not None and day < self.since for day in shown)
        return f"every row on it is older than {self.since}" if older else None

    def _by_count(self, total: int, page: ListPage, read: Sequence[ListRow], known: frozenset[str]) -> str | None:
        new = sum(row.url not in known for row in read)
        if total != (self.total or 0) + new or all(row.url not in known for row in page.rows):
            return None
        return f"{new} new, and the count says that the rest is known" if new else "every row on it is known"

    def _all_known(self, page: ListPage, read: Sequence[ListRow]) -> str | None:
        if self.known is None or any(row.url not in self.known for row in page.rows) or not _in_order(read):
            return None
        held = len(self.known | {row.url for row in read})
        more = page.pager.total is not None and page.pager.total > held
        return None if more else "every row on it is known"


def _in_order(read: Sequence[ListRow]) -> bool:
    """Whether the newest come first, as far as the rows can prove it."""
    loose = [row for row in read if not row.pinned]
    dates = [row.date for row in loose if row.date]
    return len(dates) == len(loose) and is_descending(dates)
