"""A site that was built anew, moved or filed its reports elsewhere is read rightly by what its source file says."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from scrapers.collect import Tally, collect
from scrapers.plan import Plan
from scrapers.records import (
    Bounds,
    Candidate,
    Capture,
    Column,
    Draft,
    ExtraHost,
    Fetched,
    KnownColumn,
    KnownPage,
    Layout,
    Outcome,
    Report,
    ReportType,
    Request,
    Source,
    State,
)
from scrapers.sources.registry import read_source
from tests.qinghe import COLUMN, HOST, SOURCE

NOW = datetime(2025, 6, 1, tzinfo=UTC)
SENTENCE = "全县办结行政复议案件12件，行政机关负责人出庭应诉率达到100%。"
PARTS = (
    "一、主要举措和成效",
    "二、存在的不足和原因",
    "三、党政主要负责人履行推进法治建设第一责任人职责情况",
    "四、下一年度主要安排",
)
TEXT = "\n".join(line for part in PARTS for line in (part, SENTENCE))


def paragraphs() -> str:
    return "".join(f"<p>{line}</p>" for line in TEXT.split("\n"))


def new_page(year: int) -> bytes:
    title = f"清河县{year}年法治政府建设年度报告"
    return (
        f'<html><head><meta charset="utf-8"><meta name="ArticleTitle" content="{title}">'
        f'<meta name="PubDate" content="{year + 1}-02-06 10:00"></head><body><h1>{title}</h1>'
        f"<div class='TRS_Editor'>{paragraphs()}</div></body></html>"
    ).encode()


NEWS = "".join(
    f"<p>县委书记在第{n}次调研中强调，要坚持以人民为中心的发展思想，扎实做好各项民生实事，推动经济社会高质量发展。</p>"
    for n in range(1, 40)
)


def old_page(year: int, *, day: str = "06/02") -> bytes:
    """As the site was built until 2019: GBK under a false name, a column of news heavier than the report, 06/02/2018
    for the sixth of February."""
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=macintosh">'
        "<title>清河县人民政府</title></head><body><table>"
        f'<tr><td class="biaoti">清河县{year}年法治政府建设年度报告</td></tr>'
        f'<tr><td class="riqi">发布于：{day}/{year + 1}</td></tr>'
        f'<tr><td class="neirong">{paragraphs()}</td></tr></table>'
        f'<div class="dongtai"><h3>领导活动</h3>{NEWS}</div></body></html>'
    ).encode("gb18030")


OLD = Layout(
    reason="built anew at the end of 2019",
    until=date(2019, 12, 31),
    body="td.neirong",
    title="td.biaoti",
    published="td.riqi",
    date_formats=("%d/%m/%Y",),
    charset="gb18030",
)


def row(path: str, title: str, day: str) -> str:
    return f'<li><a href="{path}">{title}</a><span>{day}</span></li>'


def report_row(year: int, path: str | None = None) -> str:
    return row(path or f"./report{year}.html", f"清河县{year}年法治政府建设年度报告", f"{year + 1}-02-06")


def list_page(*rows: str) -> bytes:
    return (
        f'<html><head><meta charset="utf-8"></head><body><ul class="list">{"".join(rows)}</ul>'
        '<script>createPageHTML(1, 0, "index", "html");</script></body></html>'
    ).encode()


class Site:
    """Answers from a dictionary: bytes, or the address that a page now leads to. Keeps the client's bounds on hosts."""

    def __init__(self, pages: dict[str, bytes | str]) -> None:
        self.pages = pages
        self.asked: list[str] = []

    def fetch(
        self,
        request: Request,
        *,
        hosts: tuple[str, ...],
        pace_seconds: float | None = None,
        known: KnownPage | None = None,
    ) -> Fetched:
        self.asked.append(request.url)
        url, page = request.url, self.pages[request.url]
        capture = Capture(f"urn:uuid:{len(self.asked)}", url, url, NOW, Outcome.OK, status=200)
        if isinstance(page, str):
            if page.split("/")[2] not in hosts:
                return Fetched(replace(capture, outcome=Outcome.WRONG_HOST, detail=page), b"")
            url, page = page, self.pages[page]
            assert isinstance(page, bytes)
        return Fetched(replace(capture, final_url=url, content_type="text/html", digest=f"sha256:{hash(page)}"), page)


