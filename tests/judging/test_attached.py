"""Which files are asked for, and whose text counts: the page's or a file's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scrapers.judging.attached import (
    MOST_FILES,
    files_to_ask_for,
    is_worth_files,
    looked_at,
    not_wanted,
    own_text,
    with_files,
)
from scrapers.judging.no_document import no_document
from scrapers.records import (
    Attachment,
    Block,
    Draft,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    Outcome,
    PageKind,
    Table,
)
from tests.reading.plain_text import blocks_of

TITLE = "清禾县2024年法治政府建设年度报告"
REPORT = "\n".join(
    f"{head}\n"
    + "".join(f"全县第{n}次办结行政复议案件{n * number}件，制定规范性文件{n + number}件。" for n in range(1, 9))
    for number, head in enumerate(("一、主要举措和成效", "二、存在的不足", "三、下一步安排"), 3)
)


def link(label: str, href: str = "a.pdf") -> Attachment:
    return Attachment(label, href, f"http://www.qinghe.test/{href}")


def page(text: str, *files: Attachment, tables: int = 0) -> Draft:
    grids = tuple(Table((("项", "数"), (str(n), "1"))) for n in range(tables))
    return Draft(
        url="http://www.qinghe.test/1.html",
        kind=PageKind.DOCUMENT,
        title=TITLE,
        text=text,
        blocks=blocks_of(text),
        tables=grids,
        attachments=files,
    )


def read(attachment: Attachment, text: str, *, tables: int = 0, file_type: str = "pdf") -> Attachment:
    blocks = tuple(replace(block, page=1 + number // 4) for number, block in enumerate(blocks_of(text)))
    grids = tuple(Table((("项", "数"), (str(n), "1"))) for n in range(tables))
    found = FileText(FileOutcome.READ, file_type, text=text, blocks=blocks, tables=grids)
    return looked_at(attachment, found, capture_id="urn:uuid:1", digest="sha256:1", length=9)


def failed(attachment: Attachment, outcome: FileOutcome, detail: str = "why") -> Attachment:
    return looked_at(attachment, FileText(outcome, detail=detail))


def roles(draft: Draft) -> list[FileRole | None]:
    return [one.file.role if one.file is not None else None for one in draft.attachments]


def test_a_page_that_is_a_title_and_a_link_has_the_text_of_its_file() -> None:
    label = f"附件：{TITLE}.pdf"
    draft = with_files(page(label, link(label)), [read(link(label), f"{TITLE}\n{REPORT}")])
    assert (draft.text, draft.text_origin, draft.page_text) == (REPORT, "attachment", label)
    assert draft.container == "attachment:pdf"
    assert roles(draft) == [FileRole.REPORT]
    assert [(one.rule, one.text) for one in draft.removed] == [("title_repeated", f"{TITLE}\n")]
    assert draft.blocks[0].page == 1
    kept = draft.attachments[0].file
    assert kept is not None
    assert kept.reading.text == f"{TITLE}\n{REPORT}"
    assert kept.page_starts == (0, kept.reading.text.index(draft.blocks[3].text))


def test_the_same_text_in_a_file_is_one_document_with_its_page() -> None:
    draft = with_files(page(REPORT, link("下载")), [read(link("下载"), f"{TITLE}\n{REPORT}")])
    assert (draft.text, draft.text_origin) == (REPORT, "page")
    assert roles(draft) == [FileRole.SAME]


def test_of_the_same_text_the_one_with_the_tables_wins() -> None:
    draft = with_files(page(REPORT, link("下载")), [read(link("下载"), REPORT, tables=2)])
    assert (draft.text_origin, len(draft.tables), draft.page_text) == ("attachment", 2, REPORT)


def test_a_file_that_goes_on_where_the_page_stops_wins() -> None:
    first = REPORT.split("\n二、")[0]
    draft = with_files(page(first, link("下载")), [read(link("下载"), REPORT)])
    assert (draft.text_origin, draft.text) == ("attachment", REPORT)


def test_an_annex_leaves_the_page_its_text_and_keeps_its_own() -> None:
    figures = "\n".join(f"第{n}执法大队\t{n * 31}\t{n * 7}" for n in range(1, 40))
    draft = with_files(page(REPORT, link("附件：统计表.xlsx")), [read(link("附件：统计表.xlsx"), figures)])
    assert (draft.text, draft.text_origin) == (REPORT, "page")
    assert roles(draft) == [FileRole.ANNEX]
    assert draft.attachments[0].file is not None
    assert draft.attachments[0].file.reading.text == figures


def test_of_two_files_the_one_named_as_the_report_is_it() -> None:
    other = "\n".join(f"第{n}条 会议议定了第{n * 17}项事务，由有关部门办理。" for n in range(1, 90))
    files = (link("会议纪要.pdf", "b.pdf"), link(f"{TITLE}.pdf"))
    draft = with_files(page("", *files), [read(files[0], other), read(files[1], REPORT)])
    assert draft.text == REPORT
    assert roles(draft) == [FileRole.ANNEX, FileRole.REPORT]


def test_the_report_in_two_formats_is_one_report() -> None:
    files = (link("报告.docx", "a.docx"), link("报告.pdf"))
    draft = with_files(page("", *files), [read(files[0], REPORT, file_type="docx"), read(files[1], REPORT)])
    assert sorted(map(str, roles(draft))) == ["report", "same"]


@pytest.mark.parametrize("outcome", [FileOutcome.NEEDS_OCR, FileOutcome.ENCRYPTED, FileOutcome.NOT_FETCHED])
def test_a_link_whose_file_says_nothing_is_attachment_only_with_the_reason(outcome: FileOutcome) -> None:
    draft = with_files(page("", link("报告.pdf")), [failed(link("报告.pdf"), outcome, "三页都是图片")])
    assert draft.flags == (Flag("attachment_only", f"报告.pdf: {outcome}: 三页都是图片"),)
    assert draft.text_origin == "page"


def test_a_whole_report_with_a_broken_file_is_held() -> None:
    draft = with_files(page(REPORT, link("报告.pdf")), [failed(link("报告.pdf"), FileOutcome.TRUNCATED)])
    assert (draft.text, draft.flags) == (REPORT, ())


def test_names_of_files_are_no_text_of_the_page() -> None:
    files = (link("2024年报告.pdf"), link("统计表.xlsx", "b.xlsx"))
    draft = page("附件：\n1.2024年报告.pdf\n统计表.xlsx\n附件2：其他.docx", *files)
    assert own_text(draft) == ""


def test_forms_films_and_pictures_beside_the_text_are_not_asked_for() -> None:
    files = (link("依申请公开申请表.doc", "f.doc"), link("视频", "v.mp4"), link("图.jpg", "p.jpg"), link("报告.pdf"))
    choices = files_to_ask_for(page(REPORT, *files))
    assert [choice.why_not for choice in choices] == [
        "a form: 申请表",
        "a film, a recording or slides",
        "a picture beside the text",
        None,
    ]
    assert [choice.why_not for choice in files_to_ask_for(page("", link("图.jpg", "p.jpg")))] == [None]


def test_a_page_of_many_files_is_not_emptied() -> None:
    files = tuple(link(f"{n}.pdf", f"{n}.pdf") for n in range(MOST_FILES + 3))
    assert sum(choice.why_not is None for choice in files_to_ask_for(page(REPORT, *files))) == MOST_FILES


def test_files_of_a_page_that_is_plainly_no_report_are_left_alone() -> None:
    assert not is_worth_files(page(REPORT, link("a.pdf")), is_report=False)
    assert is_worth_files(page("", link("a.pdf")), is_report=False)
    assert not is_worth_files(page(REPORT), is_report=True)


def test_what_was_not_wanted_is_a_row_with_its_reason() -> None:
    draft = with_files(page(REPORT, link("表.doc")), [not_wanted(link("表.doc"), "a form: 表")])
    assert draft.attachments[0].file is not None
    assert draft.attachments[0].file.reading == FileText(FileOutcome.NOT_WANTED, detail="a form: 表")


def test_a_file_that_cannot_be_had_takes_nothing_from_a_held_report() -> None:
    draft = with_files(page("", link("报告.pdf")), [failed(link("报告.pdf"), FileOutcome.NOT_FETCHED, "timeout")])
    assert no_document(draft, held=True) == (Outcome.WRONG_CONTENT, "its file 报告.pdf: not_fetched: timeout")
    assert no_document(draft, held=False) is None


def test_a_scan_in_place_of_a_held_report_is_news() -> None:
    draft = with_files(page("", link("报告.pdf")), [failed(link("报告.pdf"), FileOutcome.NEEDS_OCR)])
    assert no_document(draft, held=True) is None


def test_every_block_of_a_file_s_text_makes_the_text() -> None:
    draft = with_files(page("", link("报告.pdf")), [read(link("报告.pdf"), f"{TITLE[:8]}\n{TITLE[8:]}\n{REPORT}")])
    assert "\n".join(block.text for block in draft.blocks) == draft.text == REPORT
    assert isinstance(draft.blocks[0], Block)
