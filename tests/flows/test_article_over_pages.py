"""A report over several pages: from the site, from the archive, and completed where only its first page was read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import scrapers.settle
from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.exchange import Asked
from deployments.portal.proxy import Portal
from flows.crawling.crawl_run import crawl_plainly
from flows.rereading.reprocess_run import ReprocessScope, reprocess_plainly
from flows.settings import Settings
from scrapers.reading.page import read_page
from scrapers.records import Draft
from scrapers.sources.registry import load_sources, select_sources
from warehouse.query import run_sql

REGISTRY = load_sources(SOURCES)
CHOSEN = select_sources(REGISTRY, ids=["yunling/qiwu_shuangqiao"])
PAGE = "http://www.qiwu-demo.gov.cn/sqjd/fzzfjs/202601/t20260121_4022500.htm"
FURTHER = PAGE.replace(".htm", "_1.htm")
CUT = "（五）依法预防和化解社会矛盾纠纷"
OF_THE_PAGE = f"document_id = (SELECT any_value(document_id) FROM core_addresses WHERE url = '{PAGE}')"
PAGER = '<script>createPageHTML(2, {}, "t20260121_4022500", "htm");</script>'


@pytest.fixture
def portal() -> Iterator[Portal]:
    """The portal, where this report stands on two pages."""
    with Portal(demo_network()) as running:
        whole = running.network.answer(Asked("GET", PAGE)).body.decode("gb18030")
        upper, lower = whole.split(CUT)
        head, body = upper[: upper.index("今年以来")], upper[upper.index("今年以来") :]
        rest, foot = lower[: lower.index("</div>")], lower[lower.index("</div>") :]
        for url, number, text in ((PAGE, 0, body), (FURTHER, 1, CUT + rest)):
            running.replace(url, f"{head}{text}{PAGER.format(number)}{foot}".encode("gb18030"))
        yield running


def settings(data: Path, portal: Portal | None = None) -> Settings:
    return Settings(data_dir=data, proxy=portal.url if portal else None, pace_seconds=0, sources_dir=SOURCES)


def crawl(data: Path, portal: Portal) -> None:
    crawl_plainly(settings(data, portal), CHOSEN, REGISTRY)


def rows(data: Path, query: str) -> tuple[tuple[Any, ...], ...]:
    return run_sql(settings(data).reader_path, query).rows


def text(data: Path) -> str:
    ((found,),) = rows(data, f'SELECT "text" FROM report_texts WHERE {OF_THE_PAGE}')
    return str(found)


def missing(data: Path) -> tuple[tuple[Any, ...], ...]:
    return rows(
        data,
        "SELECT evidence FROM core_flags JOIN core_reports USING (document_id, version) "
        f"WHERE flag = 'pages_missing' AND {OF_THE_PAGE}",
    )


def test_the_archive_gives_the_whole_report_again(tmp_path: Path, portal: Portal) -> None:
    crawl(tmp_path, portal)
    whole = text(tmp_path)
    assert CUT in whole
    assert missing(tmp_path) == ()
    assert rows(tmp_path, f"SELECT role, url, outcome FROM attachments WHERE {OF_THE_PAGE}") == (
        ("page", FURTHER, "read"),
    )
    reprocess_plainly(settings(tmp_path), REGISTRY, ReprocessScope())
    assert text(tmp_path) == whole
    assert rows(tmp_path, f"SELECT count(*) FROM core_versions WHERE {OF_THE_PAGE}") == ((1,),)


def test_a_report_that_was_read_by_its_first_page_is_completed(
    tmp_path: Path, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of_one_page(*arguments: Any, **named: Any) -> Draft:
        return replace(read_page(*arguments, **named), pager=None, flags=())

    with monkeypatch.context() as older:
        older.setattr(scrapers.settle, "read_page", of_one_page)
        crawl(tmp_path, portal)
    assert (CUT in text(tmp_path), missing(tmp_path)) == (False, ())
    reprocess_plainly(settings(tmp_path), REGISTRY, ReprocessScope())
    ((why,),) = missing(tmp_path)
    assert why == f"page 2 of 2: {FURTHER}: not_fetched: not_asked: no answer of it is archived; the next crawl asks"
    assert rows(tmp_path, f"SELECT list_contains(flags, 'pages_missing') FROM reports WHERE {OF_THE_PAGE}") == (
        (True,),
    )
    crawl(tmp_path, portal)
    assert (CUT in text(tmp_path), missing(tmp_path)) == (True, ())
