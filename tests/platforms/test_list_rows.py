"""How rows are found on any list page: by shape and date, whatever the template."""

from __future__ import annotations

import re
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.platforms.list_rows import mark_pinned, read_fragment, read_list, read_records, whole_title
from scrapers.records import ListPage, ListRow, Outcome

URL = "http://www.example-qu.test/zwgk/fzzfjs/"
LONG = "示例区人民政府关于2024年法治政府建设年度情况的报告"


def read(html: str, url: str = URL) -> ListPage:
    return read_list(html, url)


def rows_of(count: int, shape: str) -> str:
    return "".join(
        shape.format(href=f"./202{at}03/t202{at}0301_{at}.html", title=f"{LONG}之{at}", day=f"202{at}-03-1{at}")
        for at in reversed(range(count))
    )


SHAPES = {
    "date behind the link": '<li><a href="{href}">{title}</a><span>{day}</span></li>',
    "date before the link": '<li><span class="date">{day}</span><a href="{href}" title="">{title}</a></li>',
    "date inside the link": '<li><a href="{href}"><em>{title}</em><i>{day}</i></a></li>',
    "date in brackets": '<li>·<a href="{href}">{title}</a>（{day}）</li>',
    "labelled date": '<li><a href="{href}">{title}</a><p>来源：示例区司法局 发布时间：{day} 10:00</p></li>',
    "table row": '<tr><td>1</td><td><a href="{href}">{title}</a></td><td>{day}</td></tr>',
    "wrapped rows": '<div class="item"><div class="in"><h4><a href="{href}">{title}</a></h4><b>{day}</b></div></div>',
    "definition list": '<dl><dt><a href="{href}">{title}</a></dt><dd>{day}</dd></dl>',
    "no element of its own": '<a href="{href}">{title}</a><span>{day}</span><br>',
    "picture and title": '<li><a href="{href}"><img src="x.jpg"></a><a href="{href}">{title}</a><i>{day}</i></li>',
    "summary and 详细": '<li><a href="{href}">{title}</a><p>摘要……<a href="{href}">[详细]</a></p><i>{day}</i></li>',
    "解读 beside it": '<li><a href="{href}">{title}</a><a href="/jd/1.html">政策解读</a><i>{day}</i></li>',
    "category before it": '<li><a href="/tzgg/">[通知]</a><a href="{href}">{title}</a><i>{day}</i></li>',
}
HOLDERS = {"table row": "<table>{}</table>"}


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_of_every_shape_are_read(shape: str) -> None:
    body = HOLDERS.get(shape, "<ul>{}</ul>").format(rows_of(5, SHAPES[shape]))
    page = read(
        f'<div class="nav"><a href="/">首页</a></div><div class="list">{body}</div><div class="foot">备案</div>'
    )
    assert [row.title for row in page.rows] == [f"{LONG}之{at}" for at in (4, 3, 2, 1, 0)]
    assert [str(row.date) for row in page.rows] == [
        "2024-03-14",
        "2023-03-13",
        "2022-03-12",
        "2021-03-11",
        "2020-03-10",
    ]
    assert page.rows[0].url == f"{URL}202403/t20240301_4.html"


def test_a_calendar_leaf_is_a_date() -> None:
    shape = '<li><div class="rq"><b>{d}</b><span>{ym}</span></div><a href="./t1_{d}.html">{title}</a></li>'
    body = "".join(shape.format(d=day, ym="2024-05", title=f"{LONG}{day}") for day in (28, 17, 6))
    page = read(f"<ul>{body}</ul>")
    assert [row.date for row in page.rows] == [date(2024, 5, 28), date(2024, 5, 17), date(2024, 5, 6)]
    assert [row.title for row in page.rows] == [f"{LONG}28", f"{LONG}17", f"{LONG}6"]


def test_a_date_in_a_title_is_no_row_date() -> None:
    page = read(f'<ul><li><a href="./a_100000.html">{LONG}（2024年3月5日）</a><span>2024-03-08</span></li></ul>')
    assert [row.date for row in page.rows] == [date(2024, 3, 8)]


def test_of_two_dates_the_one_headed_publication_counts() -> None:
    body = (
        "<tr><th>名称</th><th>成文日期</th><th>发布日期</th><th>有效</th></tr>"
        f'<tr><td><a href="./1.html">{LONG}</a></td><td>2024-01-02</td><td>2024-02-03</td><td>2025-01-01</td></tr>'
    )
    assert [row.date for row in read(f"<table>{body}</table>").rows] == [date(2024, 2, 3)]


