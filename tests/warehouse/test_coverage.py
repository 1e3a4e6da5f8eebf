"""The ledger: publisher x type x year, each in exactly one state, late by the day of the law."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from scrapers.records import Batch, Column, Edition, Flag, Level, ListRow, Outcome, ReportType, Signature, Source, State
from tests.warehouse.sample_batches import (
    COLUMN,
    MORNING,
    SOURCE,
    TEXT,
    candidate,
    capture,
    listing,
    read_later,
    report,
    whole_batch,
)
from warehouse.coverage import STATES, coverage_table
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import record_sources
from warehouse.readers import publish

COUNTY = Source(
    id=SOURCE,
    publisher="浦江县人民政府",
    level=Level.COUNTY,
    hosts=("www.pujiang.test",),
    columns=(Column(COLUMN, "hanweb_jpage", (ReportType.RULE_OF_LAW,), name="法治政府建设报告"),),
    division_code="330726",
    first_year=2023,
    verified="2026-11-01",
    ignored={"http://www.pujiang.test/x": "a guide"},
)
UNKNOWN = Source(
    id="hubei/donghu",
    publisher="武汉东湖新技术开发区管理委员会",
    level=Level.ZONE,
    hosts=("zone.test",),
    columns=(),
    parent_division_code="420100",
    first_year=2025,
    column_unknown="the site has no such column",
)
JUNE = date(2026, 6, 1)


@pytest.fixture
def states(warehouse: Path, tmp_path: Path) -> Callable[..., dict[int, str]]:
    """Report year -> state of the county's rule-of-law reports, as judged on a day."""

    def states(day: date, *sources: Source) -> dict[int, str]:
        with writing(warehouse, "registry") as connection:
            record_sources(connection, sources or (COUNTY, UNKNOWN))
        publish(warehouse, tmp_path / "reader.duckdb")
        answer = coverage_table(tmp_path / "reader.duckdb", source_id=SOURCE, report_type="rule_of_law", day=day)
        return {row[answer.columns.index("report_year")]: row[answer.columns.index("state")] for row in answer.rows}

    return states


Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]
States = Callable[..., dict[int, str]]


def listed(outcome: Outcome = Outcome.OK, **changes: Any) -> Batch:
    return Batch("listing", SOURCE, 0, listings=(listing(outcome=outcome, **changes),))


def test_each_year_is_held_late_or_missing_by_the_calendar(load: Load, states: States) -> None:
    fetched = capture(1)
    load(dataclasses.replace(listed(), captures=(fetched,), reports=(report(1, read_from=fetched, year=2024),)))
    assert states(JUNE) == {2023: "not_found", 2024: "held", 2025: "overdue"}
    assert states(date(2026, 3, 31)) == {2023: "not_found", 2024: "held", 2025: "not_yet_due"}
    assert states(date(2026, 4, 1))[2025] == "overdue"
    assert states(date(2027, 1, 1)) == {2023: "not_found", 2024: "held", 2025: "not_found", 2026: "not_yet_due"}


ENDS_OF_LISTINGS = {
    Outcome.OK: "overdue",
    Outcome.CHALLENGE: "blocked",
    Outcome.BLOCKED: "blocked",
    Outcome.ROBOTS_DENIED: "blocked",
    Outcome.JS_ONLY: "blocked",
    Outcome.TLS: "unreachable",
    Outcome.DNS: "unreachable",
    Outcome.CONNECTION: "unreachable",
    Outcome.TIMEOUT: "unreachable",
    Outcome.TRUNCATED: "unreachable",
    Outcome.TOO_LARGE: "unreachable",
    Outcome.SERVER_ERROR: "unreachable",
    Outcome.REDIRECT_LOOP: "unreachable",
    Outcome.NOT_ASKED: "not_crawled",
    Outcome.SOFT_404: "column_broken",
    Outcome.GONE: "column_broken",
    Outcome.CLIENT_ERROR: "column_broken",
    Outcome.WRONG_HOST: "column_broken",
    Outcome.WRONG_CONTENT: "column_broken",
    Outcome.FORBIDDEN_ADDRESS: "column_broken",
    Outcome.EMPTY_LIST: "column_broken",
    Outcome.LISTING_GAP: "column_broken",
    Outcome.OUT_OF_BOUNDS: "column_broken",
    Outcome.NOT_MODIFIED: "column_broken",  # no listing ends so: an unchanged list is ok
}


