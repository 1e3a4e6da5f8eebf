"""A column is listed in full, or the listing says what is missing. Every family, every fault."""

from __future__ import annotations

from datetime import date

import pytest

from scrapers.platforms import PlatformError, names, platform
from scrapers.platforms.listing import list_column
from scrapers.records import Column, Listing, Outcome, ReportType, Request
from tests.platforms.columns_in_memory import (
    FAMILIES,
    HOST,
    LATE,
    Answer,
    Article,
    ColumnInMemory,
    JpaasColumn,
    JpageColumn,
    TrsColumn,
    TrsContainerColumn,
    articles,
)
from tests.platforms.columns_of_programs import (
    PROGRAMS,
    DatasourceColumn,
    DatastoreColumn,
    EncodedBarColumn,
    GkmlptColumn,
    IgsColumn,
    NextLinkColumn,
    TrsApiColumn,
    UcapColumn,
    Was5JsonColumn,
    Was5XmlColumn,
)

STATING_A_TOTAL: list[type[ColumnInMemory]] = [
    JpageColumn,
    JpaasColumn,
    TrsContainerColumn,
    DatastoreColumn,
    Was5XmlColumn,
    Was5JsonColumn,
    TrsApiColumn,
    IgsColumn,
    GkmlptColumn,
    UcapColumn,
    EncodedBarColumn,
]
every_family = pytest.mark.parametrize("family", FAMILIES + PROGRAMS, ids=lambda family: family.__name__)


def listed(site: ColumnInMemory, **options: object) -> Listing:
    return list_column(site.source, site.column, site.fetch, **options)  # type: ignore[arg-type]


def titles(listing: Listing) -> list[str]:
    return [row.title for row in listing.rows]


def at_request(number: int, answer: Answer, *, once: bool = False) -> object:
    """The request that is the ``number``-th to be sent fails; asked again it fails again unless ``once``."""
    failing: list[Request] = []

    def before(site: ColumnInMemory, count: int) -> Answer | None:
        request = site.asked[-1]
        if count == number:
            failing.append(request)
            return answer
        return None if once or request not in failing else answer

    return before


@every_family
def test_a_column_of_a_thousand_rows_is_listed_in_full(family: type[ColumnInMemory]) -> None:
    site = family(articles(1000))
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert titles(listing) == [article.title for article in site.rows]
    assert [row.date for row in listing.rows] == [article.day for article in site.rows]
    assert len({(request.url, request.form) for request in site.asked}) == len(site.asked), "a page was asked for twice"
    if listing.total_stated is not None:
        assert listing.detail == "listed 1000 of 1000"
    assert not listing.stopped_early


@every_family
def test_a_column_of_one_page_takes_no_second_one(family: type[ColumnInMemory]) -> None:
    site = family(articles(3))
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert len(listing.rows) == 3
    assert listing.pages_read == (2 if platform(family.platform).open_ended else 1), "without a count a page must tell"
    assert not listing.stopped_early


@every_family
def test_a_row_published_while_paging_is_neither_lost_nor_doubled(family: type[ColumnInMemory]) -> None:
    def publish(site: ColumnInMemory, count: int) -> None:
        if count == 4:
            site.rows.insert(0, LATE)

    site = family(articles(family.enough), before=publish)
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert sorted(titles(listing)) == sorted(article.title for article in site.rows)
    assert len(listing.rows) == family.enough + 1


@pytest.mark.parametrize("family", STATING_A_TOTAL)
def test_a_row_withdrawn_while_paging_does_not_hide_its_neighbour(family: type[ColumnInMemory]) -> None:
    def withdraw(site: ColumnInMemory, count: int) -> None:
        if count == 4:
            del site.rows[2]

    site = family(articles(family.enough), before=withdraw)
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert {article.title for article in site.rows} <= set(titles(listing))


