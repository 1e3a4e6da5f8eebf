"""How pages are built, each shape once: the body comes out whole, and nothing but the body."""

from __future__ import annotations

import json
from html import escape

import pytest

from scrapers.reading.page import read_page
from scrapers.records import PageKind
from tests.reading.specimens import (
    BODY,
    FIRST,
    PARAGRAPHS,
    SECOND,
    SECOND_MARKUP,
    SIDE,
    THIRD,
    TITLE,
    URL,
    article_meta,
    page,
)

HEAD = f"<h1>{TITLE}</h1><p>发布时间：2025-03-12 来源：县司法局</p>"
EPOINT = (
    '<div class="ewb-location">您现在的位置：<a href="/">首页</a> &gt; <a href="/x">政务公开</a> &gt; 正文</div>'
    f'<div class="ewb-article"><h3>{TITLE}</h3><div class="ewb-article-sources">'
    "<p>信息来源：县司法局</p><p>浏览次数：<span>12</span></p>"
    "<p>发布日期：2025-03-12 09:10</p><p>字体：[ <a>大</a> <a>中</a> <a>小</a> ]</p></div>"
    f'<div class="ewb-article-info">{PARAGRAPHS}</div>'
    '<div class="ewb-page"><p>上一篇：<a href="x.html">示例县2023年法治政府建设年度报告</a></p></div></div>'
)
NESTED_TABLES = (
    '<table width="1000"><tr><td>'
    '<table><tr><td>当前位置：<a href="/">首页</a>&gt;&gt;<a href="/x">政务公开</a></td></tr></table>'
    f'<table><tr><td align="center"><font size="4"><b>{TITLE}</b></font></td></tr>'
    "<tr><td>发布日期：2025-3-12 　来源：县司法局 　阅读：<span>12</span>次 "
    "【字号 <a>大</a> <a>中</a> <a>小</a>】</td></tr>"
    f"<tr><td><font>　　{FIRST}<br>　　{SECOND_MARKUP}<br><br>　　{THIRD}<br></font></td></tr>"
    "<tr><td>【<a>打印</a>】【<a>关闭</a>】</td></tr></table></td></tr></table>"
)
ALL_IN_ONE = (
    f'<div><div>您的位置：<a href="/">首页</a> > <a href="/y">要闻</a> > 正文<h2>{TITLE}</h2>'
    f"<p>2025-03-12 08:00　来源：县司法局　作者：张三　浏览：<i>33</i>次</p>{PARAGRAPHS}"
    "<p>（来源：县司法局　　责任编辑：李四）</p><p>【打印本页】【关闭窗口】</p>"
    "<p>分享到：<a>微信</a><a>微博</a><a>QQ空间</a></p>"
    f'<p>上一篇：没有了</p><p>下一篇：<a href="z.html">示例县召开常务会议研究部署法治工作</a></p></div>{SIDE}</div>'
)
BREAKS_ONLY = (
    f'<div class="detail"><h1>{TITLE}</h1><div>信息来源：<em>县司法局</em>　　发布时间：<em>2025年3月12日</em></div>'
    f"<div>{FIRST}<br/><br/>{SECOND_MARKUP}<br/>{THIRD}</div></div>" + SIDE
)
DIVS_ONLY = (
    f"<div><h1>{TITLE}</h1><div>时间：2025-03-12</div><div>来源：县司法局</div>"
    f"<div><div>{FIRST}</div><div>{SECOND_MARKUP}</div><div></div><div>{THIRD}</div></div></div>" + SIDE
)
HTML_ENDS_EARLY = f"{HEAD}</body></html><div class=x>{PARAGRAPHS}</div>"
TWICE = (
    f'<div class="pc">{HEAD}<div id="info">{PARAGRAPHS}</div></div>'
    f'<div class="phone">{HEAD}<div id="info">{PARAGRAPHS}</div></div>'
)
TWICE_IN_A_FAMILY = TWICE.replace('id="info"', 'class="TRS_Editor"')
SPLIT = (
    f"{HEAD}"
    f'<div class="w"><div class="TRS_Editor"><p>{FIRST}</p></div>'
    f'<div class="TRS_Editor"><p>{SECOND_MARKUP}</p><p>{THIRD}</p></div></div>'
)
NESTED_EDITORS = (
    f'{HEAD}<div class="TRS_Editor"><div class="view TRS_UEDITOR">{PARAGRAPHS}</div>'
    '<div class="qr">扫一扫在手机上查看当前页面</div><h2>附件：</h2><ul></ul></div>'
)
TITLE_OVER_LINES = f'{HEAD}<div id="zoom"><p>示例县2024年</p><p>法治政府建设年度报告</p>{PARAGRAPHS}</div>'


