"""A line of furniture that no rule knows, inside the body of every page of a host: gone from what is read after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.folder import folder_network
from deployments.portal.proxy import Portal
from flows.commands.read import Held, SavedPage, as_json, read_saved
from flows.crawling.crawl_run import crawl_plainly
from flows.crawling.run_summary import RunSummary
from flows.settings import Settings
from flows.upkeep.learned_chrome import published_rules
from scrapers.records import Column, Level, ReportType, Source
from scrapers.sources.registry import load_sources
from warehouse.query import run_sql

HOST = "www.qinghe-test.gov.cn"
COLUMN = f"http://{HOST}/fzzfjs/index.html"
FURNITURE = "清河融媒出品让阅读成为习惯"
SOURCE = Source(
    id="test/qinghe",
    publisher="清河县人民政府",
    level=Level.COUNTY,
    hosts=(HOST,),
    columns=(Column(COLUMN, "trs", (ReportType.RULE_OF_LAW,), "法治政府建设"),),
    division_code="130534",
)
HEADINGS = ("一、主要举措和成效", "二、存在的不足", "三、主要负责人履行职责情况", "下一步工作安排")


def address(year: int) -> str:
    return f"http://{HOST}/fzzfjs/{year + 1}03/t{year + 1}0306_{year}.html"


def page(year: int, edited: str = "") -> str:
    """A report whose parts are named alike every year, one of them without a number; the words between are its own."""
    body = "".join(
        f"<p>{heading}</p><p>{year}年全县办结行政复议案件{year % 100 + number}件，第{number}项工作按{year}年的安排"
        f"有序推进，行政机关负责人出庭应诉率达到{year % 40 + 50}%。{edited}</p>"
        for number, heading in enumerate(HEADINGS, 1)
    )
    return (
        f'<html><head><meta charset="utf-8"><title>清河县{year}年法治政府建设年度报告</title>'
        f'<meta name="ArticleTitle" content="清河县{year}年法治政府建设年度报告">'
        f'<meta name="PubDate" content="{year + 1}-03-06 10:00"></head><body>'
        f'<h1>清河县{year}年法治政府建设年度报告</h1><div class="TRS_Editor">{body}'
        f"<p>{FURNITURE}</p></div></body></html>"
    )


def site(folder: Path, pages: dict[int, str]) -> Path:
    """The column and the pages, as a folder of stored responses."""
    rows = "".join(
        f'<li><a href="{address(year)}">清河县{year}年法治政府建设年度报告</a><span>{year + 1}-03-06</span></li>'
        for year in sorted(pages, reverse=True)
    )
    column = (
        '<html><head><meta charset="utf-8"><title>法治政府建设</title></head><body><ul class="list">'
        f'{rows}</ul><script>createPageHTML(1, 0, "index", "html");</script></body></html>'
    )
    folder.mkdir()
    stored = {COLUMN: column} | {address(year): html for year, html in pages.items()}
    entries = []
    for number, (url, html) in enumerate(stored.items()):
        (folder / f"{number}.html").write_text(html, "utf-8")
        entries.append({"url": url, "file": f"{number}.html", "status": 200, "content_type": "text/html"})
    (folder / "site.json").write_text(json.dumps(entries), "utf-8")
    return folder


def crawl(data: Path, folder: Path) -> tuple[Settings, RunSummary]:
    with Portal(folder_network(folder)) as portal:
        settings = Settings(data_dir=data, proxy=portal.url, pace_seconds=0)
        return settings, crawl_plainly(settings, [SOURCE], [SOURCE], relist=True, recheck_after=timedelta(0))


def asked(settings: Settings, query: str) -> list[tuple[Any, ...]]:
    return list(run_sql(settings.reader_path, query).rows)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Two crawls: five reports, then one more, and the oldest of the five edited."""
    folder = tmp_path_factory.mktemp("learned")
    first = {year: page(year) for year in range(2018, 2023)}
    settings, summary = crawl(folder / "data", site(folder / "first", first))
    assert summary.new == 5
    assert {text.endswith(FURNITURE) for (text,) in asked(settings, "SELECT text FROM report_texts")} == {True}
    second = first | {2018: page(2018, "又有新的进展。"), 2023: page(2023)}
    _, summary = crawl(folder / "data", site(folder / "second", second))
    assert (summary.new, summary.tallies[0].changed) == (1, 1)
    return settings


def test_the_line_is_learned_and_nothing_of_the_reports(settings: Settings) -> None:
    rows = asked(settings, "SELECT host, edge, line, seen, looked_at FROM core_learned_chrome")
    assert rows == [(HOST, "tail", FURNITURE, 6, 6)], "learned anew from six pages, of which two lost the line to it"


def test_the_next_report_is_read_without_the_line_and_says_by_which_rule(settings: Settings) -> None:
    texts = dict(asked(settings, "SELECT report_year, text FROM report_texts"))
    assert texts[2023].endswith("%。")
    assert [line for line in HEADINGS if line not in texts[2023]] == []
    assert texts[2022].endswith(FURNITURE)
    rows = asked(
        settings,
        """SELECT x.removed, x.rule = 'learned:' || c.rule_id FROM core_removals x
           JOIN reports r USING (document_id, version) JOIN core_learned_chrome c ON c.host = host_of(r.url)
           ORDER BY r.report_year""",
    )
    assert rows == [("\n" + FURNITURE, True)] * 2


def test_what_we_cut_is_no_change_of_the_publisher(settings: Settings) -> None:
    ((year, cut, came_in),) = asked(settings, "SELECT report_year, cut, came_in FROM changes")
    assert (year, cut, set(came_in)) == (2018, [], {"又有新的进展。"})


def test_reading_a_page_of_that_host_shows_the_learned_rule(settings: Settings) -> None:
    html = page(2024).encode()
    rules = published_rules(settings.reader_path)

    def removed(url: str) -> list[str]:
        saved = SavedPage("page", None, url, html)
        return [entry["rule"] for entry in as_json(saved, *read_saved(saved, settings, Held(rules)))["removed"]]

    assert removed(address(2024)) == [f"learned:{rules[HOST][0].id}"]
    assert removed(address(2024).replace("qinghe", "another")) == []


def test_what_no_longer_recurs_is_forgotten(settings: Settings, tmp_path: Path) -> None:
    clean = {year: page(year, edited="又有新的进展。").replace(FURNITURE, "") for year in range(2010, 2018)}
    kept = {year: page(year) for year in range(2018, 2024)}
    data = tmp_path / "data"
    first, _ = crawl(data, site(tmp_path / "kept", kept))
    assert len(asked(first, "FROM core_learned_chrome")) == 1
    crawl(data, site(tmp_path / "more", clean | kept))
    assert asked(first, "FROM core_learned_chrome") == []


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with Portal(demo_network()) as portal:
        made = Settings(data_dir=tmp_path_factory.mktemp("demo"), sources_dir=SOURCES, proxy=portal.url, pace_seconds=0)
        sources = load_sources(SOURCES)
        crawl_plainly(made, sources, sources)
        yield made


def test_reports_that_repeat_their_form_every_year_teach_nothing(demo: Settings) -> None:
    ((reports, hosts),) = asked(demo, "SELECT count(*), count(DISTINCT host_of(url)) FROM reports")
    assert reports > 10 * hosts > 50
    assert asked(demo, "FROM core_learned_chrome") == []
