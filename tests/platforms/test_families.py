"""What is particular to each family: its requests, its traps, and what it says when it cannot list."""

from __future__ import annotations

import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scrapers.platforms import PlatformError, names, platform
from scrapers.platforms.gkmlpt import read_index
from scrapers.records import Column, ListPage, Outcome, ReportType, Request
from tests.platforms.columns_in_memory import HOST, query

HOSTS = (HOST,)
TITLE = "示例区2024年法治政府建设年度报告"


def column(platform_name: str, path: str = "/col/col1229000001/index.html", **parameters: str) -> Column:
    return Column(f"http://{HOST}{path}", platform_name, (ReportType.RULE_OF_LAW,), parameters=parameters)


def first_answer(of: Column, body: str) -> ListPage:
    family = platform(of.platform)
    return family.parse(of, family.first(of), body, HOSTS)


# --------------------------------------------------------------------------- Hanweb jpage


def datastore(*records: str, group: str = "") -> str:
    inner = "".join(f"<record><![CDATA[{record}]]></record>" for record in records)
    return f"<datastore><nextgroup><![CDATA[{group}]]></nextgroup><recordset>{inner}</recordset></datastore>"


def record(number: int, tag: str = "b") -> str:
    href = f"/art/2024/3/{number}/art_1229000001_{number}.html"
    return f'<li><a href="{href}" title="{TITLE}{number}">{TITLE}{number}</a><{tag}>2024-03-{number:02}</{tag}></li>'


def test_an_embedded_list_that_holds_everything_asks_for_nothing_more() -> None:
    page = first_answer(
        column("hanweb_jpage"),
        datastore(record(2), record(1, "any"))
        + "<script>var p={totalrecord:2, perpage:20, webid:3163, unitid:6660001, columnid:1229000001};</script>",
    )
    assert [row.date for row in page.rows] == [date(2024, 3, 2), date(2024, 3, 1)]
    assert page.more == ()
    assert page.pager.total == 2


def test_the_next_records_are_asked_for_in_groups_of_three_pages() -> None:
    page = first_answer(
        column("hanweb_jpage"),
        datastore(*(record(at) for at in range(6, 0, -1)))
        + "<script>$('#59').jpage({totalRecord:25,perPage:2,proxyUrl:'/module/jpage/dataproxy.jsp?x=1',"
        "ajaxParam:{col:1,appid:'1',webid:29,path:'/',columnid:1229000001,unitid:'59',webname:'示例',permissiontype:0}})</script>",
    )
    spans = [(query(request)["startrecord"], query(request)["endrecord"]) for request in page.more]
    assert spans == [("7", "12"), ("13", "18"), ("19", "24"), ("25", "30")]
    request = page.more[0]
    assert request.url.startswith(f"http://{HOST}/module/jpage/dataproxy.jsp?startrecord=7")
    assert request.method == "POST"
    assert dict(request.form or ()) == {
        "appid": "1", "col": "1", "webid": "29", "path": "/", "columnid": "1229000001", "sourceContentType": "1",
        "unitid": "59", "webname": "示例", "permissiontype": "0",
    }  # fmt: skip
    assert request.headers == {
        "Referer": f"http://{HOST}/col/col1229000001/index.html",
        "Origin": f"http://{HOST}",
    }


def test_encrypted_ids_are_followed_as_the_site_writes_them() -> None:
    group = '<a href="/module/web/jpage/dataproxy.jsp?page=2&amp;webid=1&amp;columnid=Kx%2Fz9%3D&amp;unitid=Qq7">'
    of = column("hanweb_jpage")
    page = first_answer(of, datastore(record(2), group=group) + "<script>var p={totalrecord:90,unitid:'Qq7'}</script>")
    assert [request.url for request in page.more] == [
        f"http://{HOST}/module/web/jpage/dataproxy.jsp?page=2&webid=1&columnid=Kx%2Fz9%3D&unitid=Qq7"
    ]
    answer = datastore(record(1), group=group.replace("page=2", "page=3"))
    later = platform("hanweb_jpage").parse(of, page.more[0], answer, HOSTS)
    assert [query(request)["page"] for request in later.more] == ["3"]


