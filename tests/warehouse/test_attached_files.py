"""What is kept of attached files: roles, outcomes, each text once, pages; and what the next crawl is told of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import (
    AttachedFile,
    Attachment,
    Batch,
    Block,
    Capture,
    FileOutcome,
    FileRole,
    FileText,
    Flag,
    Outcome,
    Report,
)
from tests.warehouse.sample_batches import ANNEX, MORNING, SOURCE, address, capture, report
from warehouse.ledgers.crawl_ledger import FILE_TRIES, read_ledgers

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]
FILE = "http://www.pujiang.test/a.pdf"


def batch(run: str, made: Report, *captures: Capture) -> Batch:
    return Batch(run, SOURCE, 0, captures=captures, reports=(made,))


def with_file(number: int, page: Capture, file: AttachedFile | None, **changes: Any) -> Report:
    made = report(number, read_from=page)
    draft = dataclasses.replace(made.draft, attachments=(Attachment("附件", "a.pdf", FILE, file),), **changes)
    return dataclasses.replace(made, draft=draft)


def missing(outcome: str = "timeout") -> AttachedFile:
    return AttachedFile(FileText(FileOutcome.NOT_FETCHED, detail=f"{outcome}: x"))


def known(warehouse: Path) -> Any:
    return read_ledgers(warehouse, [SOURCE])[SOURCE].pages[address(1)]


def test_a_file_is_a_row_with_its_role_and_its_text_once(load: Load, ask: Ask) -> None:
    pages = [capture(1), capture(2)]
    load(*(batch(f"run-{n}", with_file(n, page, ANNEX), page) for n, page in enumerate(pages, 1)))
    assert (
        ask("SELECT label, role, outcome, file_type, bytes, text, page_starts FROM attachments")
        == [("附件", "annex", "read", "pdf", 90, "附件的正文", [1])] * 2
    )
    assert ask("SELECT digest, text_length FROM core_file_texts") == [("sha256:file", 5)]


def test_a_text_that_is_a_file_s_has_its_pages_and_the_page_s_own_text(load: Load, ask: Ask) -> None:
    page = capture(1)
    file = dataclasses.replace(ANNEX, role=FileRole.REPORT)
    made = report(1, read_from=page).draft
    blocks = tuple(dataclasses.replace(block, page=1 + n // 3) for n, block in enumerate(made.blocks))
    load(batch("run-1", with_file(1, page, file, blocks=blocks, text_origin="attachment", page_text="附件"), page))
    assert ask("SELECT text_origin FROM reports") == [("attachment",)]
    assert ask("SELECT page_text FROM report_texts") == [("附件",)]
    assert ask("SELECT page FROM blocks ORDER BY position") == [(block.page,) for block in blocks]
    assert isinstance(blocks[0], Block)


def test_a_file_read_anew_replaces_its_text(load: Load, ask: Ask) -> None:
    page = capture(1)
    load(batch("run-1", with_file(1, page, ANNEX), page))
    again = dataclasses.replace(ANNEX, reading=dataclasses.replace(ANNEX.reading, text="识别出的正文", confidence=0.9))
    load(batch("run-2", with_file(1, page, again)))
    assert ask("SELECT text, confidence FROM core_file_texts") == [("识别出的正文", 0.9)]


def test_a_report_read_before_files_were_is_read_again_whole(load: Load, warehouse: Path) -> None:
    page = capture(1)
    load(batch("run-1", with_file(1, page, None), page))
    assert known(warehouse).files_missing
    assert (known(warehouse).etag, known(warehouse).last_modified) == (None, None)
    load(batch("run-2", with_file(1, page, ANNEX)))
    assert not known(warehouse).files_missing
    assert known(warehouse).etag == page.etag


@pytest.mark.parametrize(
    ("outcome", "again"), [(Outcome.TIMEOUT, True), (Outcome.SERVER_ERROR, True), (Outcome.GONE, False)]
)
def test_a_file_that_may_yet_come_is_asked_for_again(
    load: Load, warehouse: Path, outcome: Outcome, again: bool
) -> None:
    page = capture(1)
    file = capture(7, url=FILE, final_url=FILE, outcome=outcome, digest=None)
    load(batch("run-1", with_file(1, page, missing(outcome)), page, file))
    assert known(warehouse).files_missing is again


def test_a_file_that_never_comes_is_given_up(load: Load, warehouse: Path) -> None:
    page = capture(1)
    for number in range(FILE_TRIES):
        assert number == 0 or known(warehouse).files_missing
        file = capture(
            7 + number,
            url=FILE,
            final_url=FILE,
            outcome=Outcome.TIMEOUT,
            digest=None,
            at=MORNING + timedelta(days=number),
        )
        load(batch(f"run-{number}", with_file(1, page, missing()), *((page,) if number == 0 else ()), file))
    assert not known(warehouse).files_missing


def test_why_a_report_has_no_text_is_a_problem_with_advice(load: Load, ask: Ask) -> None:
    page = capture(1)
    scan = AttachedFile(FileText(FileOutcome.NEEDS_OCR, "pdf", "3 of 3 pages are pictures"), digest="sha256:scan")
    made = with_file(1, page, scan, text_origin="page", flags=(Flag("attachment_only", "附件: needs_ocr: 3 of 3"),))
    load(batch("run-1", made, page))
    ((kind, url, outcome, detail, advised),) = ask(
        "SELECT kind, url, outcome, detail, advice IS NOT NULL FROM problems WHERE kind = 'attachment'"
    )
    assert (kind, url, outcome, advised) == ("attachment", FILE, "needs_ocr", True)
    assert detail == f"3 of 3 pages are pictures (on {address(1)})"


def test_a_further_page_that_is_lacking_is_a_problem_and_no_file(load: Load, ask: Ask) -> None:
    page = capture(1)
    lacking = FileText(FileOutcome.NOT_FETCHED, detail="timeout")
    made = with_file(
        1, page, AttachedFile(lacking, FileRole.PAGE), text_origin="page", flags=(Flag("pages_missing", "page 2 of 2"),)
    )
    load(batch("run-1", made, page))
    assert ask("SELECT url, outcome, detail FROM problems WHERE kind = 'attachment'") == [
        (FILE, "not_fetched", f"timeout (on {address(1)})")
    ]
    assert ask("SELECT attachments, missing_sections FROM reports") == [(0, None)]


def test_every_way_a_file_ends_is_explained(ask: Ask) -> None:
    told = {outcome for (outcome,) in ask("SELECT outcome FROM outcomes")}
    assert {outcome.value for outcome in FileOutcome} - told == {"read", "not_wanted"}


def test_the_file_of_a_text_is_known_and_a_new_one_is_a_change_of_the_site(
    load: Load, warehouse: Path, ask: Ask
) -> None:
    page = capture(1)
    before = report(1, read_from=page).draft
    link = with_file(1, page, None, text="附件", blocks=(), tables=(), removed=())
    load(batch("run-0", dataclasses.replace(link, sections=(), text_digest="sha256:0"), page))
    for number, digest in ((1, "sha256:file"), (2, "sha256:another")):
        file = dataclasses.replace(ANNEX, role=FileRole.REPORT, digest=digest)
        blocks = (*before.blocks, Block("paragraph", f"第{number}稿"))
        text = "\n".join(block.text for block in blocks)
        made = with_file(1, page, file, text=text, blocks=blocks, text_origin="attachment")
        load(batch(f"run-{number}", dataclasses.replace(made, text_digest=f"sha256:{number}")))
        assert known(warehouse).text_file.digest == digest
    assert ask("SELECT cause, payload_digest FROM core_versions ORDER BY version") == [
        ("first", page.digest), ("reread", "sha256:file"), ("published", "sha256:another"),
    ]  # fmt: skip
