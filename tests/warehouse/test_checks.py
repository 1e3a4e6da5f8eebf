"""Each check finds the row it is for, and is silent on a sound warehouse."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sample_batches import capture, report, whole_batch

from scrapers.records import Batch, Block, Figure
from warehouse.checks import checks, run_checks
from warehouse.database import writing

DAMAGE = {
    "copy_of_nothing_trusted": "INSERT INTO core_copies VALUES ('doc-1', 'doc-2', 0.9)",
    "report_without_current_version": "DELETE FROM core_versions WHERE document_id = 'doc-1'",
    "current_version_has_another_text": "UPDATE core_reports SET text_digest = 'sha256:0' WHERE document_id = 'doc-1'",
    "batch_marked_without_its_captures": "UPDATE raw_batches SET captures = captures - 1",
    "part_without_version": "UPDATE core_flags SET document_id = 'nobody' WHERE document_id = 'doc-1'",
    "report_without_capture": "DELETE FROM raw_captures WHERE url LIKE '%_1.html'",
    "amended_twice": "INSERT INTO core_as_read (document_id, state) VALUES ('doc-1', 'wanted'), ('doc-1', 'wanted')",
    "text_of_no_file": "UPDATE core_reports SET text_origin = 'attachment' WHERE document_id = 'doc-1'",
    "accepted_without_essentials": "UPDATE core_reports SET publisher = NULL WHERE document_id = 'doc-1'",
}


def offended(warehouse: Path) -> set[str]:
    with writing(warehouse, "check") as connection:
        return {result.check.name for result in run_checks(connection) if result.rows}


def test_a_sound_warehouse_offends_no_check(load: Callable[..., Any], warehouse: Path) -> None:
    assert offended(warehouse) == set()
    load(whole_batch(0, 3))
    assert offended(warehouse) == set()


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_found_by_its_check(load: Callable[..., Any], warehouse: Path, name: str) -> None:
    load(whole_batch(0, 3))
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
    sound = capture(0)
    load(
        Batch(
            "run-0",
            "a/b",
            0,
            captures=(sound,),
            reports=(report(0, read_from=sound, figures=figures("10", "1", "9", "2")),),
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