def test_a_site_that_cannot_be_listed_is_not_said_to_lack_reports(load: Load, warehouse: Path, ask: Ask) -> None:
    """A county for each way in which a listing ends; each has one report, of 2024."""
    counties = [dataclasses.replace(COUNTY, id=f"x/{end}", publisher=f"{end}县人民政府") for end in Outcome]
    batches = []
    for number, (county, end) in enumerate(zip(counties, Outcome, strict=True)):
        ended = dataclasses.replace(listing(outcome=end), source_id=county.id)
        held = report(number, year=2024, publisher=county.publisher, source_id=county.id)
        batches.append(Batch("run-1", county.id, 0, listings=(ended,), reports=(held,)))
    load(*batches)
    with writing(warehouse, "registry") as connection:
        record_sources(connection, counties)
    found = ask(f"SELECT source_id, list(state ORDER BY report_year) FROM coverage_on(DATE '{JUNE}') GROUP BY 1")
    assert {source.removeprefix("x/"): states for source, states in found} == {
        end: ["not_found" if state == "overdue" else state, "held", state] for end, state in ENDS_OF_LISTINGS.items()
    }


@pytest.mark.parametrize(
    ("second", "state"),
    [
        (Outcome.OK, "overdue"),
        (Outcome.TIMEOUT, "unreachable"),
        (Outcome.CHALLENGE, "blocked"),
        (Outcome.NOT_ASKED, "not_crawled"),
        (None, "not_crawled"),
    ],
)
def test_that_a_report_stands_in_no_column_is_known_when_all_of_them_were_read(
    load: Load, states: States, second: Outcome | None, state: str
) -> None:
    other = dataclasses.replace(COUNTY.columns[0], url=COLUMN.replace("index", "archive"))
    assert other.url != COLUMN
    two = dataclasses.replace(COUNTY, columns=(*COUNTY.columns, other))
    ended = () if second is None else (dataclasses.replace(listing(outcome=second), column_url=other.url),)
    read = listing(at=MORNING + timedelta(hours=1))  # the column that was read is the last one that was listed
    load(Batch("listing", SOURCE, 0, listings=(*ended, read)))
    assert states(JUNE, two)[2025] == state


def test_only_the_last_listing_counts(load: Load, states: States) -> None:
    load(listed(Outcome.TIMEOUT))
    load(Batch("later", SOURCE, 0, listings=(listing(at=MORNING + timedelta(days=1)),)))
    assert states(JUNE)[2025] == "overdue"


def test_a_source_never_crawled_says_so(load: Load, states: States) -> None:
    load(Batch("empty", SOURCE, 0))
    assert states(JUNE) == dict.fromkeys((2023, 2024, 2025), "not_crawled")


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"state": State.QUARANTINED}, "quarantined"),
        ({"state": State.REJECTED}, "overdue"),
        ({"publisher": "浦江县司法局"}, "overdue"),
    ],
)
def test_what_is_found_but_not_trusted_is_not_held(
    load: Load, states: States, changes: dict[str, Any], state: str
) -> None:
    fetched = capture(1)
    load(dataclasses.replace(listed(), captures=(fetched,), reports=(report(1, read_from=fetched, **changes),)))
    assert states(JUNE)[2025] == state