def collected(
    site: Site,
    source: Source = SOURCE,
    known: dict[str, KnownPage] | None = None,
    columns: dict[str, KnownColumn] | None = None,
) -> tuple[dict[str, Report], dict[str, Candidate], Tally]:
    tally = Tally(source.id, source.publisher)
    batches = list(
        collect(
            source,
            plan=Plan("run"),
            client=site,
            known=known or {},
            columns=columns,
            tally=tally,
            clock=lambda: NOW,
        )
    )
    reports = {report.draft.url: report for batch in batches for report in batch.reports}
    return reports, {one.url: one for batch in batches for one in batch.candidates}, tally


def draft_of(url: str, site: Site, source: Source) -> Draft:
    reports, _, _ = collected(site, source)
    return reports[url].draft


# --------------------------------------------------------------------------- layouts


OLD_REPORT = f"{COLUMN}report2017.html"


def test_pages_of_before_the_relaunch_are_read_rightly_only_by_their_layout() -> None:
    pages: dict[str, bytes | str] = {
        COLUMN: list_page(report_row(2024), report_row(2017)),
        f"{COLUMN}report2024.html": new_page(2024),
        OLD_REPORT: old_page(2017),
    }
    unaided = draft_of(OLD_REPORT, Site(pages), SOURCE)
    assert unaided.encoding != "gb18030"
    assert SENTENCE not in unaided.text

    reports, _, tally = collected(Site(pages), replace(SOURCE, layouts=(OLD,)))
    report = reports[OLD_REPORT]
    assert report.draft.text == TEXT
    assert report.draft.title == "清河县2017年法治政府建设年度报告"
    assert report.published_date == date(2018, 2, 6)
    assert (report.state, report.report_year) == (State.ACCEPTED, 2017)
    assert "layout_missed" not in {flag.name for flag in report.flags}
    assert tally.problems == []
    assert reports[f"{COLUMN}report2024.html"].draft.container == ".TRS_Editor"


def test_only_the_charset_may_be_wrong() -> None:
    pages: dict[str, bytes | str] = {COLUMN: list_page(report_row(2017)), OLD_REPORT: old_page(2017)}
    layout = Layout(reason="false charset", until=date(2019, 12, 31), charset="gb18030")
    assert "领导活动" not in draft_of(OLD_REPORT, Site(pages), SOURCE).text
    assert "坚持以人民为中心" in draft_of(OLD_REPORT, Site(pages), replace(SOURCE, layouts=(layout,))).text


def test_a_date_in_another_order_is_read_where_the_layout_says_and_as_it_says() -> None:
    """06/02/2018: of February here, of June on another site."""
    pages: dict[str, bytes | str] = {COLUMN: list_page(report_row(2017)), OLD_REPORT: old_page(2017)}
    for spelling, day in (("%d/%m/%Y", "2018-02-06"), ("%m/%d/%Y", "2018-06-02")):
        layout = replace(OLD, date_formats=(spelling,))
        assert draft_of(OLD_REPORT, Site(pages), replace(SOURCE, layouts=(layout,))).published == day


def test_what_the_page_says_elsewhere_stays_beside_what_the_layout_chose() -> None:
    pages: dict[str, bytes | str] = {COLUMN: list_page(report_row(2017)), OLD_REPORT: old_page(2017, day="26/02")}
    draft = draft_of(OLD_REPORT, Site(pages), replace(SOURCE, layouts=(OLD,)))
    published = {(value.origin, value.value, value.chosen) for value in draft.values if value.field == "published"}
    assert published == {("info_line", "2018-02-26", True), ("listing", "2018-02-06", False)}