@pytest.mark.parametrize(
    "markup",
    [
        pytest.param(EPOINT, id="family template with info line in paragraphs"),
        pytest.param(NESTED_TABLES, id="nested layout tables"),
        pytest.param(ALL_IN_ONE, id="title, info line, body and buttons in one element"),
        pytest.param(BREAKS_ONLY, id="paragraphs are breaks"),
        pytest.param(DIVS_ONLY, id="paragraphs are divs"),
        pytest.param(HTML_ENDS_EARLY, id="</html> in mid-page"),
        pytest.param(TWICE, id="the article twice"),
        pytest.param(TWICE_IN_A_FAMILY, id="the article twice, in a family's container"),
        pytest.param(SPLIT, id="split over containers"),
        pytest.param(NESTED_EDITORS, id="editor inside editor"),
        pytest.param(TITLE_OVER_LINES, id="title again over two lines"),
    ],
)
def test_the_body_is_whole_and_alone(markup: str) -> None:
    draft = read_page(page(markup), URL)
    assert draft.kind is PageKind.DOCUMENT
    assert draft.text == BODY
    assert (draft.title, draft.source, (draft.published or "")[:10]) == (TITLE, "县司法局", "2025-03-12")


@pytest.mark.parametrize(("opened", "closed"), [("<pre>", "</pre>"), ('<div style="white-space: pre-wrap">', "</div>")])
def test_line_breaks_of_the_source_show_where_the_page_says_so(opened: str, closed: str) -> None:
    menu = "".join(f"<p><a href='/{n}/'>示例栏目{n}</a></p>" for n in range(8))
    rows = "\n".join(f"    {text}" for text in (FIRST, SECOND, THIRD))
    for above in ("", menu):
        markup = f"<div>{above}{HEAD}{opened}\n{rows}\n{closed}</div>"
        assert read_page(page(markup, title="示例县政府"), URL).text == BODY


def test_a_long_text_beside_a_list_with_dates_is_a_document() -> None:
    rows = "".join(
        f'<li><a href="{n}">示例县关于第{n}批工作的通知</a><span>2025-0{n}-01</span></li>' for n in range(1, 9)
    )
    long = "".join(f"<p>{n}、{FIRST}{SECOND}</p>" for n in range(1, 9))
    draft = read_page(page(f"<div><ul>{rows}</ul></div><div>{long}</div>", title="示例县人民政府"), URL)
    assert (draft.kind, draft.text.count(FIRST)) == (PageKind.DOCUMENT, 8)


@pytest.mark.parametrize(
    "style",
    [
        "display: none",
        "visibility:hidden",
        "font-size:0",
        "font-size: 0px; line-height: 0",
        "position:absolute;left:-9999px",
        "position: absolute; top: -5000px",
        "text-indent:-9999px",
    ],
)
def test_what_is_styled_away_is_no_text(style: str) -> None:
    planted = f'<p>{FIRST}</p><div style="{style}">示例平台下载</div><p>{SECOND_MARKUP}</p><p>{THIRD}</p>'
    draft = read_page(page(f'{HEAD}<div id="zoom">{planted}</div>'), URL)
    assert draft.text == BODY
    assert ("hidden", "示例平台下载") in [(removal.rule, removal.text.strip()) for removal in draft.removed]


@pytest.mark.parametrize(
    ("style", "inside"),
    [
        ("font-size:0", f'<span style="font-size:16px">{FIRST}</span>'),
        ("font-size:0", f'<p class="text">{FIRST}</p>'),
        ("margin-left:-12px;left:-30px", FIRST),
        ("font-size:0.9em", FIRST),
        ("left:-100%;position:relative", FIRST),
    ],
)
def test_what_only_looks_styled_away_is_text(style: str, inside: str) -> None:
    body = f'<div style="{style}">{inside}</div><p>{SECOND_MARKUP}</p><p>{THIRD}</p>'
    assert read_page(page(f'{HEAD}<div id="zoom">{body}</div>'), URL).text == BODY


