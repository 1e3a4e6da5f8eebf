"""What operators are told: everything that matters, each thing once, and again only when it was over in between."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.logging import disable_run_logger

from flows.publish import PublishParameters, publish
from flows.publishing.announcing import Kind, Matter, Message, announce
from flows.settings import Settings
from tests.warehouse.sample_batches import whole_batch
from warehouse.batches.landing import write_batch
from warehouse.database import writing
from warehouse.errors import ChecksFailedError

NOW = datetime(2026, 4, 5, 1, 0, tzinfo=UTC)
LATE = Matter(Kind.REPORT_OVERDUE, "a/b rule_of_law 2025", "甲市: due 2026-04-01")
SILENT = Matter(Kind.SOURCE_SILENT, "a/c", "乙县: last listed 2026-03-01")


def told(ledger: Path, found: Sequence[Matter], now: datetime = NOW) -> list[Message]:
    return announce(ledger, found, lambda _: None, now=now)


def test_a_matter_is_said_once_while_it_lasts(tmp_path: Path) -> None:
    ledger = tmp_path / "announcements.jsonl"
    assert [message.title for message in told(ledger, [LATE, SILENT])] == [
        "1 source has fallen silent",
        "1 report is overdue",
    ]
    assert told(ledger, [LATE, SILENT], NOW + timedelta(days=1)) == []


def test_a_source_that_falls_silent_again_is_said_again(tmp_path: Path) -> None:
    ledger = tmp_path / "announcements.jsonl"
    told(ledger, [SILENT])
    told(ledger, [])
    assert [message.keys for message in told(ledger, [SILENT], NOW + timedelta(days=40))] == [("a/c",)]


def test_an_overdue_report_is_said_once_for_ever(tmp_path: Path) -> None:
    ledger = tmp_path / "announcements.jsonl"
    told(ledger, [LATE])
    told(ledger, [])  # the site was down for a day, and so the report was not known to be overdue
    assert told(ledger, [LATE]) == []


def test_many_matters_of_a_kind_are_one_message_that_names_the_first(tmp_path: Path) -> None:
    matters = [Matter(Kind.REPORT_OVERDUE, f"a/{n} rule_of_law 2025", f"number {n}") for n in range(80)]
    (message,) = told(tmp_path / "announcements.jsonl", matters)
    assert message.title == "80 reports are overdue"
    assert "- number 49\n- and 30 more" in message.text


def test_what_could_not_be_sent_is_sent_the_next_time_under_the_same_id(tmp_path: Path) -> None:
    ledger = tmp_path / "announcements.jsonl"
    tried: list[Message] = []

    def fail(message: Message) -> None:
        tried.append(message)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        announce(ledger, [LATE], fail, now=NOW)
    (message,) = told(ledger, [LATE])
    assert message.id == tried[0].id


def test_a_line_cut_off_by_a_power_loss_was_not_said_for_sure(tmp_path: Path) -> None:
    ledger = tmp_path / "announcements.jsonl"
    told(ledger, [LATE, SILENT])
    ledger.write_bytes(ledger.read_bytes()[:-20])
    assert [message.kind for message in told(ledger, [LATE, SILENT])] == [Kind.REPORT_OVERDUE]
    assert all(json.loads(line) for line in ledger.read_text().splitlines())


def test_where_a_check_forbids_a_new_copy_the_old_one_stays_nothing_is_exported_and_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The flow itself, without a Prefect server: what it would show and send there is kept here."""
    sent: list[Message] = []
    monkeypatch.setenv("NIANBAO_DATA_DIR", str(tmp_path))
    monkeypatch.setattr("flows.publish.create_markdown_artifact", lambda *_, **__: None)
    monkeypatch.setattr("flows.publish.is_of_a_deployment", lambda: True)
    monkeypatch.setattr("flows.publish.send_event", sent.append)
    settings = Settings(data_dir=tmp_path)
    write_batch(settings.landing_dir, whole_batch(0, 2))
    with disable_run_logger():
        publish.fn(PublishParameters())
        before = settings.reader_path.read_bytes()
        with writing(settings.warehouse_path, "damage") as connection:
            connection.execute("DELETE FROM core_version_facts WHERE document_id = 'doc-1'")
        sent.clear()
        with pytest.raises(ChecksFailedError, match="report_without_current_version"):
            publish.fn(PublishParameters(export=True))
    assert settings.reader_path.read_bytes() == before
    assert not (tmp_path / "export").exists()
    assert [message.kind for message in sent] == [Kind.CHECK_BROKEN]
    assert "report_without_current_version" in sent[0].keys
    assert len(list((tmp_path / "digests").iterdir())) == 1