def test_the_report_to_the_peoples_congress_does_not_hide_that_the_public_one_is_missing(
    load: Load, states: States, ask: Ask
) -> None:
    to_congress: dict[str, Any] = {"edition": Edition.PEOPLES_CONGRESS}
    load(Batch("run-1", SOURCE, 0, listings=(listing(),), reports=(report(0, year=2025, **to_congress),)))
    assert states(JUNE)[2025] == "overdue"
    question = (
        "SELECT reports, document_id, days_late, editions FROM coverage_on(DATE '2026-06-01') WHERE report_year = 2025"
    )
    question += " AND report_type = 'rule_of_law' AND source_id = ?"
    assert ask(question, [SOURCE]) == [(0, None, 62, ["peoples_congress"])]
    load(Batch("run-2", SOURCE, 0, reports=(report(1, year=2025, edition=Edition.GOVERNMENT),)))
    assert states(JUNE)[2025] == "held"
    assert ask(question, [SOURCE]) == [(1, "doc-1", 0, ["government", "peoples_congress"])]


def test_of_two_reports_of_one_year_the_later_stands_for_it_and_the_earlier_says_when_it_was_first_published(
    load: Load, states: States, ask: Ask
) -> None:
    first = report(0, year=2025, published_date=date(2026, 3, 1))
    second = report(1, year=2025, published_date=date(2026, 5, 1))
    load(Batch("run-1", SOURCE, 0, listings=(listing(),), reports=(first, second)))
    assert states(JUNE)[2025] == "held"
    assert ask(
        "SELECT document_id, published::VARCHAR, days_late, reports FROM coverage_on(DATE '2026-06-01') "
        "WHERE report_year = 2025 AND report_type = 'rule_of_law' AND source_id = ?",
        [SOURCE],
    ) == [("doc-1", "2026-03-01", 0, 2)]


def test_a_copy_of_a_held_report_is_nothing_found(load: Load, states: States) -> None:
    signature = Signature("by hand", tuple(range(128)), tuple(range(32)))
    true_page = report(1, year=2024, signature=signature)
    copied = report(2, state=State.QUARANTINED, signature=signature)
    load(dataclasses.replace(listed(), reports=(true_page, copied)))
    assert states(JUNE) == {2023: "not_found", 2024: "held", 2025: "overdue"}


def test_a_report_whose_text_is_a_file_is_attachment_only(load: Load, states: States) -> None:
    made = report(1)
    empty = dataclasses.replace(made.draft, text="", blocks=(), tables=(), removed=())
    load(
        dataclasses.replace(listed(), reports=(dataclasses.replace(made, draft=empty, sections=(), text_digest=None),))
    )
    assert states(JUNE)[2025] == "attachment_only"


def test_a_report_gone_at_three_checks_is_withdrawn(load: Load, states: States) -> None:
    load(whole_batch(0, 1))
    for check in (1, 2, 3):
        assert states(JUNE)[2025] == "held"
        gone = capture(0, at=MORNING + timedelta(days=check), outcome=Outcome.SOFT_404, digest=None)
        load(Batch(f"check-{check}", SOURCE, 0, captures=(gone,)))
    assert states(JUNE)[2025] == "withdrawn"


def test_a_quarantined_page_that_is_gone_is_no_report_withdrawn(load: Load, states: States) -> None:
    load(dataclasses.replace(listed(), captures=(capture(0),), reports=(report(0, state=State.QUARANTINED),)))
    for check in (1, 2, 3):
        gone = capture(0, at=MORNING + timedelta(days=check), outcome=Outcome.GONE, digest=None)
        load(Batch(f"check-{check}", SOURCE, 0, captures=(gone,)))
    assert states(JUNE)[2025] == "quarantined"


