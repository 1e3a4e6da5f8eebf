"""Scans: what an engine saw becomes lines, paragraphs and tables; what it is not sure of is not taken."""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from deployments.portal.files import pdf
from deployments.portal.files.typesetting import Page, Text, typeset
from scrapers.reading.attachments import recognition
from scrapers.reading.attachments.drawn_rules import drawn_rules
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.reading.attachments.recognised_texts import RecognisedText, RecognisedTextError, RecognisedTexts
from scrapers.reading.attachments.recognition import (
    MISSING,
    RECOGNITION_LIMITS,
    EngineMissingError,
    Picture,
    RecognisedLine,
    engine_version,
    recognise_file,
)
from scrapers.records import FileOutcome, FileText, ReportType
from tests.attachments.made_files import EMBEDDED_FONT, Made, documents, made
from tests.attachments.measures import five_gram_f1, right_cells

LEAST_F1 = 0.98
"""Of 5-grams of a clean scan at 150 dots an inch; measured: 1.000."""
LEAST_CELLS = 0.97
"""Share of the cells of the statutory tables; measured: 394 of 396."""
SCAN = pdf.scanned_pdf(2)


def engine_is_there() -> bool:
    try:
        engine_version()
    except EngineMissingError:
        return False
    return True


needs_engine = pytest.mark.skipif(
    not engine_is_there(), reason="rapidocr is not installed: pip install 'nianbao[ocr]' to try real recognition"
)


def lines(*told: tuple[str, float, float], size: float = 12.0, confidence: float = 0.98) -> list[RecognisedLine]:
    """Lines at ``(text, x, y)`` in points of a page, as an engine would see them on a picture of 150 dots an inch."""
    dot = 72 / 150
    seen = []
    for text, x, y in told:
        width = sum(0.5 if char.isascii() else 1.0 for char in text) * size
        seen.append(RecognisedLine(text, confidence, x / dot, y / dot, (x + width) / dot, (y + size) / dot))
    return seen


def seeing(*pages: Sequence[RecognisedLine]) -> recognition.RecogniseLines:
    left = list(pages)
    return lambda _: left.pop(0)


FULL = "今年以来县政府深入推进法治政府建设压实责任补齐短板各项工作有序推进现将有关情"
FIRST = lines(("某县法治政府建设年度报告", 200, 80), (FULL, 72, 140), (FULL, 72, 160), ("况报告如下。", 72, 180))
SECOND = lines((FULL, 72, 80), ("(一)行政复议）办理", 96, 100), (FULL, 72, 120))


def test_lines_become_paragraphs_on_their_pages_with_a_mean_confidence() -> None:
    found = recognise_file(SCAN, recognise=seeing(FIRST, SECOND), engine="an engine 1.0")
    assert (found.outcome, found.pages, found.confidence) == (FileOutcome.READ, 2, 0.98)
    assert found.blocks[1].text == FULL + FULL + "况报告如下。"
    assert [block.page for block in found.blocks][-1] == 2
    (flag,) = found.flags
    assert (flag.name, flag.evidence) == (
        "recognised",
        "an engine 1.0, 2 of 2 pages, confidence 0.98 (by page 1: 0.98, 2: 0.98)",
    )


def test_boxes_that_wobble_part_no_paragraph() -> None:
    shaken = [
        RecognisedLine(one.text, one.confidence, one.x0 - 3 * (n % 2), one.top - 2 * n, one.x1 + n, one.bottom + 2 * n)
        for n, one in enumerate(lines((FULL, 72, 140), (FULL, 72, 160), ("况报告如下。", 72, 180)))
    ]
    found = recognise_file(pdf.scanned_pdf(1), recognise=seeing(shaken), engine="e")
    assert found.text == FULL + FULL + "况报告如下。"


def test_brackets_beside_chinese_letters_are_those_of_chinese_print() -> None:
    found = recognise_file(pdf.scanned_pdf(1), recognise=seeing(lines(("(一)依法（二)f(x)", 72, 80))), engine="e")
    assert found.text == "（一）依法（二）f(x)"


