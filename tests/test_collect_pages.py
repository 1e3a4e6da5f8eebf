"""A report over several pages, over several crawls of a site made of a dictionary."""

from __future__ import annotations

import pytest

from scrapers.judging.paged import further_pages
from scrapers.reading.page import read_page
from scrapers.records import Attachment, Capture, Draft, Fetched, FileOutcome, FileRole, Outcome, Report, State
from tests.test_collect_files import LISTED, NOW, PAGE, TITLE, crawl, held, only_report, page_with

SENTENCE = "全县办结行政复议案件12件，行政机关负责人出庭应诉率100%。"
PARTS = ("一、2024年主要举措和成效", "二、存在的不足和原因", "三、2025年主要安排")
TABLE = "<table><tr><td>单位</td><td>案件</td></tr><tr><td>县局</td><td>{}</td></tr></table>"
FURTHER = [PAGE.replace(".html", f"_{n}.html") for n in (1, 2)]
TEXT = "\n".join(
    line for n, part in enumerate(PARTS) for line in (part, SENTENCE * (n + 3), "单位\t案件", f"县局\t{n}")
)


def page(number: int, of: int = 3) -> bytes:
    body = f"<p>{PARTS[number]}</p><p>{SENTENCE * (number + 3)}</p>{TABLE.format(number)}"
    pager = f'<script>createPageHTML({of}, {number}, "t20250206_1", "html");</script>'
    return page_with(body).replace(b"</body>", f"<p>上一页 1 2 3 下一页</p>{pager}</body>".encode())


SITE = {**LISTED, PAGE: page(0), FURTHER[0]: page(1), FURTHER[1]: page(2)}


def flags(report: Report) -> dict[str, str]:
    return {flag.name: flag.evidence for flag in report.flags}


def test_the_report_is_the_text_of_all_its_pages() -> None:
    batches, site, tally = crawl(SITE)
    report = only_report(batches)
    assert site.asked[-3:] == [PAGE, *FURTHER]
    assert (report.state, report.draft.text, tally.new) == (State.ACCEPTED, TEXT, 1)
    assert [section.role for section in report.sections] == ["measures", "shortcomings", "next_year"]
    assert "\n".join(block.text for block in report.draft.blocks) == TEXT
    tables = [report.draft.tables[block.table] for block in report.draft.blocks if block.table is not None]
    assert [table.rows[1][1] for table in tables] == ["0", "1", "2"]
    assert "pages_missing" not in flags(report)
    assert report.words is not None
    assert report.capture_id == batches[-1].captures[0].capture_id, "the first page's"


def test_each_further_page_is_kept_with_its_capture() -> None:
    batches, _, _ = crawl(SITE)
    kept = only_report(batches).draft.attachments
    assert [(one.label, one.url) for one in kept] == [("第2页", FURTHER[0]), ("第3页", FURTHER[1])]
    files = [one.file for one in kept if one.file is not None]
    assert [(file.role, file.reading.outcome) for file in files] == [(FileRole.PAGE, FileOutcome.READ)] * 2
    assert [file.capture_id for file in files] == [capture.capture_id for capture in batches[-1].captures[1:]]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Outcome.TIMEOUT, "not_fetched: timeout"),
        (Outcome.GONE, "not_fetched: gone"),
        (page(1), "mislabelled: the same text as a page before"),
        (b"<html><body><p>x</p></body></html>", "mislabelled: a page without text of the article (empty)"),
    ],
)
def test_a_page_that_does_not_come_leaves_the_reason(answer: bytes | Outcome, why: str) -> None:
    report = only_report(crawl({**SITE, FURTHER[1]: answer})[0])
    assert report.draft.text == "\n".join(TEXT.split("\n")[:8])
    assert flags(report)["pages_missing"] == f"page 3 of 3: {FURTHER[1]}: {why}"
    assert "missing_parts" not in flags(report), "nobody knows what a page lacks"


OF_ANOTHER_YEAR = FURTHER[0].replace("20250206_1_1", "20240105_3")


