"""A correction puts a field right as long as the page says what it expects; what was read stays beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch, Correction
from tests.warehouse.sample_batches import TEXT, address, capture, read_later, report, whole_batch
from warehouse.checks import run_checks
from warehouse.database import writing
from warehouse.ledgers.amendments import apply_amendments, load_corrections
from warehouse.ledgers.decisions import Decision, Verdict, load_decisions

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]
Correct = Callable[..., int]

EDITED = (TEXT[0], "全县办理行政复议案件210件。", *TEXT[2:])
YEAR = Correction(
    field="report_year",
    value="2024",
    expect="2025",
    reason="the body says 2024 throughout",
    file="corrections.toml",
    line=1,
    url=address(0),
    reported="2026-03-05",
)


@pytest.fixture
def correct(warehouse: Path) -> Correct:
    """Make these the corrections there are, and apply them; returns how many documents changed."""

    def correct(*corrections: Correction) -> int:
        with writing(warehouse, "correct") as connection:
            load_corrections(connection, corrections)
            return apply_amendments(connection)

    return correct


def offended(warehouse: Path) -> set[str]:
    with writing(warehouse, "check") as connection:
        return {found.check.name for found in run_checks(connection) if found.rows}


def test_a_corrected_year_counts_everywhere_and_what_was_read_is_kept(load: Load, ask: Ask, correct: Correct) -> None:
    load(whole_batch(0, 2))
    assert correct(YEAR) == 1
    assert ask("SELECT document_id, report_year FROM reports ORDER BY 1") == [("doc-0", 2024), ("doc-1", 2025)]
    assert ask("SELECT report_year FROM reports_as_read WHERE document_id = 'doc-0'") == [(2025,)]
    assert ask("SELECT document_id, field, value_read, value, standing, reason, reported FROM corrections") == [
        ("doc-0", "report_year", "2025", "2024", "applied", "the body says 2024 throughout", "2026-03-05")
    ]


def test_a_correction_applies_to_what_is_read_after_it_and_again(load: Load, ask: Ask, correct: Correct) -> None:
    correct(YEAR)
    assert ask("SELECT standing FROM corrections") == [("not_held",)]
    load(whole_batch(0, 1))
    load(read_later(0, 3, 0))
    assert ask("SELECT report_year FROM reports") == [(2024,)]
    assert ask("FROM core_report_changes") == [], "the site changed nothing"
    assert correct(YEAR) == 0


def test_a_correction_that_is_taken_out_is_undone(load: Load, ask: Ask, correct: Correct) -> None:
    load(whole_batch(0, 1))
    correct(YEAR)
    assert correct() == 1
    assert ask("SELECT report_year FROM reports") == [(2025,)]
    assert ask("FROM core_as_read") == []


def test_a_correction_that_is_changed_replaces_the_value_read_and_not_the_corrected_one(
    load: Load, ask: Ask, correct: Correct
) -> None:
    load(whole_batch(0, 1))
    correct(YEAR)
    correct(replace(YEAR, value="2023"))
    assert ask("SELECT report_year FROM reports") == [(2023,)]
    assert ask("SELECT report_year FROM reports_as_read") == [(2025,)]


def test_a_source_that_is_mended_leaves_a_correction_to_be_taken_out(
    load: Load, ask: Ask, correct: Correct, warehouse: Path
) -> None:
    load(whole_batch(0, 1))
    correct(YEAR)
    load(read_later(0, 5, 0, report_year=2024))
    assert ask("SELECT report_year FROM reports") == [(2024,)]
    assert ask("SELECT standing FROM corrections") == [("source_mended",)]
    ((kind, outcome, detail, advice),) = ask("SELECT kind, outcome, detail, advice FROM problems")
    assert (kind, outcome) == ("correction", "source_mended")
    assert detail == "corrections.toml:1: report_year is read as 2024, expected was 2025"
    assert "take the correction out" in advice
    assert offended(warehouse) == {"correction_not_applied"}


def test_a_source_that_says_a_third_thing_is_not_corrected(
    load: Load, ask: Ask, correct: Correct, warehouse: Path
) -> None:
    load(whole_batch(0, 1))
    correct(YEAR)
    load(read_later(0, 5, 0, report_year=2022))
    assert ask("SELECT report_year FROM reports") == [(2022,)]
    assert ask("SELECT outcome FROM problems") == [("source_changed",)]
    assert offended(warehouse) == {"correction_not_applied"}


@pytest.mark.parametrize(
    ("field", "expect", "value"),
    [
        ("title", "浦江县2025年法治政府建设年度报告", "浦江县人民政府2025年法治政府建设年度报告"),
        ("publisher", "浦江县人民政府", "浦江县司法局"),
        ("division_code", "330726", "330727"),
        ("parent_division_code", None, "330700"),
        ("level", "county", "department"),
        ("report_type", "rule_of_law", "disclosure"),
        ("edition", None, "joint"),
        ("published", "2026-03-01", "2026-02-28"),
        ("doc_number", "", "浦政〔2026〕3号"),
        ("index_number", "330726ZF010000/2026-1", None),
    ],
)
def test_every_field_can_be_corrected_and_unknown_is_a_value(
    load: Load, ask: Ask, correct: Correct, field: str, expect: str | None, value: str | None
) -> None:
    load(whole_batch(0, 2))
    assert correct(replace(YEAR, field=field, expect=expect, value=value)) == 1
    shown = f"SELECT {field}::VARCHAR FROM core_reports ORDER BY document_id"
    assert ask(shown) == [(value,), (expect,)]
    correct()
    assert ask(shown) == [(expect,), (expect,)]


def test_of_two_corrections_of_one_field_the_first_counts_and_of_two_fields_both(
    load: Load, ask: Ask, correct: Correct
) -> None:
    load(whole_batch(0, 1))
    own = replace(YEAR, value="2023", file="data/corrections.toml")
    title = replace(YEAR, field="title", expect=report(0).draft.title, value="年度报告", url=None, document_id="doc-0")
    correct(own, YEAR, title)
    assert ask("SELECT report_year, title FROM reports") == [(2023, "年度报告")]
    assert ask("SELECT file, field, standing FROM corrections ORDER BY ALL") == [
        ("corrections.toml", "report_year", "overruled"),
        ("corrections.toml", "title", "applied"),
        ("data/corrections.toml", "report_year", "applied"),
    ]


def test_a_corrected_year_does_not_make_another_report_of_its_next_edition(
    load: Load, ask: Ask, correct: Correct
) -> None:
    load(whole_batch(0, 1))
    correct(YEAR)
    load(read_later(0, 5, 0, text=EDITED))
    assert ask("SELECT document_id, version, report_year FROM reports") == [("doc-0", 2, 2024)]


def test_a_correction_and_a_decision_stand_beside_each_other(
    load: Load, ask: Ask, correct: Correct, warehouse: Path
) -> None:
    fetched = capture(0)
    made = report(0, read_from=fetched, state="quarantined", reason="host", publisher=None)
    load(Batch("run-1", "a/b", 0, captures=(fetched,), reports=(made,)))
    with writing(warehouse, "decide") as connection:
        load_decisions(
            connection,
            [Decision(fetched.fetched_at, "doc-0", made.url, Verdict.ACCEPTED, "looked", "李", made.text_digest, None)],
        )
    correct(replace(YEAR, field="publisher", expect=None, value="浦江县人民政府"))
    assert ask("SELECT publisher, state FROM core_reports") == [("浦江县人民政府", "accepted")]
    correct()
    assert ask("SELECT publisher, state FROM core_reports") == [(None, "accepted")]
    assert ask("SELECT publisher, state FROM reports_as_read") == [(None, "quarantined")]