@every_family
def test_a_stub_page_in_the_middle_is_a_gap_and_named(family: type[ColumnInMemory]) -> None:
    def stub(site: ColumnInMemory, count: int) -> Answer | None:
        if count < 4 or site.asked[-1] != site.asked[3]:
            return None
        return Outcome.OK, None, site.stub(site.asked[-1])

    site = family(articles(family.enough), before=stub)
    listing = listed(site)
    assert listing.outcome is Outcome.LISTING_GAP
    assert listing.detail is not None
    assert "listed nothing" in listing.detail
    assert "page 4 of" in listing.detail or "page 3 of" in listing.detail, "the page is named by its number"
    assert 0 < len(listing.rows) < family.enough


@every_family
def test_a_page_that_fails_once_is_asked_for_again(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough), before=at_request(4, (Outcome.TIMEOUT, "20 s", ""), once=True))  # type: ignore[arg-type]
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert len(listing.rows) == family.enough


@every_family
def test_a_page_that_fails_for_good_leaves_a_partial_listing_that_names_it(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough), before=at_request(4, (Outcome.SERVER_ERROR, "HTTP 502", "")))  # type: ignore[arg-type]
    listing = listed(site)
    assert listing.outcome is Outcome.SERVER_ERROR
    assert listing.detail is not None
    assert "server_error (HTTP 502)" in listing.detail
    assert " of " in listing.detail
    least = 0 if family is NextLinkColumn else family.enough / 2  # only the lost page named the next one
    assert least < len(listing.rows) < family.enough, "the other pages are listed all the same"


@every_family
def test_a_challenge_ends_the_listing_at_once(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough), before=at_request(3, (Outcome.CHALLENGE, "jiasule", "")))  # type: ignore[arg-type]
    listing = listed(site)
    assert listing.outcome is Outcome.CHALLENGE
    assert len(site.asked) == 3
    assert listing.detail is not None
    assert "challenge (jiasule)" in listing.detail


@every_family
def test_a_first_page_that_fails_is_the_outcome_of_the_column(family: type[ColumnInMemory]) -> None:
    site = family(articles(40), before=lambda site, count: (Outcome.TIMEOUT, "20 s", ""))
    listing = listed(site)
    assert listing.outcome is Outcome.TIMEOUT
    assert listing.rows == ()
    assert len(site.asked) == 1


@every_family
def test_after_three_failures_in_a_row_the_site_is_left_alone(family: type[ColumnInMemory]) -> None:
    site = family(articles(1000), before=lambda site, count: (Outcome.TIMEOUT, None, "") if count > 3 else None)
    listing = listed(site)
    assert listing.outcome is Outcome.TIMEOUT
    assert len(site.asked) <= 6


@every_family
def test_a_column_with_nothing_new_costs_one_list_page(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough))
    known = [row.url for row in listed(site).rows]
    site.asked.clear()
    listing = listed(site, known=known, stop_when_known=True)
    assert listing.outcome is Outcome.OK
    assert listing.stopped_early
    assert len(site.asked) == 1 + family.frames


def test_a_jpaas_list_named_in_full_by_its_source_needs_no_column_page() -> None:
    ids = {"webId": "2945", "tplSetId": "demoTplSetId", "tagId": "阳光政务_分页列表", "pageId": "1487002"}
    site = JpaasColumn(articles(1000), parameters=ids)
    known = [row.url for row in listed(site).rows]
    site.asked.clear()
    assert listed(site, known=known, stop_when_known=True).stopped_early
    assert len(site.asked) == 1


@pytest.mark.parametrize("family", STATING_A_TOTAL)
def test_a_report_filed_late_under_an_old_date_is_found_by_the_total(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough))
    known = [row.url for row in listed(site).rows]
    late = Article("示例区补报的2019年法治政府建设年度报告", "/art/2023/1/1/art_100_1.html", site.rows[90].day)
    site.rows.insert(90, late)
    listing = listed(site, known=known, stop_when_known=True)
    assert late.title in titles(listing)
    listing = listed(site, known=known, stop_when_known=True, known_total=family.enough)
    assert late.title in titles(listing)


