"""``nianbao read`` of reports that are files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployments.portal import demo_network
from deployments.portal.documents import Document, Grid
from deployments.portal.files import pdf, word
from deployments.portal.files.typesetting import full_rows, typeset
from scrapers.records import ReportType
from tests.flows.command_line import nianbao


@pytest.fixture(scope="module")
def report() -> Document:
    documents: Iterator[Document] = (
        row.document
        for site in demo_network().sites
        for column in getattr(site, "columns", ())
        for row in column.rows
        if row.document is not None and row.document.report_type is ReportType.DISCLOSURE
    )
    return next(documents)


def test_a_pdf_is_read_as_a_report_with_its_tables_and_pages(report: Document, tmp_path: Path) -> None:
    file = tmp_path / "年度报告.pdf"
    file.write_bytes(pdf.pdf(typeset(report.title, report.blocks)))
    done = nianbao("read", str(file), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    shown = json.loads(done.stdout)
    assert (shown["title"], shown["report_type"], shown["report_year"]) == (
        report.title,
        "disclosure",
        report.report_year,
    )
    assert shown["files"][0]["outcome"] == "read"
    assert [section["role"] for section in shown["sections"]][:3] == ["overview", "proactive", "applications"]
    grids = [block for block in report.blocks if isinstance(block, Grid)]
    assert [table["rows"][0] for table in shown["tables"]] == [full_rows(grid)[0] for grid in grids]
    assert shown["figures"], "statutory tables of a file are figures as those of a page"
    assert shown["pages"][0] == 1
    assert shown["pages"][-1] == shown["files"][0]["pages"]
    assert {one["rule"] for one in shown["removed"]} >= {"title_repeated", "page_number"}


def test_the_same_report_is_the_same_text_in_every_form(report: Document, tmp_path: Path) -> None:
    texts = set()
    for name, body in (
        ("a.docx", word.docx(report.title, report.blocks)),
        ("a.doc", word.doc(report.title, report.blocks)),
        ("a.rtf", word.rtf(report.title, report.blocks)),
    ):
        (tmp_path / name).write_bytes(body)
        texts.add(json.loads(nianbao("read", str(tmp_path / name), folder=tmp_path).stdout)["text"])
    assert len(texts) == 1


def test_a_scan_is_a_document_without_text_and_says_why(tmp_path: Path) -> None:
    (tmp_path / "scan.pdf").write_bytes(pdf.scanned_pdf(2))
    shown = json.loads(nianbao("read", str(tmp_path / "scan.pdf"), folder=tmp_path).stdout)
    assert (shown["text"], shown["files"][0]["outcome"]) == ("", "needs_ocr")
    assert {
        "flag": "attachment_only",
        "snippet": "scan.pdf: needs_ocr: 2 of 2 pages are pictures without text",
    } in shown["evidence"]


def test_doctor_says_what_is_lost_without_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = nianbao("doctor", folder=tmp_path)
    assert "not installed, so without: reports packed as RAR; apt-get install libarchive-tools" in done.stdout