def test_numbers_of_a_row_are_read_where_they_stand_alone() -> None:
    body = (
        "<tr><td>000014348/2020-35428</td>"
        f'<td><a href="./1.html">{LONG}</a></td><td>示政发〔2024〕5号</td><td>2024-02-03</td></tr>'
    )
    (row,) = read(f"<table>{body}</table>").rows
    assert (row.index_number, row.doc_number) == ("000014348/2020-35428", "示政发〔2024〕5号")


def test_related_links_with_dates_of_their_own_are_no_rows() -> None:
    related = (
        '<div><ul><li><a href="./jd{at}.html">关于报告的解读之一二三</a><span>2024-01-0{at}</span></li></ul></div>'
    )
    body = "".join(
        f'<li><a href="./t{at}.html">{LONG}{at}</a>{related.format(at=at)}<span>2024-03-0{at}</span></li>'
        for at in (3, 2, 1)
    )
    assert [row.title for row in read(f"<ul>{body}</ul>").rows] == [f"{LONG}3", f"{LONG}2", f"{LONG}1"]


def test_a_hidden_table_that_repeats_the_row_adds_nothing() -> None:
    hidden = "<div><table><tr><td>名称</td><td>x</td></tr><tr><td>成文日期</td><td>2023-12-30</td></tr></table></div>"
    body = "".join(
        f'<li><div><a href="./t{at}.html">{LONG}{at}</a>{hidden}</div><div>2024-03-0{at}</div></li>' for at in (2, 1)
    )
    page = read(f"<ul>{body}</ul>")
    assert [row.date for row in page.rows] == [date(2024, 3, 2), date(2024, 3, 1)]


def test_a_list_in_blocks_of_five_is_one_list() -> None:
    shape = SHAPES["date behind the link"]
    body = rows_of(5, shape) + '</ul><div class="line"></div><ul>' + rows_of(3, shape.replace("./", "./b"))
    assert len(read(f'<div class="list"><ul>{body}</ul></div>').rows) == 8


def test_a_last_block_of_one_row_belongs_to_its_list() -> None:
    shape = SHAPES["date behind the link"]
    body = rows_of(5, shape) + "</ul><ul>" + rows_of(1, shape.replace("./", "./b"))
    assert len(read(f'<div class="list"><ul>{body}</ul></div>').rows) == 6


def test_a_row_without_a_date_is_kept_among_dated_ones() -> None:
    body = rows_of(4, SHAPES["date behind the link"]) + f'<li><a href="./202403/t20240301_77.html">{LONG}补</a></li>'
    page = read(f"<ul>{body}</ul>")
    assert [row.date for row in page.rows][-1] is None
    assert len(page.rows) == 5


def test_a_list_without_dates_is_read_by_its_addresses() -> None:
    body = "".join(f'<li><a href="/art/2024/3/{at}/art_1_{70000 + at}.html">{LONG}{at}</a></li>' for at in (3, 2, 1))
    page = read(f'<ul class="nav"><li><a href="/zwgk/">政务公开栏目导航</a></li></ul><ul>{body}</ul>')
    assert [row.title for row in page.rows] == [f"{LONG}3", f"{LONG}2", f"{LONG}1"]


def test_of_two_lists_the_one_of_the_column_is_read() -> None:
    news = "".join(
        f'<li><a href="/xw/{at}.html">示例区今日要闻第{at}条</a><i>2026-01-0{at}</i></li>' for at in (8, 7, 6, 5)
    )
    own = rows_of(4, SHAPES["date behind the link"])
    page = read(f'<div class="hot"><ul>{news}</ul></div><div class="main"><ul>{own}</ul></div>')
    assert page.rows[0].title == f"{LONG}之3"


def test_a_second_document_in_the_body_hides_nothing() -> None:
    page = read(
        "<html><body><div>头</div><!DOCTYPE html><html><body>导航</body></html>"
        f"<ul>{rows_of(3, SHAPES['date behind the link'])}</ul></body></html>"
    )
    assert len(page.rows) == 3


def test_a_template_row_without_address_is_no_row() -> None:
    body = (
        rows_of(2, SHAPES["definition list"]) + '<dl style="display:none"><dt><a ms-attr-href="el.url"></a></dt></dl>'
    )
    assert len(read(f"<div>{body}</div>").rows) == 2


def test_a_list_that_is_commented_out_is_no_list() -> None:
    page = read(f"<!--<ul>{rows_of(5, SHAPES['date behind the link'])}</ul>-->")
    assert page.rows == ()


