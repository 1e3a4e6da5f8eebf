"""Files as LibreOffice writes them: our readers held against a writer that is not ours."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deployments.portal.files import word
from scrapers.reading.attachments.programs import Program
from scrapers.reading.attachments.reading import read_file
from scrapers.records import FileOutcome
from tests.attachments.made_files import documents, made, python_docx
from tests.attachments.measures import five_gram_f1, right_cells

FILTERS = {"doc": "doc:MS Word 97", "rtf": "rtf", "pdf": "pdf", "docx": "docx:MS Word 2007 XML"}


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    soffice = shutil.which(Program.SOFFICE)
    if soffice is None:
        pytest.skip(
            "soffice is not installed: apt-get install libreoffice-writer-nogui, to hold the readers against it"
        )
    folder = tmp_path_factory.mktemp("libreoffice")
    for ending, how in FILTERS.items():
        for number in (0, 1):
            document = documents()[number]
            # a DOC keeps the numbers that its lists count in a form that is not read: there they are typed
            counted = word.docx(document.title, document.blocks) if ending == "doc" else python_docx(document)
            (folder / f"{number}.docx").write_bytes(counted)
        command = [soffice, f"-env:UserInstallation=file://{folder}/profile", "--headless", "--convert-to", how]
        out = folder / ending
        files = [str(folder / f"{number}.docx") for number in (0, 1)]
        subprocess.run([*command, "--outdir", str(out), *files], capture_output=True, timeout=240, check=True)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("ending", FILTERS)
def test_what_libreoffice_writes_is_read_word_for_word(converted: Path, ending: str) -> None:
    for number in (0, 1):
        document = documents()[number]
        found = read_file((converted / ending / f"{number}.{ending}").read_bytes(), f"a.{ending}")
        truth = made("a", b"", document)
        assert found.outcome is FileOutcome.READ, found.detail
        assert five_gram_f1(found.text, truth.whole) >= 0.99
        right, total = right_cells([table.rows for table in found.tables], truth.tables)
        assert right >= 0.98 * total, (ending, right, total)