@pytest.mark.parametrize("family", STATING_A_TOTAL)
def test_a_new_row_that_the_count_accounts_for_costs_no_second_page(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough))
    known = [row.url for row in listed(site).rows]
    site.rows.insert(0, LATE)
    site.asked.clear()
    listing = listed(site, known=known, stop_when_known=True, known_total=family.enough)
    assert LATE.title in titles(listing)
    assert listing.stopped_early
    assert len(site.asked) == 1 + family.frames


@pytest.mark.parametrize("family", STATING_A_TOTAL)
def test_a_withdrawn_row_does_not_make_room_for_one_filed_late(family: type[ColumnInMemory]) -> None:
    """Known addresses are kept for ever: compared with them alone, the late row would not show in the count."""
    site = family(articles(family.enough))
    known = [row.url for row in listed(site).rows]
    del site.rows[20]
    after = listed(site, known=known, stop_when_known=True, known_total=family.enough)
    assert not after.stopped_early, "fewer than were stated: the list is read through"
    site.rows.insert(90, Article("补报的2019年法治政府建设年度报告", "/art/2023/1/1/art_100_1.html", site.rows[90].day))
    later = listed(site, known=known, stop_when_known=True, known_total=after.total_stated)
    assert "补报的2019年法治政府建设年度报告" in titles(later)


def test_rows_that_stand_twice_do_not_cost_a_whole_listing_each_time() -> None:
    site = JpageColumn(articles(931))
    site.rows.insert(5, site.rows[4])
    first = listed(site)
    assert (first.outcome, first.total_stated) == (Outcome.OK, 932)
    site.asked.clear()
    again = listed(site, known=[row.url for row in first.rows], stop_when_known=True, known_total=932)
    assert again.stopped_early
    assert len(site.asked) == 1


def test_paging_does_not_stop_where_the_rows_are_in_no_order() -> None:
    site = TrsColumn(articles(100))
    site.rows[3], site.rows[90] = site.rows[90], site.rows[3]
    known = [row.url for row in listed(site).rows]
    assert not listed(site, known=known, stop_when_known=True).stopped_early


def test_pinned_rows_do_not_disturb_the_order() -> None:
    site = TrsColumn(articles(100))
    site.rows.insert(0, site.rows.pop(80))
    known = [row.url for row in listed(site).rows]
    listing = listed(site, known=known, stop_when_known=True)
    assert listing.stopped_early
    assert [row.pinned for row in listing.rows] == [True] + [False] * 14


def test_a_window_of_years_ends_paging_once_it_is_passed() -> None:
    site = TrsColumn(articles(1000))
    listing = listed(site, since=date(2026, 1, 1))
    assert listing.stopped_early
    assert listing.pages_read == 6, "61 rows in the window, 15 a page; the sixth page is the first without one"
    wanted = [article.title for article in site.rows if article.day >= date(2026, 1, 1)]
    assert titles(listing)[: len(wanted)] == wanted


def test_an_empty_list_is_an_outcome_of_its_own() -> None:
    listing = listed(TrsColumn([]))
    assert listing.outcome is Outcome.EMPTY_LIST
    assert listing.rows == ()


def test_an_empty_list_that_states_rows_is_a_gap() -> None:
    site = JpageColumn(articles(931))
    site.before = lambda site, count: (Outcome.OK, None, site.stub(site.asked[-1]))
    listing = listed(site)
    assert listing.outcome is Outcome.LISTING_GAP
    assert listing.detail is not None
    assert "listed 0 of 931" in listing.detail


def test_the_54_bytes_of_an_empty_dataproxy_answer_are_a_gap() -> None:
    empty = '<?xml version="1.0" encoding="UTF-8"?><datastore></datastore>'
    site = JpageColumn(articles(400), before=at_request(2, (Outcome.OK, None, empty)))  # type: ignore[arg-type]
    listing = listed(site)
    assert listing.outcome is Outcome.LISTING_GAP
    assert listing.detail == "page 2 of 27 listed nothing; listed 385 of 400"