def test_a_text_of_low_confidence_is_not_taken_and_says_how_sure_the_engine_was() -> None:
    found = recognise_file(
        SCAN, recognise=seeing(lines((FULL, 72, 80), confidence=0.6), SECOND), engine="an engine 1.0"
    )
    assert (found.outcome, found.text, found.pages) == (FileOutcome.NEEDS_OCR, "", 2)
    assert found.detail == "an engine 1.0 has a confidence of 0.89, less than 0.90: not taken"


def test_a_page_read_badly_is_named_and_a_seal_is_counted_and_left_out() -> None:
    seal = lines(("※◎章", 300, 400), confidence=0.2)
    found = recognise_file(SCAN, recognise=seeing([*FIRST * 4], [*lines((FULL, 72, 80)), *seal]), engine="e")
    assert "章" not in found.text
    flags = {flag.name: flag.evidence for flag in found.flags}
    assert flags["recognised_poorly"] == "pages 2 (0.59)"
    assert flags["lines_not_recognised"].startswith("1 lines")


def test_pages_that_have_letters_keep_them() -> None:
    written = Page(texts=[Text(72, 100, 12, FULL), Text(72, 120, 12, FULL)])
    mixed = _joined(pdf.pdf([written]), pdf.scanned_pdf(2))
    found = recognise_file(mixed, recognise=seeing(FIRST, SECOND), engine="e")
    assert found.text.startswith(FULL)
    assert found.flags[0].evidence.startswith("e, 2 of 3 pages")


def test_a_table_is_found_by_the_lines_that_are_drawn() -> None:
    picture = np.full((1000, 1000, 3), 250, np.uint8)
    for at in (100, 150, 200):
        picture[at : at + 2, 100:700] = 30
        picture[100:200, at * 3 - 200 : at * 3 - 198] = 30
    rules = drawn_rules(picture, 0.5)
    assert [rule.top for rule in rules if rule.across] == pytest.approx([50, 75, 100], abs=1)
    assert sorted(rule.x0 for rule in rules if not rule.across) == pytest.approx([50, 125, 200], abs=1)
    text = np.full((1000, 1000, 3), 250, np.uint8)
    text[300:320, 100:140] = 30  # a thick stroke
    assert drawn_rules(text, 0.5) == []


@pytest.mark.parametrize(
    ("body", "outcome", "said"),
    [
        (b"{\\rtf1 nothing}", FileOutcome.NEEDS_OCR, "only PDF and pictures are"),
        (SCAN[:400], FileOutcome.TRUNCATED, "%%EOF"),
        (pdf.scanned_pdf(201), FileOutcome.NEEDS_OCR, "201 pages; at most 200 are recognised"),
    ],
)
def test_what_cannot_be_recognised_says_why(body: bytes, outcome: FileOutcome, said: str) -> None:
    found = recognise_file(body, recognise=seeing(), engine="e")
    assert found.outcome is outcome
    assert said in (found.detail or "")


def test_a_page_without_a_line_is_no_text() -> None:
    found = recognise_file(SCAN, recognise=seeing([], []), engine="e")
    assert (found.outcome, found.detail) == (FileOutcome.NEEDS_OCR, "e sees no line on 2 pages of pictures")


def test_a_scan_in_a_zip_is_recognised_as_the_member_it_is() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("report.pdf", SCAN)
    found = recognise_file(out.getvalue(), recognise=seeing(FIRST, SECOND), engine="e")
    assert (found.outcome, found.member) == (FileOutcome.READ, "report.pdf")


def test_without_the_engine_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: None)
    with pytest.raises(EngineMissingError, match=r"pip install 'nianbao\[ocr\]'"):
        engine_version()
    assert "nianbao[ocr]" in MISSING


# ------------------------------------------------------------------------------------------------ what is kept


def kept_in(folder: Path, body: bytes, reading: FileText) -> RecognisedTexts:
    import hashlib

    texts = RecognisedTexts(folder)
    texts.keep(f"sha256:{hashlib.sha256(body).hexdigest()}", RecognisedText("e", reading))
    return texts