@pytest.mark.parametrize(
    ("shown", "offered", "title"),
    [
        ("示例区2024年法治政府建设年...", ["示例区2024年法治政府建设年度报告"], "示例区2024年法治政府建设年度报告"),
        ("示例区2024年法治政府建设年…", [""], "示例区2024年法治政府建设年…"),
        ("示例区2024年法治政府建设年", ["示例区2024年法治政府建设年度报告"], "示例区2024年法治政府建设年度报告"),
        ("示例区2024年法治政府建设年度报告", ["点击查看"], "示例区2024年法治政府建设年度报告"),
        ("示例区2024年法治政府...", ["另一个标题"], "示例区2024年法治政府..."),
        ("通知", ["通知公告栏目"], "通知"),
        ("", ["示例区2024年法治政府建设年度报告"], "示例区2024年法治政府建设年度报告"),
    ],
)
def test_a_cut_title_is_completed_only_by_what_continues_it(shown: str, offered: list[str], title: str) -> None:
    assert whole_title(shown, offered) == title


def test_the_title_attribute_of_the_row_completes_it_as_well() -> None:
    page = read(f'<ul><li title="{LONG}"><a href="./t1.html">{LONG[:12]}...</a><i>2024-03-01</i></li></ul>')
    assert page.rows[0].title == LONG


def test_an_attribute_with_labels_gives_its_title_only() -> None:
    label = f"标题：{LONG}&#10;发布时间：2024-03-01"
    page = read(f'<ul><li><a href="./t1.html" title="{label}">{LONG[:12]}...</a><i>2024-03-01</i></li></ul>')
    assert page.rows[0].title == LONG


def test_dated_rows_in_the_margin_do_not_hide_a_list_without_dates() -> None:
    hot = "".join(f'<li><a href="/xw/{at}.html">示例区今日要闻第{at}条</a><i>2026-01-0{at}</i></li>' for at in (8, 7))
    own = "".join(f'<li><a href="./202403/t20240301_{at}.html">{LONG}{at}</a></li>' for at in (9, 8, 7, 6))
    page = read(f'<div class="side"><ul>{hot}</ul></div><div class="main"><ul>{own}</ul></div>')
    assert [row.title for row in page.rows] == [f"{LONG}{at}" for at in (9, 8, 7, 6)]


def test_a_stray_link_in_a_menu_is_no_list() -> None:
    menu = '<ul><li><a href="/zt/202401/t20240101_5.html">专题专栏知识竞答活动</a></li><li>首页</li></ul>'
    assert read(f'{menu}<div id="list">正在加载……</div>').rows == ()


def test_a_breadcrumb_beside_today_s_date_is_no_list() -> None:
    head = '<div class="top"><span>2026-09-16</span><a href="/zwgk/index.html">政务公开栏目首页</a></div>'
    assert read(f'{head}<div id="list">正在加载……</div>').rows == ()


@pytest.mark.parametrize(
    "body", ['<li v-for="a in list"><a :href="a.url"></a></li>', "<p>正在加载……</p>", "<i>Loading...</i>"]
)
def test_a_list_that_a_script_fills_is_named(body: str) -> None:
    page = read(f"<ul>{body}</ul>")
    assert page.outcome is Outcome.JS_ONLY
    assert read("<ul></ul>").outcome is Outcome.OK, "an empty list is something else"


def test_base_and_gate_and_fragment_are_resolved() -> None:
    page = read(
        '<base href="/other/"><ul><li><a href="a_10000.html#top">' + LONG + "</a><i>2024-03-01</i></li>"
        '<li><a href="/gate/big5/www.example-qu.test/zwgk/b_1.html">' + LONG + "二</a><i>2024-02-01</i></li></ul>"
    )
    assert [row.url for row in page.rows] == [
        "http://www.example-qu.test/other/a_10000.html",
        "http://www.example-qu.test/zwgk/b_1.html",
    ]


def test_a_row_marked_as_pinned_is_pinned_and_its_mark_no_title() -> None:
    body = f'<li><a href="./t9.html"><span>置顶</span>{LONG}</a><i>2024-03-09</i></li>' + rows_of(
        3, SHAPES["date behind the link"]
    )
    first = read(f"<ul>{body}</ul>").rows[0]
    assert (first.title, first.pinned) == (LONG, True)


def days(*dates: date) -> list[ListRow]:
    return [ListRow(f"第{at}行", f"http://a.test/{at}", f"/{at}", day) for at, day in enumerate(dates)]


def test_older_rows_in_front_of_an_orderly_list_are_pinned() -> None:
    rows = mark_pinned(days(date(2020, 1, 1), date(2024, 5, 1), date(2024, 4, 1), date(2024, 3, 1)))
    assert [row.pinned for row in rows] == [True, False, False, False]