def test_a_report_whose_address_shows_another_years_since_three_looks_is_withdrawn(load: Load, states: States) -> None:
    next_years = (TEXT[0], "依法行政，廉洁高效。" * 40, *TEXT[2:])
    fetched = capture(0)
    load(dataclasses.replace(listed(), captures=(fetched,), reports=(report(0, read_from=fetched, year=2023),)))
    for look in (1, 2, 3):
        assert states(JUNE)[2023] == "held"
        load(read_later(0, look, 0, text=next_years, year=2024))
    assert states(JUNE) == {2023: "withdrawn", 2024: "held", 2025: "overdue"}


def test_what_was_published_late_is_late_and_no_longer_overdue(load: Load, states: States, ask: Ask) -> None:
    """Held, withdrawn since, or in a file alone: it was published, so nobody is asked for it any more."""
    held = report(0, read_from=capture(0), year=2021, published_date=date(2022, 5, 1))
    withdrawn = report(1, read_from=capture(1), year=2022, published_date=date(2023, 5, 1))
    in_a_file = report(2, year=2023, published_date=date(2024, 5, 1), flags=(Flag("attachment_only", ""),))
    captures = (capture(0), capture(1))
    load(dataclasses.replace(listed(), captures=captures, reports=(held, withdrawn, in_a_file)))
    for check in (1, 2, 3):
        gone = capture(1, at=MORNING + timedelta(days=check), outcome=Outcome.GONE, digest=None)
        load(Batch(f"check-{check}", SOURCE, 0, captures=(gone,)))
    found = states(JUNE, dataclasses.replace(COUNTY, first_year=2021))
    assert [found[year] for year in (2021, 2022, 2023)] == ["held", "withdrawn", "attachment_only"]
    of_these = "report_year <= 2023 ORDER BY 1"
    assert ask(f"SELECT report_year, days_late FROM coverage WHERE {of_these}") == [(2021, 31), (2022, 31), (2023, 31)]
    assert ask(f"SELECT report_year FROM overdue WHERE {of_these}") == []


def test_an_unknown_column_is_a_state_of_both_report_types(warehouse: Path, tmp_path: Path) -> None:
    with writing(warehouse, "registry") as connection:
        record_sources(connection, [UNKNOWN])
    publish(warehouse, tmp_path / "reader.duckdb")
    answer = coverage_table(tmp_path / "reader.duckdb", day=JUNE, division="4201")
    assert [(row[3], row[4], row[5], row[12]) for row in answer.rows] == [
        ("disclosure", 2025, "column_unknown", UNKNOWN.column_unknown),
        ("rule_of_law", 2025, "column_unknown", UNKNOWN.column_unknown),
    ]
    assert coverage_table(tmp_path / "reader.duckdb", day=JUNE, division="33").rows == ()


def test_days_late_count_from_the_day_of_the_law(load: Load, warehouse: Path, tmp_path: Path) -> None:
    fetched = capture(1)
    late = report(1, read_from=fetched, year=2024, published_date=date(2025, 4, 2))
    load(dataclasses.replace(listed(), captures=(fetched,), reports=(late,)))
    with writing(warehouse, "registry") as connection:
        record_sources(connection, [COUNTY])
        days = connection.execute(
            "SELECT report_year, due::VARCHAR, days_late FROM coverage_on('2026-04-10') ORDER BY 1"
        ).fetchall()
        assert days == [(2023, "2024-03-31", 740), (2024, "2025-03-31", 2), (2025, "2026-03-31", 10)]
        assert connection.execute("SELECT report_year, due::VARCHAR, days_late FROM reports").fetchall() == [
            (2024, "2025-03-31", 2)
        ]
        assert connection.execute("SELECT count(*) FROM overdue WHERE report_year = 2023").fetchall() == [(1,)]


