"""Hanweb columns whose records stand in their page as HTML, beside a program that answers nothing."""

from __future__ import annotations

from scrapers.platforms.listing import list_column
from scrapers.records import Column, Level, Listing, Outcome, ReportType, Source
from tests.platforms.columns_in_memory import HOST


def jpage_in_page(shown: int, total: int, column_id: str = "1229000001") -> str:
    rows = "".join(
        f'<li><a href="/art/2026/3/{number % 27 + 1}/art_{column_id}_{number}.html" title="示例区第{number}号文件">'
        f"示例区第{number}号文件</a><span>2026-03-{number % 27 + 1:02}</span></li>"
        for number in range(shown)
    )
    ids = "webid:2945, columnid:1229000001, unitid:5900001"
    return f"""<ul class="list">{rows}</ul><script>$('#5900001').jpage({{proxyUrl:'/module/web/jpage/dataproxy.jsp',
        totalRecord:{total}, perPage:10, proxyParam:{{{ids}}} }});</script>"""


def listed_from(page: str) -> Listing:
    """What comes of a Hanweb column whose program answers every request with 54 bytes."""
    url = f"http://{HOST}/col/col1229000001/index.html"
    column = Column(url, "hanweb_jpage", (ReportType.RULE_OF_LAW,))
    source = Source("x/y", "示例区人民政府", Level.COUNTY, (HOST,), (column,))
    return list_column(source, column, lambda request: (Outcome.OK, None, page if request.url == url else " " * 54))


def test_records_that_stand_in_the_page_are_kept_though_the_program_answers_nothing() -> None:
    """山东 (sites.md 2a)."""
    assert (listed_from(jpage_in_page(20, 20)).outcome, len(listed_from(jpage_in_page(20, 20)).rows)) == (
        Outcome.OK,
        20,
    )
    partial = listed_from(jpage_in_page(20, 65))
    assert (partial.outcome, len(partial.rows)) == (Outcome.LISTING_GAP, 20)
    assert "listed 20 of 65" in (partial.detail or "")


def test_a_list_of_another_column_in_the_margin_is_not_taken_for_the_column_s_own() -> None:
    found = listed_from(jpage_in_page(20, 65, column_id="77"))
    assert (found.rows, found.outcome) == ((), Outcome.LISTING_GAP)