def test_in_a_list_without_order_nothing_is_pinned() -> None:
    rows = mark_pinned(days(*(date(2024, month, 1) for month in (1, 5, 2, 6, 3, 7))))
    assert not any(row.pinned for row in rows)


def test_the_rows_of_a_hanweb_column_page_stand_in_its_script() -> None:
    records = "".join(f"<record><![CDATA[{record}]]></record>" for record in HANWEB_RECORDS)
    page = read(
        f'<script type="text/xml"><datastore><recordset>{records}</recordset></datastore></script>'
        "<script>$('#1').jpage({totalRecord:37,perPage:15,ajaxParam:{webid:1,columnid:2,unitid:'1'}})</script>"
    )
    assert len(page.rows) == len(HANWEB_RECORDS)
    assert (page.pager.kind, page.pager.pages, page.pager.total) == ("hanweb-jpage", 3, 37)


HANWEB_RECORDS = [
    f'<li><a title="{LONG}" href="/art/2024/1/3/art_1_3.html">{LONG[:9]}...</a><b>2024-01-03</b></li>',
    f'<li><a href="/art/2024/1/2/art_1_2.html" title="{LONG}二">{LONG}二</a><span>[2024-01-02]</span></li>',
    "<tr><td><a href='/art/2024/1/1/art_1_1.html'>报告</a></td><td><i>2024-01-01</i></td></tr>",
    f"<li><a href='/art/2023/1/1/art_1_0.html'>{LONG}三</a></li>",
]


def test_every_record_is_a_row_dated_or_not() -> None:
    rows = read_records(HANWEB_RECORDS, URL, ("www.example-qu.test",))
    assert [row.title for row in rows] == [LONG, f"{LONG}二", "报告", f"{LONG}三"]
    assert [row.date for row in rows] == [date(2024, 1, 3), date(2024, 1, 2), date(2024, 1, 1), None]


def test_an_unclosed_tag_in_one_record_swallows_no_other() -> None:
    broken = [f"<div>{HANWEB_RECORDS[0]}", f"{HANWEB_RECORDS[1]}</div></div>", HANWEB_RECORDS[3]]
    rows = read_records(broken, URL, ("www.example-qu.test",))
    assert [row.title for row in rows] == [LONG, f"{LONG}二", f"{LONG}三"]


# --------------------------------------------------------------------------- properties

markup_like = st.lists(
    st.one_of(
        st.sampled_from(
            ["<ul>", "</ul>", "<li>", "</li>", "<a href='./t1_123456.html'>", "</a>", "<a href=''>", "2024-03-05",
             "<table>", "<tr>", "<td>", "</table>", "<script>createPageHTML(", "</script>", "9, 0, 'index', 'html');",
             "<div id=pages>", "<datastore><record>", "</record></datastore>", "</html>", "<!--", "-->",
             "<base href='//['>",
             "var countPage = 3; var currentPage = 0;", "<a>下一页</a>", LONG, "2024", "05-06", "置顶"]
        ),
        st.text(max_size=12),
    ),
    max_size=40,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(pieces=markup_like)
def test_no_page_raises_and_every_row_leads_somewhere(pieces: list[str]) -> None:
    page = read("".join(pieces))
    for row in page.rows:
        assert row.url.startswith(("http://", "https://"))
        assert "#" not in row.url


@settings(max_examples=60, deadline=None)
@given(
    order=st.permutations(["href", "title", "target", "class"]), quote=st.sampled_from(['"', "'"]), upper=st.booleans()
)
def test_neither_order_nor_quotes_nor_case_of_attributes_matter(order: list[str], quote: str, upper: bool) -> None:
    values = {"href": "./202403/t20240327_36.html", "title": LONG, "target": "_blank", "class": "news"}
    written = " ".join(f"{name.upper() if upper else name}={quote}{values[name]}{quote}" for name in order)
    rows = read_fragment(f"<li><a {written}>{LONG[:9]}…</a><span>2024-03-27</span></li>", URL, ())
    assert [(row.title, row.href, row.date) for row in rows] == [(LONG, values["href"], date(2024, 3, 27))]


@settings(max_examples=80, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 10**6), st.dates(date(2005, 1, 1), date(2030, 1, 1))),
        min_size=1,
        max_size=25,
        unique_by=lambda item: item[0],
    )
)
def test_a_list_is_read_back_row_by_row(items: list[tuple[int, date]]) -> None:
    body = "".join(
        f'<li><a href="./t_{number}.html">关于第{number}号法治政府建设文件的公告</a><span>{day}</span></li>\n'
        for number, day in items
    )
    page = read(f"<div><ul>{body}</ul></div>")
    assert [(int(re.findall(r"\d+", row.href)[0]), row.date) for row in page.rows] == items