def test_a_layout_that_no_longer_fits_is_a_flag_and_the_page_is_read_as_usual() -> None:
    url = f"{COLUMN}report2024.html"
    pages: dict[str, bytes | str] = {COLUMN: list_page(report_row(2024)), url: new_page(2024)}
    usual, _, _ = collected(Site(pages))
    reports, _, _ = collected(Site(pages), replace(SOURCE, layouts=(replace(OLD, until=None),)))
    missed = [flag.evidence for flag in reports[url].flags if flag.name == "layout_missed"]
    assert missed == [
        "body = 'td.neirong' finds nothing",
        "title = 'td.biaoti' finds no text",
        "published = 'td.riqi' finds no text",
    ]
    assert reports[url].draft.text == usual[url].draft.text == TEXT


@pytest.mark.parametrize(
    ("layout", "evidence"),
    [
        (replace(OLD, body="td.leer"), "body = 'td.leer' finds only elements without text and pictures"),
        (
            replace(OLD, body="td.neirong p"),
            "body = 'td.neirong p' finds <p>, which holds no body: name a div, a table or a cell",
        ),
        (
            replace(OLD, published="td.biaoti"),
            "published = 'td.biaoti' finds no day in '清河县2017年法治政府建设年度报告'",
        ),
    ],
)
def test_an_element_that_holds_nothing_of_the_kind_is_missed(layout: Layout, evidence: str) -> None:
    page = old_page(2017).replace(b"<table>", b'<table><tr><td class="leer"></td></tr>')
    site = Site({COLUMN: list_page(report_row(2017)), OLD_REPORT: page})
    reports, _, _ = collected(site, replace(SOURCE, layouts=(layout,)))
    assert [flag.evidence for flag in reports[OLD_REPORT].flags if flag.name == "layout_missed"] == [evidence]


@pytest.mark.parametrize(("path", "is_old"), [("202001/t20180206_7.html", True), ("t_5501234.html", False)])
def test_a_page_without_a_listed_day_is_of_that_of_its_address_else_of_today(path: str, is_old: bool) -> None:
    url = f"{COLUMN}{path}"
    undated = f'<li><a href="./{path}">清河县2015年法治政府建设年度报告</a></li>'
    dated = {f"{COLUMN}report{year}.html": old_page(year) for year in (2016, 2017)}
    site = Site({COLUMN: list_page(report_row(2017), report_row(2016), undated), url: old_page(2015), **dated})
    reports, candidates, _ = collected(site, replace(SOURCE, layouts=(OLD,)))
    assert candidates[url].listed_date is None
    assert {one for one, report in reports.items() if report.draft.text == TEXT} == {*dated, *([url] if is_old else [])}


def test_a_layout_may_be_for_the_pages_of_one_column_only() -> None:
    other = f"http://{HOST}/tzgg/"
    source = replace(
        SOURCE,
        columns=(*SOURCE.columns, Column(other, "trs", (ReportType.RULE_OF_LAW,))),
        layouts=(replace(OLD, columns=(other,)),),
    )
    here, there = f"{COLUMN}report2016.html", f"{other}report2017.html"
    site = Site(
        {
            COLUMN: list_page(report_row(2016)),
            other: list_page(report_row(2017)),
            here: old_page(2016),
            there: old_page(2017),
        }
    )
    reports, _, _ = collected(site, source)
    assert [reports[url].draft.text == TEXT for url in (here, there)] == [False, True]


# --------------------------------------------------------------------------- lists


CARDS = """<html><head><meta charset="utf-8"></head><body>
<div class="nav"><a href="/a/">首页</a><a href="/b/">政务公开</a></div>
<div class="kp"><h4 onclick="x()">清河县2024年法治政府建设年度报告</h4><p><a href="./report2024.html">全文</a></p>
<i>06/02/2025</i></div>
<div class="kp"><h4>清河县2023年法治政府建设年度报告</h4><p><a href="./report2023.html">全文</a></p>
<i>05/02/2024</i></div>
</body></html>""".encode()
CARDS_LAYOUT = Layout(
    reason="cards since the relaunch",
    since=date(2025, 1, 1),
    rows="div.kp",
    row_title="h4",
    row_date="i",
    date_formats=("%d/%m/%Y",),
)


