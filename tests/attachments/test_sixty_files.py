"""Ten kinds of file, six of each, with known text: how much of it is read, and where its cells stand."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest

from scrapers.reading.assembly import restore
from scrapers.reading.attachments.file_reader import FileReader
from scrapers.records import FileOutcome, FileText
from tests.attachments.made_files import EMBEDDED_FONT, KINDS, Made, of_kind
from tests.attachments.measures import five_gram_f1, right_cells

F1, CELLS = 0.99, 0.98


@pytest.fixture(scope="module")
def reader() -> Iterator[FileReader]:
    with FileReader() as one:
        yield one


@pytest.fixture(scope="module", params=KINDS)
def six(request: pytest.FixtureRequest, reader: FileReader) -> list[tuple[Made, FileText]]:
    kind: str = request.param
    if kind == "pdf_embedded" and not EMBEDDED_FONT.exists():
        pytest.skip(
            f"{EMBEDDED_FONT} is not there: apt-get install fonts-wqy-zenhei, to make PDFs with embedded subsets"
        )
    files = of_kind(kind)
    if kind == "packed" and shutil.which("bsdtar") is None:
        print("bsdtar is not installed: the RAR is left out (apt-get install libarchive-tools)")
        files = [file for file in files if not file.name.endswith(".rar")]
    return [(file, reader.read(file.body, file.name)) for file in files]


def test_every_file_is_read(six: list[tuple[Made, FileText]]) -> None:
    assert [(file.name, found.outcome, found.detail) for file, found in six] == [
        (file.name, FileOutcome.READ, None) for file, _ in six
    ]


def test_the_text_is_whole_and_nothing_is_made_up(six: list[tuple[Made, FileText]]) -> None:
    scores = {file.name: five_gram_f1(found.text, file.whole) for file, found in six}
    assert min(scores.values()) >= F1, scores


def test_paragraphs_are_those_of_the_document(six: list[tuple[Made, FileText]]) -> None:
    for file, found in six:
        lines = "\n".join(block.text for block in found.blocks if block.kind != "table")
        assert five_gram_f1(lines, file.text) >= F1, file.name
        if file.text:
            same = sum(line in set(lines.split("\n")) for line in file.text.split("\n"))
            assert same >= 0.95 * len(file.text.split("\n")), file.name


def test_cells_stand_where_they_stood(six: list[tuple[Made, FileText]]) -> None:
    for file, found in six:
        right, total = right_cells([table.rows for table in found.tables], file.tables)
        assert right >= CELLS * total, (file.name, right, total)
        assert len(found.tables) == len(file.tables), file.name


def test_blocks_make_the_text_and_removals_give_the_rest_back(six: list[tuple[Made, FileText]]) -> None:
    for file, found in six:
        assert "\n".join(block.text for block in found.blocks) == found.text, file.name
        whole = "".join(restore(found.text, found.removed).split())
        for removal in found.removed:
            assert "".join(removal.text.split()) in whole
        assert {block.table for block in found.blocks if block.kind == "table"} == set(range(len(found.tables)))


def test_pages_are_numbered_where_the_file_has_pages(six: list[tuple[Made, FileText]]) -> None:
    for _, found in six:
        if found.file_type not in ("pdf", "ofd"):
            continue
        pages = [block.page for block in found.blocks if block.page is not None]
        assert len(pages) == len(found.blocks)
        assert pages[0] == 1
        assert sorted(pages) == pages
        assert found.pages is not None
        assert pages[-1] in (found.pages, found.pages - 1)
