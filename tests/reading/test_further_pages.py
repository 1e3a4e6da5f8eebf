"""A page says that its article goes on, and where; what only looks like it does not."""

from __future__ import annotations

import time
from typing import Any

import pytest

from scrapers.reading.further_pages import next_page
from scrapers.reading.page import read_page
from tests.reading.specimens import BODY, PARAGRAPHS, SIDE, TITLE, URL, page

HEAD = f"<h1>{TITLE}</h1><p>发布时间：2025-03-12 来源：县司法局</p>"
FOLDER = "http://www.example.gov.cn/zwgk/202503/"
TRS = (
    "<script>var currentPage = 0;//所在页从0开始\nvar countPage = 3//共多少页\nvar nextPage = currentPage+1;\n"
    'document.write("<a href=\\"t20250312_1_"+nextPage+".html\\">下一页</a>");</script>'
)


def article(pager: str, url: str = URL, **more: Any) -> tuple[str | None, int | None, str]:
    draft = read_page(page(f'<div>{HEAD}<div id="zoom">{PARAGRAPHS}</div>{pager}</div>{SIDE}'), url, **more)
    assert draft.text == BODY
    flags = [flag.name for flag in draft.flags]
    assert flags == (["pages_missing"] if draft.pager is not None else [])
    return (draft.pager.page2, draft.pager.pages, draft.flags[0].evidence) if draft.pager else (None, None, "")


@pytest.mark.parametrize(
    ("pager", "pages", "following"),
    [
        ('<script>createPageHTML(3, 0, "t20250312_1", "html");</script>', 3, "t20250312_1_1.html"),
        ("<script>createPageHTML('pages', 2, 0, 't20250312_1', 'shtml', 2);</script>", 2, "t20250312_1_1.shtml"),
        ("<script>createPageHTML('pages', 2, 1, 't20250312_1', 'shtml', 2);</script>", 2, "t20250312_1_2.shtml"),
        (TRS, 3, "t20250312_1_1.html"),
        ('<a>1</a><a href="t20250312_1_1.html">2</a><a href="t20250312_1_2.html">3</a>', None, "t20250312_1_1.html"),
        (
            '<a href="./t20250312_1_2.html">下一页</a><a href="./t20250312_1_3.html">尾页</a>',
            None,
            "t20250312_1_2.html",
        ),
        ('<p><a href="/zwgk/202503/t20250312_1-2.html">余下全文</a></p>', None, "t20250312_1-2.html"),
    ],
)
def test_a_first_page_names_the_next(pager: str, pages: int | None, following: str) -> None:
    found = article(pager)
    assert found[:2] == (FOLDER + following, pages)
    assert found[2].endswith(f"was read; the next is {FOLDER}{following}")


def test_a_page_may_be_a_parameter_of_the_address() -> None:
    url = "http://www.example.gov.cn/show.jsp?id=77"
    assert article('<a href="show.jsp?id=77&amp;page=2">2</a>', url)[0] == f"{url}&page=2"
    assert article('<a href="show.jsp?id=78&amp;page=2">2</a>', url)[0] is None, "another article"
    assert article('<a href="show.jsp?page=2">2</a>', "http://www.example.gov.cn/show.jsp")[0] is None, "a list"


@pytest.mark.parametrize(
    ("at", "following"), [("t20250312_1_1.html", "t20250312_1_2.html"), ("t20250312_1_2.html", None)]
)
@pytest.mark.parametrize("pager", ['<script>createPageHTML(3, 1, "t20250312_1", "html");</script>', TRS, "links"])
def test_a_further_page_names_the_one_behind_it(pager: str, at: str, following: str | None) -> None:
    if pager == "links":
        pager = "".join(f'<a href="t20250312_1{n}.html">{n}</a>' for n in ("", "_1", "_2"))
    assert article(pager, FOLDER + at, first=URL)[0] == (following and FOLDER + following)


@pytest.mark.parametrize(
    "pager",
    [
        '<script>createPageHTML(1, 0, "t20250312_1", "html");</script>',
        '<script>createPageHTML(20, 0, "index", "html");</script>',
        '<script>createPageHTML(4, 0, "t20250312_9", "html");</script>',
        '<script>//createPageHTML(3, 0, "t20250312_1", "html");</script>',
        '<!-- <a href="t20250312_1_1.html">2</a> -->',
        '<p>下一篇：<a href="t20250312_2.html">示例县2023年法治政府建设年度报告</a></p>',
        '<a href="http://other.example.cn/zwgk/202503/t20250312_1_1.html">2</a>',
        '<a href="t20250312_1_1.pdf">附件1</a>',
        '<a href="/search?page=2">更多</a>',
        "<script>var url = 't20250312_1.html';</script>",
    ],
)
def test_what_is_no_further_page(pager: str) -> None:
    assert article(pager) == (None, None, "")


def test_a_list_has_no_further_page_of_an_article() -> None:
    rows = "".join(
        f'<li><a href="t{n}.html">示例县第{n}批示例工作有关事项</a><span>2024-01-0{n}</span></li>' for n in range(1, 9)
    )
    draft = read_page(
        page(f'<ul>{rows}</ul><script>createPageHTML(3, 0, "zwgk", "html");</script>'), FOLDER + "zwgk.html"
    )
    assert (draft.pager, draft.flags) == (None, ())


@pytest.mark.parametrize(
    "markup",
    ["<script>" * 25_000, "<script " * 25_000, "<!--" * 50_000, "<a href=" + " " * 200_000 + ">", "<a href='" * 20_000],
    ids=["scripts", "unended scripts", "comments", "a blank address", "unended addresses"],
)
def test_a_page_that_is_made_to_be_slow_is_not(markup: str) -> None:
    began = time.process_time()
    assert next_page(f"t20250312_1_ {markup}", URL) is None
    assert time.process_time() - began < 2, "minutes, where time grows with the square of the length"


def test_a_million_links_to_the_next_page_are_one() -> None:
    began = time.process_time()
    found = next_page('<a href="t20250312_1_1.html">下一页</a>' * 1_000_000, URL)
    assert found is not None
    assert found.page2 == FOLDER + "t20250312_1_1.html"
    assert time.process_time() - began < 6


def test_a_page_of_an_address_that_is_none_goes_on_nowhere() -> None:
    draft = read_page(page(f"<div>{HEAD}<div id=zoom>{PARAGRAPHS}</div></div>"), "http://[example/t20250312_1.html")
    assert (draft.text, draft.pager) == (BODY, None)