def test_a_scan_has_the_text_that_was_recognised_of_it(tmp_path: Path) -> None:
    reading = recognise_file(SCAN, recognise=seeing(FIRST, SECOND), engine="e")
    texts = kept_in(tmp_path, SCAN, reading)
    with FileReader(recognised=texts) as reader:
        assert reader.read(SCAN, "a.pdf") == reading
        assert reader.read(pdf.scanned_pdf(3), "b.pdf").outcome is FileOutcome.NEEDS_OCR


def test_a_text_that_was_not_taken_leaves_its_reason(tmp_path: Path) -> None:
    texts = kept_in(tmp_path, SCAN, FileText(FileOutcome.NEEDS_OCR, detail="recognition: too unsure"))
    with FileReader(recognised=texts) as reader:
        found = reader.read(SCAN, "a.pdf")
    assert (found.outcome, found.text) == (FileOutcome.NEEDS_OCR, "")
    assert found.detail == "2 of 2 pages are pictures without text; recognition: too unsure"


def test_a_damaged_text_is_named_with_what_to_do(tmp_path: Path) -> None:
    texts = kept_in(tmp_path, SCAN, FileText(FileOutcome.READ, text="a"))
    (path,) = tmp_path.rglob("*.json")
    path.write_bytes(path.read_bytes()[:20])
    with FileReader(recognised=texts) as reader, pytest.raises(RecognisedTextError, match="delete it") as raised:
        reader.read(SCAN, "a.pdf")
    assert str(path) in str(raised.value)


# ------------------------------------------------------------------------------------------------ the engine itself


@pytest.fixture(scope="module")
def truths() -> list[Made]:
    if not EMBEDDED_FONT.exists():
        pytest.skip(f"{EMBEDDED_FONT} is not there: apt-get install fonts-wqy-zenhei, to draw scans")
    chosen = [next(one for one in documents() if one.report_type is kind) for kind in ReportType]
    return [made("scan.pdf", pdf.scan_of(pdf.pdf(typeset(one.title, one.blocks))), one) for one in chosen]


@pytest.mark.slow
@needs_engine
def test_scans_are_recognised_in_a_process_of_their_own(truths: list[Made]) -> None:
    with FileReader() as plain, FileReader(RECOGNITION_LIMITS, recognising=True) as reader:
        for one in truths:
            assert plain.read(one.body).outcome is FileOutcome.NEEDS_OCR
            found = reader.read(one.body)
            assert found.outcome is FileOutcome.READ, found.detail
            body = "".join(block.text for block in found.blocks if block.kind != "table")
            assert five_gram_f1(body, one.text) >= LEAST_F1
            assert found.confidence is not None
            assert found.confidence > 0.95
            right, total = right_cells([table.rows for table in found.tables], one.tables)
            assert right >= LEAST_CELLS * total


@pytest.mark.slow
@needs_engine
def test_the_engine_recognises_without_a_network(truths: list[Made], monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> socket.socket:
        raise AssertionError("the engine asks the network")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    recognition._engine.cache_clear()
    first = _first_page(truths[0].body)
    found = recognise_file(first)
    assert (found.outcome, found.pages) == (FileOutcome.READ, 1)


@pytest.mark.slow
@needs_engine
def test_a_picture_is_recognised_as_a_page(truths: list[Made]) -> None:
    import cv2
    import pypdfium2

    with pypdfium2.PdfDocument(truths[0].body) as document:
        picture: Picture = document[0].render(scale=150 / 72).to_numpy()[:, :, :3]
    _, encoded = cv2.imencode(".jpg", picture)
    found = recognise_file(encoded.tobytes())
    assert (found.outcome, found.file_type) == (FileOutcome.READ, "image")
    assert found.text.startswith(truths[0].text.splitlines()[0])


def _first_page(body: bytes) -> bytes:
    return _joined(body, pages=[0])


def _joined(*bodies: bytes, pages: list[int] | None = None) -> bytes:
    import pypdfium2

    with pypdfium2.PdfDocument.new() as whole:
        for body in bodies:
            with pypdfium2.PdfDocument(body) as document:
                whole.import_pages(document, pages)
        out = io.BytesIO()
        whole.save(out)
    return out.getvalue()
