"""What a worker is told before it starts, and what a run leaves behind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch, ColumnListing, KnownColumn, KnownPage, Listing, ListRow, Outcome, Place, State
from tests.warehouse.sample_batches import MORNING, SOURCE, address, candidate, capture, report, whole_batch
from warehouse.ledgers.crawl_ledger import SourceLedger, finish_run, read_ledgers, start_run

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def test_a_page_that_was_read_is_known_with_its_validators(load: Load, warehouse: Path) -> None:
    load(whole_batch(0, 1))
    assert read_ledgers(warehouse, [SOURCE])[SOURCE].pages == {
        address(0): KnownPage(
            url=address(0),
            state=State.ACCEPTED,
            etag='"1"',
            digest=capture(0).digest,
            fetched_at=MORNING,
            title="2025年法治政府建设年度报告",
            column_url=candidate(0).column_url,
            listed_date=candidate(0).listed_date,
            seen_at=candidate(0).seen_at,
            archived=Place("a.warc.gz", 10),
        )
    }
    assert read_ledgers(warehouse, ["hubei/donghu"])["hubei/donghu"].pages == {}


def test_a_column_is_known_by_its_last_listing_and_by_every_row_it_ever_gave(load: Load, warehouse: Path) -> None:
    column = candidate(0).column_url
    whole = Listing((), 3, 3, None, Outcome.OK)
    partial = Listing((), 2, 3, None, Outcome.TIMEOUT, "page 3 of 3: timeout", unread_pages=(3,))
    load(Batch("run-1", SOURCE, 0, (candidate(0),), (ColumnListing(SOURCE, column, MORNING, whole),)))
    later = MORNING + timedelta(days=1)
    load(Batch("run-2", SOURCE, 0, (candidate(1),), (ColumnListing(SOURCE, column, later, partial),)))
    assert read_ledgers(warehouse, [SOURCE])[SOURCE].columns == {
        column: KnownColumn(
            column, Outcome.TIMEOUT, (3,), frozenset({address(0), address(1)}), pages_read=2, listed_at=later
        )
    }


def test_a_listing_of_a_site_that_was_down_takes_nothing_back(load: Load, warehouse: Path) -> None:
    column = candidate(0).column_url
    row = ListRow("2025年法治政府建设年度报告", address(0), "/0.html", None)
    partial = Listing((row,), 2, 3, 25, Outcome.TIMEOUT, "page 3 of 3: timeout", unread_pages=(3,))
    down = Listing((), 0, None, None, Outcome.CONNECTION, "refused")
    load(Batch("run-1", SOURCE, 0, (candidate(0),), (ColumnListing(SOURCE, column, MORNING, partial),)))
    for day in (1, 2):
        later = MORNING + timedelta(days=day)
        load(Batch(f"down-{day}", SOURCE, 0, (), (ColumnListing(SOURCE, column, later, down),)))
    known = read_ledgers(warehouse, [SOURCE])[SOURCE].columns[column]
    assert (known.outcome, known.unread_pages, known.pages_read) == (Outcome.TIMEOUT, (3,), 2)
    assert known.total_stated == 25


def test_what_a_column_s_page_stated_is_known_until_it_states_something_else(load: Load, warehouse: Path) -> None:
    column = candidate(0).column_url
    first = Listing((), 1, 1, 20, Outcome.OK, parameters={"unitid": "7"}, parameters_of="0123456789abcdef")
    direct = Listing((), 1, 1, 21, Outcome.OK)
    load(Batch("run-1", SOURCE, 0, (candidate(0),), (ColumnListing(SOURCE, column, MORNING, first),)))
    later = MORNING + timedelta(days=1)
    load(Batch("run-2", SOURCE, 0, (), (ColumnListing(SOURCE, column, later, direct),)))
    known = read_ledgers(warehouse, [SOURCE])[SOURCE].columns[column]
    assert (known.parameters, known.parameters_of, known.parameters_at) == (
        {"unitid": "7"},
        "0123456789abcdef",
        MORNING,
    )
    assert (known.pages_read, known.total_stated) == (1, 21), "of the last listing"
    anew = Listing((), 1, 1, None, Outcome.OK, parameters={"unitid": "8"}, parameters_of="0123456789abcdef")
    load(Batch("run-3", SOURCE, 0, (), (ColumnListing(SOURCE, column, later + timedelta(days=1), anew),)))
    known = read_ledgers(warehouse, [SOURCE])[SOURCE].columns[column]
    assert (known.parameters, known.parameters_at) == ({"unitid": "8"}, later + timedelta(days=1))
    assert known.total_stated is None


def test_a_listed_page_is_wanted_rejected_or_failed(load: Load, warehouse: Path) -> None:
    failed = capture(2, outcome=Outcome.TIMEOUT, etag=None, digest=None, status=None)
    load(
        Batch(
            "run-1",
            SOURCE,
            0,
            candidates=(
                candidate(0),
                candidate(1, state=State.REJECTED, reason="title: 工作要点"),
                candidate(2),
                candidate(3, state=State.OFF_HOST),
            ),
            captures=(failed,),
        )
    )
    known = read_ledgers(warehouse, [SOURCE])[SOURCE].pages
    assert {url: page.state for url, page in known.items()} == {
        address(0): State.WANTED,
        address(1): State.REJECTED,
        address(2): State.FAILED,
        address(3): State.OFF_HOST,
    }
    assert known[address(0)].fetched_at is None
    assert known[address(2)].fetched_at == MORNING


def test_a_page_on_which_the_reader_failed_is_a_problem_and_comes_whole_again(
    load: Load, warehouse: Path, ask: Ask
) -> None:
    reason = "reader: IndexError() at body.py:7; the page is archived"
    load(
        Batch(
            "run-1",
            SOURCE,
            0,
            candidates=(candidate(0, state=State.FAILED, reason=reason),),
            captures=(capture(0),),
        )
    )
    page = read_ledgers(warehouse, [SOURCE])[SOURCE].pages[address(0)]
    assert (page.state, page.etag, page.digest, page.fetched_at) == (State.FAILED, None, None, MORNING)
    assert ask("SELECT kind, url, outcome, detail FROM problems") == [("reading", address(0), "failed", reason)]


def test_listing_a_page_again_does_not_undo_what_reading_it_decided(load: Load, warehouse: Path) -> None:
    fetched = capture(0)
    load(
        Batch(
            "run-1",
            SOURCE,
            0,
            candidates=(candidate(0),),
            captures=(fetched,),
            reports=(report(0, read_from=fetched, state=State.REJECTED, reason="a press release"),),
        )
    )
    load(Batch("run-2", SOURCE, 0, candidates=(candidate(0, seen_at=MORNING + timedelta(days=1)),)))
    assert read_ledgers(warehouse, [SOURCE])[SOURCE].pages[address(0)].state is State.REJECTED


def test_a_title_rule_that_changed_its_mind_is_heard(load: Load, warehouse: Path) -> None:
    load(Batch("run-1", SOURCE, 0, candidates=(candidate(0, state=State.REJECTED),)))
    load(Batch("run-2", SOURCE, 0, candidates=(candidate(0, seen_at=MORNING + timedelta(days=1)),)))
    assert read_ledgers(warehouse, [SOURCE])[SOURCE].pages[address(0)].state is State.WANTED


def test_nothing_is_known_before_the_first_load(tmp_path: Path) -> None:
    assert read_ledgers(tmp_path / "none.duckdb", [SOURCE]) == {SOURCE: SourceLedger()}
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_a_row_from_start_to_end(load: Load, warehouse: Path, ask: Ask) -> None:
    began = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    start_run(warehouse, "run-1", "crawl", {"sources": [SOURCE], "years": None}, started_at=began)
    assert ask("SELECT state, finished_at FROM runs") == [("running", None)]
    load(whole_batch(0, 2))
    finish_run(warehouse, "run-1", "completed", {"报告": 2}, finished_at=began + timedelta(minutes=3))
    assert ask(
        "SELECT kind, state, took, batches, captures, reports, parameters ->> '$.sources[0]', summary ->> '报告' "
        "FROM runs"
    ) == [("crawl", "completed", timedelta(minutes=3), 1, 2, 2, SOURCE, "2")]


def test_a_run_that_never_started_cannot_end(warehouse: Path) -> None:
    with pytest.raises(KeyError, match="never started"):
        finish_run(warehouse, "run-9", "failed", {})
