"""Pages of less common make: Traditional and English labels, imprints, frames, viewers, what Word leaves."""

from __future__ import annotations

from base64 import b64encode
from html import escape

import opencc
import pytest

from scrapers.reading.dates import find_date
from scrapers.reading.labels import canonical_label, line_labels, table_labels
from scrapers.reading.page import read_page
from scrapers.records import PageKind
from tests.reading.specimens import BODY, FIRST, PARAGRAPHS, SECOND_MARKUP, SIDE, THIRD, TITLE, URL, page

HEAD = f"<h1>{TITLE}</h1><p>发布时间：2025-03-12 来源：县司法局</p>"


def traditional(text: str) -> str:
    return str(opencc.OpenCC("s2t").convert(text))


# ------------------------------------------------------------------------------------------------ Traditional


@pytest.mark.parametrize("label", ["發布時間", "發佈時間", "發佈日期", "信息公開日期"])
def test_a_label_in_traditional_characters_is_the_same_label(label: str) -> None:
    body = f"<div><h1>{traditional(TITLE)}</h1><p>{label}：2025-01-09 08:30　來源：縣司法局　瀏覽次數：33</p>"
    draft = read_page(
        page(f'{body}<div class="text">{traditional(PARAGRAPHS)}</div></div>{SIDE}', title=traditional(TITLE)), URL
    )
    assert (draft.kind, draft.text) == (PageKind.DOCUMENT, traditional(BODY))
    assert (draft.published, draft.source) == ("2025-01-09 08:30", "縣司法局")


def test_a_catalogue_entry_in_traditional_characters_is_read_under_the_labels_of_ours() -> None:
    cells = (("索引號", "330726ZF010000/2025-60593"), ("發布機構", "示例縣司法局"), ("文號", "示政〔2025〕5號"))
    entry = "".join(f"<tr><td>{label}：</td><td>{value}</td></tr>" for label, value in cells)
    body = f'<table>{entry}</table><h1>{traditional(TITLE)}</h1><div id="zoom">{traditional(PARAGRAPHS)}</div>'
    draft = read_page(page(body, title=traditional(TITLE)), URL)
    assert draft.metadata == {"索引号": cells[0][1], "发布机构": cells[1][1], "文号": cells[2][1]}
    assert (draft.index_number, draft.doc_number, draft.text) == (cells[0][1], cells[2][1], traditional(BODY))


def test_furniture_in_traditional_characters_is_furniture() -> None:
    around = (
        "<p>責任編輯：李四</p><p>【打印本頁】【關閉窗口】</p><p>上一篇：沒有了</p>"
        '<p>相關文章</p><p><a href="y.html">示例縣2023年法治政府建設年度報告</a></p>'
    )
    body = f"<div><h1>{traditional(TITLE)}</h1><p>來源：縣司法局</p>{traditional(PARAGRAPHS)}{around}</div>"
    draft = read_page(page(body, title=traditional(TITLE)), URL)
    assert draft.text == traditional(BODY)
    rules = [removal.rule for removal in draft.removed]
    assert rules[-5:] == ["editor_line", "print_close", "prev_next", "related_links", "related_links"]


def test_every_label_is_known_as_a_converter_writes_it() -> None:
    for labels in (table_labels(), line_labels()):
        ours = [label for label in labels if canonical_label(label) == label]
        # To a converter, some 发 are hair, and 核 is a word that no site writes.
        written = [traditional(label).replace("髮", "發").replace("覈", "核") for label in ours]
        assert [form for form in written if form not in labels] == []


def test_every_label_in_traditional_characters_has_one_of_ours() -> None:
    for labels in (table_labels(), line_labels()):
        assert all(labels[canonical_label(label)] == field for label, field in labels.items())


# ------------------------------------------------------------------------------------------------ English


@pytest.mark.parametrize(
    "line",
    [
        "Source: 县司法局 &nbsp; Date: 2025-01-09 &nbsp; Views: 33",
        "Updated: January 9, 2025 &nbsp; Source: 县司法局",
        "发布时间(Release Time)：2025-01-09 来源（Source）：县司法局",
        "PublishDate：2025-01-09 来源：县司法局",
    ],
)
def test_english_labels_beside_chinese_text(line: str) -> None:
    body = (
        f'<div><h1>{TITLE}</h1><div>{line}</div><div class="text">{PARAGRAPHS}</div><p>[Print] [Close]</p></div>{SIDE}'
    )
    draft = read_page(page(body), URL)
    assert (draft.kind, draft.text) == (PageKind.DOCUMENT, BODY)
    assert (draft.published, draft.source) == ("2025-01-09", "县司法局")


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("March 12, 2025", "2025-03-12"),
        ("Sept. 1st 2024", "2024-09-01"),
        ("Published on DEC 31, 2023", "2023-12-31"),
        ("February 30, 2024", None),
        ("Marching 12, 202512", None),
    ],
)
def test_a_day_in_english(written: str, day: str | None) -> None:
    assert find_date(written) == day


