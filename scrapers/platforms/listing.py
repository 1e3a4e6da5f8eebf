"""A column listed in full: the pager driven to its end, rows told apart by address, the stated total reconciled.

A crawl that silently lists half a column is the worst failure of all, so that every doubt is an outcome: a page that
fails, lists nothing, or lists only rows already listed; fewer rows or pages than the site states.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise

from scrapers.platforms import platform
from scrapers.platforms.direct import digest_of, start_at_list
from scrapers.platforms.early_stop import EarlyStop
from scrapers.platforms.layout_rows import PLATFORMS, LaidOut
from scrapers.platforms.protocol import Fetch, Platform
from scrapers.platforms.trouble import FATAL, PASSING, Kind, Trouble, sentences
from scrapers.records import Column, Layout, Listing, ListPage, ListRow, Outcome, Request, Source

_FAILURES_IN_A_ROW = 3


def list_column(
    source: Source,
    column: Column,
    fetch: Fetch,
    *,
    known: Collection[str] = (),
    stop_when_known: bool = False,
    known_total: int | None = None,
    since: date | None = None,
    only_pages: Collection[int] = (),
    pages_read: int = 0,
    learned: Mapping[str, str] | None = None,
    layout: Layout | None = None,
    max_pages: int = 2000,
) -> Listing:
    """All rows of ``column``, first occurrence first, and whether they are all there are.

    ``known`` are the addresses that earlier listings of this column gave. With ``stop_when_known`` (after a complete
    listing, which stated ``known_total``) paging ends where nothing new can follow, with ``since`` at a page whose rows
    are all older; see ``EarlyStop`` for when. ``only_pages`` (after a partial one) are its ``unread_pages``, and
    ``pages_read`` how many it did read: besides the first page only the unread ones are asked for, the ones behind
    them where rows were published since, and what they lead to where nobody has been behind them yet; where they
    cannot be named from the first page, or it holds new rows only, the whole list is read after all. ``learned`` are
    the ``Listing.parameters`` of an earlier listing: the list itself is asked for, and the column's page only where
    that is no answer (see ``direct``). ``layout`` says where the rows of an HTML list stand (see ``layout_rows``).

    Rows that move down because one is published meanwhile repeat on the next page and are told apart by address; the
    first page is then asked for again to catch the new one, and where rows vanished meanwhile the pages are read
    a second time. A page that fails or lists nothing is asked for once more at the end.

    The outcome is ``ok`` only where nothing is known to be missing; else the first trouble's outcome, and ``detail``
    names every page in trouble. Raises ``PlatformError`` for an unknown platform or a missing parameter, and
    whatever ``fetch`` raises.
    """
    family = platform(column.platform)
    if layout is not None and layout.rows is not None and family.name in PLATFORMS:
        family = LaidOut(family, layout)
    stop = EarlyStop(frozenset(known) if stop_when_known else None, since, known_total)
    asked_as = column
    if learned:
        asked_as, fetch = start_at_list(family, column, learned, source.hosts, frozenset(known), fetch)
    walk = _Walk(family, asked_as, source.hosts, fetch, stop, max_pages)
    walk.known, walk.only_pages, walk.read_before = frozenset(known), frozenset(only_pages), pages_read
    walk.run([family.first(asked_as)])
    if walk.may_have_moved():
        walk.ask_first_again()
    if walk.has_shrunk():
        walk.read_again()
    listing = walk.listing()
    if walk.stated and listing.rows:
        return replace(listing, parameters=walk.stated, parameters_of=digest_of(column))
    return listing


@dataclass(slots=True)
class _Walk:
    """The state of one listing; lives no longer than ``list_column``."""

    family: Platform
    column: Column
    hosts: tuple[str, ...]
    fetch: Fetch
    stop: EarlyStop
    max_pages: int
    rows: dict[str, ListRow] = field(default_factory=dict)
    numbers: dict[object, int] = field(default_factory=dict)
    """Number of each page by its request, in the order in which the pages became known; a frame has none."""
    answered: list[Request] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)
    totals: list[int] = field(default_factory=list)
    """Every total stated, in reading order; ``page_counts`` likewise."""
    page_counts: list[int] = field(default_factory=list)
    repeated_within: int = 0
    repeated_across: int = 0
    known: frozenset[str] = frozenset()
    only_pages: frozenset[int] = frozenset()
    read_before: int = 0
    """Pages that the partial listing read which this one completes."""
    stated: Mapping[str, str] = field(default_factory=dict)
    """What a frame said of the list behind it."""
    resumed: bool = False
    queued: set[object] = field(default_factory=set)
    unasked: list[int] = field(default_factory=list)
    stopped: str | None = None
    since: date | None = None
    """Set where paging ended because all that follows is older."""
    unchanged: bool = False
    asked: int = 0

    # ------------------------------------------------------------------ asking

    def run(self, requests: list[Request]) -> None:
        """Ask ``requests`` and all they lead to; then pages in passing trouble once more."""
        queue = deque(requests)
        failures = 0
        self.queued.update(_key(request) for request in requests)
        if self.answered:
            for request in requests:
                self._number(request)
        while queue and self.stopped is None:
            if self.asked >= self.max_pages:
                self._note_unasked(queue, Outcome.LISTING_GAP, f"the bound is {self.max_pages} requests")
                return
            request = queue.popleft()
            page = self._ask(request)
            if page is None:
                failures += 1
                if self.troubles[-1].outcome in FATAL or failures >= _FAILURES_IN_A_ROW or not self.answered:
                    outcome = self.troubles[-1].outcome
                    self._note_unasked(queue, outcome, f"after {outcome.value}")
                    return
                queue.extend(self._next_by_number(request))
                continue
            failures = 0
            for other in self._still_unread(request, page, self._take(request, page)):
                self._number(other)
                if _key(other) not in self.queued:
                    self.queued.add(_key(other))
                    queue.append(other)
            if queue:
                self._stop_after(page)
        if self.stopped is None:
            self._ask_troubles_again()

    def _stop_after(self, page: ListPage) -> None:
        read = list(self.rows.values())
        self.stopped = self.stop.nothing_new(page, read)
        if self.stopped is None:
            self.stopped = self.stop.too_old(page, read)
            self.since = self.stop.since if self.stopped is not None else None

    def _next_by_number(self, failed: Request) -> list[Request]:
        """The page behind a failed one where pages are merely counted on: no answer is needed to name it."""
        if not self.family.open_ended:
            return []
        following = self.family.parse(self.column, failed, "", self.hosts).more
        fresh = [other for other in following if _key(other) not in self.queued]
        for other in fresh:
            self._number(other)
            self.queued.add(_key(other))
        return fresh

    def _still_unread(self, request: Request, page: ListPage, more: tuple[Request, ...]) -> tuple[Request, ...]:
        """``more``, or of the pages it names those that an earlier listing left unread."""
        fresh = sum(row.url not in self.known for row in page.rows)
        if self.resumed:
            # Where pages behind the last unread one were read, that one leads to nothing new.
            was_the_end = max(self.only_pages) >= self.read_before + len(self.only_pages)
            return more if was_the_end and fresh and self._number(request) >= max(self.only_pages) else ()
        if not self.only_pages or len(self.answered) != 1:
            return more
        wanted = self.only_pages | ({number + 1 for number in self.only_pages} if fresh else set())
        named = {self._number(other): other for other in more}
        if self.family.open_ended:
            self._count_on(named, max(wanted))
        if not self.only_pages <= named.keys() | {1} or fresh == len(page.rows):
            return more
        self.resumed = True
        return tuple(named[number] for number in sorted(named) if number in wanted)

    def _count_on(self, named: dict[int, Request], last: int) -> None:
        """Name the pages up to ``last`` where a page's number is all that its request needs."""
        while named and max(named) < last:
            following = self.family.parse(self.column, named[max(named)], "", self.hosts).more
            if not following or _key(following[0]) in self.numbers:
                return
            named[self._number(following[0])] = following[0]

    def ask_first_again(self) -> None:
        """The first page once more, and the pages that only its new answer names."""
        page = self._ask(self.answered[0])
        if page is None:
            return
        self._note_rows(page)
        self._note_statements(page)
        self.run([other for other in page.more if _key(other) not in self.queued])

    def read_again(self) -> None:
        """Every page a second time, for rows that moved over the edge of a page already read."""
        for request in tuple(self.answered):
            page = self._ask(request)
            if page is None:
                return
            self._note_rows(page)
            self._note_statements(page)

    def _ask_troubles_again(self) -> None:
        for trouble in tuple(self.troubles):
            passing = trouble.kind is not Kind.FAILED or trouble.outcome in PASSING
            if not passing or not self.rows or trouble not in self.troubles:
                continue
            noted = len(self.troubles)
            page = self._ask(trouble.request)
            del self.troubles[noted:]  # a second failure stands under the name of the first
            if page is None or page.outcome is not Outcome.OK or not self._note_rows(page):
                continue
            self.troubles.remove(trouble)
            self._note_statements(page)
            if trouble.request not in self.answered:
                self.answered.append(trouble.request)
            self.run([other for other in page.more if _key(other) not in self.queued])

    def _ask(self, request: Request) -> ListPage | None:
        """The parsed answer, or ``None`` after noting why there is none."""
        self.asked += 1
        outcome, detail, text = self.fetch(request)
        # A program without a count may answer with nothing at all for numbers beyond the last page.
        is_blank = outcome is Outcome.WRONG_CONTENT and not text.strip()
        if outcome is Outcome.OK or (is_blank and self.family.open_ended and self.answered):
            return self.family.parse(self.column, request, text, self.hosts)
        if outcome is Outcome.NOT_MODIFIED and not self.numbers:
            self.unchanged = True
            self.stopped = "the list has not changed since it was last asked for"
        what = outcome.value + (f" ({detail})" if detail else "")
        self._note_trouble(request, Kind.FAILED, outcome, what)
        return None

    # ------------------------------------------------------------------ taking in

    def _take(self, request: Request, page: ListPage) -> tuple[Request, ...]:
        """Note what ``page`` lists and states; returns the requests it leads to."""
        self._note_statements(page)
        if not self.answered and not page.rows and page.more and page.pager.kind is None:
            self.stated = page.parameters
            return page.more  # a frame
        self._number(request)
        self.answered.append(request)
        beyond_any_count = self.family.open_ended and not self.totals and not self.page_counts
        self._note_repeats(page)
        new = self._note_rows(page)
        if page.outcome is not Outcome.OK:
            self._note_trouble(request, Kind.FAILED, page.outcome, page.detail)
        elif beyond_any_count and not new:
            return self._look_beyond(request, page)
        elif not page.rows and (len(self.answered) > 1 or page.more):
            self._note_trouble(request, Kind.EMPTY, Outcome.LISTING_GAP, page.detail)
        elif page.rows and not new:
            self._note_trouble(request, Kind.REPEATED, Outcome.LISTING_GAP)
        return page.more

    def _look_beyond(self, request: Request, page: ListPage) -> tuple[Request, ...]:
        """Where a list without a count goes on after a page without a new row.

        Programs without a count show an empty page, or their last one, for every number beyond it. An empty one
        may also be a stub: where the page behind it has new rows, it was.
        """
        if page.rows or not page.more or self.asked >= self.max_pages:
            return ()
        beyond = page.more[0]
        self._number(beyond)
        self.queued.add(_key(beyond))
        later = self._ask(beyond)
        if later is None and self.troubles[-1].outcome in (Outcome.GONE, Outcome.SOFT_404):
            self.troubles.pop()
        if later is None or all(row.url in self.rows for row in later.rows):
            del self.numbers[_key(beyond)]
            return ()
        self._note_trouble(request, Kind.EMPTY, Outcome.LISTING_GAP)
        return self._take(beyond, later)

    def _note_statements(self, page: ListPage) -> None:
        if page.pager.total is not None:
            self.totals.append(page.pager.total)
        if page.pager.pages is not None:
            self.page_counts.append(page.pager.pages)

    def _note_rows(self, page: ListPage) -> int:
        """Adds the rows; returns how many of them are new."""
        before = len(self.rows)
        for row in page.rows:
            # Rows are pinned in front of a list; what looks so on a later page is a list out of order.
            self.rows.setdefault(row.url, replace(row, pinned=False) if len(self.answered) > 1 else row)
        return len(self.rows) - before

    def _note_repeats(self, page: ListPage) -> None:
        addresses = {row.url for row in page.rows}
        self.repeated_within += len(page.rows) - len(addresses)
        self.repeated_across += len(addresses & self.rows.keys())

    # ------------------------------------------------------------------ judging

    def may_have_moved(self) -> bool:
        """Whether rows may have been published while the pages were read."""
        if not self._read_through():
            return False
        changed = len(set(self.totals)) > 1 or len(set(self.page_counts)) > 1
        short = bool(self.totals) and len(self.rows) + self.repeated_within < self.totals[-1]
        return changed or short or (not self.totals and self.repeated_across > 0)

    def has_shrunk(self) -> bool:
        """Whether rows vanished while the pages were read: what followed them moved up, perhaps past a page's edge."""
        return self._read_through() and any(later < earlier for earlier, later in pairwise(self.totals))

    def listing(self) -> Listing:
        """The verdict."""
        total = self.totals[-1] if self.totals else None
        troubles = self._standing_troubles(total)
        outcome, said = Outcome.OK, [self._tally(total)]
        if self.unchanged:
            said = []
        elif troubles:
            outcome = troubles[0].outcome
            pages = max([len(self.numbers), *self.page_counts[-1:]])
            said = [*sentences(troubles, pages), *said]
        elif self.stopped is None and (missing := self._missing(total)):
            outcome, said = Outcome.LISTING_GAP, [missing]
        elif not self.rows:
            outcome, said = Outcome.EMPTY_LIST, ["the list is empty"]
        if self.stopped:
            said.append(self.stopped if self.unchanged else f"stopped after page {len(self.answered)}: {self.stopped}")
        return Listing(
            rows=tuple(self.rows.values()),
            pages_read=len(self.answered),
            pages_stated=self.page_counts[-1] if self.page_counts else None,
            total_stated=total,
            outcome=outcome,
            detail="; ".join(said),
            stopped_early=self.stopped is not None,
            since=self.since,
            unread_pages=tuple(sorted({trouble.number for trouble in troubles if trouble.number} | set(self.unasked))),
        )

    def _standing_troubles(self, total: int | None) -> list[Trouble]:
        """Troubles that a complete count does not explain away, in page order."""
        last = max(self.numbers.values(), default=0)
        standing = []
        for trouble in self.troubles:
            complete = total is not None and self._held() >= total > 0
            # A page count that is one too high is common: a last page without rows ends a list that states no total.
            # Where no count is stated either, another page named it, and nobody knows what would have come behind it.
            is_last = trouble.number == last > 1 and bool(self.page_counts)
            is_end = total is None and trouble.kind is Kind.EMPTY and is_last
            if trouble.kind is Kind.FAILED or not (complete or is_end):
                standing.append(trouble)
        return sorted(standing, key=lambda trouble: trouble.number)

    def _missing(self, total: int | None) -> str | None:
        """What is missing though no page is in trouble; ``None`` where nothing is known to be."""
        if total is not None:
            return None if self._held() >= total or self._stand_twice(total) else self._tally(total)
        if not self.resumed and self.page_counts and len(self.answered) < self.page_counts[-1]:
            return f"read {len(self.answered)} of {self.page_counts[-1]} pages, {len(self.rows)} rows"
        return None

    def _held(self) -> int:
        """Rows listed, those of the earlier listing that is being completed included."""
        return len(self.known | self.rows.keys()) if self.resumed else len(self.rows)

    def _tally(self, total: int | None) -> str:
        earlier = f", {self._held() - len(self.rows)} of them earlier" if self.resumed else ""
        if total is None:
            return f"listed {self._held()} rows on {len(self.answered)} pages{earlier}"
        twice = self._stand_twice(total)
        return f"listed {self._held()} of {total}{earlier}" + (f" ({twice} stand twice)" if twice else "")

    def _stand_twice(self, total: int) -> int:
        """How many rows the site counts twice, where exactly that explains why fewer are listed than it states."""
        short = total - self._held()
        explained = short <= self.repeated_within or short == self.repeated_across
        return short if short > 0 and explained else 0

    def _read_through(self) -> bool:
        """Whether every page of a list of several was answered."""
        failed = any(trouble.kind is Kind.FAILED for trouble in self.troubles)
        return self.stopped is None and not self.resumed and len(self.answered) > 1 and not failed

    # ------------------------------------------------------------------ book-keeping

    def _number(self, request: Request) -> int:
        return self.numbers.setdefault(_key(request), len(self.numbers) + 1)

    def _note_trouble(self, request: Request, kind: Kind, outcome: Outcome, detail: str | None = None) -> None:
        self.troubles.append(Trouble(request, self.numbers.get(_key(request), 0), kind, outcome, detail))

    def _note_unasked(self, queue: deque[Request], outcome: Outcome, why: str) -> None:
        if queue:
            self.unasked += [self._number(request) for request in queue]
            self._note_trouble(queue[0], Kind.FAILED, outcome, f"not asked for, as {len(queue)} pages in all: {why}")


def _key(request: Request) -> tuple[str, str, tuple[tuple[str, str], ...] | None]:
    return request.method, request.url, request.form