def test_a_list_of_a_shape_of_its_own_is_read_by_its_layout() -> None:
    plain = replace(SOURCE, columns=(replace(SOURCE.columns[0], platform="plain"),))
    pages: dict[str, bytes | str] = {
        COLUMN: CARDS,
        f"{COLUMN}report2024.html": new_page(2024),
        f"{COLUMN}report2023.html": new_page(2023),
    }
    _, usual, _ = collected(Site(pages), plain)
    assert usual == {}
    _, candidates, tally = collected(Site(pages), replace(plain, layouts=(CARDS_LAYOUT,)))
    assert {one.url: (one.title, one.listed_date, one.state) for one in candidates.values()} == {
        f"{COLUMN}report2024.html": ("清河县2024年法治政府建设年度报告", date(2025, 2, 6), State.ACCEPTED),
        f"{COLUMN}report2023.html": ("清河县2023年法治政府建设年度报告", date(2024, 2, 5), State.ACCEPTED),
    }
    assert tally.problems == []


def test_a_list_that_no_longer_fits_its_layout_is_a_gap_and_its_rows_are_kept() -> None:
    url = f"{COLUMN}report2024.html"
    site = Site({COLUMN: list_page(report_row(2024)), url: new_page(2024)})
    reports, _, tally = collected(site, replace(SOURCE, layouts=(CARDS_LAYOUT,)))
    assert reports.keys() == {url}
    (problem,) = tally.problems
    assert problem.startswith(f"{COLUMN}: listing_gap: ")
    assert "layout_missed: rows = 'div.kp' finds nothing" in problem


def test_a_list_whose_rows_have_lost_their_days_is_a_gap() -> None:
    source = replace(SOURCE, layouts=(replace(CARDS_LAYOUT, row_date="i.datum"),))
    url = f"{COLUMN}report2024.html"
    site = Site({COLUMN: CARDS, url: new_page(2024), f"{COLUMN}report2023.html": new_page(2023)})
    _, candidates, tally = collected(site, source)
    assert len(candidates) == 2
    assert "layout_missed: row_date = 'i.datum' finds no day in any of 2 rows" in tally.problems[0]


def test_a_layout_of_rows_hides_no_other_trouble_of_the_list() -> None:
    """The page states a count of pages, but not what they are called."""
    cards = CARDS.replace(b"</body>", b"<script>var countPage = 3; var currentPage = 0;</script></body>")
    pages = {f"{COLUMN}report{year}.html": new_page(year) for year in (2023, 2024)}
    _, candidates, tally = collected(Site({COLUMN: cards, **pages}), replace(SOURCE, layouts=(CARDS_LAYOUT,)))
    assert len(candidates) == 2
    (problem,) = tally.problems
    assert "states 3 pages, but not what they are called" in problem


def test_a_list_that_only_seems_to_be_filled_by_a_script_is_read_by_its_layout() -> None:
    cards = CARDS.replace(b'<div class="nav">', '<p>正在加载中</p><div class="nav">'.encode())
    plain = replace(SOURCE, columns=(replace(SOURCE.columns[0], platform="plain"),))
    pages = {f"{COLUMN}report{year}.html": new_page(year) for year in (2023, 2024)}
    _, _, tally = collected(Site({COLUMN: cards}), plain)
    assert "js_only" in tally.problems[0]
    reports, _, tally = collected(Site({COLUMN: cards, **pages}), replace(plain, layouts=(CARDS_LAYOUT,)))
    assert (len(reports), tally.problems) == (2, [])


