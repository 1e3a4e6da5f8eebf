"""Lists from a program that a site has to itself: what it is told, and what its answers are taken for."""

from __future__ import annotations

import json
from datetime import date

import pytest

from scrapers.platforms import PlatformError, platform
from scrapers.platforms.json_list import program_in
from scrapers.records import Column, Outcome, ReportType
from tests.platforms.columns_in_memory import HOST


def program(**given: str) -> Column:
    parameters = {"address": "/govsearch/jsonp/zf_jd_list.jsp?lb=134657&callback=result123", "page": "page"} | given
    return Column(f"http://{HOST}/zwgk/fz/", "json_list", (ReportType.RULE_OF_LAW,), parameters=parameters)


def test_a_jsonp_program_is_asked_page_by_page_and_read() -> None:
    """吉林, as sites.md 7 gives it."""
    family, column = platform("json_list"), program()
    request = family.first(column)
    assert request.url == f"http://{HOST}/govsearch/jsonp/zf_jd_list.jsp?lb=134657&callback=result123&page=1"
    row = {"title": "示例市2024年法治政府建设情况报告", "url": "/202503/t20250320_1.html", "date": "2025-03-20"}
    body = f"result123({json.dumps({'data': [row]}, ensure_ascii=False)})"
    page = family.parse(column, request, body, (HOST,))
    assert [(each.title, each.url, each.date) for each in page.rows] == [
        (row["title"], f"http://{HOST}/202503/t20250320_1.html", date(2025, 3, 20))
    ]
    assert [each.url.rpartition("&")[2] for each in page.more] == ["page=2"], "no count: the next page tells"


@pytest.mark.parametrize(
    ("stated", "pages", "total"),
    [
        ({"total": 35}, [2, 3, 4], 35),
        ({"count": 10}, [2], None),
        ({}, [2], None),
        ({"total": "1000"}, range(2, 101), 1000),
    ],
    ids=["a total", "the rows of the page, called count", "nothing", "a total as text"],
)  # fmt: skip
def test_a_total_is_believed_where_it_is_more_than_the_page_shows(
    stated: dict[str, object], pages: list[int], total: int | None
) -> None:
    family, column = platform("json_list"), program()
    rows = [{"title": f"第{number}号文件", "link": f"/d/{number}.html"} for number in range(10)]
    page = family.parse(column, family.first(column), json.dumps({"page": {"list": rows, **stated}}), (HOST,))
    assert len(page.rows) == 10
    assert page.pager.total == total
    assert [int(each.url.rpartition("=")[2]) for each in page.more] == list(pages)


def test_pages_of_a_program_may_count_from_nought() -> None:
    family, column = platform("json_list"), program(first="0", address="/u/search/wjk/rs?PageSize=15", page="curPage")
    first = family.first(column)
    assert first.url == f"http://{HOST}/u/search/wjk/rs?PageSize=15&curPage=0"
    rows = [{"title": f"第{number}号文件", "url": f"/d/{number}.html"} for number in range(15)]
    page = family.parse(column, first, json.dumps({"total": 40, "rows": rows}), (HOST,))
    assert [each.url.rpartition("=")[2] for each in page.more] == ["1", "2"]
    assert family.parse(column, page.more[-1], json.dumps({"total": 40, "rows": rows[:10]}), (HOST,)).more == ()


def test_what_a_program_answers_wrongly_and_is_told_wrongly_is_named() -> None:
    family, column = platform("json_list"), program()
    request = family.first(column)
    for body in ("<html>500</html>", json.dumps({"data": [{"title": "无址"}]})):
        page = family.parse(column, request, body, (HOST,))
        assert (page.rows, page.outcome) == ((), Outcome.WRONG_CONTENT)
        assert request.url in (page.detail or "")
    for wrong in ({"address": ""}, {"page": ""}, {"first": "2"}, {"address": "javascript:go()"}):
        with pytest.raises(PlatformError, match=HOST):
            family.first(program(**wrong))


@pytest.mark.parametrize(
    ("script", "found"),
    [
        ('$.get("/a/list?lb=7&page=" + n, f)', {"address": "/a/list?lb=7", "page": "page"}),
        ("load('/a.jsp?page='+p+'&lb=7&callback=go')", {"address": "/a.jsp?lb=7&callback=go", "page": "page"}),
        ('get("/data?t=zhengcelibrary&p=" + i + "&n=5")', {"address": "/data?t=zhengcelibrary&n=5", "page": "p"}),
        ('get("/rs?curPage=" + i)', {"address": "/rs", "page": "curPage"}),
        ('go("/list_" + n + ".html")', None),
        ('"/a?homepage=" + n', None),
    ],
)
def test_a_script_that_counts_pages_on_names_its_program(script: str, found: dict[str, str] | None) -> None:
    assert program_in(script) == found