def test_one_paragraph_beside_a_long_side_list_is_a_document() -> None:
    draft = read_page(
        page(
            f"<div><div><div>{TITLE}</div><div><span>时间：2024-05-06</span><span>来源：示例日报</span></div>"
            f"<div><p>{FIRST}{SECOND_MARKUP}</p></div><div>编辑：王五</div></div>{SIDE}</div>"
        ),
        URL,
    )
    assert (draft.kind, draft.text, draft.source) == (PageKind.DOCUMENT, FIRST + SECOND, "示例日报")


def test_the_day_and_source_may_stand_below_the_body() -> None:
    draft = read_page(
        page(
            f"<div><h1>{TITLE}</h1><div>{PARAGRAPHS}</div><div>2025-03-12　来源：教育局　（责任编辑：李四）</div></div>"
        ),
        URL,
    )
    assert (draft.text, draft.published, draft.source) == (BODY, "2025-03-12", "教育局")


def test_a_scanned_page_is_a_document_without_text() -> None:
    draft = read_page(
        page(
            f"<h1>{TITLE}</h1><div>发布时间：2025-03-12 10:00　来源：县政府办</div>"
            '<div class="TRS_Editor"><p><img src="a.jpg"></p></div>'
            "<div>扫一扫在手机打开当前页</div>",
            head=article_meta(),
        ),
        URL,
    )
    assert (draft.kind, draft.text) == (PageKind.DOCUMENT, "")


@pytest.mark.parametrize(
    "text",
    [
        "༢༠༢༣ལོར་རང་རྫོང་གིས་ཁྲིམས་བཞིན་སྲིད་འཛིན་གྱི་བྱ་བ་ནན་ཏན་སྒོས་སྤེལ་ཡོད།",
        "2023-يىلى ناھىيەمىز قانۇن بويىچە مەمۇرىيەت يۈرگۈزۈش خىزمىتىنى قانات يايدۇردى، روشەن ئۈنۈم ھاصىل قىلدى.",
        "2023 ᠣᠨ ᠳᠤ ᠮᠠᠨ ᠤ ᠬᠣᠰᠢᠭᠤ ᠬᠠᠤᠯᠢ ᠶᠢᠨ ᠳᠠᠭᠠᠤ ᠵᠠᠰᠠᠭ ᠵᠠᠬᠢᠷᠭᠠᠨ ᠤ ᠠᠵᠢᠯ ᠢ ᠴᠢᠩᠭᠠᠲᠠᠢ ᠶᠠᠪᠤᠭᠤᠯᠪᠠ᠃",
    ],
    ids=["Tibetan", "Uyghur", "Mongolian"],
)
def test_a_page_in_another_language_of_the_country_is_a_document(text: str) -> None:
    long = " ".join([text] * 5)
    draft = read_page(page(f"<div>{HEAD}<div><p>{long}</p><p>{long}</p><p>{text}</p></div></div>"), URL)
    assert (draft.kind, draft.text.split("\n")) == (PageKind.DOCUMENT, [long, long, text])


def test_a_page_of_one_attachment_keeps_its_label_as_text() -> None:
    draft = read_page(
        page(
            f"<div><h1>{TITLE}</h1><div>发布时间：2025-03-12 10:00　来源：县政府办</div>"
            f'<div><p><a href="/upload/x.pdf"><img src="/i/pdf.gif">{TITLE}.pdf</a></p></div></div>{SIDE}'
        ),
        URL,
    )
    assert draft.kind is PageKind.DOCUMENT
    assert draft.text == f"{TITLE}.pdf"
    assert [(a.label, a.href, a.url) for a in draft.attachments] == [
        (f"{TITLE}.pdf", "/upload/x.pdf", "http://www.example.gov.cn/upload/x.pdf")
    ]


def test_a_viewer_frame_is_the_file_it_shows() -> None:
    draft = read_page(
        page(f'{HEAD}<div id="zoom"><iframe src="/pdfjs/web/viewer.html?file=%2Fu%2Fa.pdf"></iframe></div>'),
        URL,
    )
    assert [a.href for a in draft.attachments] == ["/u/a.pdf"]


