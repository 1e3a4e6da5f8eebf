"""Scans of a crawl become reports with a text: once, marked as recognised, and gone on with after a kill."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deployments.portal import FILES_SOURCES, Portal, files_network
from deployments.portal.files.site import FilesSite
from flows.commands.recognise import show_result
from flows.crawling.crawl_run import crawl_plainly
from flows.recognising.recognition_run import RecognitionRun, RecognitionScope, RecognitionSummary, recognise_plainly
from flows.rereading.reprocess_run import ReprocessScope, reprocess_plainly
from flows.settings import Settings
from scrapers.reading.attachments.recognition import EngineMissingError, engine_version
from scrapers.records import Block, FileOutcome, FileText, Flag
from scrapers.sources.registry import load_sources
from tests.flows.command_line import nianbao
from warehouse.checks import run_checks
from warehouse.database import writing
from warehouse.query import run_sql

REGISTRY = load_sources(FILES_SOURCES)
ENGINE = "an engine 1.0"
SENTENCES = (
    "一、推进法治政府建设的主要举措和成效",
    "一年来全面落实行政执法公示制度，审核重大执法决定31件。",
    "二、存在的不足和原因",
    "少数单位依法行政的能力有待提高，执法监督的力度还不够。",
    "三、党政主要负责人履行推进法治建设第一责任人职责情况",
    "主要负责人召开法治建设专题会议4次，研究解决重大问题。",
    "四、下一年度推进法治政府建设的主要安排",
    "持续规范行政执法，加强行政复议工作，化解行政争议。",
)


def text_of_scan(confidence: float = 0.97) -> FileText:
    """What an engine makes of every scan of these tests."""
    blocks = tuple(Block("paragraph", sentence, page=1) for sentence in SENTENCES)
    flag = Flag("recognised", f"{ENGINE}, 4 of 4 pages, confidence {confidence}")
    return FileText(
        FileOutcome.READ,
        "pdf",
        text="\n".join(SENTENCES),
        blocks=blocks,
        pages=4,
        confidence=confidence,
        flags=(flag,),
    )


class Engine:
    """Counts what it is asked for."""

    def __init__(self, found: FileText | None = None) -> None:
        self.found = found or text_of_scan()
        self.asked: list[bytes] = []

    def __call__(self, body: bytes, name: str | None = None) -> FileText:
        self.asked.append(body)
        return self.found


@pytest.fixture(scope="module")
def crawled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A crawl of sites whose reports are files, two of them scans."""
    folder = tmp_path_factory.mktemp("scans")
    network = files_network(range(2017, 2026))
    assert all(isinstance(site, FilesSite) for site in network.sites)
    with Portal(network) as portal:
        crawl_plainly(of(folder, proxy=portal.url), REGISTRY, REGISTRY)
    return folder


@pytest.fixture
def data(crawled: Path, tmp_path: Path) -> Path:
    return shutil.copytree(crawled, tmp_path / "data")


def of(data: Path, **given: Any) -> Settings:
    return Settings(data_dir=data, sources_dir=FILES_SOURCES, pace_seconds=0, allow_private_addresses=True, **given)


def recognised(data: Path, engine: Engine, name: str = ENGINE, **asked: Any) -> RecognitionSummary:
    return recognise_plainly(of(data), REGISTRY, RecognitionScope(**asked), engine, name)


def rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    return list(run_sql(of(data).reader_path, sql).rows)


SCANS = "SELECT count(*) FROM reports WHERE text_origin = 'recognised'"


