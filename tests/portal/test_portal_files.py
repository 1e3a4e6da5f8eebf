"""The way of a report that is a file, from the column to the warehouse, on publishers who do it in every form."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployments.portal import FILES_SOURCES, Network, Portal, files_network
from deployments.portal.documents import Grid
from deployments.portal.files.site import FilesSite, Served
from flows.crawling.crawl_run import crawl_plainly
from flows.rereading.pieces import reread_piece
from flows.rereading.reprocess_run import Rereading
from flows.settings import Settings
from scrapers.reading.words import tokens
from scrapers.sources.registry import load_sources
from warehouse.checks import run_checks
from warehouse.coverage import coverage_table
from warehouse.database import writing
from warehouse.export import export
from warehouse.query import run_sql
from warehouse.search import Filters, search_reports

YEARS = range(2017, 2026)


@pytest.fixture(scope="module")
def files() -> Network:
    return files_network(YEARS)


@pytest.fixture(scope="module")
def served(files: Network) -> dict[str, Served]:
    """Every report of the network by its address."""
    found = {}
    for site in files.sites:
        assert isinstance(site, FilesSite)
        found.update({f"http://{site.host}{path}": one for path, one in site.served.items()})
    return found


@pytest.fixture(scope="module")
def crawled(files: Network, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Portal]]:
    folder = tmp_path_factory.mktemp("files")
    with Portal(files) as portal:
        settings = Settings(
            data_dir=folder, sources_dir=FILES_SOURCES, proxy=portal.url, pace_seconds=0, allow_private_addresses=True
        )
        registry = load_sources(FILES_SOURCES)
        crawl_plainly(settings, registry, registry)
        yield settings, portal


def rows(crawled: tuple[Settings, Portal], sql: str) -> list[tuple[Any, ...]]:
    return list(run_sql(crawled[0].reader_path, sql).rows)


def test_every_report_is_held_in_the_form_in_which_it_came(
    crawled: tuple[Settings, Portal], served: dict[str, Served]
) -> None:
    held = {
        url: (outcome, role)
        for url, outcome, role in rows(crawled, "SELECT report_url, outcome, role FROM attachments")
    }
    assert held == {
        url: (one.form.outcome, one.form.role if one.form.outcome == "read" else None) for url, one in served.items()
    }
    assert len(held) == 36


def test_the_text_is_the_document_s_and_says_where_it_comes_from(
    crawled: tuple[Settings, Portal], served: dict[str, Served]
) -> None:
    for url, text, origin, length in rows(
        crawled, """SELECT url, "text", text_origin, text_length FROM report_texts"""
    ):
        one = served[url]
        if one.form.outcome != "read":
            assert (origin, length < 60) == ("page", True)
            continue
        assert origin == ("attachment" if one.form.role == "report" else "page"), one.form_name
        lines = [block.text for block in one.document.blocks if not isinstance(block, Grid)]
        assert sum(line in text for line in lines) >= 0.95 * len(lines), one.form_name


def test_sections_figures_words_and_tables_are_those_of_a_page(crawled: tuple[Settings, Portal]) -> None:
    ((sections, figures, terms, tables),) = rows(
        crawled,
        """WITH f AS (SELECT document_id FROM reports WHERE text_origin = 'attachment' AND report_year >= 2021)
        SELECT
            (SELECT min(n) FROM (
                SELECT count(*) AS n FROM sections SEMI JOIN f USING (document_id) GROUP BY document_id)),
            (SELECT count(DISTINCT document_id) FROM figures SEMI JOIN f USING (document_id) WHERE origin = 'table'),
            (SELECT count(DISTINCT document_id) FROM core_terms SEMI JOIN f USING (document_id)),
            (SELECT count(*) FROM core_tables SEMI JOIN f USING (document_id))""",
    )
    assert sections >= 4
    assert figures >= 6
    assert terms >= 12
    assert tables >= 18


def test_a_quotation_is_found_again_on_its_page(crawled: tuple[Settings, Portal], served: dict[str, Served]) -> None:
    found = rows(crawled, "SELECT url, page, \"text\" FROM blocks WHERE page IS NOT NULL AND kind = 'paragraph'")
    assert {served[url].form.ending for url, _, _ in found} == {"pdf", "ofd"}
    ((page, text, starts),) = rows(
        crawled,
        """SELECT b.page, a."text"[a.page_starts[b.page] :], a.page_starts
        FROM blocks b JOIN attachments a ON a.document_id = b.document_id AND a.role = 'report'
        WHERE b.page = 2 AND contains(a."text"[a.page_starts[2] :], b."text")
        ORDER BY b.document_id, b."position" LIMIT 1""",
    )
    assert page == 2
    assert text
    assert starts == sorted(starts)


def test_coverage_says_held_or_why_not(crawled: tuple[Settings, Portal], served: dict[str, Served]) -> None:
    answer = coverage_table(crawled[0].reader_path)
    place = {
        name: answer.columns.index(name) for name in ("publisher", "report_type", "report_year", "state", "detail")
    }
    told = {
        (row[place["publisher"]], row[place["report_type"]], row[place["report_year"]]): (
            row[place["state"]], row[place["detail"]],
        )
        for row in answer.rows
    }  # fmt: skip
    publishers = {"www.songpu-demo.gov.cn": "松浦县人民政府", "www.hengtang-demo.gov.cn": "横塘县人民政府"}
    for url, one in served.items():
        key = (publishers[url.split("/")[2]], one.document.report_type, one.document.report_year)
        state, detail = told[key]
        if one.form.outcome == "read":
            assert state == "held", one.form_name
        else:
            assert state == "attachment_only", one.form_name
            assert one.form.outcome in detail


def test_problems_name_the_file_and_what_to_do(crawled: tuple[Settings, Portal]) -> None:
    told = rows(
        crawled,
        "SELECT outcome, count(*), bool_and(advice IS NOT NULL) FROM problems WHERE kind = 'attachment' GROUP BY 1",
    )
    assert {outcome: (n, advised) for outcome, n, advised in told} == dict.fromkeys(
        ("needs_ocr", "encrypted", "truncated", "mislabelled", "not_fetched"), (2, True)
    )


def test_search_finds_what_stands_in_a_file_alone(crawled: tuple[Settings, Portal], served: dict[str, Served]) -> None:
    held = rows(
        crawled, "SELECT url FROM reports WHERE text_origin = 'attachment' AND report_type = 'disclosure' LIMIT 1"
    )
    words = tokens(f"{served[held[0][0]].document.title} 行政复议")
    answer = search_reports(crawled[0].reader_path, " ".join(words), words=words, filters=Filters())
    assert held[0][0] in {row[answer.columns.index("url")] for row in answer.rows}


def test_files_are_archived_and_their_captures_are_rows(crawled: tuple[Settings, Portal]) -> None:
    assert rows(
        crawled,
        """SELECT count(*) FROM attachments a LEFT JOIN raw_captures c ON c.capture_id = a.capture_id
        WHERE a.outcome <> 'not_wanted' AND (c.warc_file IS NULL OR (a.digest IS NOT NULL AND c.digest <> a.digest))""",
    ) == [(0,)]


def test_no_check_is_offended(crawled: tuple[Settings, Portal]) -> None:
    with writing(crawled[0].warehouse_path, "check") as connection:
        assert [result.check.name for result in run_checks(connection) if result.rows] == []


def test_the_next_crawl_asks_for_no_page_and_no_file_again(crawled: tuple[Settings, Portal]) -> None:
    settings, portal = crawled
    before = len(portal.log)
    registry = load_sources(FILES_SOURCES)
    summary = crawl_plainly(settings, registry, registry)
    asked = [access.url for access in portal.log[before:]]
    assert summary.new == 0
    assert [url for url in asked if "downfile" in url or "/P0" in url or "/t20" in url or "/art/" in url] == []


def test_the_archive_read_anew_gives_the_same_texts_files_included(crawled: tuple[Settings, Portal]) -> None:
    settings, portal = crawled
    before = len(portal.log)
    asked = """SELECT r.url, r.text_digest, r.text_origin, a.role, a.outcome, a.digest, a.capture_id
        FROM core_reports r JOIN core_attachments a ON a.document_id = r.document_id AND a."version" = r."version"
        WHERE r.state = 'accepted' ORDER BY ALL"""
    held = rows(crawled, asked)
    with Rereading(settings, load_sources(FILES_SOURCES)) as rereading:
        for piece in rereading.pieces:
            rereading.take(reread_piece(rereading.job, piece))
    assert rereading.summary().reports == rereading.summary().pages == 40
    assert rereading.summary().changed == {}
    assert rows(crawled, asked) == held
    assert len(portal.log) == before, "no site is asked"


def test_an_export_has_the_files_and_their_texts(crawled: tuple[Settings, Portal], tmp_path: Path) -> None:
    done = export(crawled[0].reader_path, tmp_path / "out", version="1")
    assert done.rows["attachments"] == done.rows["reports"] == 36