def test_of_two_lists_on_a_column_page_the_column_s_own_is_read() -> None:
    aside = datastore(*(record(at) for at in (9, 8, 7))) + (
        "<script>$('#1').jpage({totalRecord:3,perPage:9,ajaxParam:{webid:1,columnid:777,unitid:'1'}})</script>"
    )
    own = datastore(record(2)) + (
        "<script>$('#2').jpage({totalRecord:1,perPage:9,ajaxParam:{webid:1,columnid:1229000001,unitid:'2'}})</script>"
    )
    for body in (aside + own, own + aside):
        page = first_answer(column("hanweb_jpage"), body)
        assert [row.title for row in page.rows] == [f"{TITLE}2"]


def test_a_column_page_of_plain_html_is_read_where_the_program_is_dead() -> None:
    page = first_answer(column("hanweb_jpage"), f"<ul>{record(2)}{record(1)}</ul>")
    assert len(page.rows) == 2


def test_an_error_page_instead_of_records_is_no_empty_list() -> None:
    of = column("hanweb_jpage")
    request = Request(f"http://{HOST}/module/web/jpage/dataproxy.jsp?startrecord=1&endrecord=45&perpage=15", "POST")
    page = platform("hanweb_jpage").parse(of, request, "<html>" + "系统繁忙，请稍后再试。" * 20, HOSTS)
    assert page.outcome is Outcome.WRONG_CONTENT
    empty = platform("hanweb_jpage").parse(of, request, "<datastore></datastore>", HOSTS)
    assert (empty.outcome, empty.rows) == (Outcome.OK, ())


def test_escaped_records_are_records() -> None:
    escaped = "&lt;li&gt;&lt;a href='/art/1.html'&gt;标题一二三四&lt;/a&gt;&lt;/li&gt;"
    body = f"<datastore><totalrecord>1</totalrecord><record>{escaped}</record></datastore>"
    page = first_answer(column("hanweb_jpage"), body)
    assert [row.title for row in page.rows] == ["标题一二三四"]


# --------------------------------------------------------------------------- jpaas


def test_the_unit_that_is_the_list_is_chosen_by_its_tag() -> None:
    body = "".join(
        f"""<script queryData="{{'webId':'1','tplSetId':'t{at}','tagId':'{tag}'}}"></script>"""
        for at, tag in enumerate(["导航", "当前栏目_list", "底部"])
    )
    page = first_answer(column("jpaas"), body)
    asked = query(page.more[0])
    assert (asked["tplSetId"], asked["pageId"]) == ("t1", "1229000001")
    assert json.loads(asked["paramJson"]) == {"pageNo": 1, "pageSize": 50}
    assert (page.rows, page.pager.kind) == ((), None), "a frame"


def test_a_page_without_a_unit_says_what_it_lacks() -> None:
    page = first_answer(column("jpaas"), "<html></html>")
    assert page.outcome is Outcome.JS_ONLY
    assert "tplSetId" in (page.detail or "")


def test_the_count_of_a_unit_is_read_in_both_spellings() -> None:
    ids = {"webId": "1", "tplSetId": "t", "tagId": "列表", "pageId": "2"}
    for pager in ('<div class="pagination" count="120"></div>', "<script>page({count: 120})</script>"):
        html = f"<ul>{record(1)}</ul>{pager}"
        page = first_answer(column("jpaas", **ids), json.dumps({"data": {"html": html}}))
        assert page.pager.total == 120


def test_an_answer_that_is_no_json_is_named() -> None:
    ids = {"webId": "1", "tplSetId": "t", "tagId": "列表", "pageId": "2"}
    for body in ("", "<html>", "[]", '{"data": null}', '{"data": {"html": 3}}'):
        assert first_answer(column("jpaas", **ids), body).outcome is Outcome.WRONG_CONTENT


# --------------------------------------------------------------------------- TRS


def test_a_page_count_without_file_names_is_a_gap() -> None:
    page = first_answer(
        column("trs", "/zwgk/"), f"<ul>{record(1)}</ul><script>var countPage=4;var currentPage=0</script>"
    )
    assert page.outcome is Outcome.LISTING_GAP


def test_a_search_beyond_its_thousand_pages_is_a_gap() -> None:
    row = {"BT": TITLE, "FBRQ": "2025-03-28", "FWZH": "示政发〔2025〕3号", "IDXID": "1/2", "DOCPUBURL": "/a/1.html"}
    page = first_answer(
        column("trs_igs", index="demo"),
        json.dumps({"page": {"content": [row], "totalPages": 1000}, "total": 38546}),
    )
    assert page.outcome is Outcome.LISTING_GAP
    assert "3855 pages" in (page.detail or "")
    assert len(page.more) == 999
    assert (page.rows[0].doc_number, page.rows[0].index_number) == ("示政发〔2025〕3号", "1/2")


