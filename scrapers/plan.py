"""How a source is to be collected: which years and types, what is asked for again, and when."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from scrapers.records import Column, KnownColumn, KnownPage, Outcome, ReportType, Source
from scrapers.report_years import listed_since, may_be_of

if TYPE_CHECKING:
    from scrapers.reading.learned import LearnedRule  # the parsers of pages, which whoever asks for defaults needs not

COMPLETE = frozenset({Outcome.OK, Outcome.OUT_OF_BOUNDS})
"""Outcomes of a listing of which nothing is known to be missing."""

RECHECK_AFTER = timedelta(days=30)
"""A held page is asked for again, conditionally, when it was last asked for longer ago than this."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a source is to be collected."""

    run_id: str
    recheck_after: timedelta = RECHECK_AFTER
    relist: bool = False
    """List every column to its end, also where the first page shows nothing new: finds rows that vanished."""
    years: frozenset[int] = frozenset()
    """Report years whose pages are fetched; empty: all. Rows of other years are recorded, and stay wanted."""
    list_years: frozenset[int] = frozenset()
    """Report years for which lists are read far enough back; empty: ``years``."""
    report_types: frozenset[ReportType] = frozenset()
    """Only columns and rows of these; empty: all."""
    list_again_after: timedelta = timedelta(0)
    """A list that is known far enough back, with nothing missing, is not asked for again before this has passed."""
    lists: frozenset[str] | None = None
    """Addresses of the columns that may be listed; ``None``: all. Of the others, pages named before are fetched."""
    recheck: bool = True
    """Whether held pages are asked for again at all: a backfill leaves that to the daily crawl."""
    batch_pages: int = 50
    trusted_hosts: tuple[str, ...] = ()
    learned: Mapping[str, Sequence[LearnedRule]] = field(default_factory=dict)
    """Chrome learned from earlier pages, by host."""

    @property
    def since(self) -> date | None:
        """The day back to which lists are read; ``None``: to their end."""
        return listed_since(self.list_years or self.years)

    def wants(self, title: str, listed: date | None, report_type: ReportType | None) -> bool:
        """Whether the page of a row that is a likely report is fetched, by its years and type."""
        of_type = not self.report_types or report_type is None or report_type in self.report_types
        return of_type and may_be_of(self.years, title, listed)

    def asks_again(self, page: KnownPage, title: str, listed: date | None, now: datetime) -> bool:
        """Whether a held page is asked for again: its row has another title, a file of it is missing, or nobody looked
        at it for a while.

        Asked for are pages of the plan's years alone, and none where held pages are not looked at again.
        """
        if not self.recheck or not may_be_of(self.years, title, listed):
            return False
        if page.files_missing:
            return True
        renamed = page.title is not None and page.title != title
        return renamed or (page.fetched_at is not None and now - page.fetched_at > self.recheck_after)

    def columns_of(self, source: Source) -> tuple[Column, ...]:
        """The columns of ``source`` in which reports of the wanted types are listed."""
        wanted = self.report_types
        return tuple(one for one in source.columns if not wanted or wanted & set(one.report_types))

    def skips(self, url: str, known: KnownColumn | None, now: datetime) -> bool:
        """Whether the list at ``url`` is not asked for."""
        if self.lists is not None and url not in self.lists:
            return True
        return known is not None and self.is_listed(known, now)

    def is_listed(self, known: KnownColumn, now: datetime) -> bool:
        """Whether the ledger says enough of a column that its list need not be asked for now."""
        if not known.reaches(self.since) or known.outcome not in COMPLETE or known.unread_pages:
            return False
        return known.listed_at is not None and now - known.listed_at < self.list_again_after
