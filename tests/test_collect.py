"""The way of a report from a column to a batch, on a site made of a dictionary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.records import (
    Batch,
    Capture,
    Column,
    Fetched,
    KnownColumn,
    KnownPage,
    Outcome,
    ReportType,
    Request,
    Source,
    State,
)
from tests.qinghe import COLUMN, HOST, SOURCE

REPORT = f"{COLUMN}202502/t20250206_1.html"
PLAN = f"{COLUMN}202501/t20250110_2.html"
NOW = datetime(2025, 3, 1, tzinfo=UTC)

LIST = """<html><head><meta charset="utf-8"><title>法治政府建设</title></head><body><ul class="list">
<li><a href="./202502/t20250206_1.html" title="清河县2024年法治政府建设年度报告">清河县2024年法治...</a>
<span>2025-02-06</span></li>
<li><a href="./202501/t20250110_2.html">清河县2025年法治政府建设工作要点</a><span>2025-01-10</span></li>
<li><a href="http://www.xingtai.gov.cn/a/t20250101_9.html">邢台市2024年法治政府建设年度报告</a><span>2025-01-01</span></li>
</ul><script>createPageHTML(1, 0, "index", "html");</script></body></html>"""

PARTS = (
    "一、2024年主要举措和成效",
    "二、存在的不足和原因",
    "三、党政主要负责人履行推进法治建设第一责任人职责情况",
    "四、2025年主要安排",
)
PAGE = (
    '<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="清河县2024年法治政府建设年度报告">'
    '<meta name="PubDate" content="2025-02-06 10:00"><meta name="ContentSource" content="清河县司法局"></head><body>'
    "<h1>清河县2024年法治政府建设年度报告</h1><div class='TRS_Editor'>"
    + "".join(f"<p>{part}</p><p>{'全县办结行政复议案件12件,行政机关负责人出庭应诉率100%。' * 6}</p>" for part in PARTS)
    + "</div></body></html>"
)


class Site:
    """Answers from a dictionary; an address that maps to an outcome fails with it."""

    def __init__(self, pages: Mapping[str, str | Outcome]) -> None:
        self.pages = pages
        self.asked: list[Request] = []

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        self.asked.append(request)
        page = self.pages[request.url]
        capture = Capture(f"urn:uuid:{len(self.asked)}", request.url, request.url, NOW, Outcome.OK, status=200)
        if isinstance(page, Outcome):
            return Fetched(replace(capture, outcome=page, detail="as the test wants it"), b"")
        digest = f"sha256:{hash(page)}"
        return Fetched(replace(capture, digest=digest, content_type="text/html"), page.encode())


def collected(
    site: Site, known: Mapping[str, KnownPage] | None = None, source: Source = SOURCE
) -> tuple[list[Batch], Tally]:
    tally = Tally(source.id, source.publisher)
    batches = list(collect(source, plan=Plan("run"), client=site, known=known or {}, tally=tally, clock=lambda: NOW))
    return batches, tally


def held(**changed: Any) -> dict[str, KnownPage]:
    page = KnownPage(
        REPORT,
        State.ACCEPTED,
        digest="sha256:1",
        fetched_at=NOW - timedelta(days=1),
        title="清河县2024年法治政府建设年度报告",
    )
    return {REPORT: replace(page, **changed)}


def test_all_rows_are_candidates_before_any_page_is_fetched() -> None:
    batches, _ = collected(Site({COLUMN: LIST, REPORT: PAGE}))
    assert {candidate.url: candidate.state for candidate in batches[0].candidates} == {
        REPORT: State.WANTED,
        PLAN: State.REJECTED,
        "http://www.xingtai.gov.cn/a/t20250101_9.html": State.OFF_HOST,
    }
    assert batches[0].reports == ()


def test_only_likely_reports_are_fetched() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    batches, tally = collected(site)
    assert [request.url for request in site.asked] == [COLUMN, REPORT]
    (report,) = batches[1].reports
    assert (report.state, report.report_year, report.publisher) == (State.ACCEPTED, 2024, "清河县人民政府")
    assert report.words is not None
    assert dict(zip(report.words.tokens, report.words.counts, strict=True))["行政复议"] == 24
    assert (tally.listed, tally.new, tally.rejected) == (3, 1, 1)


def test_a_detail_page_is_asked_for_from_its_column() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    collected(site)
    assert site.asked[1].headers["Referer"] == COLUMN


def test_a_held_page_is_not_fetched_again_within_the_month() -> None:
    site = Site({COLUMN: LIST})
    batches, tally = collected(site, held())
    assert [request.url for request in site.asked] == [COLUMN]
    assert len(batches) == 1
    assert (tally.new, tally.failed) == (0, 0)


def test_a_held_page_is_looked_at_again_after_a_month() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    batches, tally = collected(site, held(fetched_at=NOW - timedelta(days=31)))
    assert tally.changed == 1
    assert len(batches[1].reports) == 1


def test_a_renamed_row_is_looked_at_at_once() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    _, tally = collected(site, held(title="清河县法治政府建设年度报告"))
    assert tally.changed == 1


def test_the_same_payload_is_no_new_version() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    batches, tally = collected(site, held(digest=f"sha256:{hash(PAGE)}", fetched_at=NOW - timedelta(days=31)))
    assert (tally.unchanged, tally.changed) == (1, 0)
    assert batches[1].reports == ()


def test_a_challenge_in_front_of_a_held_page_leaves_it_held() -> None:
    site = Site({COLUMN: LIST, REPORT: Outcome.CHALLENGE})
    batches, tally = collected(site, held(fetched_at=NOW - timedelta(days=31)))
    (candidate,) = batches[1].candidates
    assert candidate.state is State.ACCEPTED
    assert "challenge" in candidate.reason
    assert tally.failed == 1


def test_a_failed_page_is_a_row_with_its_outcome_and_is_tried_again_next_time() -> None:
    site = Site({COLUMN: LIST, REPORT: Outcome.TIMEOUT})
    batches, tally = collected(site)
    (candidate,) = batches[1].candidates
    assert (candidate.state, candidate.reason) == (State.FAILED, "timeout: as the test wants it")
    assert tally.problems == [f"{REPORT}: timeout: as the test wants it"]
    site = Site({COLUMN: LIST, REPORT: PAGE})
    _, tally = collected(site, held(state=State.FAILED, digest=None))
    assert tally.new == 1


def test_a_column_that_cannot_be_listed_is_a_problem_and_the_others_are_listed() -> None:
    other = f"http://{HOST}/tzgg/"
    source = replace(SOURCE, columns=(Column(other, "trs", (ReportType.RULE_OF_LAW,)), *SOURCE.columns))
    batches, tally = collected(Site({other: Outcome.BLOCKED, COLUMN: LIST, REPORT: PAGE}), source=source)
    assert [entry.listing.outcome for entry in batches[0].listings] == [Outcome.BLOCKED, Outcome.OK]
    assert tally.new == 1
    assert tally.problems[0].startswith(f"{other}: blocked")


def test_an_address_in_two_columns_is_fetched_once() -> None:
    other = f"http://{HOST}/tzgg/"
    source = replace(SOURCE, columns=(*SOURCE.columns, Column(other, "trs", (ReportType.RULE_OF_LAW,))))
    site = Site({COLUMN: LIST, other: LIST.replace("./", COLUMN), REPORT: PAGE})
    collected(site, source=source)
    assert [request.url for request in site.asked].count(REPORT) == 1


def test_a_general_column_is_read_for_the_titles_it_is_told() -> None:
    source = replace(SOURCE, columns=(replace(SOURCE.columns[0], include=("信息公开",)),))
    site = Site({COLUMN: LIST})
    batches, _ = collected(site, source=source)
    states = {candidate.url: candidate.reason for candidate in batches[0].candidates}
    assert states[REPORT].startswith("column: ")


def test_an_ignored_address_is_not_fetched_and_says_why() -> None:
    source = replace(SOURCE, ignored={REPORT: "a draft for comment"})
    batches, _ = collected(Site({COLUMN: LIST}), source=source)
    reasons = {candidate.url: candidate.reason for candidate in batches[0].candidates}
    assert reasons[REPORT] == "ignored: a draft for comment"


def test_a_column_with_nothing_new_costs_one_request_and_what_was_left_is_still_fetched() -> None:
    """A run was killed after it had listed both pages: the second page is not listed again for the sake of its row."""
    pages = [LIST.replace("createPageHTML(1,", "createPageHTML(2,"), LIST.replace("_1.html", "_7.html")]
    older = f"{COLUMN}202502/t20250206_7.html"
    site = Site({COLUMN: pages[0], f"{COLUMN}index_1.html": pages[1], REPORT: PAGE, older: PAGE})
    batches, _ = collected(site)
    column = KnownColumn(COLUMN, Outcome.OK, (), frozenset(candidate.url for candidate in batches[0].candidates))
    ledger = held() | {
        older: KnownPage(
            older,
            State.WANTED,
            title="清河县2023年法治政府建设年度报告",
            column_url=COLUMN,
            seen_at=NOW - timedelta(days=1),
        )
    }
    site.asked.clear()
    tally = Tally(SOURCE.id, SOURCE.publisher)
    again = list(
        collect(
            SOURCE,
            plan=Plan("run 2"),
            client=site,
            known=ledger,
            columns={COLUMN: column},
            tally=tally,
            clock=lambda: NOW,
        )
    )
    assert [request.url for request in site.asked] == [COLUMN, older]
    assert again[0].listings[0].listing.stopped_early
    (candidate,) = again[1].candidates
    assert candidate.seen_at == NOW - timedelta(days=1), "it was not seen in a list this time"


HOME_PAGE = "<html><head><meta charset='utf-8'><title>清河县人民政府</title></head><body>" + "".join(
    f"<div><h2>栏目{block}<a href='/c{block}/'>更多</a></h2><ul>"
    + "".join(f"<li><a href='/c{block}/{n}.html'>关于做好第{n}批示例工作有关事项的通知公告</a></li>" for n in range(9))
    + "</ul></div>"
    for block in range(5)
)
HOLLOW = "<html><head><title>x</title></head><body><div>清河县人民政府 网站地图 联系我们</div></body></html>"


@pytest.mark.parametrize(
    ("page", "outcome"), [(HOME_PAGE, Outcome.SOFT_404), (HOLLOW, Outcome.WRONG_CONTENT)], ids=["home page", "hollow"]
)
def test_a_page_that_is_no_document_says_nothing_of_the_report_that_is_held(page: str, outcome: Outcome) -> None:
    batches, tally = collected(Site({COLUMN: LIST, REPORT: page}), held(title="an older title"))
    (candidate,) = batches[1].candidates
    (capture,) = batches[1].captures
    assert batches[1].reports == ()
    assert (candidate.state, capture.outcome, tally.failed) == (State.ACCEPTED, outcome, 1)
    assert candidate.reason.startswith(f"held; asked again: {outcome}: ")
    assert capture.beginning == page[: len(capture.beginning or "")]
    assert capture.beginning


def test_a_check_on_the_visitor_found_out_by_the_reader_is_asked_for_again() -> None:
    page = "<html><head><title>x</title></head><body><p>您的请求已被拦截</p><p>事件编号 1</p></body></html>"
    batches, _ = collected(Site({COLUMN: LIST, REPORT: page}))
    (candidate,) = batches[1].candidates
    (capture,) = batches[1].captures
    assert (candidate.state, capture.outcome) == (State.FAILED, Outcome.CHALLENGE)
    assert batches[1].reports == ()


def listed_year(year: int) -> str:
    return f"{COLUMN}{year + 1}02/t{year + 1}0206_3.html"


def list_of(number: int, *years: int) -> str:
    rows = "".join(
        f'<li><a href="{listed_year(year)}">清河县{year}年法治政府建设年度报告</a><span>{year + 1}-02-06</span></li>'
        for year in years
    )
    bar = f'<script>createPageHTML(3, {number}, "index", "html");</script>'
    return f'<html><body><ul class="list">{rows}</ul>{bar}</body></html>'


PAGE_2, PAGE_3 = f"{COLUMN}index_1.html", f"{COLUMN}index_2.html"
LONG = {
    COLUMN: LIST.replace("createPageHTML(1,", "createPageHTML(3,"),
    PAGE_2: list_of(1, 2017, 2016),
    PAGE_3: list_of(2, 2015, 2014),
    REPORT: PAGE,
} | {
    listed_year(year): PAGE.replace("2025", str(year + 1)).replace("2024", str(year)) for year in range(2014, 2018)
}  # fmt: skip
"""A column of three pages, newest first: 2024 on the first, then 2017 and 2016, then 2015 and 2014."""


def of_years(*years: int, **changed: object) -> Plan:
    return replace(Plan("run", years=frozenset(years)), **changed)  # type: ignore[arg-type]


def backfilled(
    site: Site,
    plan: Plan,
    known: Mapping[str, KnownPage] | None = None,
    columns: Mapping[str, KnownColumn] | None = None,
) -> list[Batch]:
    tally = Tally(SOURCE.id, SOURCE.publisher)
    return list(
        collect(SOURCE, plan=plan, client=site, known=known or {}, columns=columns, tally=tally, clock=lambda: NOW)
    )


def known_column(listing_of: list[Batch]) -> dict[str, KnownColumn]:
    """What the ledger makes of a listing."""
    (listed,) = listing_of[0].listings
    return {
        COLUMN: KnownColumn(
            COLUMN,
            listed.listing.outcome,
            listed.listing.unread_pages,
            frozenset(row.url for row in listed.listing.rows),
            pages_read=listed.listing.pages_read,
            total_stated=listed.listing.total_stated,
            since=listed.listing.since,
            listed_at=listed.listed_at,
        )
    }


def asked_of(site: Site) -> list[str]:
    return [request.url for request in site.asked]


def test_only_pages_of_the_wanted_years_are_fetched_and_the_others_stay_wanted() -> None:
    site = Site(LONG)
    batches = backfilled(site, of_years(2017))
    assert asked_of(site)[-1] == listed_year(2017)
    assert REPORT not in asked_of(site)
    states = {one.url: (one.state, one.reason) for one in batches[0].candidates}
    assert states[REPORT] == (State.WANTED, "title: 法治政府建设年度报告; not asked for: of another year or type")


def test_a_list_is_read_no_further_back_than_the_years_want_and_says_so() -> None:
    site = Site(LONG)
    (listed,) = backfilled(site, of_years(2018))[0].listings
    assert asked_of(site) == [COLUMN, PAGE_2], "all of the second page is of before December 2018"
    assert (listed.listing.outcome, listed.listing.stopped_early) == (Outcome.OK, True)
    assert listed.listing.since == date(2018, 12, 1)
    (listed,) = backfilled(Site(LONG), of_years(2014))[0].listings
    assert (listed.listing.stopped_early, listed.listing.since) == (False, None)


def test_a_list_known_for_some_years_is_read_through_by_the_daily_crawl() -> None:
    known = known_column(backfilled(Site(LONG), of_years(2018)))
    site = Site(LONG)
    (listed,) = backfilled(site, Plan("daily"), columns=known)[0].listings
    assert asked_of(site)[:3] == [COLUMN, PAGE_2, PAGE_3], "what lies before the window was never listed"
    assert listed.listing.since is None


def test_a_list_known_for_some_years_is_known_for_later_ones() -> None:
    known = known_column(backfilled(Site(LONG), of_years(2018)))
    site = Site(LONG)
    (listed,) = backfilled(site, of_years(2020), columns=known)[0].listings
    assert asked_of(site) == [COLUMN]
    assert listed.listing.since == date(2018, 12, 1), "as far back as before"


def test_a_list_known_to_its_end_stays_known_to_its_end() -> None:
    known = known_column(backfilled(Site(LONG), of_years(2014)))
    site = Site(LONG)
    (listed,) = backfilled(site, of_years(2018), columns=known)[0].listings
    assert asked_of(site) == [COLUMN]
    assert (listed.listing.stopped_early, listed.listing.since) == (True, None)


def test_a_list_that_was_read_far_enough_back_lately_is_not_asked_for_again() -> None:
    first = backfilled(Site(LONG), of_years(2017))
    known = known_column(first)
    left = {
        one.url: KnownPage(one.url, one.state, title=one.title, column_url=COLUMN, seen_at=NOW)
        for one in first[0].candidates
    }
    site = Site(LONG)
    plan = of_years(2024, list_again_after=timedelta(days=30))
    (listed, read) = backfilled(site, plan, known=left, columns=known)
    assert [request.url for request in site.asked] == [REPORT]
    assert listed.listings == ()
    assert [report.report_year for report in read.reports] == [2024]


def test_a_backfill_asks_for_no_held_page() -> None:
    site = Site({COLUMN: LIST, REPORT: PAGE})
    long_ago = held(fetched_at=NOW - timedelta(days=400))
    backfilled(site, of_years(2024, recheck=False), known=long_ago)
    assert [request.url for request in site.asked] == [COLUMN]


def test_a_column_of_another_report_type_is_left_alone() -> None:
    site = Site({})
    plan = Plan("run", report_types=frozenset({ReportType.DISCLOSURE}))
    assert backfilled(site, plan)[0].listings == ()
    assert site.asked == []