def test_was5_elements_are_found_by_name_wherever_they_are_nested() -> None:
    body = (
        "<X><Y><REC><META><TITLE><![CDATA[报告 & 说明]]></TITLE></META><URL>/a/1.html</URL>"
        "<DOCRELTIME>2025/03/18 08:00</DOCRELTIME></REC></Y><RECORDCOUNT>1</RECORDCOUNT></X>"
    )
    page = first_answer(column("trs_was5", channelid="229105"), body)
    assert [(row.title, row.date) for row in page.rows] == [("报告 & 说明", date(2025, 3, 18))]
    assert page.pager.total == 1


def test_a_listing_model_without_channel_is_a_gap() -> None:
    body = f"<ul>{record(1)}</ul><script>listModel({{pagebar:{{prepage:10,recordCount:'20'}}}})</script>"
    page = first_answer(column("trs_api", "/nb/"), body)
    assert page.outcome is Outcome.LISTING_GAP
    given_as_parameter = first_answer(column("trs_api", "/nb/", channelid="7"), body)
    assert [query(request)["channelid"] for request in given_as_parameter.more] == ["7"]


# --------------------------------------------------------------------------- gkmlpt, UCAP, 安徽

CONFIG = (
    "<script>window._CONFIG = {SID:'2001', TREE:[{id:1,name:'法治政府建设',children:[{id:5,name:'年报',children:[]}],"
    "jump_url:'',post_count:4},{id:9,name:'年报',children:[],jump_url:''},"
    "{id:8,name:'搬走的',children:[],jump_url:'/x/'}]};</script>"
)


def test_the_category_tree_is_read_with_its_paths() -> None:
    sid, categories = read_index(CONFIG)
    assert sid == "2001"
    assert [(each.id, each.path, each.count) for each in categories] == [
        ("1", ("法治政府建设",), 4),
        ("5", ("法治政府建设", "年报"), None),
        ("9", ("年报",), None),
        ("8", ("搬走的",), None),
    ]


@pytest.mark.parametrize(
    ("category", "outcome", "detail"),
    [
        ("法治政府建设", Outcome.OK, None),
        ("年报", Outcome.LISTING_GAP, "5 (法治政府建设 > 年报), 9 (年报)"),
        ("没有的", Outcome.GONE, "no category '没有的'"),
        ("搬走的", Outcome.SOFT_404, "leads to /x/"),
    ],
)
def test_a_category_is_found_or_the_reason_named(category: str, outcome: Outcome, detail: str | None) -> None:
    page = first_answer(column("gkmlpt", "/qfb/gkmlpt/index", category=category), CONFIG)
    assert page.outcome is outcome
    assert detail is None or detail in (page.detail or "")
    if outcome is Outcome.OK:
        assert [request.url for request in page.more] == [f"http://{HOST}/qfb/gkmlpt/api/all/1?page=1&sid=2001"]


def test_a_site_that_is_no_gkmlpt_says_so() -> None:
    page = first_answer(column("gkmlpt", "/gkmlpt/index", category="1"), "<html>首页</html>")
    assert page.outcome is Outcome.WRONG_CONTENT


def test_an_article_of_gkmlpt_carries_its_numbers() -> None:
    article = {
        "title": TITLE, "url": "/qfb/gkmlpt/content/5/5850/post_5850001.html", "document_number": "示府〔2025〕1号",
        "identifier": "11440115MB0000000X/2025-00071", "date": 1738771200, "display_publish_time": 1741190400,
    }  # fmt: skip
    body = json.dumps({"articles": [article], "classify": {"post_count": 1}, "total": 1})
    (row,) = first_answer(column("gkmlpt", "/qfb/gkmlpt/index", category="1", sid="2001"), body).rows
    assert row.date == date(2025, 3, 6), "the time that is displayed, in China"
    assert (row.doc_number, row.index_number) == ("示府〔2025〕1号", "11440115MB0000000X/2025-00071")