def test_departments_disclose_by_the_end_of_january_and_governments_by_the_end_of_march(
    warehouse: Path, tmp_path: Path
) -> None:
    columns = (Column("http://d.test/", "trs", (ReportType.DISCLOSURE,)),)
    sources = [
        Source("x/bureau", "某县司法局", Level.DEPARTMENT, ("d.test",), columns, first_year=2025),
        Source("x/county", "某县人民政府", Level.COUNTY, ("d.test",), columns, first_year=2025),
    ]
    with writing(warehouse, "registry") as connection:
        record_sources(connection, sources)
        due = connection.execute(
            f"SELECT source_id, due::VARCHAR FROM coverage_on(DATE '{JUNE}') ORDER BY 1"
        ).fetchall()
    assert due == [("x/bureau", "2026-01-31"), ("x/county", "2026-03-31")]


def test_departments_had_until_the_end_of_march_before_the_regulations_of_2019(
    load: Load, warehouse: Path, tmp_path: Path
) -> None:
    columns = (Column("http://d.test/", "trs", (ReportType.DISCLOSURE,)),)
    bureau = Source("x/bureau", "某县司法局", Level.DEPARTMENT, ("d.test",), columns, first_year=2017)
    made = report(
        1,
        year=2018,
        published_date=date(2019, 3, 20),
        publisher="某县司法局",
        level=Level.DEPARTMENT,
        report_type=ReportType.DISCLOSURE,
    )
    load(dataclasses.replace(listed(), reports=(made,)))
    with writing(warehouse, "registry") as connection:
        record_sources(connection, [bureau])
        due = connection.execute(
            "SELECT report_year, due::VARCHAR FROM coverage_on(DATE '2021-06-01') ORDER BY 1"
        ).fetchall()
        assert due == [(2017, "2018-03-31"), (2018, "2019-03-31"), (2019, "2020-01-31"), (2020, "2021-01-31")]
        assert connection.execute("SELECT due::VARCHAR, days_late FROM reports").fetchall() == [("2019-03-31", 0)]


def test_every_cell_has_one_state_of_the_list(load: Load, states: States, tmp_path: Path) -> None:
    load(whole_batch(0, 2), listed(Outcome.TIMEOUT))
    states(JUNE)
    ledger = coverage_table(tmp_path / "reader.duckdb")
    assert {row[ledger.columns.index("state")] for row in ledger.rows} <= set(STATES)
    with pytest.raises(ValueError, match=r"no such state: late\. States are held"):
        coverage_table(tmp_path / "reader.duckdb", states=["late"])


def test_the_registry_follows_the_files(warehouse: Path) -> None:
    with writing(warehouse, "registry") as connection:
        record_sources(connection, [COUNTY, UNKNOWN])
        record_sources(connection, [COUNTY, UNKNOWN])
        renamed = dataclasses.replace(
            COUNTY,
            publisher="浦江县政府",
            columns=(
                dataclasses.replace(COUNTY.columns[0], name=None),
                Column("http://www.pujiang.test/col2", "trs", (ReportType.DISCLOSURE,)),
            ),
        )
        record_sources(connection, [renamed])
        assert connection.execute(
            "SELECT source_id, publisher, verified::VARCHAR, ignored FROM core_sources"
        ).fetchall() == [(SOURCE, "浦江县政府", "2026-11-01", {"http://www.pujiang.test/x": "a guide"})]
        assert connection.execute(
            "SELECT url, name, report_types FROM core_source_columns ORDER BY url DESC"
        ).fetchall() == [
            ("http://www.pujiang.test/col2", None, ["disclosure"]),
            (COLUMN, None, ["rule_of_law"]),
        ]
        assert connection.execute("SELECT columns, reports FROM sources").fetchall() == [(2, 0)]


@pytest.mark.parametrize(
    ("since", "of_2024"),
    [
        (date(2024, 12, 1), "not_found"),
        (date(2024, 12, 2), "not_crawled"),
        (date(2025, 1, 1), "not_crawled"),
    ],
)
def test_a_list_read_for_some_years_says_nothing_of_the_years_before(
    load: Load, states: States, since: date, of_2024: str
) -> None:
    """A report is published from the December of its year on."""
    rows = (ListRow("x", "http://www.pujiang.test/y", "/y", None),)
    load(listed(since=since, stopped_early=True, rows=rows))
    assert states(JUNE) == {2023: "not_crawled", 2024: of_2024, 2025: "overdue"}