def test_a_list_is_of_the_day_it_is_fetched() -> None:
    ended = replace(CARDS_LAYOUT, since=None, until=date(2025, 5, 31))
    url = f"{COLUMN}report2024.html"
    site = Site({COLUMN: list_page(report_row(2024)), url: new_page(2024)})
    _, _, tally = collected(site, replace(SOURCE, layouts=(ended,)))
    assert tally.problems == []


# --------------------------------------------------------------------------- extra hosts


MOVED = "xxgk.xingtai.gov.cn"
EXTRA = ExtraHost(MOVED, "the city's platform carried it", since=date(2019, 1, 1), until=date(2021, 12, 31))


def test_a_row_that_leads_to_an_extra_host_is_followed_in_its_period_only() -> None:
    then, later = f"http://{MOVED}/2019.html", f"http://{MOVED}/2023.html"
    pages: dict[str, bytes | str] = {
        COLUMN: list_page(report_row(2023, later), report_row(2019, then)),
        then: new_page(2019),
    }
    site = Site(pages)
    reports, candidates, _ = collected(site, replace(SOURCE, extra_hosts=(EXTRA,)))
    assert site.asked == [COLUMN, then]
    assert reports[then].state is State.ACCEPTED
    assert candidates[later].state is State.OFF_HOST
    assert candidates[later].reason == f"host: {MOVED} is none of {HOST} on 2024-02-06"
    _, candidates, _ = collected(Site(pages))
    assert candidates[then].state is State.OFF_HOST


def test_a_page_on_an_extra_host_outside_the_government_s_names_is_trusted_in_its_period() -> None:
    host = "www.qinghexian.cn"
    url = f"http://{host}/2019.html"
    pages: dict[str, bytes | str] = {COLUMN: list_page(report_row(2020), report_row(2019, url)), url: new_page(2019)}
    site = Site({**pages, f"{COLUMN}report2020.html": new_page(2020)})
    reports, _, _ = collected(site, replace(SOURCE, extra_hosts=(replace(EXTRA, host=host),)))
    assert reports[url].state is State.ACCEPTED


def test_a_redirect_to_an_extra_host_is_followed_in_its_period_only() -> None:
    then, later = f"{COLUMN}report2019.html", f"{COLUMN}report2023.html"
    pages: dict[str, bytes | str] = {
        COLUMN: list_page(report_row(2023), report_row(2019)),
        then: f"http://{MOVED}/2019.html",
        later: f"http://{MOVED}/2023.html",
        f"http://{MOVED}/2019.html": new_page(2019),
    }
    _, candidates, tally = collected(Site(pages), replace(SOURCE, extra_hosts=(EXTRA,)))
    assert candidates[then].state is State.ACCEPTED
    assert candidates[later].reason == f"wrong_host: http://{MOVED}/2023.html"
    assert tally.failed == 1


# --------------------------------------------------------------------------- bounds and titles


def bounded(least: int | None, most: int | None) -> Source:
    column = replace(SOURCE.columns[0], rows_a_year=Bounds(least, most), include=("法治政府",))
    return replace(SOURCE, columns=(column,))


def test_a_column_within_its_bounds_is_no_problem() -> None:
    """The current year is not over, and of the first year a list may hold the end alone."""
    site = Site({COLUMN: list_page(report_row(2023), report_row(2022), report_row(2021))})
    site.pages |= {f"{COLUMN}report{year}.html": new_page(year) for year in (2021, 2022, 2023)}
    _, _, tally = collected(site, bounded(1, 1))
    assert tally.problems == []


def test_a_year_without_a_row_is_a_problem_with_its_number() -> None:
    site = Site({COLUMN: list_page(report_row(2022), report_row(2020))})
    site.pages |= {f"{COLUMN}report{year}.html": new_page(year) for year in (2020, 2022)}
    _, _, tally = collected(site, bounded(1, None))
    assert tally.problems == [
        f"{COLUMN}: out_of_bounds: rows_a_year: 2022: 0 rows, at least 1 expected; 2024: 0 rows, at least 1 expected; "
        "listed 2 rows on 1 pages"
    ]