@pytest.mark.parametrize(
    ("markup", "href"),
    [
        ('<a href="/module/download/downfile.jsp?classid=0&amp;filename=ab12.docx">报告</a>', "downfile.jsp"),
        ('<a href="/module/download/down.jsp?i_ID=77&amp;colID=12">2024年报告</a>', "down.jsp"),
        ('<a href="./P020250206356841234567.pdf" title="报告">报告</a>', "./P020250206356841234567.pdf"),
        ('<a href="/n1/n2/W020250206.pdf">报告</a>', "/n1/n2/W020250206.pdf"),
        ('<a href="/group1/download?fileId=abc">附件</a>', "/group1/download?fileId=abc"),
        ('<a href="/pdfjs/web/viewer.html?file=%2Fu%2Fb.ofd">在线阅读</a>', "/u/b.ofd"),
        ('<embed src="/u/c.pdf" type="application/pdf">', "/u/c.pdf"),
        ('<object data="/u/d.pdf" type="application/pdf"></object>', "/u/d.pdf"),
        ('<div class="wp_pdf_player" pdfsrc="/_upload/e.pdf" style="width:800px"></div>', "/_upload/e.pdf"),
    ],
)
def test_a_file_is_found_in_whatever_way_the_system_hangs_it_on(markup: str, href: str) -> None:
    draft = read_page(page(f'{HEAD}<div id="zoom">{PARAGRAPHS}{markup}</div>'), URL)
    assert len(draft.attachments) == 1
    assert href in draft.attachments[0].href


@pytest.mark.parametrize(
    "shown",
    [
        '<div id="pdf"></div><script>PDFObject.embed("/u/report.pdf", "#pdf");</script>',
        "<div></div><script>var url = '/pdfjs/web/viewer.html?file=/u/report.pdf'; open(url);</script>",
        '<div></div><input type="hidden" id="file" value="/u/report.pdf">',
    ],
)
def test_a_file_that_only_a_script_shows_is_the_page(shown: str) -> None:
    draft = read_page(page(f"<div>{HEAD}{shown}</div>"), URL)
    assert (draft.kind, [a.href for a in draft.attachments]) == (PageKind.DOCUMENT, ["/u/report.pdf"])


def test_a_script_beside_a_body_names_no_attachment() -> None:
    script = '<script>if (ext == ".pdf") { help("/static/manual.pdf"); }</script>'
    assert read_page(page(f'<div>{HEAD}<div id="zoom">{PARAGRAPHS}</div>{script}</div>'), URL).attachments == ()


@pytest.mark.parametrize("heading", ["相关附件：", "附件下载", "【附件】"])
def test_attachments_stand_in_a_box_of_their_own_behind_the_article(heading: str) -> None:
    files = '<li><a href="/u/a.docx">报告.docx</a></li><li><a href="/u/b.pdf">表.pdf</a></li>'
    box = f"<div><h5>{heading}</h5><ul>{files}</ul>"
    other = '<p>便民下载</p><p><a href="/u/form.doc">申请表.doc</a></p></div>'
    draft = read_page(page(f'<div>{HEAD}<div id="zoom">{PARAGRAPHS}</div></div>{box}{other}'), URL)
    assert draft.text == BODY
    assert [a.href for a in draft.attachments] == ["/u/a.docx", "/u/b.pdf"]


@pytest.mark.parametrize("shown", ['<img src="1.jpg">', '<embed src="/u/report.pdf">'])
def test_a_page_without_any_frame_shows_what_stands_under_its_title(shown: str) -> None:
    whole = (
        f"<!DOCTYPE html><html><head><meta charset=utf-8><title>{TITLE}</title></head><body>{HEAD}<div>{shown}</div>"
    )
    draft = read_page(whole.encode(), URL)
    assert (draft.kind, draft.text, draft.published) == (PageKind.DOCUMENT, "", "2025-03-12")


