"""One spelling for every address, one day for every way of printing a date."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.addresses import as_directory, canonical, host_of
from scrapers.platforms.dates import from_unix, labelled_date, read_date, split_date

BASE = "http://www.example-qu.test/zwgk/fzzfjs/index.html"


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("./202403/t20240327_1.html", "http://www.example-qu.test/zwgk/fzzfjs/202403/t20240327_1.html"),
        ("../../art/1.html#top", "http://www.example-qu.test/art/1.html"),
        ("//Other.TEST:80/a?b=1&c=2", "http://other.test/a?b=1&c=2"),
        ("https://other.test:443", "https://other.test/"),
        ("http://other.test:8080/a", "http://other.test:8080/a"),
        ("/a;jsessionid=F00?x=1", "http://www.example-qu.test/a?x=1"),
        ("/gate/big5/www.example-shi.test/zwgk/1.html", "http://www.example-shi.test/zwgk/1.html"),
        ("http://big5.agency.test/gate/big5/www.example-shi.test/a/", "http://www.example-shi.test/a/"),
        ("\\zwgk\\1.html", "http://www.example-qu.test/zwgk/1.html"),
        (" /a\n/b.html ", "http://www.example-qu.test/a/b.html"),
        ("/法治/1.html", "http://www.example-qu.test/%E6%B3%95%E6%B2%BB/1.html"),
        ("/%E6%B3%95/1.html", "http://www.example-qu.test/%E6%B3%95/1.html"),
        ("?page=2", "http://www.example-qu.test/zwgk/fzzfjs/index.html?page=2"),
    ],
)
def test_an_address_has_one_spelling(href: str, address: str) -> None:
    assert canonical(href, BASE) == address


@pytest.mark.parametrize(
    "href", ["", "#", "#top", "javascript:void(0)", "JavaScript:;", "mailto:a@b.test", "tel:110", "ftp://a.test/b",
             "http://[", "http://a.test:99999/", "data:text/html,x"]
)  # fmt: skip
def test_what_leads_to_no_page_has_no_address(href: str) -> None:
    assert canonical(href, BASE) is None


@given(st.text(max_size=40))
def test_canonical_is_its_own_canonical(href: str) -> None:
    address = canonical(href, BASE)
    assert address is None or canonical(address, BASE) == address


@pytest.mark.parametrize(
    ("url", "directory"),
    [
        ("http://a.test/zwgk/fzzfjs", "http://a.test/zwgk/fzzfjs/"),
        ("http://a.test/zwgk/fzzfjs/", "http://a.test/zwgk/fzzfjs/"),
        ("http://a.test/zwgk/index.shtml", "http://a.test/zwgk/index.shtml"),
        ("http://a.test/list?id=1", "http://a.test/list?id=1"),
    ],
)
def test_a_column_without_a_file_name_is_a_directory(url: str, directory: str) -> None:
    assert as_directory(url) == directory


def test_a_host_is_known_in_lower_case() -> None:
    assert host_of("HTTP://WWW.Example-qu.TEST:8080/a") == "www.example-qu.test"


@pytest.mark.parametrize(
    "text",
    ["2024-03-05", "2024/3/5", "2024.03.05", "2024年3月5日", "2024年03月05日", "[2024-03-05]",
     "（2024-03-05）", "【2024-03-05】",
     "发布时间：2024-03-05", "日期: 2024-03-05 10:20", "\n\t 2024-03-05 10:20:30 \n", "2024-03-05T10:20:30.000+08:00",
     "20240305", "2024-03-05 10:20:30.0"]
)  # fmt: skip
def test_every_print_of_a_day_is_that_day(text: str) -> None:
    assert read_date(text) == date(2024, 3, 5)


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-03", "2024-13-05", "2024-02-30", "示例区2024年3月5日会议公告",
     "今天是2024年3月5日 星期二", "共2024-03-05条",
     "2026-02-00018", "12024-03-05", "000014348/2020-35428", "1234567890123"]
)  # fmt: skip
def test_what_is_no_bare_date_is_none(text: str) -> None:
    assert read_date(text) is None


@given(st.dates(date(1949, 10, 1), date(2099, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    assert read_date(day.isoformat()) == day
    assert read_date(f"{day.year}年{day.month}月{day.day}日") == day


def test_the_label_says_which_date_of_a_line_counts() -> None:
    assert labelled_date("来源：示例区司法局　发布时间：2024-03-05　浏览：12") == date(2024, 3, 5)
    assert labelled_date("示例区于2024年3月5日召开会议") is None


@pytest.mark.parametrize("text", ["05 2024-03", "03-05 2024", "2024 03-05", "2024-03 05", "5日 2024年3月"])
def test_a_calendar_leaf_is_put_together(text: str) -> None:
    assert split_date(text) == date(2024, 3, 5)


@pytest.mark.parametrize("seconds", [1738771200, "1738771200", 1738771200000, 1738771200.0])
def test_unix_times_are_days_in_china(seconds: object) -> None:
    assert from_unix(seconds) == date(2025, 2, 6)


@pytest.mark.parametrize("value", [0, None, True, "", "x", -1, 1e300, [], float("nan")])
def test_other_values_are_no_unix_times(value: object) -> None:
    assert from_unix(value) is None
