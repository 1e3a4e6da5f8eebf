"""What pages state of their own length, in the spellings sites use."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest

from scrapers.platforms.list_rows import read_list
from scrapers.records import ListPage, Pager

URL = "http://www.example-qu.test/zwgk/fzzfjs/"
ROW = '<ul><li><a href="./t20240301_1.html">示例区2023年法治政府建设年度报告</a><span>2024-03-01</span></li></ul>'


def read(pager: str, url: str = URL) -> ListPage:
    return read_list(f"<div>{ROW}{pager}</div>", url)


def script(code: str) -> str:
    return f"<script>{code}</script>"


@pytest.mark.parametrize(
    ("code", "kind", "pages", "total", "page2"),
    [
        ('createPageHTML(9, 0, "index", "html");', "createPageHTML-0", 9, None, "index_1.html"),
        ("createPageHTML(287,0,'index','shtml');", "createPageHTML-0", 287, None, "index_1.shtml"),
        ('createPageHTML(55,0, "index","shtml","1089");', "createPageHTML-0", 55, 1089, "index_1.shtml"),
        ('createPageHTML("55","0","index",".htm");', "createPageHTML-0", 55, None, "index_1.htm"),
        ('createPageHTML(4, 1, "list_ft", "shtml");', "createPageHTML-1", 4, None, "list_ft_2.shtml"),
        ("createPageHTML('paging',29, 1,'list','html',289);", "createPageHTML-container-1", 29, 289, "list_2.html"),
        ("createPageHTML('p',3, 0,'list','html');", "createPageHTML-container-0", 3, None, "list_1.html"),
        ('createPageHTML(1, 0, "index", "html");', "createPageHTML-0", 1, None, None),
        ("<!--\ncreatePageHTML(9, 0, 'index', 'html');\n//-->", "createPageHTML-0", 9, None, "index_1.html"),
        ("var n=7;createPageHTML(n, 0, 'index', 'html');", "createPageHTML-0", 7, None, "index_1.html"),
        (
            "function createPageHTML(_nPageCount, _nCurrIndex, a, b){ if(_nPageCount<=1) return; }\n"
            "createPageHTML(12, 0, 'index', 'html');",
            "createPageHTML-0",
            12,
            None,
            "index_1.html",
        ),
        (
            "//createPageHTML(99, 0, 'index', 'html');\nvar currentPage = 0;//从0开始\nvar countPage = 31//共多少页\n"
            'document.write("<a href=\\"index.shtml\\">1</a>");',
            "countPage-0",
            31,
            None,
            "index_1.shtml",
        ),
        (
            'var _PAGE_COUNT="6"; var _PAGE_INDEX="0"; document.write("index.html");',
            "countPage-0",
            6,
            None,
            "index_1.html",
        ),
    ],
)
def test_a_script_states_pages_and_their_names(
    code: str, kind: str, pages: int, total: int | None, page2: str | None
) -> None:
    page = read(script(code))
    assert page.pager == Pager(kind, pages, total, page2 and URL + page2)
    assert len(page.more) == pages - 1
    assert page.more == () or page.more[0].url == page.pager.page2


def test_a_call_in_an_html_comment_is_not_in_force() -> None:
    assert read(f"<!--{script('createPageHTML(9, 0, 1, 2)')}-->").pager.kind is None


def test_counted_from_zero_the_last_file_is_one_less_than_the_pages() -> None:
    assert read(script('createPageHTML(9, 0, "index", "html");')).more[-1].url == f"{URL}index_8.html"


def test_counted_from_one_the_last_file_carries_the_number_of_pages() -> None:
    assert read(script("createPageHTML('p',9, 1,'index','html');")).more[-1].url == f"{URL}index_9.html"


def test_a_later_page_names_only_the_next_one() -> None:
    page = read(script('createPageHTML(9, 3, "index", "html");'), f"{URL}index_3.html")
    assert [request.url for request in page.more] == [f"{URL}index_4.html"]
    last = read(script('createPageHTML(9, 8, "index", "html");'), f"{URL}index_8.html")
    assert last.more == ()


def test_the_first_page_by_the_name_of_index_0_is_the_first_page() -> None:
    assert len(read(script('createPageHTML(9, 0, "index", "html");'), f"{URL}index_0.html").more) == 8


def test_a_column_address_without_its_slash_is_a_directory() -> None:
    page = read(script('createPageHTML(2, 0, "index", "html");'), URL.rstrip("/"))
    assert page.pager.page2 == f"{URL}index_1.html"
    assert page.rows[0].url == f"{URL}t20240301_1.html"


BAR = (
    '<span>首页</span><a class="select" href="index_1.html">1</a><a href="index_2.html">2</a>'
    '<a href="index_3.html">...</a><a href="/cms/www/index_36.html">36</a>'
    '<a class="pb_next_page" href="index_2.html">下一页</a>'
    '<a class="pb_end_page" href="/cms/www/index_36.html">尾页</a>'
)


def test_a_bar_of_links_states_pages_and_names_the_next() -> None:
    page = read(f'<div id="page_nav_list">{BAR}</div>')
    assert page.pager == Pager("page_nav_list", 36, None, f"{URL}index_2.html")
    assert [request.url for request in page.more] == [f"{URL}index_2.html"]


def test_a_bar_without_links_states_one_page() -> None:
    assert read('<div id="page_nav_list"><span>1</span></div>').pager == Pager("page_nav_list", 1)


def test_an_encoded_bar_is_decoded() -> None:
    encoded = base64.b64encode(quote(f'<a class="a1">1463条</a> {BAR}', safe="").replace("%20", "+").encode()).decode()
    page = read(f'<div id="pages">{encoded}</div>')
    assert page.pager == Pager("base64-pages", 36, 1463, f"{URL}index_2.html")


@pytest.mark.parametrize("word", ["下一页", "下页", "下一页 >", ">", "»", "next"])
def test_any_word_for_the_next_page_leads_to_it(word: str) -> None:
    page = read(f'<div><span>共3页</span><a href="?page=2">{word}</a><a href="?page=3">尾页</a></div>')
    assert page.pager.kind == "links"
    assert page.pager.pages == 3
    assert [request.url for request in page.more] == [f"{URL}?page=2"]


def test_totals_are_read_from_the_bar() -> None:
    page = read('<div class="fy">共 152 条 1/11页 <a href="i_2.html">2</a><a href="i_2.html">下一页</a></div>')
    assert (page.pager.pages, page.pager.total) == (11, 152)


def test_the_last_page_counts_itself() -> None:
    bar = '<a href="index_1.html">1</a><a href="index_2.html">2</a><span>3</span><a href="index_2.html">上一页</a>'
    page = read(f'<div id="page_nav_list">{bar}</div>', f"{URL}index_3.html")
    assert (page.pager.pages, page.more) == (3, ())


def test_a_listing_model_states_total_and_pages_but_no_address() -> None:
    code = (
        "listModel({quickMode: 'x', listArgs: {channelid: S.id}, "
        "pagebar: {prepage: 10, recordCount: '25'}, f: function(a){ return {b: 1}; }})"
    )
    assert read(script(code)).pager == Pager("trsapi", 3, 25)


def test_a_unit_of_jpaas_states_its_count() -> None:
    assert read('<div class="pagination" count="931" rows="50"></div>').pager == Pager("jpaas", 19, 931)


def test_a_list_fed_from_a_data_block_says_so() -> None:
    block = ROW.replace("<ul>", '<ul data="datasource:94f223eb12d2438388709ff4427b9407">')
    assert read_list(block, URL).pager == Pager("datasource")


def test_a_page_without_a_pager_states_nothing() -> None:
    assert read("").pager == Pager(None)


@pytest.mark.parametrize(
    "code",
    [
        "createPageHTML(",
        "createPageHTML(9)",
        "createPageHTML(x, y, z, w)",
        "createPageHTML(99999999999, 0, 'index', 'html')",
        "var countPage = ; var currentPage =",
        "listModel({{{",
        "listModel('a', {prepage: })",
    ],
)
def test_what_cannot_be_read_states_nothing(code: str) -> None:
    assert read(script(code)).pager.pages is None