def test_pictures_forms_and_the_sites_own_downloads_are_no_attachments() -> None:
    draft = read_page(
        page(
            f'{HEAD}<div id="zoom">{PARAGRAPHS}<a href="big.jpg"><img src="s.jpg"></a>'
            '<a href="javascript:;">附件</a><a href="/app/client.apk">客户端</a></div>'
        ),
        URL,
    )
    assert draft.attachments == ()


def test_a_list_with_summaries_is_no_document() -> None:
    rows = "".join(
        f'<div><h3><a href="/{n}.html">示例县召开第{n}次常务会议研究法治政府工作</a></h3>'
        f"<p>{FIRST}</p><span>2024-05-0{n}</span></div>"
        for n in range(1, 9)
    )
    assert read_page(page(f"<div>{rows}</div>", title="工作动态-示例县人民政府"), URL).kind is PageKind.LIST


def test_a_page_of_many_blocks_is_a_home_page() -> None:
    rows = "".join(
        f'<li><a href="/{n}.html">示例县召开第{n}次常务会议研究法治政府工作</a><span>05-0{n}</span></li>'
        for n in range(1, 9)
    )
    blocks = "".join(f'<div><h2>栏目{n}</h2><a href="/{n}/">更多</a><ul>{rows}</ul></div>' for n in range(6))
    assert read_page(page(blocks, title="示例县人民政府"), URL).kind is PageKind.HOME


def test_a_frame_without_its_text_is_empty() -> None:
    draft = read_page(
        page(
            f"<div><ul><li><b>索引号</b>：000014348/2020-35147</li><li><b>名称</b>：{TITLE}</li><li><b>文号</b>：无</li>"
            "<li><b>发布日期</b>：2020年08月02日</li></ul></div><div></div>",
            head=article_meta(published="2020年08月02日"),
        ),
        URL,
    )
    assert (draft.kind, draft.text, draft.doc_number, draft.published) == (PageKind.EMPTY, "", None, "2020-08-02")


@pytest.mark.parametrize("inside", ["", "<p>正在加载...</p>", "<p>【打印】【关闭】</p>"])
@pytest.mark.parametrize("family", ["TRS_Editor", "nothing-known"])
def test_an_article_page_without_its_text_is_empty_whatever_stands_beside_it(inside: str, family: str) -> None:
    markup = f'<div>{HEAD}<div class="{family}">{inside}</div></div>{SIDE}'
    assert read_page(page(markup, head=article_meta()), URL).kind is PageKind.EMPTY


STATE = json.dumps({"data": {"title": TITLE, "content": PARAGRAPHS}}, ensure_ascii=False).replace("</", "<\\/")


@pytest.mark.parametrize(
    "carrier",
    [
        f'<textarea id="content" style="display:none">{escape(PARAGRAPHS)}</textarea>',
        f'<script type="text/plain" id="editor">{PARAGRAPHS}</script>',
        f"<div id=app></div><script>window.__STATE__ = {STATE};</script>",
        f"<div id=app></div><script>var body = {json.dumps(escape(PARAGRAPHS))};</script>",
        f"<div id=app></div><script>show('{PARAGRAPHS}');</script>",
    ],
    ids=["textarea", "editor", "JSON", "escaped markup", "single quotes"],
)
def test_a_body_that_only_a_script_would_show_is_read_and_marked(carrier: str) -> None:
    draft = read_page(page(f"<div>{HEAD}{carrier}</div>"), URL)
    assert (draft.kind, draft.text, draft.title, draft.published) == (PageKind.DOCUMENT, BODY, TITLE, "2025-03-12")
    assert [flag.name for flag in draft.flags] == ["carried_body"]


def test_a_page_that_carries_several_articles_shows_none_of_them() -> None:
    other = PARAGRAPHS.replace("示例县", "示例市")
    state = json.dumps([{"content": PARAGRAPHS}, {"content": other}], ensure_ascii=False)
    assert read_page(page(f"<div>{HEAD}<script>var rows = {state};</script></div>"), URL).kind is PageKind.EMPTY


def test_a_template_of_a_script_is_no_body() -> None:
    waiting = f'<script type="text/html"><p>{{{{ title }}}}</p>{PARAGRAPHS}</script>'
    assert read_page(page(f"<div>{HEAD}{waiting}</div>"), URL).kind is PageKind.EMPTY