def test_ucap_facts_without_a_value_are_absent() -> None:
    facts = [{"resultList": [{"key": "refno", "value": ""}, {"key": "indexnumber", "value": "000/2025-1"}]}]
    result = {
        "title": TITLE,
        "url": "/a/c1/1.shtml",
        "publishedTimeStr": "2025-03-20 09:00:00",
        "domainMetaList": facts,
    }
    body = json.dumps({"data": {"total": 1, "page": 1, "rows": 15, "results": [result]}})
    (row,) = first_answer(column("ucap", "/demo/c100001/list.shtml"), body).rows
    assert (row.doc_number, row.index_number, row.date) == (None, "000/2025-1", date(2025, 3, 20))


@pytest.mark.parametrize(
    ("of", "missing"),
    [
        (column("hanweb_xxgk"), "infotypeId, jdid, area"),
        (column("hanweb_xxgk", infotypeId="1", jdid="2", area="3", program="evil.jsp"), "evil.jsp"),
        (column("trs_was5"), "channelid"),
        (column("trs_was5", channelid="1", method="PUT"), "PUT"),
        (column("trs_igs"), "index"),
        (column("ucap", "/demo/"), "channelId"),
        (column("lonsun", "/public/column/1681"), "siteId, catId"),
        (column("gkmlpt", "/zwgk/"), "/gkmlpt/"),
    ],
)
def test_a_missing_parameter_is_named(of: Column, missing: str) -> None:
    with pytest.raises(PlatformError, match=missing):
        platform(of.platform).first(of)


# --------------------------------------------------------------------------- all

GIVEN = {
    "hanweb_xxgk": column("hanweb_xxgk", infotypeId="1", jdid="2", area="3"),
    "trs_was5": column("trs_was5", channelid="1"),
    "trs_igs": column("trs_igs", index="a"),
    "ucap": column("ucap", channelId="c1"),
    "lonsun": column("lonsun", siteId="1", organId="2", catId="3"),
    "gkmlpt": column("gkmlpt", "/gkmlpt/index", category="1", sid="2"),
    "jpaas": column("jpaas", webId="1", tplSetId="2", tagId="3", pageId="4"),
    "hanweb_datastore": column("hanweb_datastore", webid="1", columnid="2", unitid="3"),
    "datasource": column("datasource", "/xw/", block="94f223eb12d24383"),
    "json_list": column("json_list", address="/list?lb=1", page="page"),
}

bodies = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        [
            '{"data": {"html": 1}}', '{"articles": [1, null, {}]}', '{"data": {"results": [[], {}], "total": "x"}}',
            '{"page": {"content": [{"BT": null}]}}', '{"datasource": [{"publishUrl": 3}]}', "<REC><TITLE></REC>",
            "<RECORDCOUNT>x", "dataStore = ['<li>', 3, [}", "totalRecord=;dataStore=[",
            "<datastore><record></datastore>",
            "<a mc='x' href='http://['>", "window._CONFIG = {TREE: 3}",
            '{"docs": [{"title": {}, "url": []}], "count": -1}',
        ]
    ),
)  # fmt: skip


@pytest.mark.parametrize("name", names())
@settings(max_examples=40, deadline=None)
@given(body=bodies)
def test_no_answer_makes_a_family_raise(name: str, body: str) -> None:
    family = platform(name)
    columns = [GIVEN.get(name, column(name))]
    if not family.required and name != "ucap":
        columns.append(column(name, "/gkmlpt/index"))
    for of in columns:
        first = family.first(of)
        for request in (first, *family.parse(of, first, body, HOSTS).more):
            page = family.parse(of, request, body, HOSTS)
            assert all(row.url.startswith("http") for row in page.rows)
            assert page.outcome is Outcome.OK or page.detail


def test_a_listing_model_without_rows_of_its_own_is_a_frame() -> None:
    code = "listModel({listArgs:{channelid:'7'},pagebar:{prepage:10,recordCount:'20'}})"
    page = first_answer(column("trs_api", "/nb/"), f'<dl ms-repeat="list"></dl><script>{code}</script>')
    assert (page.outcome, page.pager.kind) == (Outcome.OK, None)
    assert [query(request)["page"] for request in page.more] == ["1", "2"]


def test_a_data_block_without_rows_in_the_page_is_a_frame() -> None:
    body = '<ul data="datasource:94f223eb12d2438388709ff4427b9407"></ul>正在加载'
    page = first_answer(column("datasource", "/xwzx/"), body)
    assert (page.rows, page.pager.kind) == ((), None)
    assert [request.url for request in page.more] == [f"http://{HOST}/xwzx/ds_94f223eb12d2438388709ff4427b9407.json"]
