"""A page over several crawls: an edit of the report, furniture of the site, gone, or moved."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.portal.demo import SOURCES, demo_network
from deployments.portal.exchange import Asked
from deployments.portal.proxy import Portal
from flows.settings import Settings
from tests.flows.command_line import nianbao
from warehouse.query import run_sql

SOURCE = "yunling/qiwu_shuangqiao"
COLUMN = "http://www.qiwu-demo.gov.cn/sqjd/fzzfjs/index.htm"
PAGE = "http://www.qiwu-demo.gov.cn/sqjd/fzzfjs/202601/t20260121_4022500.htm"
MOVED = "http://www.qiwu-demo.gov.cn/sqjd/gkml/202601/t20260121_9.htm"
OF_THE_PAGE = f"document_id = (SELECT any_value(document_id) FROM core_addresses WHERE url = '{PAGE}')"


@pytest.fixture(scope="module")
def served() -> Iterator[Portal]:
    with Portal(demo_network()) as running:
        yield running


def crawl(folder: Path, portal: Portal) -> None:
    done = nianbao(
        "crawl", "--no-prefect", "--source", SOURCE, "--recheck-days", "0", "--relist",
        folder=folder, portal=portal, sources_dir=str(SOURCES),
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr[-2000:]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory, served: Portal) -> Path:
    folder = tmp_path_factory.mktemp("first")
    crawl(folder, served)
    return folder


@pytest.fixture
def folder(first: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(first, tmp_path / "work"))


@pytest.fixture
def portal(served: Portal) -> Iterator[Portal]:
    changed: list[str] = []
    replace, remove = served.replace, served.remove

    def noted(call: Any) -> Any:
        def change(url: str, *rest: Any) -> None:
            changed.append(url)
            call(url, *rest)

        return change

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(served, "replace", noted(replace))
        patch.setattr(served, "remove", noted(remove))
        yield served
    for url in dict.fromkeys(changed):
        served.restore(url)


def page(portal: Portal, url: str = PAGE) -> str:
    return portal.network.answer(Asked("GET", url)).body.decode("gb18030")


def put(portal: Portal, body: str, url: str = PAGE) -> None:
    portal.replace(url, body.encode("gb18030"))


def rows(folder: Path, query: str) -> tuple[tuple[Any, ...], ...]:
    return run_sql(Settings(data_dir=folder / "data").reader_path, query).rows


def versions(folder: Path) -> int:
    ((count,),) = rows(folder, f"SELECT count(*) FROM core_versions WHERE {OF_THE_PAGE}")
    return int(count)


def test_a_silent_edit_of_a_figure_is_a_version_and_its_sentence_stands_in_changes(
    folder: Path, portal: Portal
) -> None:
    before = page(portal)
    assert "审核文件45件" in before
    put(portal, before.replace("审核文件45件", "审核文件54件"))
    crawl(folder, portal)
    assert versions(folder) == 2
    ((cut, came_in),) = rows(folder, "SELECT cut, came_in FROM changes")
    (gone,), (came,) = cut, came_in
    assert "审核文件45件" in gone
    assert gone.replace("45件，提出", "54件，提出") == came
    assert rows(folder, f"SELECT version FROM reports WHERE {OF_THE_PAGE}") == ((2,),)


def skinned(body: str) -> str:
    """The same report as another system would show it."""
    text = re.search(r"</style>(.*?)<div class=\"qr\">", body, re.DOTALL)
    title = re.search(r'<h2 class="title">(.*?)</h2>', body)
    assert text is not None
    assert title is not None
    paragraphs = "".join(f"<p>{line.strip('　 ')}</p>" for line in re.split(r"<br ?/?>\s*", text[1]) if line.strip())
    return (
        f'<html><head><title>{title[1]}</title><meta name="ArticleTitle" content="{title[1]}"></head><body>'
        '<div id="header"><a href="/">首页</a><a href="/zwgk/">政务公开</a><a href="/fw/">办事服务</a></div>'
        f'<div class="detail"><h1>{title[1]}</h1><div class="bar">日期：2026-01-22 浏览：77 次 字体：[大 中 小]</div>'
        f'<div id="zoom">{paragraphs}</div></div><div id="footer">版权所有：栖梧市人民政府</div></body></html>'
    )


@pytest.mark.parametrize(
    "furniture",
    [
        pytest.param(lambda body: body.replace(">1024</em>", ">88213</em>"), id="counter"),
        pytest.param(lambda body: body.replace("扫一扫在手机上查看当前页面", "用微信“扫一扫”，手机看本页"), id="qr"),
        pytest.param(
            lambda body: body.replace("　　", "&nbsp;&nbsp;&nbsp;&nbsp;").replace("<br>", "<br>\n\n"), id="space"
        ),
        pytest.param(lambda body: body.replace("召开法治政府建设工作推进会</a></li>", "开会</a></li>"), id="related"),
        pytest.param(skinned, id="skin"),
    ],
)
def test_furniture_of_the_page_is_no_version(folder: Path, portal: Portal, furniture: Any) -> None:
    before = page(portal)
    after = furniture(before)
    assert after != before
    put(portal, after)
    crawl(folder, portal)
    assert versions(folder) == 1
    assert rows(folder, "FROM changes") == ()
    ((fetches,),) = rows(
        folder, f"SELECT count(DISTINCT digest) FROM raw_captures WHERE url = '{PAGE}' AND outcome = 'ok'"
    )
    assert fetches == 2, "the changed page was fetched and read"


def test_a_report_that_disappears_is_withdrawn_at_the_third_check_and_stays_in_the_warehouse(
    folder: Path, portal: Portal
) -> None:
    portal.remove(PAGE)
    standing: list[Any] = []
    for _ in range(3):
        crawl(folder, portal)
        standing += rows(folder, f"SELECT withdrawn FROM reports WHERE {OF_THE_PAGE}")
    assert standing == [(False,), (False,), (True,)]
    assert rows(folder, f"SELECT text_length > 1000 FROM report_texts WHERE {OF_THE_PAGE}") == ((True,),)
    assert rows(folder, "SELECT state FROM coverage WHERE publisher LIKE '%双桥%' AND report_year = 2025") == (
        ("withdrawn",),
    )


def test_a_report_that_moved_is_the_same_with_both_its_addresses(folder: Path, portal: Portal) -> None:
    body = page(portal)
    put(
        portal, page(portal, COLUMN).replace("./202601/t20260121_4022500.htm", "../gkml/202601/t20260121_9.htm"), COLUMN
    )
    put(portal, body, MOVED)
    portal.remove(PAGE)
    before = rows(folder, "SELECT document_id FROM reports ORDER BY 1")
    crawl(folder, portal)
    assert rows(folder, "SELECT document_id FROM reports ORDER BY 1") == before
    assert rows(folder, f"SELECT url, is_current FROM report_addresses WHERE {OF_THE_PAGE} ORDER BY url") == (
        (PAGE, False),
        (MOVED, True),
    )
    assert versions(folder) == 1
