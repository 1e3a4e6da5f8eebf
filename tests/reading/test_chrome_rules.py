"""Chrome goes by named rules, comes back losslessly, and never takes a sentence with it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scrapers.reading.assembly import restore
from scrapers.reading.chrome import Context, assemble
from scrapers.reading.chrome_rules import rules
from scrapers.reading.page import read_page
from scrapers.reading.render import Piece
from tests.reading.specimens import FIRST, PARAGRAPHS, THIRD, TITLE, URL, article_meta, page


def container_text(pieces: list[Piece]) -> str:
    """The text of a container before any rule."""
    return "\n".join(piece.text for piece in pieces)


def test_every_rule_says_what_it_takes_and_why() -> None:
    names = [rule.name for rule in rules()]
    assert len(names) == len(set(names))
    for rule in rules():
        assert rule.concept
        assert rule.why
        assert rule.where in ("anywhere", "head", "tail", "edge", "imprint")
        assert rule.match in ("line", "line_end", "element", "block", "code")
        assert (rule.pattern is None) == (rule.match == "code")
        assert rule.pattern is None or rule.longest > 0


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("分享到：", "share_widget"),
        ("分享到：微信 微博 QQ空间", "share_widget"),
        ("扫一扫在手机上查看当前页面", "qr_prompt"),
        ("扫一扫在手机打开当前页", "qr_prompt"),
        ("微信扫一扫：分享", "qr_prompt"),
        ("【打印本页】 【关闭窗口】", "print_close"),
        ("打印 关闭 收藏", "print_close"),
        ("[返回顶部]", "print_close"),
        ("【字体：大 中 小】", "font_size"),
        ("字号：[大][中][小]", "font_size"),
        ("浏览次数：1024次", "view_counter"),
        ("责任编辑：张三", "editor_line"),
        ("（责任编辑：系统管理员）", "editor_line"),
        ("一审：张三 二审：李四 三审：王五", "editor_line"),
        ("编辑：朱某某", "editor_line_weak"),
        ("供稿：县司法局 审核：张三", "editor_line_weak"),
        ("上一篇：没有了", "prev_next"),
        ("下一篇：示例县2023年法治政府建设年度报告", "prev_next"),
        ("相关文章", "related_links"),
        ("文章关键词：法治 政府", "tags"),
        ("您觉得这篇文章对您有帮助吗？", "comments"),
        ("微信里点“发现”，扫一下", "qr_prompt"),
        ("您访问的链接即将离开示例县人民政府网站，是否继续？", "leave_dialog"),
        ("[大 中 小] [打印] [关闭]", "font_size"),
        ("本文已被浏览 123 次", "view_counter"),
        ("[我要纠错]", "print_close"),
        ("<<返回上一页", "print_close"),
        ("本网站已支持IPv6", "footer"),
        ("收藏本页 打印 推荐给朋友 返回顶部", "print_close"),
        ("T|T 保存 打印", "print_close"),
        ("智能客服", "print_close"),
        ("[字号 大 中 小] [我要打印] [关闭] [返回]", "font_size"),
        ("您是本文的第 12 位读者", "view_counter"),
        ("附件下载：无", "attachments_heading"),
        ("本页面二维码", "qr_prompt"),
        ("本文对您是否有帮助？有(0) 没有(0)", "comments"),
        ("用户评价：非常满意 满意 一般 不满意", "comments"),
        ("政府网站找错", "footer"),
        ("免责声明：本网站部分信息来源于网络。", "disclaimer"),
        (
            "版权声明：凡本网注明来源的作品，版权均属本网所有，转载时请注明出处，违者本网将追究其法律责任。",
            "disclaimer",
        ),
        ("文/图 张三", "editor_line_weak"),
        ("附件：", "attachments_heading"),
        ("版权所有：示例县人民政府 示ICP备05000000号", "footer"),
    ],
)
def test_a_line_of_chrome_behind_the_body_goes_by_its_rule(line: str, rule: str) -> None:
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>{line}</p></div>', head=article_meta()), URL)
    assert draft.text.endswith(THIRD)
    assert [(removal.rule, removal.text.strip()) for removal in draft.removed] == [(rule, line)]


@pytest.mark.parametrize(
    "line",
    [
        "示例县人民政府",
        "2025年3月10日",
        "（此件公开发布）",
        "（记者 张三 通讯员 李四）",
        "见习记者 王一凡",
        "联系人：张三，联系电话：0000-0000000",
        "报名时间：2024年3月7日-4月26日",
        "附件：1.示例清单",
        "请扫描下方二维码加入示例工作群",
        "特此公告。",
        "打印店由示例社区负责管理",
        "审核通过名单",
        "下一步工作打算",
        "主办单位：县司法局",
        "单位：万元",
        "责任单位：县司法局",
        "大中小学",
        "收藏品目录",
        "来源于基层",
        "主题词：法治 政府 报告",
        "满意度评价工作方案",
        "事业单位法人年度报告",
    ],
)
def test_a_line_of_the_document_stays(line: str) -> None:
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>{line}</p></div>', head=article_meta()), URL)
    assert draft.text.split("\n")[-1] == line


def test_a_frame_of_related_documents_may_be_empty() -> None:
    frame = "<div><h4>相关解读</h4><p>暂无相关信息</p></div>"
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}{frame}</div>', head=article_meta()), URL)
    assert draft.text.endswith(THIRD)
    assert {removal.rule for removal in draft.removed} == {"related_links"}


def test_a_column_of_links_behind_the_body_is_the_sites() -> None:
    column = "".join(f'<li><a href="/{n}/">示例服务{n}</a></li>' for n in range(3))
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<h3>便民服务</h3><ul>{column}</ul></div>'), URL)
    assert draft.text.endswith(THIRD)
    assert [removal.rule for removal in draft.removed] == ["link_list"] * 4


def test_links_to_attachments_are_no_column_of_the_site() -> None:
    listed = "".join(f'<p><a href="/f/{n}">{n}.示例清单</a></p>' for n in range(1, 6))
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>附件：</p>{listed}</div>'), URL)
    assert draft.text.split("\n")[-6:] == ["附件：", *(f"{n}.示例清单" for n in range(1, 6))]


def test_a_summary_in_the_catalogue_entry_is_no_text_above_the_title() -> None:
    entry = (
        "<ul><li>索引号：9901/2025-1</li><li>公开主体：县司法局</li>"
        "<li>内容概述：示例县2024年法治政府建设情况，包括主要举措、存在的不足和下一步打算。</li></ul>"
    )
    whole = f"<html><head><meta charset=utf-8><title>{TITLE}</title></head><body><div>示例县政府主办</div>{entry}"
    draft = read_page(f"{whole}<p>{TITLE}</p><p>2025-03-12</p>{PARAGRAPHS}</body></html>".encode(), URL)
    assert draft.text.startswith(FIRST)
    assert ("above_title", "示例县政府主办") in [(r.rule, r.text.strip()) for r in draft.removed]


def test_an_imprint_goes_on_over_its_lines_of_contact() -> None:
    contact = "联系电话：0000-0000000"
    imprint = ("主办：示例县人民政府　承办：示例县政府办公室", "地址：示例县人民路1号　邮编：000000", contact)
    lines = "".join(f"<p>{line}</p>" for line in (contact, *imprint))
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}{lines}</div>', head=article_meta()), URL)
    assert draft.text.split("\n")[-1] == contact, "above the imprint it is the document's own"
    assert [removal.rule for removal in draft.removed] == ["footer", "footer_contact", "footer_contact"]


def test_links_to_other_documents_go_with_their_heading() -> None:
    rows = "".join(
        f'<li><a href="{n}.html">示例县202{n}年法治政府建设年度报告</a><span>2024-01-0{n}</span></li>' for n in (1, 2)
    )
    cells = "".join(
        f'<tr><td><a href="{n}.html">示例县202{n}年法治政府建设年度报告</a></td><td>2024-01-0{n}</td></tr>'
        for n in (1, 2)
    )
    for related in (f"<h3>相关文章</h3><ul>{rows}</ul>", f"<table><tr><td>相关文章：</td></tr>{cells}</table>"):
        draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}{related}</div>', head=article_meta()), URL)
        assert draft.text.endswith(THIRD)
        assert {removal.rule for removal in draft.removed} == {"related_links"}


@pytest.mark.parametrize("tag", ["aside", "div"])
def test_a_box_of_links_floats_in_the_text_and_is_none(tag: str) -> None:
    box = f'<{tag}><h4>延伸阅读</h4><p><a href="x.html">图解：{TITLE}</a></p></{tag}>'
    markup = f'<h1>{TITLE}</h1><div id="zoom"><p>{FIRST}</p>{box}<p>{THIRD}</p></div>'
    draft = read_page(page(markup, head=article_meta()), URL)
    assert draft.text == f"{FIRST}\n{THIRD}"
    assert {removal.rule for removal in draft.removed} == {"related_links"}


def test_a_box_of_files_is_the_documents_own() -> None:
    box = '<div><h4>相关材料</h4><p><a href="x.doc">示例清单.doc</a></p></div>'
    markup = f'<h1>{TITLE}</h1><div id="zoom"><p>{FIRST}</p>{box}<p>{THIRD}</p></div>'
    assert "示例清单.doc" in read_page(page(markup, head=article_meta()), URL).text


def test_a_day_in_words_is_the_documents_where_the_release_is_stated() -> None:
    body = f'<div id="zoom"><p>示例县司法局</p><p>（2025年3月8日）</p>{PARAGRAPHS}</div>'
    for info in ("<p>2025-03-12</p>", "<p>发布时间：2025-03-12 来源：县司法局</p>"):
        draft = read_page(page(f"<h1>{TITLE}</h1>{info}{body}"), URL)
        assert draft.text.split("\n")[:2] == ["示例县司法局", "（2025年3月8日）"]
        assert draft.published == "2025-03-12"
    draft = read_page(page(f"<h1>{TITLE}</h1>{body}"), URL)
    assert (draft.published, draft.removed[-1].rule) == ("2025-03-08", "info_line")


def test_a_short_letter_above_its_annex_keeps_its_day() -> None:
    letter = ("各乡镇人民政府：", "现予以公布。", "示例县司法局", "2025年3月12日")
    lines = "".join(f"<p>{line}</p>" for line in letter)
    draft = read_page(page(f'<h1>{TITLE}</h1><div id="zoom">{lines}<p>附件</p>{PARAGRAPHS}</div>'), URL)
    assert draft.text.split("\n")[:5] == [*letter, "附件"]


def test_an_attachment_keeps_the_heading_above_it() -> None:
    markup = f'<h1>{TITLE}</h1><div id="zoom">{PARAGRAPHS}<p>附件：</p><p><a href="a.doc">示例清单</a></p></div>'
    draft = read_page(page(markup, head=article_meta()), URL)
    assert draft.text.split("\n")[-2:] == ["附件：", "示例清单"]


def test_credits_at_the_end_of_a_paragraph_go_and_the_sentence_stays() -> None:
    markup = f'<h1>{TITLE}</h1><div id="zoom"><p>{FIRST}</p><p>{THIRD}（责任编辑：张三）</p></div>'
    draft = read_page(page(markup, head=article_meta()), URL)
    assert draft.text == f"{FIRST}\n{THIRD}"
    assert draft.removed[-1].text == "（责任编辑：张三）"


def test_a_body_that_is_its_title_again_keeps_it() -> None:
    editor = f'<div class="TRS_Editor"><p>{TITLE}</p></div><a href="./P1.pdf">{TITLE}.pdf</a>'
    markup = f"<h1>{TITLE}</h1><p>时间：2025-03-12</p>{editor}"
    assert read_page(page(markup, head=article_meta()), URL).text == TITLE


_LINES = st.one_of(
    st.sampled_from(
        [
            FIRST,
            THIRD,
            TITLE,
            "一、总体情况",
            "分享到：",
            "微信",
            "打印 关闭",
            "责任编辑：张三",
            "来源：县司法局 发布时间：2025-03-12",
            "上一篇：没有了",
            "相关文章",
            "附件：",
            "示例县人民政府",
            f"{FIRST}（责任编辑：张三）",
            "扫一扫在手机打开当前页",
            "索引号：A/2024-1",
            "文号：",
            "发布机构：县政府",
        ]
    ),
    st.text(min_size=1, max_size=40).map(lambda text: " ".join(text.split())).filter(bool),
)


@given(st.lists(_LINES, max_size=14), st.lists(st.booleans(), min_size=14, max_size=14))
def test_text_and_removals_give_the_container_back(lines: list[str], linked: list[bool]) -> None:
    pieces = [
        Piece(text, n, len(text) if linked[n] else 0, "hidden" if n % 7 == 6 else None) for n, text in enumerate(lines)
    ]
    assembly = assemble(pieces, Context(titles=(TITLE,)))
    assert restore(assembly.text, assembly.removed) == container_text(pieces)
    assert "\n".join(block.text for block in assembly.blocks) == assembly.text
    assert [removal.at for removal in assembly.removed] == sorted(removal.at for removal in assembly.removed)


@given(st.lists(_LINES, max_size=14))
def test_no_sentence_is_lost(lines: list[str]) -> None:
    pieces = [Piece(text, n, 0, None) for n, text in enumerate(lines)]
    assembly = assemble(pieces, Context())
    for sentence in (FIRST, THIRD):
        assert (sentence in assembly.text) == (sentence in container_text(pieces))