def test_a_carried_body_beside_one_that_shows_is_left_alone() -> None:
    other = escape(PARAGRAPHS.replace("示例县", "示例市"))
    draft = read_page(page(f'<div>{HEAD}<div id="zoom">{PARAGRAPHS}</div><textarea>{other}</textarea></div>'), URL)
    assert (draft.text, draft.flags) == (BODY, ())


@pytest.mark.parametrize(
    "body",
    [
        "<html><head><script>document.cookie='__x=1';location.reload()</script></head><body></body></html>",
        "<html><head><title>Just a moment...</title></head><body>请稍候，正在进行安全验证</body></html>",
        "<html><body><h1>您的请求被拦截</h1></body></html>",
    ],
)
def test_a_page_that_shows_nothing_and_works_with_scripts_is_a_challenge(body: str) -> None:
    assert read_page(body.encode(), URL).kind is PageKind.CHALLENGE


def test_where_the_readings_disagree_the_draft_says_so() -> None:
    other = "".join(
        f"<p>第{n}则评论认为，示例文字很长，写得也很多，读者可以自己判断，这里不再展开说明了。</p>" for n in range(4)
    )
    article = f'<h1>{TITLE}</h1><p>来源：县政府办</p><div id="zoom">{PARAGRAPHS}</div>'
    draft = read_page(page(f"{article}<div>{SIDE * 3}</div><div>{other}</div>"), URL)
    assert draft.text == BODY
    assert [flag.name for flag in draft.flags] == ["low_agreement"]
    assert float(draft.flags[0].evidence.split()[0]) < 0.9


def test_a_form_of_hundreds_of_cells_is_no_disagreement() -> None:
    row = f"<tr><td>1.示例事项</td>{'<td>0</td>' * 7}</tr>"
    form = f"<table>{row * 30}</table>"
    draft = read_page(page(f'{HEAD}<div id="zoom">{PARAGRAPHS}{form}{PARAGRAPHS}</div>'), URL)
    assert (len(draft.tables), draft.flags) == (1, ())


def test_the_caption_of_a_table_is_a_line_above_it() -> None:
    rows = "<tr><th>单位</th><th>件</th></tr><tr><td>县局</td><td>3</td></tr>"
    table = f"<table><caption>表1 行政执法</caption>{rows}</table>"
    draft = read_page(page(f'{HEAD}<div id="zoom"><p>{FIRST}</p>{table}<p>{THIRD}</p></div>'), URL)
    assert draft.text.split("\n") == [FIRST, "表1 行政执法", "单位\t件", "县局\t3", THIRD]
    assert draft.tables[0].caption == "表1 行政执法"


def test_a_merged_cell_ends_with_the_section_of_its_table() -> None:
    head = "<thead><tr><td rowspan=5>单位</td><td colspan=2>案件</td></tr><tr><td>新收</td><td>办结</td></tr></thead>"
    table = f"<table>{head}<tbody><tr><td>县局</td><td>3</td><td>2</td></tr></tbody></table>"
    draft = read_page(page(f'{HEAD}<div id="zoom"><p>{FIRST}</p>{table}</div>'), URL)
    assert draft.tables[0].rows == (("单位", "案件", "案件"), ("单位", "新收", "办结"), ("县局", "3", "2"))


def test_headings_and_tables_are_blocks_of_their_own_kind() -> None:
    draft = read_page(
        page(
            f'{HEAD}<div id="zoom"><p>一、总体情况</p><p>（一）主动公开</p><p>{FIRST}</p>'
            "<table><tr><td rowspan=2>项目</td><td colspan=2>数量</td></tr>"
            "<tr><td>新收</td><td>办结</td></tr><tr><td>申请</td><td>3</td><td>2</td></tr></table></div>"
        ),
        URL,
    )
    assert [(block.kind, block.level) for block in draft.blocks] == [
        ("heading", 1),
        ("heading", 2),
        ("paragraph", None),
        ("table", None),
    ]
    assert draft.tables[0].rows == (("项目", "数量", "数量"), ("项目", "新收", "办结"), ("申请", "3", "2"))
    assert draft.text.split("\n")[-3:] == ["项目\t数量", "新收\t办结", "申请\t3\t2"]
    assert "\n".join(block.text for block in draft.blocks) == draft.text
