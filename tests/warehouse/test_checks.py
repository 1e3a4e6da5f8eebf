"""Each check finds the row it is for, and is silent on a sound warehouse."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch, Block, Figure
from tests.warehouse.sample_batches import TEXT, capture, read_later, report, whole_batch
from warehouse.checks import checks, last_load, run_checks
from warehouse.database import writing
from warehouse.errors import ChecksFailedError
from warehouse.readers import publish

DAMAGE = {
    "version_without_report": "DELETE FROM core_reports WHERE document_id = 'doc-1'",
    "address_without_report": "INSERT INTO core_addresses SELECT 'nobody', url, first_seen_at, last_seen_at "
    "FROM core_addresses LIMIT 1",
    "report_not_at_its_address": "DELETE FROM core_addresses WHERE document_id = 'doc-1'",
    "text_cut_short": 'UPDATE core_texts SET "text" = left("text", 20) WHERE place = 1',
    "part_twice": "INSERT INTO core_sections SELECT * FROM core_sections WHERE document_id = 'doc-1'",
    "section_outside_the_text": "UPDATE core_sections SET last_block = 99 WHERE document_id = 'doc-1'",
    "figure_is_not_as_printed": "UPDATE core_figures SET number = 12.03 WHERE document_id = 'doc-1'",
    "accepted_without_words": "INSERT INTO core_words VALUES ('doc-1', 1, 'd', 9, 99, 1)",
    "coverage_counts_a_year_twice": "INSERT INTO core_sources "
    "(source_id, publisher, level, hosts, column_unknown, ignored) "
    "VALUES ('a/c', 'x', 'county', [], 'looked in vain', MAP {}); "
    "INSERT INTO core_source_columns (source_id, url, platform, report_types) "
    "VALUES ('a/c', 'u', 'plain', ['disclosure'])",
    "one_report_held_twice": "UPDATE core_reports SET report_year = 2024, "
    "text_digest = (SELECT text_digest FROM core_reports WHERE document_id = 'doc-1') WHERE document_id = 'doc-0'",
    "year_out_of_range": "UPDATE core_reports SET report_year = 1998 WHERE document_id = 'doc-1'",
    "published_after_it_was_read": "UPDATE core_reports SET published = '2026-03-04' WHERE document_id = 'doc-1'",
    "copy_of_nothing_trusted": "INSERT INTO core_copies VALUES ('doc-1', 'doc-2', 0.9)",
    "report_without_current_version": "DELETE FROM core_version_facts WHERE document_id = 'doc-1'",
    "version_without_text": "DELETE FROM core_texts WHERE place = 1",
    "current_version_has_another_text": "UPDATE core_reports SET text_digest = 'sha256:0' WHERE document_id = 'doc-1'",
    "batch_marked_without_its_captures": "UPDATE raw_batches SET captures = captures - 1",
    "part_without_version": "UPDATE core_flags SET document_id = 'nobody' WHERE document_id = 'doc-1'",
    "index_of_words": "UPDATE core_reports SET report_number = NULL WHERE document_id = 'doc-1'",
    "report_without_capture": "DELETE FROM raw_captures WHERE url LIKE '%_1.html'",
    "amended_twice": "INSERT INTO core_as_read (document_id, state) VALUES ('doc-1', 'wanted'), ('doc-1', 'wanted')",
    "text_of_no_file": "UPDATE core_reports SET text_origin = 'attachment' WHERE document_id = 'doc-1'",
    "report_without_its_further_pages": "UPDATE core_flags SET flag = 'pages_missing' WHERE document_id = 'doc-1'",
    "accepted_without_essentials": "UPDATE core_reports SET publisher = NULL WHERE document_id = 'doc-1'",
}


def offended(warehouse: Path) -> set[str]:
    with writing(warehouse, "check") as connection:
        return {result.check.name for result in run_checks(connection) if result.rows}


def sound() -> Batch:
    """Three reports of one publisher, each about another year."""
    batch = whole_batch(0, 3)
    reports = tuple(report(n, read_from=c, year=2023 + n) for n, c in enumerate(batch.captures))
    return dataclasses.replace(batch, reports=reports)


def test_a_sound_warehouse_offends_no_check(load: Callable[..., Any], warehouse: Path) -> None:
    assert offended(warehouse) == set()
    load(sound())
    assert offended(warehouse) == set()


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_by_its_check(load: Callable[..., Any], warehouse: Path, name: str) -> None:
    load(sound())
    with writing(warehouse, "damage") as connection:
        connection.execute(DAMAGE[name])
    assert name in offended(warehouse)


def figures(*numbers: str) -> tuple[Figure, ...]:
    paths = (
        ("一、本年新收政府信息公开申请数量",),
        ("二、上年结转政府信息公开申请数量",),
        ("三、本年度办理结果", "（七）总计"),
        ("四、结转下年度继续办理",),
    )
    return tuple(Figure("applications", path, "自然人", n) for path, n in zip(paths, numbers, strict=True))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("applications_do_not_add_up", {"figures": figures("10", "1", "9", "1")}),
        ("published_before_the_year_was_over", {"published_date": date(2025, 3, 1)}),
    ],
)
def test_doubtful_reports_are_found(
    load: Callable[..., Any], warehouse: Path, name: str, changes: dict[str, Any]
) -> None:
    first = capture(0)
    load(
        Batch(
            "run-0",
            "a/b",
            0,
            captures=(first,),
            reports=(report(0, read_from=first, year=2024, figures=figures("10", "1", "9", "2")),),
        )
    )
    assert offended(warehouse) == set()
    doubtful = capture(1)
    load(Batch("run-1", "a/b", 0, captures=(doubtful,), reports=(report(1, read_from=doubtful, **changes),)))
    assert offended(warehouse) == {name}


def test_blocks_that_do_not_make_the_text_are_found_and_point_nowhere(
    load: Callable[..., Any], warehouse: Path
) -> None:
    fetched = capture(0)
    made = report(0, read_from=fetched)
    draft = dataclasses.replace(made.draft, blocks=(*made.draft.blocks, Block("paragraph", "不在文中")))
    load(Batch("run-1", "a/b", 0, captures=(fetched,), reports=(dataclasses.replace(made, draft=draft),)))
    assert offended(warehouse) == {"blocks_do_not_make_the_text"}


def test_every_check_is_tried_here() -> None:
    tried = {*DAMAGE, "applications_do_not_add_up", "published_before_the_year_was_over", "blocks_do_not_make_the_text"}
    elsewhere = {"correction_not_applied", "decision_of_an_earlier_text"}  # test_corrections, test_decisions
    assert {check.name for check in checks()} == tried | elsewhere
    assert {check.severity for check in checks()} == {"error", "warn"}


SCOPED = [check.name for check in checks() if check.scope == "loaded"]


def test_a_check_of_what_was_loaded_looks_at_no_more(load: Callable[..., Any], warehouse: Path) -> None:
    load(sound())
    with writing(warehouse, "damage") as connection:
        for name in ("text_cut_short", "part_twice", "section_outside_the_text", "figure_is_not_as_printed"):
            assert name in SCOPED
            connection.execute(DAMAGE[name])
        loaded = last_load(connection)
        assert loaded is not None

        def offended_since(since: datetime) -> set[str]:
            return {result.check.name for result in run_checks(connection, since=since) if result.rows}

        assert offended_since(loaded) >= {"text_cut_short", "part_twice"}, "the last load itself is looked at again"
        assert not offended_since(loaded + timedelta(seconds=1)) & set(SCOPED)
        connection.execute("DELETE FROM core_addresses WHERE document_id = 'doc-1'")
        assert "report_not_at_its_address" in offended_since(loaded + timedelta(seconds=1)), "the others look at all"


def test_what_keeps_a_copy_back_keeps_it_back_until_it_is_mended(
    load: Callable[..., Any], warehouse: Path, tmp_path: Path
) -> None:
    reader = tmp_path / "reader.duckdb"
    load(sound())
    publish(warehouse, reader)
    load(read_later(1, 3, 0, year=2024, text=(TEXT[0], "全县办理行政复议案件121件。", *TEXT[2:])))
    cut = 'UPDATE core_texts SET "text" = left("text", 20) WHERE place = 1 AND "version" = 2'
    with writing(warehouse, "damage") as connection:
        connection.execute(cut)
    for days in (5, 7):
        before = reader.read_bytes()
        load(read_later(0, days, 0, year=2023))
        with pytest.raises(ChecksFailedError, match="text_cut_short"):
            publish(warehouse, reader)
        assert reader.read_bytes() == before
    with writing(warehouse, "mend") as connection:
        connection.execute("UPDATE core_version_facts SET text_length = 20 WHERE document_id = 'doc-1' AND version = 2")
        connection.execute("UPDATE core_reports SET text_length = 20 WHERE document_id = 'doc-1'")
    assert publish(warehouse, reader).path == reader
