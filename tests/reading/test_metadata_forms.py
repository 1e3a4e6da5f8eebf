"""Metadata in the forms pages give it: every value with its origin, one chosen by rule."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.dates import find_date, path_date
from scrapers.reading.ladder import dates
from scrapers.reading.metadata import info_line
from scrapers.reading.page import read_page
from scrapers.records import Draft, PageKind
from tests.reading.specimens import FIRST, PARAGRAPHS, TITLE, URL, article_meta, page

BODY = f'<div id="zoom">{PARAGRAPHS}</div>'
PAIRS = {"索引号": "11330115MB2D065126/2025-00071", "发布机构": "示例县司法局", "成文日期": "2025-03-10", "文号": ""}
STRETCHED = {"索引号": "索 引 号：", "发布机构": "发布机构:", "成文日期": "成文日期：", "文号": "文&nbsp;&nbsp;号："}


def _table() -> str:
    cells = "".join(f"<td>{STRETCHED[label]}</td><td>{value}</td>" for label, value in PAIRS.items())
    return f"<table><tr>{cells}</tr></table>"


def _rows_of_spans() -> str:
    return (
        "<div>"
        + "".join(f"<div><span>{STRETCHED[k]}</span><span>{v}</span></div>" for k, v in PAIRS.items())
        + "</div>"
    )


def _list() -> str:
    return "<ul>" + "".join(f"<li><b>{STRETCHED[k]}</b>{v}</li>" for k, v in PAIRS.items()) + "</ul>"


def _items_by_turns() -> str:
    return "<ul>" + "".join(f"<li>{STRETCHED[k]}</li><li>{v}</li>" for k, v in PAIRS.items()) + "</ul>"


def _definitions() -> str:
    return "<dl>" + "".join(f"<dt>{STRETCHED[k]}</dt><dd>{v}</dd>" for k, v in PAIRS.items()) + "</dl>"


def _paragraphs() -> str:
    return "<div>" + "".join(f"<p>{STRETCHED[k]}{v}</p>" for k, v in PAIRS.items()) + "</div>"


def _one_line() -> str:
    return "<p>" + " ".join(f"{STRETCHED[k]}{v}" for k, v in PAIRS.items()) + "</p>"


@pytest.mark.parametrize("form", [_table, _rows_of_spans, _list, _items_by_turns, _definitions, _paragraphs, _one_line])
def test_the_catalogue_entry_reads_the_same_in_every_form(form: object) -> None:
    assert callable(form)
    draft = read_page(page(f"{form()}<h1>{TITLE}</h1>{BODY}"), URL)
    assert dict(draft.metadata) == PAIRS
    assert (draft.index_number, draft.doc_number) == ("11330115MB2D065126/2025-00071", None)


def test_the_number_of_a_document_may_be_called_that_of_its_release() -> None:
    entry = (
        "<div><span>信息索引：</span><span>9901/2025-1</span><span>发布文号：</span><span>示司〔2025〕3号</span></div>"
    )
    assert read_page(page(f"{entry}<h1>{TITLE}</h1>{BODY}"), URL).doc_number == "示司〔2025〕3号"


def test_the_entry_inside_the_body_is_metadata_and_not_text() -> None:
    draft = read_page(page(f"<h1>{TITLE}</h1><div>{_table()}<div>{PARAGRAPHS}</div></div>"), URL)
    assert dict(draft.metadata) == PAIRS
    assert "索" not in draft.text


@pytest.mark.parametrize(
    ("line", "day", "source"),
    [
        ("发布时间：2025-03-12 10:00　来源：县司法局　浏览次数：12", "2025-03-12 10:00", "县司法局"),
        ("2025-03-12 10:00 来源： 示例日报", "2025-03-12 10:00", "示例日报"),
        ("来源：宣教中心 2025-03-12 14:59:48 【字体：大 中 小】", "2025-03-12 14:59", "宣教中心"),
        ("时间 : 2025-03-12 08:51:32 来源 : 示例日报网络版 【打印】", "2025-03-12 08:51", "示例日报网络版"),
        ("时间发布：2025-03-12 09:51 信息来源：示例日报 字体：[大 中 小]", "2025-03-12 09:51", "示例日报"),
        ("发布日期：2025年3月12日 稿源：示例网 作者：张三", "2025-03-12", "示例网"),
        ("来源：县政府办公室时间：2025-03-12 00:00", "2025-03-12 00:00", "县政府办公室"),
        ("来 源：县政府 发 布 时 间：2025/3/12", "2025-03-12", "县政府"),
        ("文章来源：教育局 | 发表时间：2025.03.12 | 点击数：8", "2025-03-12", "教育局"),
        ("（来源：县司法局 责任编辑：李四）2025-03-12", "2025-03-12", "县司法局"),
        ("2025-03-12（来源：县司法局）", "2025-03-12", "县司法局"),
        ("发布单位：县民政局 公开日期：2025-03-12", "2025-03-12", "县民政局"),
    ],
)
def test_info_lines_of_many_templates(line: str, day: str, source: str) -> None:
    draft = read_page(page(f"<h1>{TITLE}</h1><div>{line}</div>{BODY}"), URL)
    assert (draft.published, draft.source) == (day, source)


@pytest.mark.parametrize(
    "text", ["报名时间：2024年3月7日-4月26日", "2024年，全县共受理申请128件。来源：不详。", "一、总体情况"]
)
def test_a_line_of_the_text_is_no_info_line(text: str) -> None:
    assert info_line(text) is None


def _chosen(draft: Draft, field: str) -> list[tuple[str, str]]:
    return [(value.value, value.origin) for value in draft.values if value.field == field and value.chosen]


def test_the_day_shown_wins_over_the_day_the_page_was_built() -> None:
    head = (
        article_meta(published="2023-11-10 15:33:34")
        + '<meta name="others" content="页面生成时间 2023-11-10 15:33:34">'
    )
    draft = read_page(page(f"<h1>{TITLE}</h1><div>日期：2021/09/06 来源：县司法局</div>{BODY}", head=head), URL)
    assert _chosen(draft, "published") == [("2021-09-06", "info_line")]
    assert [value.note for value in draft.values if value.origin == "meta" and value.field == "published"] == [
        "build date"
    ]


def test_a_day_of_writing_is_no_day_of_publication_while_another_is_known() -> None:
    draft = read_page(page(f"{_table()}<h1>{TITLE}</h1>{BODY}", head=article_meta(published="2025-03-12 10:00")), URL)
    assert _chosen(draft, "published") == [("2025-03-12 10:00", "meta")]


def test_the_name_of_a_body_beside_a_stamp_is_an_info_line() -> None:
    side = "".join(
        f'<li><a href="{n}">示例县关于第{n}批工作的通知</a><span>2025-0{n}-01</span></li>' for n in range(1, 9)
    )
    for stamp in ("示例县司法局　2025-03-12 09:20:33", "<span>县政府办公室</span> <span>[2025/3/12]</span>"):
        shown = f"<ul>{side}</ul><div><p>{TITLE}</p><div>{stamp}</div><div>{PARAGRAPHS}</div></div>"
        draft = read_page(page(shown, title="示例县人民政府"), URL)
        assert (draft.kind, draft.title, (draft.published or "")[:10]) == (PageKind.DOCUMENT, TITLE, "2025-03-12")
        assert draft.text.startswith(FIRST)


def test_the_signature_of_a_document_in_one_line_is_no_info_line() -> None:
    assert info_line("示例县司法局 2025年3月12日") is None


def test_the_entry_ends_at_the_title_and_the_info_line_begins_behind_it() -> None:
    entry = "<p>索引号：9901/2025-1</p><p>公开形式：网站</p><p>发布机构：县政府办</p>"
    info = "<ul><li>日期：2025-03-12</li><li>来源：县司法局</li></ul>"
    draft = read_page(page(f"<div>{entry}<p>{TITLE}</p>{info}{BODY}</div>"), URL)
    assert (draft.published, draft.source, draft.index_number) == ("2025-03-12", "县司法局", "9901/2025-1")
    assert "来源" not in draft.metadata


def test_the_info_line_above_an_entry_inside_the_body_keeps_its_facts() -> None:
    entry = "<p>索引号：9901/2025-1</p><p>公开形式：网站</p><p>公开主体：县政府办</p>"
    for info in ("<p>发布时间：2025-03-12 来源：县司法局</p>", "<p>日期：2025-03-12</p><p>来源：县司法局</p>"):
        draft = read_page(page(f'<div id="zoom"><p>{TITLE}</p>{info}{entry}{PARAGRAPHS}</div>'), URL)
        assert (draft.published, draft.source, draft.index_number) == ("2025-03-12", "县司法局", "9901/2025-1")
        assert draft.text.startswith(FIRST)


def test_a_short_body_is_what_stands_under_the_entry_and_not_the_entry() -> None:
    entry = "".join(
        f"<div>{line}</div>" for line in ("索引号：9901/2025-1", "公开方式：主动公开", "公开主体：县政府办")
    )
    body = "<section><p>2024年未发生行政复议案件。</p><p>特此报告。</p></section>"
    info = "<div>来源：县司法局 | 2025-03-12</div>"
    draft = read_page(page(f"<div><div>{TITLE}</div>{info}<article><div>{entry}</div>{body}</article></div>"), URL)
    assert draft.text == "2024年未发生行政复议案件。\n特此报告。"


def test_an_info_line_may_be_a_row_of_cells() -> None:
    row = "<table><tr><td>信息来源：县司法局</td><td>发布时间：2025-03-12</td><td>访问次数：12</td></tr></table>"
    draft = read_page(page(f'<div id="zoom"><p>{TITLE}</p>{row}{PARAGRAPHS}</div>'), URL)
    assert (draft.published, draft.source, draft.tables) == ("2025-03-12", "县司法局", ())
    assert draft.text.startswith(FIRST)


@pytest.mark.parametrize("element", ["示例县政府网", f"示例县人民政府门户网站 {TITLE}", "政务公开-信息内容"])
@pytest.mark.parametrize(
    "shown", [f"<h2>{TITLE[:8]}<br>{TITLE[8:]}</h2>", f"<div><span>{TITLE[:8]}</span><br><b>{TITLE[8:]}</b></div>"]
)
def test_a_title_is_parted_by_breaks(element: str, shown: str) -> None:
    draft = read_page(page(f"<div>{shown}<p>发布时间：2025-03-12 来源：县司法局</p>{BODY}</div>", title=element), URL)
    assert draft.title == TITLE


@pytest.mark.parametrize("element", ["示例县人民政府门户网站", "示例县人民政府关于2024年法治政府建设情况的报告"])
def test_a_title_that_begins_with_the_name_of_its_body_is_shown_over_two_lines(element: str) -> None:
    shown = "<h1>示例县人民政府<br>关于2024年法治政府建设情况的报告</h1><p>2025-03-12</p>"
    draft = read_page(page(f"{shown}{BODY}", title=element), URL)
    assert draft.title == "示例县人民政府关于2024年法治政府建设情况的报告"


@pytest.mark.parametrize("element", ["New Page 1", "无标题文档", "Untitled Document", ""])
def test_a_page_that_its_editor_did_not_name_opens_with_its_title(element: str) -> None:
    whole = f"<html><head><meta charset=utf-8><title>{element}</title></head><body><center>{TITLE}</center>"
    draft = read_page(
        f"{whole}<p>（2025年3月8日）</p>{PARAGRAPHS}<p><a href='i.htm'>返回</a></p></body></html>".encode(), URL
    )
    assert (draft.title, draft.published) == (TITLE, "2025-03-08")
    assert not draft.text.startswith(TITLE)


def test_a_first_line_that_names_no_document_is_no_title() -> None:
    whole = f"<html><head><meta charset=utf-8></head><body><p>示例县各有关单位：</p>{PARAGRAPHS}</body></html>"
    assert read_page(whole.encode(), URL).title is None


def test_a_source_that_names_the_site_is_the_templates_and_not_the_documents() -> None:
    head = article_meta(source="示例县政府网") + '<meta name="SiteName" content="示例县人民政府">'
    draft = read_page(page(f"<h1>{TITLE}</h1><div>发布时间：2025-03-12</div>{BODY}", head=head), URL)
    assert draft.source is None
    assert [value.note for value in draft.values if value.field == "source"] == ["names the site"]


def test_the_title_is_in_the_entry_where_neither_page_nor_meta_has_it() -> None:
    entry = f"<table><tr><td>索引号</td><td>A-1</td></tr><tr><td>名称</td><td>{TITLE}</td></tr></table>"
    assert read_page(page(f"{entry}{BODY}", title="政务公开信息内容页"), URL).title == TITLE


def test_a_title_element_loses_the_names_of_site_and_column() -> None:
    assert read_page(page(BODY, title=f"{TITLE} - 法治政府建设 - 示例县人民政府门户网站"), URL).title == TITLE


@pytest.mark.parametrize(
    "title", ["示例县着力建设一体化政务服务平台", "织密基层矛盾纠纷化解网", "示例县政务服务事项全部在线"]
)
def test_a_title_may_end_like_the_name_of_a_site(title: str) -> None:
    assert (
        read_page(page(f"<h1>{title}</h1>{BODY}", head=article_meta(title=title), title=f"{title}-要闻"), URL).title
        == title
    )
    assert read_page(page(f"<h1>{title}</h1>{BODY}", title=f"{title}-要闻"), URL).title == title


def test_a_part_of_the_title_behind_a_dash_is_kept() -> None:
    title = "示例县法治政府建设报告——2024年"
    assert read_page(page(BODY, title=f"{title}-示例县人民政府"), URL).title == title


def test_a_news_agency_named_in_meta_alone_is_a_source() -> None:
    draft = read_page(
        page(f"<h1>{TITLE}</h1><div>发布时间：2025-03-12</div>{BODY}", head=article_meta(source="人民网")), URL
    )
    assert draft.source == "人民网"


def test_a_cut_meta_title_gives_way_to_the_heading() -> None:
    assert read_page(page(f"<h1>{TITLE}</h1>{BODY}", head=article_meta(title=TITLE[:12] + "...")), URL).title == TITLE


def test_a_document_number_alone_on_a_line_is_the_documents() -> None:
    body = f'<div id="zoom"><p>示政办发〔2025〕3号</p>{PARAGRAPHS}</div>'
    assert read_page(page(f"<h1>{TITLE}</h1>{body}"), URL).doc_number == "示政办发〔2025〕3号"


def test_every_date_keeps_its_source() -> None:
    draft = read_page(
        page(
            f"{_table()}<h1>{TITLE}</h1><div>发布时间：2025-03-12</div>{BODY}",
            head=article_meta(published="2025-03-13 01:00"),
        ),
        "http://www.example.gov.cn/zwgk/202503/t20250311_1.html",
        listed_date=date(2025, 3, 14),
    )
    assert dates(draft) == {
        "listed": "2025-03-14",
        "path": "2025-03-11",
        "meta": "2025-03-13 01:00",
        "table:成文日期": "2025-03-10",
        "shown": "2025-03-12",
    }


@pytest.mark.parametrize(
    ("address", "day"),
    [
        ("/zwgk/202503/t20250318_4037000.html", "2025-03-18"),
        ("/art/2025/2/6/art_1229247077_4330586.html", "2025-02-06"),
        ("/politics/2023-12/01/content_1755244.html", "2023-12-01"),
        ("/20260916/dbc37cd08438465f98d539873064d4fe/c.html", "2026-09-16"),
        ("/10595/2020/9/15/e651244f5f89400a95c651e2f53de7fe.shtml", "2020-09-15"),
        ("/zw/2025/58/1234.html", "2025-02-27"),
        ("/zw/2025/365/1234.html", "2025-12-31"),
        ("/zw/2025/366/1234.html", None),
        ("/zw/2028/366/1234.html", "2028-12-31"),
        ("/zw/2025/0/1234.html", None),
        ("/xw/1887786296572162049.html", "2025-02-07"),
        ("/2025031717141271979/index.html", "2025-03-17"),
        ("/demo/c100001/202503/0123456789abcdef0123456789abcdef.shtml", None),
        ("/post_8888888.html", None),
        ("/202599/t20259999_1.html", None),
    ],
)
def test_the_day_an_address_states(address: str, day: str | None) -> None:
    assert path_date("http://www.example.gov.cn" + address) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2023-08-19 10∶08", "2023-08-19 10:08"),
        ("2020年09月15日 09时32分", "2020-09-15 09:32"),
        ("2024.09.30 09:24:36 GMT+08:00", "2024-09-30 09:24"),
        ("20250312", "2025-03-12"),
        ("二○一二年二月二十日", "2012-02-20"),
        ("二〇二四年十二月三十一日", "2024-12-31"),
        ("2024-02-30", None),
        ("示政办发〔2025〕3号", None),
        ("2026-02-00018", None),
    ],
)
def test_dates_as_pages_write_them(text: str, day: str | None) -> None:
    assert find_date(text) == day


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2099, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    assert find_date(f"发布于{day.year}年{day.month}月{day.day}日。") == day.isoformat()
    assert find_date(day.strftime("%Y/%m/%d")) == day.isoformat()