def test_a_recognised_scan_is_held_with_its_text_and_says_that_it_is_recognised(data: Path) -> None:
    engine = Engine()
    assert rows(data, "SELECT count(*) FROM reports WHERE list_contains(flags, 'attachment_only')")[0][0] > 2
    summary = recognised(data, engine)
    assert (len(summary.files), summary.taken, summary.reports, summary.left) == (2, 2, 2, 0)
    assert (summary.pages, summary.problems) == (8, ())
    assert len(engine.asked) == 2
    held = rows(
        data,
        "SELECT text_origin, confidence, list_contains(flags, 'recognised'), list_contains(flags, 'attachment_only'), "
        "text_length > 100 FROM reports WHERE confidence IS NOT NULL",
    )
    assert held == [("recognised", 0.97, True, False, True)] * 2
    cells = rows(data, "SELECT state, count(*) FROM coverage JOIN reports USING (document_id) "
                       "WHERE reports.text_origin = 'recognised' GROUP BY ALL")  # fmt: skip
    assert cells == [("held", 2)]
    assert rows(data, "SELECT DISTINCT cause FROM core_versions WHERE text_origin = 'recognised'") == [("reread",)]
    assert rows(data, "SELECT DISTINCT outcome, confidence FROM attachments WHERE confidence IS NOT NULL") == [
        ("read", 0.97)
    ]
    assert rows(data, "SELECT count(*) FROM problems WHERE outcome = 'needs_ocr'") == [(0,)]
    evidence = rows(data, "SELECT DISTINCT evidence FROM core_flags WHERE flag = 'recognised'")
    assert evidence == [(f"{ENGINE}, 4 of 4 pages, confidence 0.97",)]
    assert rows(data, "SELECT count(DISTINCT document_id) FROM sections WHERE role = 'next_year' AND document_id IN "
                      "(SELECT document_id FROM reports WHERE text_origin = 'recognised')")[0][0] >= 1  # fmt: skip
    assert rows(data, "SELECT kind, state FROM raw_runs WHERE kind = 'recognise'") == [("recognise", "completed")]
    with writing(of(data).warehouse_path, "check") as connection:
        assert [result.check.name for result in run_checks(connection) if result.rows] == []


def test_a_second_run_recognises_nothing_and_a_newer_engine_leaves_what_is_held(data: Path) -> None:
    recognised(data, Engine())
    for name in (ENGINE, "an engine 2.0"):
        engine = Engine()
        summary = recognised(data, engine, name)
        assert (engine.asked, summary.reports) == ([], 0)
    again = Engine(text_of_scan(0.99))
    assert recognised(data, again, "an engine 2.0", again=True).reports == 2
    assert rows(data, "SELECT DISTINCT confidence FROM reports WHERE text_origin = 'recognised'") == [(0.99,)]


def test_a_text_that_is_not_taken_leaves_the_report_without_one_and_says_why(data: Path) -> None:
    unsure = Engine(FileText(FileOutcome.NEEDS_OCR, "pdf", "a confidence of 0.61, less than 0.90: not taken", pages=4))
    summary = recognised(data, unsure)
    assert (summary.taken, summary.reports) == (0, 2)
    assert rows(data, SCANS) == [(0,)]
    told = rows(data, "SELECT DISTINCT state, detail LIKE '%recognition: a confidence of 0.61%' FROM coverage "
                      "WHERE detail LIKE '%needs_ocr%'")  # fmt: skip
    assert told == [("attachment_only", True)]
    assert recognised(data, unsure).files == (), "the same engine would see the same"
    assert len(unsure.asked) == 2
    better = recognised(data, Engine(), "an engine 2.0")
    assert (better.taken, rows(data, SCANS)) == (2, [(2,)])


def test_a_file_that_ended_its_engine_is_not_tried_again_by_it(data: Path) -> None:
    dying = Engine(FileText(FileOutcome.TIMEOUT, detail="took longer than 3600 s"))
    recognised(data, dying)
    recognised(data, dying)
    assert len(dying.asked) == 2
    told = rows(data, "SELECT count(*) FROM coverage WHERE detail LIKE '%recognition: timeout: took longer%'")
    assert told == [(2,)]


def test_a_run_ends_with_its_pages_and_the_next_goes_on(data: Path) -> None:
    first = recognised(data, Engine(), limit=3)
    assert (len(first.files), first.left, rows(data, SCANS)) == (1, 1, [(1,)])
    second = recognised(data, Engine(), limit=3)
    assert (len(second.files), second.left, rows(data, SCANS)) == (1, 0, [(2,)])