# ------------------------------------------------------------------------------------------------ documents


IMPRINT = (
    "主题词：法治政府 建设 报告",
    "抄送：县委办公室，县人大常委会办公室，县政协办公室。",
    "示例县人民政府办公室 2025年3月10日印发",
)


@pytest.mark.parametrize("container", ['<div id="zoom">', "<div>"])
def test_the_imprint_of_a_document_is_body_and_no_metadata(container: str) -> None:
    imprint = "".join(f"<p>{line}</p>" for line in IMPRINT)
    draft = read_page(page(f"<div>{HEAD}{container}{PARAGRAPHS}{imprint}</div></div>{SIDE}"), URL)
    assert draft.text == "\n".join((BODY, *IMPRINT))
    assert (draft.published, draft.source, draft.metadata) == ("2025-03-12", "县司法局", {})


def test_a_list_of_attachments_stays_and_programs_that_serve_them_are_known() -> None:
    links = "".join(f'<li><a href="/u/down?id={n}">示例县统计表之{n}</a></li>' for n in range(1, 5))
    draft = read_page(page(f"<div>{HEAD}<div>{PARAGRAPHS}<p>附件：</p><ul>{links}</ul></div></div>{SIDE}"), URL)
    assert draft.text == "\n".join((BODY, "附件：", *(f"示例县统计表之{n}" for n in range(1, 5))))
    assert [one.href for one in draft.attachments] == [f"/u/down?id={n}" for n in range(1, 5)]


@pytest.mark.parametrize(
    "said",
    [
        "现将我县2024年法治政府建设年度报告予以公布。欢迎监督。",
        "根据有关规定，现予公布。<br>请下载附件阅读。<br>特此公告。",
        "<p>见附件。</p>",
    ],
)
def test_a_few_bare_words_and_a_file_are_a_document(said: str) -> None:
    draft = read_page(page(f'<div>{HEAD}{said}<div><a href="/u/r.pdf">{TITLE}</a></div></div>{SIDE}'), URL)
    assert draft.kind is PageKind.DOCUMENT
    assert [one.href for one in draft.attachments] == ["/u/r.pdf"]
    lines = [line for line in said.replace("<p>", "").replace("</p>", "").split("<br>") if line]
    assert draft.text.split("\n")[: len(lines)] == lines


# ------------------------------------------------------------------------------------------------ frames and viewers


@pytest.mark.parametrize(
    "source",
    [
        "https://view.officeapps.live.com/op/view.aspx?src=http%3A%2F%2Fwww.example.gov.cn%2Fu%2Fa.pdf",
        "/onlinePreview?url=" + b64encode(b"http://www.example.gov.cn/u/a.pdf").decode(),
        "/preview?url=" + b64encode("http://www.example.gov.cn/u/a.pdf?name=报".encode()).decode().replace("+", "%2B"),
    ],
)
def test_a_viewer_shows_a_file_and_the_links_below_are_no_text(source: str) -> None:
    draft = read_page(page(f'{HEAD}<div class="c"><iframe src="{source}"></iframe></div>'), URL)
    assert (draft.kind, draft.text) == (PageKind.DOCUMENT, "")
    assert draft.attachments[0].href.startswith("http://www.example.gov.cn/u/a.pdf")
    assert draft.pager is None


@pytest.mark.parametrize("side", ["", SIDE])
def test_a_page_that_frames_its_text_says_where_it_is(side: str) -> None:
    draft = read_page(page(f'{HEAD}<div class="c"><iframe src="/cms/content/123.html"></iframe></div>{side}'), URL)
    assert (draft.kind, draft.text) == (PageKind.DOCUMENT, "")
    assert draft.pager is not None
    assert draft.pager.page2 == "http://www.example.gov.cn/cms/content/123.html"
    assert ("pages_missing", f"the text is in a frame, {draft.pager.page2}") in [
        (f.name, f.evidence) for f in draft.flags
    ]


