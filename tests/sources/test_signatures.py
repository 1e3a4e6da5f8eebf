"""What an address says of the system behind it, and of the column a page lies in. Dialects by their letters, A to Z."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.platforms import names
from scrapers.sources.signatures import FILE, Place, column_of, own_links, recognise, rules

HOST = "http://www.example-qu.test"
HEX = "8a448b3bd2d84066ab58a913c52f63f1"
UUID = "3c3ed33e-f4d9-4445-a952-8d88ae5c751b"

DIALECTS = [
    ("A", "/zwgk/fzzfjs/202503/t20250310_2549212.shtml", "/zwgk/fzzfjs/", "trs"),
    ("B", "/art/2025/2/6/art_1229247077_4330586.html", "/col/col1229247077/index.html", "hanweb"),
    ("B 2026", f"/art/2026/art_{HEX}.html", None, "hanweb"),
    ("C", "/politics/2023-12/01/content_1755244.html", "/politics/", None),
    ("D", f"/xwzx/20260916/{HEX}/c.html", "/xwzx/", "datasource"),
    ("E", "/web/zwgk/fzzfjs/202503171714127/index.shtml", "/web/zwgk/fzzfjs/", None),
    ("F", "/zwgk/tzgg/2025/03/17/ARTI1742189412345678.shtml", "/zwgk/tzgg/", None),
    ("H", "/xwzmqq/ywdt/tzgg/2025031717141271979/index.html", "/xwzmqq/ywdt/tzgg/", None),
    ("I", f"/scx/c108016/202110/{HEX}.shtml", "/scx/c108016/", "ucap"),
    ("J", "/xcfw/shbz/xxxq/pnidpv921517.html", "/xcfw/shbz/xxxq.html", None),
    ("Q", "/zwgk/20250317/123456.html", "/zwgk/", None),
    ("R", f"/10462/fzzfjs/2025/3/19/{HEX}.shtml", "/10462/fzzfjs/", "ucap"),
    ("S", f"/columns/{UUID}/202503/17/{UUID}.html", f"/columns/{UUID}/index.html", "eportal"),
    ("T", f"/nw12344/20250321/{HEX}.html", "/nw12344/", "ivs"),
    ("U", f"/col/col1229188665/art/2026/art_{HEX}.html", "/col/col1229188665/index.html", "hanweb"),
    ("V", "/zwgk_241/fzzfndbg/t_14492337.html", "/zwgk_241/fzzfndbg/", "trs"),
    ("V short", "/xwzx/yqdt/t6268354.html", "/xwzx/yqdt/", "trs"),
    ("W", f"/003/003004/20260226/{UUID}.html", "/003/003004/", "epoint"),
    ("X", "/ztzl/fzzfjs/1777633269802180610.html", "/ztzl/fzzfjs/", None),
    ("Y", "/zwgk/fzzfjs/szf/content/post_9457180.html", "/zwgk/fzzfjs/szf/", "nfcms"),
    ("gkmlpt", "/gznsqfb/gkmlpt/content/5/5850/post_5850803.html", "/gznsqfb/gkmlpt/index", "gkmlpt"),
    ("Z", "/zwgk/fzzfjs-qzf/2025/58/338317.html", "/zwgk/fzzfjs-qzf/", None),
    ("jhtml", "/D07X/9888987.jhtml", "/D07X/", "jeecms"),
    ("lonsun", "/OpennessContent/show/3499124.html", None, "lonsun"),
    ("no directory", f"/gongkai/show/{HEX}.html", None, None),
    ("no column", "/doc/2025/01/20/4744862.shtml", None, None),
]


@pytest.mark.parametrize(("dialect", "path", "column", "family"), DIALECTS, ids=[each[0] for each in DIALECTS])
def test_a_detail_address_names_its_column_and_its_system(
    dialect: str, path: str, column: str | None, family: str | None
) -> None:
    found = column_of(HOST + path)
    assert (found[0] if found else None) == (HOST + column if column else None), dialect
    recognised = recognise(HOST + path, "", ())
    assert (recognised[0].family if recognised else None) == family


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/zwgk/fzzfjs/",
        "/zwgk/fzzfjs/index_1.html",
        "/col/col1229247077/index.html",
        "/gkmlpt/index",
        "/xjgtzy/kyqsc/common_list.shtml",
        "/c/xgssfj/fzzfjsndgzbg.jhtml",
        "/public/column/1681?type=4&catId=7001",
    ],
)
def test_a_column_s_own_address_is_taken_for_no_page_of_another(path: str) -> None:
    assert column_of(HOST + path) is None


@given(st.text(), st.text())
def test_any_address_and_any_page_are_read_without_an_error(path: str, text: str) -> None:
    url = f"{HOST}/{path}"
    for each in recognise(url, text, own_links(text, url, ["www.example-qu.test"])):
        assert 0 < each.sureness <= 1
        assert each.evidence


def test_signs_add_up() -> None:
    editor = '<div class="TRS_Editor">'
    alone = recognise(HOST, editor, ())[0]
    both = recognise(HOST, editor + "createPageHTML(2, 0, 'index', 'html')", ())[0]
    assert alone.sureness < both.sureness < 1
    assert len(both.evidence) == 2


def test_a_few_links_to_another_system_s_pages_are_no_sign() -> None:
    two = [f"{HOST}/a/202503/t20250310_{number}.html" for number in range(2)]
    assert recognise(HOST, "", two) == ()
    assert recognise(HOST, "", [*two, f"{HOST}/a/202503/t20250310_7.html"])[0].family == "trs"


def test_links_to_other_hosts_are_not_among_a_page_s_own() -> None:
    text = (
        '<a href="/a/">a</a><a href="http://other.test/b/">b</a><a href="javascript:x()">c</a><a href="/a/#top">d</a>'
    )
    assert own_links(text, HOST + "/", ["www.example-qu.test"]) == (f"{HOST}/a/",)


def test_every_sign_speaks_for_a_protocol_that_exists_and_names_no_host() -> None:
    signs, columns = rules()
    assert {sign.platform for sign in signs} - {None} <= set(names())
    assert all(0 < sign.sureness < 1 for sign in signs)
    assert {sign.place for sign in signs} == set(Place)
    assert len({(sign.place, sign.pattern.pattern) for sign in signs}) == len(signs)
    assert len({rule.pattern.pattern for rule in columns}) == len(columns)
    assert not re.search(r"\bgov\b|\.cn\b(?!\\)", FILE.read_text("utf-8").replace("trs.cn", ""))


def test_the_column_of_an_address_stays_on_its_host() -> None:
    for _, path, column, _ in DIALECTS:
        found = column_of(f"https://xxgk.example.test:8080{path}?a=1#b")
        assert found is None if column is None else found is not None
        if found is not None:
            assert urlsplit(found[0])[:2] == ("https", "xxgk.example.test:8080")