def test_what_a_cut_run_recognised_is_loaded_by_the_next_and_not_recognised_again(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = RecognitionRun(of(data), REGISTRY, RecognitionScope(), Engine(), ENGINE)
    with run:
        run.recognise_next()
        run._to_read.clear()  # killed after the text was kept, and before it was loaded
    assert rows(data, SCANS) == [(0,)]
    engine = Engine()
    summary = recognised(data, engine)
    assert (len(engine.asked), summary.reports) == (1, 2)
    assert rows(data, SCANS) == [(2,)]


def test_an_error_of_the_engine_loses_nothing_that_was_done(data: Path) -> None:
    calls: list[int] = []

    def breaks(body: bytes, name: str | None) -> FileText:
        calls.append(1)
        if len(calls) > 1:
            raise RuntimeError("the disk is full")
        return text_of_scan()

    with pytest.raises(RuntimeError):
        recognise_plainly(of(data), REGISTRY, RecognitionScope(), breaks, ENGINE)
    assert rows(data, SCANS) == [(1,)]
    assert rows(data, "SELECT state FROM raw_runs WHERE kind = 'recognise'") == [("failed",)]


def test_a_reprocess_keeps_what_was_recognised(data: Path) -> None:
    recognised(data, Engine())
    before = rows(data, "SELECT url, text_digest FROM core_reports ORDER BY ALL")
    reprocess_plainly(of(data), REGISTRY, ReprocessScope())
    assert rows(data, SCANS) == [(2,)]
    assert rows(data, "SELECT url, text_digest FROM core_reports ORDER BY ALL") == before


def test_only_the_sources_asked_for_are_recognised(data: Path) -> None:
    engine = Engine()
    recognised(data, engine, source_ids=("qinglan/hengtang",))
    assert engine.asked == []


def test_an_archive_that_is_damaged_is_named_and_the_other_file_is_recognised(data: Path) -> None:
    (place,) = rows(
        data,
        "SELECT c.warc_file, c.warc_offset FROM core_attachments a JOIN raw_captures c USING (capture_id) "
        "WHERE a.outcome = 'needs_ocr' ORDER BY ALL LIMIT 1",
    )
    path = data / "archive" / place[0]
    body = bytearray(path.read_bytes())
    body[place[1] + 60] ^= 0xFF
    path.write_bytes(body)
    summary = recognised(data, Engine())
    assert (summary.taken, len(summary.problems)) == (1, 1)


def test_without_the_engine_the_command_says_what_to_install(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find_spec: Callable[..., Any] = importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name, *a: None if name == "rapidocr" else find_spec(name, *a)
    )
    given: dict[str, Any] = {"data_dir": str(data), "sources_dir": str(FILES_SOURCES)}
    done = nianbao("recognise", "--no-prefect", folder=data.parent, **given)
    assert done.returncode == 1
    assert "pip install 'nianbao[ocr]'" in done.stderr
    assert "not there, so without: the text of scans" in nianbao("doctor", folder=data.parent, **given).stdout


def test_the_result_is_a_row_a_file_and_a_sentence(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert show_result(recognised(data, Engine())) == 0
    assert capsys.readouterr().out.count("0.97") == 2


@pytest.mark.slow
def test_the_flow_recognises_the_scans_of_the_portal_with_the_real_engine(data: Path) -> None:
    try:
        engine_version()
    except EngineMissingError:
        pytest.skip("rapidocr is not installed: pip install 'nianbao[ocr]' to try real recognition")
    if not any(Path("/usr/share/fonts").rglob("wqy-zenhei*")):
        pytest.skip("the portal draws its scans with a Chinese font: apt-get install fonts-wqy-zenhei")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT_", "NIANBAO_"))}
    environment |= {"NIANBAO_DATA_DIR": str(data), "NIANBAO_SOURCES_DIR": str(FILES_SOURCES)}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "flows.cli", "recognise"],
        env=environment, capture_output=True, text=True, timeout=580, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    held = rows(data, "SELECT count(*), min(confidence) > 0.95, min(text_length) > 1000, count(missing_sections) "
                      "FROM reports WHERE text_origin = 'recognised'")  # fmt: skip
    assert held[0][:3] == (2, True, True)
    assert "2 taken, 2 reports read again; 0 files wait" in " ".join(done.stderr.split())
