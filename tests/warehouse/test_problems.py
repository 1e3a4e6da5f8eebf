"""What fails is one row with since when, why, and what a person should do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from scrapers.records import Batch, Column, Level, Outcome, ReportType, Source, State
from tests.warehouse.sample_batches import MORNING, SOURCE, address, candidate, capture
from warehouse.answers.problems import KINDS, problem_table
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import close_killed_runs, finish_run, record_sources, start_run
from warehouse.ledgers.source_checks import SourceCheck, load_source_checks
from warehouse.readers import publish

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def refused(number: int) -> Batch:
    """A page that a protection service stood before."""
    return Batch(
        "run-1",
        SOURCE,
        number,
        candidates=(candidate(number, state=State.FAILED, reason="challenge"),),
        captures=(capture(number, outcome=Outcome.CHALLENGE, detail="jiasule"),),
    )


def test_every_outcome_is_put_in_words_and_every_failure_has_advice(ask: Ask) -> None:
    words = {outcome: (means, advice) for outcome, means, advice in ask("FROM outcomes")}
    assert {outcome.value for outcome in Outcome} <= words.keys()
    assert {outcome for outcome, (_, advice) in words.items() if advice is None} == {"ok", "not_modified"}
    assert ask("SELECT count(*) - count(DISTINCT outcome) FROM outcomes") == [(0,)]


def test_a_host_that_refuses_many_pages_is_one_way_of_failing(load: Load, ask: Ask, warehouse: Path) -> None:
    load(*(refused(number) for number in range(5)))
    ((kind, source, outcome, things, detail, advice),) = ask(
        "SELECT kind, source_id, outcome, things, detail, advice FROM problem_groups"
    )
    assert (kind, source, outcome, things, detail) == ("page", SOURCE, "challenge", 5, "jiasule")
    assert advice.startswith("Never defeated.")
    reader = warehouse.with_name("reader.duckdb")
    publish(warehouse, reader)
    assert len(problem_table(reader).rows) == 1
    assert len(problem_table(reader, each=True).rows) == 5
    assert problem_table(reader, source_id="another/source").rows == ()
    assert {kind: len(problem_table(reader, kind=kind).rows) for kind in KINDS if kind != "page"} == dict.fromkeys(
        (kind for kind in KINDS if kind != "page"), 0
    )


def test_a_page_that_answers_again_is_no_problem_any_more(load: Load, ask: Ask) -> None:
    load(refused(0))
    assert ask("SELECT url FROM problems") == [(address(0),)]
    load(Batch("run-2", SOURCE, 0, captures=(capture(0, at=MORNING + timedelta(days=1)),)))
    assert ask("SELECT kind FROM problems WHERE kind = 'page'") == []


def test_a_killed_run_is_closed_by_the_next_and_is_a_problem_until_one_completes(warehouse: Path, ask: Ask) -> None:
    start_run(warehouse, "killed", "crawl", {}, started_at=MORNING)
    start_run(warehouse, "alive", "crawl", {}, started_at=MORNING + timedelta(hours=1))
    assert close_killed_runs(warehouse, lambda run_id: run_id == "alive") == ("killed",)
    assert ask("SELECT run_id, state FROM runs ORDER BY started_at") == [("killed", "failed"), ("alive", "running")]
    ((kind, outcome, detail, advice),) = ask("SELECT kind, outcome, detail, advice FROM problems")
    assert (kind, outcome) == ("run", "killed")
    assert "run killed started and never said how it ended" in detail
    assert "Nothing is lost" in advice
    finish_run(warehouse, "alive", "completed", {})
    assert ask("FROM problems") == []


def test_a_failed_run_that_said_why_is_not_taken_for_a_killed_one(warehouse: Path, ask: Ask) -> None:
    start_run(warehouse, "failed", "crawl", {}, started_at=MORNING)
    finish_run(warehouse, "failed", "failed", {"error": "OSError()"})
    assert close_killed_runs(warehouse, lambda _: False) == ()
    assert ask("FROM problems WHERE kind = 'run'") == []


COLUMN = Column("http://www.a.test/fzzf/", "trs", (ReportType.RULE_OF_LAW,))
COUNTY = Source("a/county", "甲县人民政府", Level.COUNTY, ("www.a.test",), (COLUMN,))


def checked(rows: int, at: datetime) -> SourceCheck:
    """A live check that found nothing missing."""
    return SourceCheck(
        at, COUNTY.id, COLUMN.url, Outcome.OK, None, rows, rows, 1, None, None, None, None, requests=1, seconds=0.1
    )


def test_a_column_that_shrank_is_a_problem_until_it_is_checked_whole_again(warehouse: Path, ask: Ask) -> None:
    days = [MORNING + timedelta(days=number) for number in range(3)]
    with writing(warehouse, "test") as connection:
        record_sources(connection, [COUNTY])
        load_source_checks(connection, [checked(931, days[0]), checked(900, days[1])])
    ((kind, url, outcome, detail),) = ask("SELECT kind, url, outcome, detail FROM problems")
    assert (kind, url, outcome) == ("check", COLUMN.url, "shrunken")
    assert detail == f"900 rows where the check of {days[0]:%Y-%m-%d} listed 931"
    with writing(warehouse, "test") as connection:
        load_source_checks(connection, [checked(931, days[2])])
    assert ask("FROM problems") == []


def test_a_damaged_file_of_the_archive_is_a_problem(warehouse: Path, ask: Ask) -> None:
    with writing(warehouse, "test") as connection:
        connection.execute(
            "INSERT INTO raw_archive_files BY NAME SELECT 'run-1.warc.gz' AS warc_file, 10 AS bytes, 1 AS records, "
            "['offset 512: torn'] AS damage, TIMESTAMP '2026-03-01' AS indexed_at"
        )
    assert ask("SELECT kind, url, outcome, detail FROM problems") == [
        ("archive", "run-1.warc.gz", "damaged", "offset 512: torn")
    ]
