"""Any bytes give a draft, soon, and the same one twice."""

from __future__ import annotations

import gc
import sys
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from scrapers.reading.assembly import restore
from scrapers.reading.decode import decode
from scrapers.reading.page import read_page
from scrapers.records import PageKind
from tests.reading.specimens import BODY, PARAGRAPHS, SIDE, TITLE, URL, article_meta, page

ARTICLE = (
    f'<div class="art"><h1>{TITLE}</h1><div class="info">发布时间：2025-03-12 10:00　来源：县司法局</div>'
    f'<div id="zoom" class="con">{PARAGRAPHS}<table><tr><td rowspan="2">项目</td><td colspan="2">数量</td></tr>'
    f"<tr><td>新收</td><td>办结</td></tr></table><p>责任编辑：张三</p></div></div>{SIDE}"
)
WHOLE = page(ARTICLE, head=article_meta())
_ALLOWANCE = 50
"""Reading may take this many times the parse of the same bytes (issue: hypothesis properties)."""
_NOISE_SECONDS = 0.25
"""What a loaded machine adds to any measurement."""


def _covered() -> bool:
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None


def read_in_time(body: bytes) -> None:
    text = decode(body)[0]
    gc.disable()  # a collection would go through all that the tests before have left, and be counted as reading
    try:
        started = time.process_time()
        LexborHTMLParser(text)
        parsing = time.process_time() - started
        started = time.process_time()
        draft = read_page(body, URL)
        reading = time.process_time() - started
    finally:
        gc.enable()
    # Coverage traces every line of ours and none of the parser's: `make check` runs this file once more without it.
    assert _covered() or reading <= _ALLOWANCE * parsing + _NOISE_SECONDS, (reading, parsing)
    assert draft.kind in PageKind
    assert "\n".join(block.text for block in draft.blocks) == draft.text
    restore(draft.text, draft.removed)


@given(st.binary(max_size=400))
def test_bytes_of_no_page_at_all(body: bytes) -> None:
    read_in_time(body)


@given(st.integers(0, len(WHOLE)))
def test_a_page_cut_anywhere(end: int) -> None:
    read_in_time(WHOLE[:end])


_TOKENS = st.sampled_from(
    [
        b"<div>",
        b"</div>",
        b"<table>",
        b"<td colspan=9999 rowspan=0>",
        b"</html>",
        b"<p>",
        b"</p>",
        b"<br>",
        b"<a href='x.pdf'>",
        b"<!--",
        b"-->",
        b"<script>",
        b"</script>",
        b"<style>",
        b"<textarea>",
        b"<svg>",
        b"<title>",
        b"\x00",
        b"\xff\xfe",
        b"&#x110000;",
        b"<li hidden>",
        b"<td id=zoom>",
    ]
)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.one_of(_TOKENS, st.binary(max_size=6))), max_size=12))
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_page_with_anything_put_into_it(changes: list[tuple[int, bytes]]) -> None:
    body = WHOLE
    for at, what in sorted(changes, reverse=True):
        body = body[:at] + what + body[at:]
    read_in_time(body)


@given(st.lists(st.tuples(st.integers(0, len(WHOLE)), st.integers(1, 300)), max_size=5))
def test_a_page_with_pieces_missing(cuts: list[tuple[int, int]]) -> None:
    body = WHOLE
    for at, size in cuts:
        body = body[:at] + body[at + size :]
    read_in_time(body)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-8-sig"])
@pytest.mark.parametrize("declared", ["utf-8", "gb2312", "iso-8859-1", "no-such-charset"])
def test_the_text_does_not_depend_on_the_encoding_or_what_the_page_says_of_it(encoding: str, declared: str) -> None:
    body = WHOLE.decode().replace('charset="utf-8"', f'charset="{declared}"').encode(encoding)
    assert read_page(body, URL).text == read_page(WHOLE, URL).text


def test_bytes_of_two_encodings_in_one_page_still_give_the_body() -> None:
    body = page(ARTICLE + "<div>MIXED</div>", head=article_meta()).replace(b"MIXED", "页脚".encode("gb18030"))
    assert read_page(body, URL).text.startswith(BODY)


@pytest.mark.parametrize("tag", ["div", "span", "b", "table", "ul", "blockquote", "a"])
def test_twenty_thousand_nested_tags(tag: str) -> None:
    read_in_time(f"<html><body>{f'<{tag}>' * 20_000}{TITLE}".encode())


def test_twenty_thousand_nested_tags_around_an_article() -> None:
    read_in_time(b"<div>" * 20_000 + WHOLE)


@pytest.mark.slow
def test_thirty_megabytes() -> None:
    row = f"<p>{BODY}</p><table><tr><td>1</td><td>2</td></tr></table>".encode()
    read_in_time(b"<html><body><div id=zoom>" + row * (30_000_000 // len(row)))


def test_a_table_of_enormous_spans() -> None:
    rows = "<tr><td colspan=1000 rowspan=60000>一</td><td colspan=1000>二</td></tr>" * 500
    read_in_time(page(f"<h1>{TITLE}</h1><div id=zoom><table>{rows}</table></div>"))


@given(st.binary(max_size=200).map(lambda noise: WHOLE.replace(b"</h1>", b"</h1>" + noise)))
def test_reading_twice_is_the_same(body: bytes) -> None:
    assert read_page(body, URL) == read_page(body, URL)


def test_the_order_of_attributes_and_white_space_between_tags_do_not_matter() -> None:
    plain = read_page(WHOLE, URL)
    swapped = WHOLE.replace(b'id="zoom" class="con"', b'class="con"   id="zoom"').replace(
        b'rowspan="2"', b"\n rowspan='2' align=left"
    )
    spaced = (
        swapped.replace(b"><", b">\n  \t<").replace(b">\n  \t</span>", b"></span>").replace(b"<o:p>\n  \t<", b"<o:p><")
    )
    again = read_page(spaced, URL)
    assert (again.text, again.title, again.published, again.source, again.tables) == (
        plain.text,
        plain.title,
        plain.published,
        plain.source,
        plain.tables,
    )
