"""What the client kept away from is no look at a page: it stays as it was, with the reason, for the next run."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.records import (
    Batch,
    Capture,
    Fetched,
    KnownColumn,
    KnownPage,
    Outcome,
    Request,
    State,
)
from tests.qinghe import COLUMN, SOURCE

NOW = datetime(2025, 3, 1, tzinfo=UTC)
WHY = "budget: the 2 requests of this run to www.qinghe.gov.cn are spent (max_requests_per_host)"


def address(number: int) -> str:
    return f"{COLUMN}202502/t20250206_{number}.html"


def list_page(pages: int, *numbers: int) -> str:
    rows = "".join(
        f'<li><a href="./202502/t20250206_{n}.html">清河县{2000 + n}年法治政府建设年度报告</a>'
        "<span>2025-02-06</span></li>"
        for n in numbers
    )
    return (
        f'<html><head><meta charset="utf-8"></head><body><ul>{rows}</ul>'
        f'<script>createPageHTML({pages}, 0, "index", "html");</script></body></html>'
    )


class Site:
    """Answers ``asked`` requests and keeps away from the rest; ``redirected`` was sent there by an archived answer."""

    def __init__(self, pages: dict[str, str], budget: int, redirected: bool = False) -> None:
        self.pages, self.budget, self.redirected = pages, budget, redirected
        self.asked: list[str] = []

    def fetch(self, request: Request, **_: object) -> Fetched:
        capture = Capture("urn:uuid:1", request.url, request.url, NOW, Outcome.OK, status=200, content_type="text/html")
        if self.budget == 0:
            away = replace(capture, outcome=Outcome.NOT_ASKED, detail=WHY, status=None, attempts=0)
            return Fetched(replace(away, warc_file="a.warc.gz", status=302) if self.redirected else away, b"")
        self.budget -= 1
        self.asked.append(request.url)
        return Fetched(replace(capture, capture_id=f"urn:uuid:{request.url}"), self.pages[request.url].encode())


def collected(
    site: Site, known: dict[str, KnownPage] | None = None, columns: dict[str, KnownColumn] | None = None
) -> tuple[list[Batch], Tally]:
    tally = Tally(SOURCE.id, SOURCE.publisher)
    run = collect(
        SOURCE, plan=Plan("run"), client=site, known=known or {}, columns=columns, tally=tally, clock=lambda: NOW
    )
    return list(run), tally


def held(number: int, state: State = State.ACCEPTED) -> dict[str, KnownPage]:
    page = KnownPage(
        address(number),
        state,
        digest="sha256:1",
        fetched_at=NOW - timedelta(days=99),
        title=f"清河县{2000 + number}年法治政府建设年度报告",
        column_url=COLUMN,
        seen_at=NOW - timedelta(days=99),
    )
    return {page.url: page}


def test_pages_that_were_not_asked_for_stay_wanted_and_are_no_failures() -> None:
    batches, tally = collected(Site({COLUMN: list_page(1, 1, 2, 3)}, budget=1))
    assert {(candidate.state, candidate.reason) for candidate in batches[-1].candidates} == {
        (State.WANTED, f"not asked: {WHY}")
    }
    assert [capture.url for batch in batches for capture in batch.captures] == [COLUMN]
    assert (tally.failed, tally.postponed) == (0, {WHY: 3})
    assert tally.problems == [f"hebei/qinghe: pages not asked for, which the next run asks for: 3 x {WHY}"]


def test_a_held_page_that_was_due_and_not_asked_for_stays_held() -> None:
    batches, tally = collected(Site({COLUMN: list_page(1, 1)}, budget=1), held(1))
    (candidate,) = batches[-1].candidates
    assert (candidate.state, candidate.reason) == (State.ACCEPTED, f"held; not asked: {WHY}")
    assert tally.failed == 0


def test_a_page_that_failed_before_is_wanted_again() -> None:
    batches, _ = collected(Site({COLUMN: list_page(1, 1)}, budget=1), held(1, State.FAILED))
    (candidate,) = batches[-1].candidates
    assert candidate.state is State.WANTED


def test_a_column_that_was_not_asked_for_has_no_listing_of_this_run() -> None:
    batches, tally = collected(Site({}, budget=0), held(1, State.WANTED))
    assert batches[0].listings == ()
    assert [candidate.state for candidate in batches[-1].candidates] == [State.WANTED]
    assert tally.problems[0].startswith(f"{COLUMN}: not_asked: ")
    assert WHY in tally.problems[0]


def test_a_list_that_was_left_in_the_middle_says_which_pages_are_unread_and_the_next_run_asks_for_those() -> None:
    pages = {
        COLUMN: list_page(3, 1),
        f"{COLUMN}index_1.html": list_page(3, 2),
        f"{COLUMN}index_2.html": list_page(3, 3),
    }
    batches, _ = collected(Site(pages, budget=2))
    (entry,) = batches[0].listings
    assert (entry.listing.outcome, entry.listing.unread_pages) == (Outcome.NOT_ASKED, (3,))
    assert WHY in (entry.listing.detail or "")
    column = KnownColumn(COLUMN, Outcome.NOT_ASKED, (3,), frozenset({address(1), address(2)}), pages_read=2)
    again = Site(pages, budget=2)
    batches, _ = collected(again, held(1, State.WANTED) | held(2, State.WANTED), {COLUMN: column})
    assert again.asked == [COLUMN, f"{COLUMN}index_2.html"]
    assert batches[0].listings[0].listing.outcome is Outcome.OK
    wanted = {candidate.url for candidate in batches[-1].candidates if candidate.state is State.WANTED}
    assert wanted == {address(1), address(2), address(3)}


def test_an_answer_that_led_to_a_host_that_was_not_asked_is_kept_on_record() -> None:
    batches, tally = collected(Site({COLUMN: list_page(1, 1)}, budget=1, redirected=True))
    assert [capture.outcome for capture in batches[1].captures] == [Outcome.NOT_ASKED]
    assert tally.failed == 0
