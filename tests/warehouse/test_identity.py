"""One report is one row, at however many addresses it stands or stood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sample_batches import MORNING, SOURCE, TEXT, address, capture, digest, report

from scrapers.records import Batch, State

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]

LONG = (TEXT[0], "依法行政。" * 60, *TEXT[2:])
EDITED = (TEXT[0], "依法行政，廉洁高效。" * 40, *TEXT[2:])


def read(number: int, *, days: int = 0, text: tuple[str, ...] = LONG, **changes: Any) -> Batch:
    """A page read, as a batch of its own; pages of one text differ in nothing but their addresses."""
    fetched = capture(number, at=MORNING + timedelta(days=days), payload=f"{days}")
    made = report(number, text=text, read_from=fetched, **changes)
    made = replace(made, text_digest=digest(made.draft.text))
    return Batch(f"run-{number}-{days}", made.source_id or SOURCE, 0, captures=(fetched,), reports=(made,))


def test_a_report_that_moved_keeps_its_identity(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))
    assert ask("SELECT document_id, url, version FROM reports") == [("doc-0", address(1), 1)]
    assert ask("SELECT document_id, url FROM core_addresses ORDER BY url") == [
        ("doc-0", address(0)),
        ("doc-0", address(1)),
    ]


def test_an_edit_at_the_new_address_is_a_version_of_the_same_report(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1))
    load(read(1, days=2, text=EDITED))
    assert ask("SELECT document_id, url, version FROM reports") == [("doc-0", address(1), 2)]
    assert ask("SELECT count(*) FROM changes") == [(1,)]


def test_one_report_at_two_addresses_of_one_load_is_one_row(load: Load, ask: Ask) -> None:
    load(read(0), read(1))
    assert ask("SELECT count(*) FROM reports") == [(1,)]
    assert ask("SELECT count(*) FROM core_addresses") == [(2,)]
    assert ask("SELECT count(*) FROM core_versions") == [(1,)]


def test_reports_of_two_publishers_are_two_though_their_text_is_one(load: Load, ask: Ask) -> None:
    load(read(0), read(1, source_id="zhejiang/jinhua"))
    assert ask("SELECT count(*) FROM reports") == [(2,)]


def test_reports_of_two_years_are_two_though_their_text_is_one(load: Load, ask: Ask) -> None:
    load(read(0), read(1, year=2024))
    load(read(2, year=2023))
    assert ask("SELECT count(*) FROM reports") == [(3,)]


def test_a_quarantined_copy_is_not_the_report_it_repeats(load: Load, ask: Ask) -> None:
    load(read(0))
    load(read(1, days=1, state=State.QUARANTINED))
    assert ask("SELECT document_id, state FROM core_reports ORDER BY url") == [
        ("doc-0", "accepted"),
        ("doc-1", "quarantined"),
    ]


def test_pages_with_next_to_no_text_are_told_apart_by_their_addresses(load: Load, ask: Ask) -> None:
    load(read(0, text=TEXT), read(1, text=TEXT))
    assert ask("SELECT count(*) FROM reports") == [(2,)]