def test_a_year_with_too_many_rows_is_a_problem_and_rows_without_the_title_do_not_count() -> None:
    many = [row(f"./n{n}.html", f"清河县第{n}部门2023年法治政府建设年度报告", "2024-03-01") for n in range(5)]
    others = [row(f"./x{n}.html", f"关于第{n}号公告的通知", "2024-03-02") for n in range(30)]
    site = Site({COLUMN: list_page(*others, *many)})
    site.pages |= {f"{COLUMN}n{n}.html": new_page(2023) for n in range(5)}
    _, _, tally = collected(site, bounded(None, 4))
    assert "out_of_bounds: rows_a_year: 2024: 5 rows, at most 4 expected" in tally.problems[0]
    _, _, tally = collected(Site(site.pages), bounded(None, 5))
    assert tally.problems == []


def test_rows_of_earlier_listings_count_though_this_one_stopped_at_its_first_page() -> None:
    source = bounded(1, 1)
    first = list_page(report_row(2024), report_row(2023)).replace(b"createPageHTML(1,", b"createPageHTML(2,")
    held = {
        f"{COLUMN}report{year}.html": KnownPage(
            f"{COLUMN}report{year}.html",
            State.ACCEPTED,
            fetched_at=NOW - timedelta(days=1),
            title=f"清河县{year}年法治政府建设年度报告",
            column_url=COLUMN,
            listed_date=date(year + 1, 2, 6),
            seen_at=NOW - timedelta(days=1),
        )
        for year in (2021, 2022, 2023, 2024)
    }
    for outcome in (Outcome.OK, Outcome.OUT_OF_BOUNDS):
        column = KnownColumn(COLUMN, outcome, (), frozenset(held))
        site = Site({COLUMN: first})
        _, _, tally = collected(site, source, held, {COLUMN: column})
        assert (site.asked, tally.problems) == ([COLUMN], [])
    del held[f"{COLUMN}report2022.html"]
    _, _, tally = collected(Site({COLUMN: first}), source, held, {COLUMN: column})
    assert "2023: 0 rows, at least 1 expected" in tally.problems[0]


def test_a_list_that_could_not_be_read_through_is_not_asked_for_a_least_number() -> None:
    half = list_page(report_row(2022), report_row(2020)).replace(b"createPageHTML(1,", b"createPageHTML(2,")
    site = Site({COLUMN: half, f"{COLUMN}index_1.html": "http://www.elsewhere.gov.cn/"})
    site.pages |= {f"{COLUMN}report{year}.html": new_page(year) for year in (2020, 2022)}
    source = replace(SOURCE, columns=(replace(SOURCE.columns[0], platform="trs", rows_a_year=Bounds(1, None)),))
    _, _, tally = collected(site, source)
    assert "rows_a_year" not in tally.problems[0]


def test_an_ignored_folder_is_named_once() -> None:
    source = replace(SOURCE, ignored={f"{COLUMN}entwurf/*": "drafts for comment"})
    draft, report = f"{COLUMN}entwurf/1.html", f"{COLUMN}report2024.html"
    site = Site({COLUMN: list_page(report_row(2023, draft), report_row(2024)), report: new_page(2024)})
    _, candidates, _ = collected(site, source)
    assert candidates[draft].reason == "ignored: drafts for comment"
    assert site.asked == [COLUMN, report]


@pytest.mark.parametrize("general_first", [True, False])
def test_a_report_that_one_column_is_not_read_for_is_fetched_once_for_the_one_that_is(general_first: bool) -> None:
    general = Column(f"http://{HOST}/tzgg/", "trs", (ReportType.RULE_OF_LAW,), include=("信息公开",))
    columns = (general, *SOURCE.columns) if general_first else (*SOURCE.columns, general)
    report, notice = f"http://{HOST}/a/report2024.html", f"http://{HOST}/a/n1.html"
    page = list_page(report_row(2024, report), row(notice, "关于做好第1号工作有关事项的通知", "2025-01-01"))
    site = Site({COLUMN: page, general.url: page, report: new_page(2024)})
    _, candidates, tally = collected(site, replace(SOURCE, columns=columns))
    assert [url for url in site.asked if url == report] == [report]
    assert (candidates[report].state, candidates[report].column_url) == (State.ACCEPTED, COLUMN)
    assert candidates[notice].column_url == columns[0].url
    assert (tally.new, tally.rejected) == (1, 1)