@pytest.mark.parametrize(
    ("led_to", "why"),
    [(FURTHER[0].replace("http:", "https:"), None), (OF_ANOTHER_YEAR, f"it led to {OF_ANOTHER_YEAR}")],
)
def test_a_redirect_to_another_article_is_no_further_page(led_to: str, why: str | None) -> None:
    def fetch(asked: Attachment) -> Fetched:
        return Fetched(Capture("", asked.url, led_to, NOW, Outcome.OK), page(1, of=2))

    def read(fetched: Fetched) -> Draft:
        return read_page(fetched.body, fetched.capture.final_url, first=PAGE)

    (second,) = further_pages(read_page(page(0, of=2), PAGE), fetch, read)
    assert second.attachment.file is not None
    assert (second.attachment.file.reading.detail, second.draft is None) == (why, why is not None)


def test_a_page_that_fails_today_takes_nothing_from_what_is_held() -> None:
    batches, _, tally = crawl({**SITE, FURTHER[0]: Outcome.SERVER_ERROR}, held(files_missing=True))
    assert [report for batch in batches for report in batch.reports] == []
    assert tally.failed == 1
    ended = next(one for one in batches[-1].captures if one.url == PAGE)
    assert ended.outcome is Outcome.WRONG_CONTENT
    assert ended.detail == f"its 第2页, {FURTHER[0]}: not_fetched: server_error".replace("not_fetched: ", "")


def test_a_page_that_is_gone_for_good_does_not_hide_what_the_first_says_today() -> None:
    report = only_report(crawl({**SITE, FURTHER[0]: Outcome.GONE}, held(files_missing=True))[0])
    assert report.draft.text == "\n".join(TEXT.split("\n")[:4])


def test_pages_without_end_are_not_followed_without_end() -> None:
    site = {**LISTED, PAGE: page(0, of=80)}
    for n in range(1, 80):
        body = f"<p>{n}。{SENTENCE}</p>"
        pager = f'<script>createPageHTML(80, {n}, "t20250206_1", "html");</script>'
        site[PAGE.replace(".html", f"_{n}.html")] = page_with(body).replace(b"</body>", f"{pager}</body>".encode())
    batches, crawled, _ = crawl(site)
    assert sum(url.startswith(PAGE[:-5]) for url in crawled.asked) == 30
    assert flags(only_report(batches))["pages_missing"] == "30 pages of 80 were read"


def test_no_further_page_is_asked_for_of_what_is_no_report() -> None:
    notice = page_with("<p>定于本月召开座谈会，请各单位做好准备，准时参加。</p>").replace(
        TITLE.encode(), "关于召开座谈会的通知".encode()
    )
    pager = '<script>createPageHTML(3, 0, "t20250206_1", "html");</script></body>'
    _, site, _ = crawl({**SITE, PAGE: notice.replace(b"</body>", pager.encode())})
    assert site.asked[-1] == PAGE


def test_a_text_that_stands_in_a_frame_is_asked_for_there() -> None:
    frame = "http://www.qinghe.gov.cn/cms/123.html"
    framing = page_with('<iframe src="/cms/123.html"></iframe>')
    text = "".join(f"<p>{part}</p><p>{SENTENCE * 5}</p>" for part in PARTS)
    framed = f'<html><head><meta charset="utf-8"></head><body>{text}</body></html>'.encode()
    batches, site, _ = crawl({**LISTED, PAGE: framing, frame: framed})
    report = only_report(batches)
    assert site.asked[-2:] == [PAGE, frame]
    assert report.draft.text == "\n".join(line for part in PARTS for line in (part, SENTENCE * 5))
    assert (report.state, "pages_missing" in flags(report)) == (State.ACCEPTED, False)
    unread = only_report(crawl({**LISTED, PAGE: framing, frame: Outcome.TIMEOUT})[0])
    assert flags(unread)["pages_missing"] == f"page 2: {frame}: not_fetched: timeout"