def test_a_list_that_is_unchanged_reaches_as_far_back_as_it_was_read(load: Load, states: States) -> None:
    rows = (ListRow("x", "http://www.pujiang.test/y", "/y", None),)
    load(listed(since=date(2024, 12, 1), stopped_early=True, rows=rows))
    load(Batch("later", SOURCE, 0, listings=(listing(at=MORNING + timedelta(days=1)),)))
    assert states(JUNE) == {2023: "not_crawled", 2024: "not_found", 2025: "overdue"}


@pytest.mark.parametrize(
    ("title", "report_type", "not_read"),
    [
        ("浦江县2024年法治政府建设年度报告", ReportType.RULE_OF_LAW, {2024}),
        ("浦江县2024年度工作报告", None, {2024}),  # of either type, for all that anybody knows
        ("浦江县法治政府建设年度报告", ReportType.RULE_OF_LAW, {2023, 2024, 2025}),  # of any year
        ("浦江县2024年政府信息公开工作年度报告", ReportType.DISCLOSURE, set()),
        ("浦江县2019年法治政府建设年度报告", ReportType.RULE_OF_LAW, set()),
    ],
)
def test_a_row_whose_page_was_not_asked_for_is_not_missing(
    load: Load, states: States, title: str, report_type: ReportType | None, not_read: set[int]
) -> None:
    row = dataclasses.replace(candidate(1), title=title, report_type=report_type, state=State.WANTED)
    load(dataclasses.replace(listed(), candidates=(row,)))
    missing = {2023: "not_found", 2024: "not_found", 2025: "overdue"}
    assert states(JUNE) == {year: "not_crawled" if year in not_read else state for year, state in missing.items()}


def test_a_report_that_is_trusted_stands_for_its_year_before_a_later_one_that_is_not(
    load: Load, states: States, ask: Ask
) -> None:
    trusted = report(0, published_date=date(2026, 3, 1))
    not_trusted = report(1, published_date=date(2026, 5, 1), state=State.QUARANTINED)
    load(dataclasses.replace(listed(), reports=(trusted, not_trusted)))
    assert states(JUNE)[2025] == "held"
    assert ask(
        "SELECT document_id, published::VARCHAR, days_late FROM coverage_on(DATE '2026-06-01') "
        "WHERE report_year = 2025 AND report_type = 'rule_of_law' AND source_id = ?",
        [SOURCE],
    ) == [("doc-0", "2026-03-01", 0)]


def test_a_day_may_be_a_text_and_has_to_be_one(load: Load, ask: Ask, states: States) -> None:
    load(whole_batch(0, 1))
    states(JUNE)
    found = ask("FROM coverage_on(DATE '2026-06-01')")
    assert found
    assert ask("FROM coverage_on('2026-06-01')") == ask("FROM coverage_on(TIMESTAMP '2026-06-01 10:00')") == found
    for wrong in ("NULL", "2026", "'June'"):
        with pytest.raises(duckdb.Error, match=f"day is a date such as DATE '2026-06-01', not {wrong.strip(chr(39))}"):
            ask(f"FROM coverage_on({wrong})")


def test_what_was_published_nobody_knows_when_is_neither_in_time_nor_late(load: Load, ask: Ask, states: States) -> None:
    undated = report(0, published_date=None)
    load(dataclasses.replace(whole_batch(0, 1), reports=(undated,)))
    states(JUNE)
    assert ask("SELECT published, due::VARCHAR, days_late FROM reports") == [(None, "2026-03-31", None)]
    held = "SELECT published, days_late FROM coverage_on(DATE '2026-06-01') WHERE state = 'held'"
    assert ask(held) == [(None, None)]
