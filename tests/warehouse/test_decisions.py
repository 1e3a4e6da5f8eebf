"""What a person decides of a page in quarantine holds as long as the page says the same, come what may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import Batch, Report, State
from tests.warehouse.sample_batches import MORNING, SOURCE, TEXT, address, capture, read_later, report, write_all
from warehouse.checks import run_checks
from warehouse.database import writing
from warehouse.ledgers.amendments import apply_amendments
from warehouse.ledgers.decisions import Decision, Verdict, append_decision, load_decisions, read_decisions
from warehouse.load import load_pending
from warehouse.rebuild import reload_kept

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]
Decide = Callable[..., int]

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
EDITED = (TEXT[0], "全县办理行政复议案件210件。", *TEXT[2:])
STATE = "SELECT state, reason FROM core_reports WHERE document_id = 'doc-0'"


def suspect(number: int = 0, *, days: int = 0, payload: str = "page", **changes: Any) -> Batch:
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=payload)
    made = report(number, read_from=fetched, state=State.QUARANTINED, reason="host: not a trusted one", **changes)
    return Batch(f"run-{number}-{days}", SOURCE, 0, captures=(fetched,), reports=(made,))


def decision(
    verdict: Verdict = Verdict.ACCEPTED, *, hours: int = 0, of: Report | None = None, **changes: Any
) -> Decision:
    page = of or report(0)
    made = Decision(
        decided_at=NOON + timedelta(hours=hours),
        document_id=page.document_id,
        url=page.url,
        verdict=verdict,
        reason="the county's new host, see its notice",
        decided_by="李",
        text_digest=page.text_digest,
        payload_digest=capture(0).digest,
    )
    return replace(made, **changes)


@pytest.fixture
def decide(warehouse: Path) -> Decide:
    """Make decisions count for what is held; returns how many documents changed."""

    def decide(*decisions: Decision) -> int:
        with writing(warehouse, "decide") as connection:
            load_decisions(connection, decisions)
            return apply_amendments(connection)

    return decide


def test_an_accepted_page_is_a_report_and_says_who_accepted_it_and_why(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect())
    assert ask("SELECT count(*) FROM reports") == [(0,)]
    assert decide(decision()) == 1
    assert ask("SELECT document_id FROM reports") == [("doc-0",)]
    assert ask(STATE) == [("accepted", "accepted by 李: the county's new host, see its notice")]
    assert ask("FROM quarantine") == []
    assert ask("SELECT state, reason FROM reports_as_read") == [("quarantined", "host: not a trusted one")]
    assert ask("SELECT verdict, standing FROM decisions") == [("accepted", "in_force")]


def test_a_rejected_page_is_neither_in_quarantine_nor_a_report(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect())
    decide(decision(Verdict.REJECTED))
    assert ask("SELECT count(*) FROM reports") == [(0,)]
    assert ask("FROM quarantine") == []
    assert ask(STATE) == [("rejected", "rejected by 李: the county's new host, see its notice")]


def test_a_decision_holds_when_the_page_is_read_again_and_when_its_loads_are_repeated(
    load: Load, ask: Ask, decide: Decide
) -> None:
    load(suspect())
    decide(decision())
    load(suspect(days=5, payload="another counter"))
    assert ask("SELECT document_id, version, last_read_at::DATE::VARCHAR FROM reports") == [("doc-0", 1, "2026-03-07")]
    assert ask("SELECT count(*) FROM core_report_changes") == [(0,)], "the site changed nothing"
    assert decide(decision()) == 0, "told again, nothing changes"


def test_a_decision_holds_where_a_newer_nianbao_reads_another_text_from_the_same_response(
    load: Load, ask: Ask, decide: Decide
) -> None:
    load(suspect())
    decide(decision())
    fetched = capture(0)
    again = report(0, text=TEXT[:-1], read_from=fetched, state=State.QUARANTINED)
    load(Batch("reprocess", SOURCE, 0, captures=(fetched,), reports=(again,)))
    assert ask("SELECT version FROM reports") == [(2,)]


def test_an_accepted_page_that_changes_its_text_has_to_be_looked_at_again(
    load: Load, ask: Ask, decide: Decide, warehouse: Path
) -> None:
    load(suspect())
    decide(decision())
    load(suspect(days=9, payload="edited", text=EDITED))
    assert ask("SELECT count(*) FROM reports") == [(0,)]
    ((before, state),) = ask("SELECT decided_before, state FROM quarantine")
    assert state == "quarantined"
    assert before.startswith("accepted by 李 on 2026-03-02, of an earlier text: ")
    ((kind, outcome, since, advice),) = ask("SELECT kind, outcome, since, advice FROM problems")
    assert (kind, outcome, since.date().isoformat()) == ("decision", "text_changed", "2026-03-11")
    assert "nianbao quarantine show" in advice
    with writing(warehouse, "check") as connection:
        offended = {found.check.name for found in run_checks(connection) if found.rows}
    assert offended == {"decision_of_an_earlier_text"}


def test_a_page_that_says_again_what_was_accepted_is_accepted_again(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect())
    decide(decision())
    load(suspect(days=9, payload="edited", text=EDITED))
    load(suspect(days=10, payload="edited back"))
    assert ask("SELECT version FROM reports") == [(3,)]


def test_the_last_of_several_decisions_counts(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect())
    decide(decision(), decision(Verdict.REJECTED, hours=1))
    assert ask(STATE)[0][0] == "rejected"
    decide(decision(Verdict.REOPENED, hours=2))
    assert ask(STATE) == [("quarantined", "host: not a trusted one")]
    assert ask("SELECT verdict, standing FROM decisions ORDER BY decided_at") == [
        ("accepted", "replaced"),
        ("rejected", "replaced"),
        ("reopened", "in_force"),
    ]
    assert ask("FROM core_as_read") == []


def test_a_decision_holds_for_a_page_that_comes_after_it(load: Load, ask: Ask, decide: Decide) -> None:
    decide(decision())
    assert ask("SELECT standing FROM decisions") == [("not_held",)]
    load(suspect())
    assert ask("SELECT document_id FROM reports") == [("doc-0",)]


def test_a_decision_finds_its_page_by_the_address_where_a_new_warehouse_calls_it_otherwise(
    load: Load, ask: Ask, decide: Decide
) -> None:
    load(suspect())
    decide(decision(document_id="as it was called before"))
    assert ask("SELECT document_id FROM reports") == [("doc-0",)]


def test_a_lost_warehouse_made_anew_knows_what_was_decided(
    load: Load, ask: Ask, decide: Decide, warehouse: Path, landing: Path, tmp_path: Path
) -> None:
    ledger = tmp_path / "quarantine_decisions.jsonl"
    load(suspect())
    append_decision(ledger, decision())
    decide(*read_decisions(ledger).decisions)
    load(suspect(days=3, payload="a counter"))
    before = ask("SELECT document_id, state, reason, version FROM core_reports")
    warehouse.unlink()
    reload_kept(warehouse, landing)
    decide(*read_decisions(ledger).decisions)
    assert ask("SELECT document_id, state, reason, version FROM core_reports") == before
    assert before[0][1] == "accepted"


def test_a_page_accepted_at_another_address_too_is_one_report(load: Load, ask: Ask, decide: Decide) -> None:
    long = (TEXT[0], "依法行政。" * 60, *TEXT[2:])
    first = suspect(text=long)
    (page,) = first.reports
    page = replace(page, text_digest="sha256:long")
    load(replace(first, reports=(page,)))
    decide(decision(of=page))
    moved = suspect(1, days=2, text=long)
    load(replace(moved, reports=(replace(moved.reports[0], text_digest="sha256:long"),)))
    assert ask("SELECT document_id, url FROM reports") == [("doc-0", address(1))]


def test_without_a_decision_nothing_is_kept_beside_what_was_read(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect(), read_later(1, 1, 0))
    assert decide() == 0
    assert ask("FROM core_as_read") == []


def test_a_ledger_that_is_lost_takes_no_decision_back(load: Load, ask: Ask, decide: Decide) -> None:
    load(suspect())
    decide(decision())
    assert decide() == 0
    assert ask("SELECT count(*) FROM reports") == [(1,)]


def test_the_ledger_keeps_every_word_and_a_torn_line_spoils_none_but_itself(tmp_path: Path) -> None:
    ledger = tmp_path / "data" / "quarantine_decisions.jsonl"
    assert read_decisions(ledger).decisions == ()
    append_decision(ledger, decision())
    with ledger.open("ab") as file:
        file.write(b'{"decided_at": "2026-03-0')
    append_decision(ledger, decision(Verdict.REJECTED, text_digest=None))
    with ledger.open("ab") as file:
        file.write(b'{"decided_at": "2026-03-02", "verdict": "maybe"}\n')
    read = read_decisions(ledger)
    assert read.decisions == (decision(), decision(Verdict.REJECTED, text_digest=None))
    torn, wrong = read.troubles
    assert f"{ledger}:2: is torn" in torn
    assert f"{ledger}:4: is no decision (without document_id, url, reason, decided_by)" in wrong


def test_a_load_after_a_decision_changes_only_what_it_brings(
    warehouse: Path, landing: Path, ask: Ask, decide: Decide
) -> None:
    write_all(landing, suspect())
    load_pending(warehouse, landing)
    decide(decision())
    write_all(landing, read_later(1, 1, 0))
    load_pending(warehouse, landing)
    assert ask("SELECT document_id FROM reports ORDER BY 1") == [("doc-0",), ("doc-1",)]