def test_a_server_that_ignores_the_page_number_is_a_gap() -> None:
    class Deaf(JpaasColumn):
        def slice(self, page: int, size: int | None = None) -> list:  # type: ignore[type-arg]
            return super().slice(1, size)

    listing = listed(Deaf(articles(120)))
    assert listing.outcome is Outcome.LISTING_GAP
    assert listing.detail is not None
    assert "listed only rows already listed" in listing.detail
    assert "listed 50 of 120" in listing.detail


def test_a_server_with_a_page_size_of_its_own_is_paged_by_it() -> None:
    class Stubborn(JpaasColumn):
        def slice(self, page: int, size: int | None = None) -> list:  # type: ignore[type-arg]
            return super().slice(page, 15)

    listing = listed(Stubborn(articles(100)))
    assert listing.outcome is Outcome.OK, listing.detail
    assert listing.detail == "listed 100 of 100"
    assert listing.pages_read == 7


def test_one_article_listed_twice_is_one_row_and_explains_the_total() -> None:
    site = JpageColumn(articles(60))
    site.rows.insert(5, site.rows[4])
    listing = listed(site)
    assert listing.outcome is Outcome.OK
    assert listing.detail == "listed 60 of 61 (1 stand twice)"


def test_rows_on_other_hosts_are_recorded_as_such_and_counted() -> None:
    site = JpageColumn(articles(30))
    site.rows[7] = Article("转载", "http://other.test/art/2023/2/20/art_9_1.html", site.rows[7].day)
    listing = listed(site)
    assert listing.detail == "listed 30 of 30"
    assert [row.url for row in listing.rows if row.off_host] == ["http://other.test/art/2023/2/20/art_9_1.html"]


def test_an_unchanged_column_page_lists_nothing_and_is_well() -> None:
    site = TrsColumn(articles(30), before=lambda site, count: (Outcome.NOT_MODIFIED, None, ""))
    listing = listed(site)
    assert (listing.outcome, listing.rows, listing.stopped_early) == (Outcome.OK, (), True)


def test_pages_left_unasked_after_a_challenge_are_counted() -> None:
    site = TrsColumn(articles(120), before=at_request(3, (Outcome.CHALLENGE, "jiasule", "")))  # type: ignore[arg-type]
    listing = listed(site)
    assert listing.detail == (
        "page 3 of 8: challenge (jiasule); page 4 of 8: not asked for, as 5 pages in all: after challenge; "
        "listed 30 rows on 2 pages"
    )


def test_paging_is_bounded_and_the_bound_is_named() -> None:
    listing = listed(TrsColumn(articles(1000)), max_pages=5)
    assert listing.outcome is Outcome.LISTING_GAP
    assert listing.detail is not None
    assert "the bound is 5 requests" in listing.detail
    assert listing.pages_read == 5


def test_a_last_page_without_rows_ends_a_list_that_states_no_total() -> None:
    class OneTooMany(TrsColumn):
        @property
        def pages(self) -> int:
            return super().pages + 1

    listing = listed(OneTooMany(articles(40)))
    assert listing.outcome is Outcome.OK, listing.detail
    assert len(listing.rows) == 40


def test_an_unknown_platform_is_named_with_the_known_ones() -> None:
    with pytest.raises(PlatformError, match=r"no platform is named 'frontpage'; known are .*hanweb_jpage.*jpaas.*trs"):
        platform("frontpage")
    column = Column(f"http://{HOST}/", "frontpage", (ReportType.RULE_OF_LAW,))
    with pytest.raises(PlatformError):
        list_column(TrsColumn([]).source, column, TrsColumn([]).fetch)