@pytest.mark.parametrize(
    "frame",
    [
        f'<div id="zoom">{PARAGRAPHS}</div><iframe src="/hot/list.html"></iframe>',
        f'<div id="zoom">{PARAGRAPHS}<iframe src="/video/player.html"></iframe></div>',
    ],
)
def test_a_frame_beside_a_text_is_not_its_text(frame: str) -> None:
    draft = read_page(page(f"{HEAD}{frame}"), URL)
    assert (draft.text, draft.pager) == (BODY, None)


def test_a_frame_of_another_site_is_not_followed() -> None:
    draft = read_page(page(f'{HEAD}<div><iframe src="//player.example.com/1.html"></iframe></div>'), URL)
    assert draft.pager is None


# ------------------------------------------------------------------------------------------------ leavings


@pytest.mark.parametrize(
    "left",
    [
        "<xml><w:WordDocument><w:View>Normal</w:View><w:Zoom>0</w:Zoom></w:WordDocument></xml>",
        escape("<!--[if gte mso 9]><xml><w:View>Normal</w:View></xml><![endif]-->"),
        "<p>长按识别二维码关注我们</p>",
        "<p><a>展开全文</a></p>",
        "<p>Print | Close</p>",
        "<div>点赞 12</div><div>收藏 3</div><div>评论(0)</div>",
    ],
)
def test_what_programs_leave_in_a_body_is_no_text(left: str) -> None:
    draft = read_page(page(f"{HEAD}<div>{PARAGRAPHS}{left}</div>"), URL)
    assert draft.text == BODY
    assert draft.removed, "nothing vanishes"


def test_an_element_of_word_that_is_not_closed_takes_no_sentence_with_it() -> None:
    assert BODY in read_page(page(f"{HEAD}<div><xml><w:View>Normal</w:View>{PARAGRAPHS}</div>"), URL).text


def test_sections_in_sections_are_paragraphs() -> None:
    second, third = f"<section>{SECOND_MARKUP}</section>", f"<section>{THIRD}</section>"
    body = f"<section><section><section>{FIRST}</section></section>{second}{third}</section>"
    assert read_page(page(f'{HEAD}<div id="zoom">{body}</div>'), URL).text == BODY


def test_sentences_that_only_a_click_would_show_are_named() -> None:
    unseen = f"<p>{FIRST.replace('示例县', '该县')}</p>" * 2 + f"<p>{THIRD.replace('示例县', '该县')}</p>"
    tabs = f'<div class="tab">{PARAGRAPHS}{PARAGRAPHS}</div><div class="tab" style="display:none">{unseen}</div>'
    draft = read_page(page(f'{HEAD}<div id="zoom">{tabs}</div>'), URL)
    assert "该县" not in draft.text
    (flag,) = [flag for flag in draft.flags if flag.name == "hidden_text"]
    assert flag.evidence.endswith(
        "characters are styled away, from: 近年来，该县坚持以法治政府示范创建为抓手，扎实推进依法行政各"
    )


def test_a_hidden_copy_of_the_text_is_not_named() -> None:
    body = f'<div>{PARAGRAPHS}</div><div style="display:none">{PARAGRAPHS}</div><p>{THIRD}{FIRST}</p>'
    assert "hidden_text" not in {flag.name for flag in read_page(page(f'{HEAD}<div id="zoom">{body}</div>'), URL).flags}


def test_a_body_in_a_field_is_read_also_beside_a_list_of_other_pages() -> None:
    carrier = f'<textarea style="display:none">{escape(PARAGRAPHS)}</textarea>'
    draft = read_page(page(f"<div>{HEAD}{carrier}</div>{SIDE}"), URL)
    assert (draft.text, [flag.name for flag in draft.flags]) == (BODY, ["carried_body"])


def test_a_frame_may_have_its_page_in_an_attribute() -> None:
    draft = read_page(page(f'<div>{HEAD}<div><iframe srcdoc="{escape(PARAGRAPHS)}"></iframe></div></div>{SIDE}'), URL)
    assert (draft.text, [flag.name for flag in draft.flags]) == (BODY, ["carried_body"])


def test_a_value_whose_letters_are_lost_is_none() -> None:
    raw = page(f'{HEAD}<div id="zoom">{PARAGRAPHS}</div>').replace("县司法局".encode(), "县司法局".encode("gb18030"), 1)
    draft = read_page(raw, URL)
    assert (draft.text, draft.source) == (BODY, None)