def notices(first: int, last: int) -> list[str]:
    return [
        row(f"./n{n}.html", f"关于做好第{n}号工作有关事项的通知", f"{date(2025, 3, 1) - timedelta(days=n)}")
        for n in range(first, last)
    ]


def general_column() -> tuple[dict[str, bytes | str], Source]:
    """通知公告 of a thousand rows on fifty pages, three of which are reports."""
    column = replace(SOURCE.columns[0], name="通知公告", include=("法治政府建设.*报告",))
    pages: dict[str, bytes | str] = {}
    for page in range(50):
        rows = notices(20 * page, 20 * page + 20)
        if page in (1, 20, 40):
            year = 2024 - page // 20
            rows[0] = row(f"./report{year}.html", f"清河县{year}年法治政府建设年度报告", rows[0][-22:-12])
            pages[f"{COLUMN}report{year}.html"] = new_page(year)
        name = COLUMN if page == 0 else f"{COLUMN}index_{page}.html"
        pages[name] = list_page(*rows).replace(b"createPageHTML(1, 0", f"createPageHTML(50, {page}".encode())
    return pages, replace(SOURCE, columns=(column,))


def test_of_a_general_column_of_a_thousand_rows_only_the_reports_are_fetched() -> None:
    pages, source = general_column()
    site = Site(pages)
    reports, candidates, tally = collected(site, source)
    assert (len(candidates), tally.listed, tally.new, tally.problems) == (1000, 1000, 3, [])
    assert [url for url in site.asked if "report" in url] == list(reports)
    assert len(site.asked) == 50 + 3


def test_a_general_column_costs_one_request_a_day() -> None:
    pages, source = general_column()
    _, candidates, _ = collected(Site(pages), source)
    held = {
        one.url: KnownPage(one.url, one.state, fetched_at=NOW, title=one.title, column_url=COLUMN, seen_at=NOW)
        for one in candidates.values()
    }
    site = Site(pages)
    collected(site, source, held, {COLUMN: KnownColumn(COLUMN, Outcome.OK, (), frozenset(candidates))})
    assert site.asked == [COLUMN]


# --------------------------------------------------------------------------- as a file


FILE = f"""\
publisher = "清河县人民政府"
division_code = "130534"
level = "county"
hosts = ["{HOST}"]

[[layouts]]
until = 2019-12-31
reason = "built anew at the end of 2019"
body = "td.neirong"
title = "td.biaoti"
published = "td.riqi"
date_formats = ["%d/%m/%Y"]
charset = "gb18030"

[[extra_hosts]]
host = "{MOVED}"
since = 2019-01-01
until = 2021-12-31
reason = "the city's platform carried it"

[[columns]]
url = "{COLUMN}"
platform = "trs"
report_types = ["rule_of_law"]
name = "法治政府建设"
rows_a_year = {{ min = 1, max = 3 }}
"""


def test_a_source_file_says_all_of_this(tmp_path: Path) -> None:
    path = tmp_path / "hebei" / "qinghe.toml"
    path.parent.mkdir()
    path.write_text(FILE, "utf-8")
    source = read_source(path, root=tmp_path)
    assert source.layouts == (OLD,)
    assert source.extra_hosts == (EXTRA,)
    assert source.columns[0].rows_a_year == Bounds(1, 3)
    site = Site({COLUMN: list_page(report_row(2017)), OLD_REPORT: old_page(2017)})
    assert draft_of(OLD_REPORT, site, source).text == TEXT