def test_every_platform_goes_by_its_own_name() -> None:
    for name in names():
        assert platform(name).name == name
        assert platform(name).required <= platform(name).allowed


def test_a_data_block_is_listed_from_the_file_beside_its_page() -> None:
    site = DatasourceColumn(articles(40))
    listing = listed(site)
    assert listing.outcome is Outcome.OK, listing.detail
    assert titles(listing) == [article.title for article in site.rows]
    assert {request.url.rsplit("/", 1)[-1] for request in site.asked} == {"", f"ds_{site.block}.json"}


def test_a_data_block_whose_file_holds_no_more_than_the_page_is_complete() -> None:
    listing = listed(DatasourceColumn(articles(5)))
    assert (listing.outcome, len(listing.rows)) == (Outcome.OK, 5)


NAMING_ALL_PAGES: list[type[ColumnInMemory]] = [*FAMILIES, DatastoreColumn, Was5XmlColumn, TrsApiColumn, UcapColumn]


@pytest.mark.parametrize("family", NAMING_ALL_PAGES)
def test_a_partial_listing_is_completed_without_relisting_the_rest(family: type[ColumnInMemory]) -> None:
    site = family(articles(family.enough), before=at_request(4, (Outcome.SERVER_ERROR, "HTTP 502", "")))  # type: ignore[arg-type]
    partial = listed(site)
    lost = 4 - family.frames
    assert partial.unread_pages == (lost,)
    known = {row.url for row in partial.rows}
    site.before = lambda site, count: None
    site.asked.clear()
    rest = listed(site, known=known, only_pages=partial.unread_pages, pages_read=partial.pages_read)
    assert rest.outcome is Outcome.OK, rest.detail
    assert len(site.asked) == 2 + family.frames, "the first page and the lost one"
    assert len(known | {row.url for row in rest.rows}) == family.enough


def test_rows_published_since_move_the_lost_ones_to_the_page_behind() -> None:
    site = TrsContainerColumn(articles(120), before=at_request(4, (Outcome.TIMEOUT, None, "")))  # type: ignore[arg-type]
    partial = listed(site)
    known = {row.url for row in partial.rows}
    site.before = lambda site, count: None
    site.rows.insert(0, LATE)
    site.asked.clear()
    rest = listed(site, known=known, only_pages=partial.unread_pages, pages_read=partial.pages_read)
    assert rest.detail == "listed 121 of 121, 76 of them earlier"
    assert len(site.asked) == 3


def test_what_a_challenge_left_unasked_is_asked_for_later() -> None:
    site = TrsColumn(articles(120), before=at_request(3, (Outcome.CHALLENGE, "jiasule", "")))  # type: ignore[arg-type]
    partial = listed(site)
    assert partial.unread_pages == (3, 4, 5, 6, 7, 8)
    site.before = lambda site, count: None
    rest = listed(
        site, known={row.url for row in partial.rows}, only_pages=partial.unread_pages, pages_read=partial.pages_read
    )
    assert rest.detail == "listed 120 rows on 7 pages, 15 of them earlier"
    assert rest.outcome is Outcome.OK


def test_a_list_whose_lost_page_cannot_be_named_is_read_again_from_the_front() -> None:
    site = NextLinkColumn(articles(120), before=at_request(4, (Outcome.TIMEOUT, None, "")))  # type: ignore[arg-type]
    partial = listed(site)
    site.before = lambda site, count: None
    rest = listed(
        site, known={row.url for row in partial.rows}, only_pages=partial.unread_pages, pages_read=partial.pages_read
    )
    assert (rest.outcome, len(rest.rows)) == (Outcome.OK, 120)


def test_disorder_on_a_later_page_is_not_taken_for_pinned_rows() -> None:
    site = TrsColumn(articles(60))
    site.rows.insert(15, site.rows.pop(40))
    listing = listed(site, since=date(2026, 5, 1))
    assert not any(row.pinned for row in listing.rows)
    assert not listing.stopped_early, "the order of dates is not proven"
