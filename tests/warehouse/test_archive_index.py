"""The archive's index in the warehouse, and a lost warehouse made anew from the batches that are kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from scrapers.records import ArchivedFile, ArchivedRecord, Batch, Place
from tests.warehouse.sample_batches import (
    MORNING,
    SOURCE,
    TEXT,
    address,
    candidate,
    capture,
    report,
    whole_batch,
    write_all,
)
from warehouse.batches.landing import write_batch
from warehouse.ledgers import archive_index
from warehouse.ledgers.archive_index import (
    find_place,
    forget_files,
    index_files,
    indexed_files,
    indexed_sizes,
    placements,
    read_list_payloads,
)
from warehouse.load import load_pending
from warehouse.readers import publish
from warehouse.rebuild import reload_kept

Load = Callable[..., Any]
Ask = Callable[..., list[tuple[Any, ...]]]


def file(name: str, records: int = 2, size: int = 100) -> tuple[ArchivedFile, tuple[ArchivedRecord, ...]]:
    rows = tuple(
        ArchivedRecord(
            record_id=f"urn:uuid:{name}-{n}",
            offset=n * 10,
            length=10,
            type="response",
            at=MORNING + timedelta(seconds=n),
            url=address(n),
            status=200,
            content_type="text/html",
            payload_digest="sha1:AAAA",
        )
        for n in range(records)
    )
    return ArchivedFile(name, "run-1", "www.pujiang.test", size, records, MORNING, MORNING, ()), rows


def test_a_file_is_indexed_with_its_records_and_replaced_as_a_whole(warehouse: Path, ask: Ask) -> None:
    done = index_files(warehouse, [file("a.warc.gz", 3), file("b.warc.gz", 2)])
    assert (done.files, done.records) == (2, 5)
    index_files(warehouse, [file("a.warc.gz", 1, size=70)])
    assert indexed_sizes(warehouse) == {"a.warc.gz": 70, "b.warc.gz": 100}
    counted = "SELECT warc_file, count(*) FROM raw_archive_records GROUP BY ALL ORDER BY ALL"
    assert ask(counted) == [("a.warc.gz", 1), ("b.warc.gz", 2)]
    forget_files(warehouse, ["a.warc.gz"])
    assert ask(counted) == [("b.warc.gz", 2)]
    assert indexed_sizes(warehouse) == {"b.warc.gz": 100}


def test_indexing_that_is_interrupted_keeps_the_files_before(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_index, "RECORDS_A_TRANSACTION", 4)

    def files() -> Any:
        for name in ("a", "b", "c"):
            yield file(f"{name}.warc.gz", 3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index_files(warehouse, files())
    assert list(indexed_sizes(warehouse)) == ["a.warc.gz", "b.warc.gz"]


def test_a_capture_is_found_by_its_identifier_and_by_its_address_at_a_time(
    load: Load, warehouse: Path, tmp_path: Path
) -> None:
    reader = tmp_path / "reader.duckdb"
    assert find_place(reader, address(0)) is None
    later = MORNING + timedelta(days=1)
    moved = capture(0, at=later, final_url=address(9), warc_file="b.warc.gz", warc_offset=70, capture_id="urn:uuid:new")
    load(replace(whole_batch(0, 1), captures=(capture(0), moved)))
    index_files(warehouse, [file("a.warc.gz")])
    publish(warehouse, reader)
    assert find_place(reader, address(0)) == Place("b.warc.gz", 70)
    assert find_place(reader, address(0), MORNING) in (Place("a.warc.gz", 10), Place("a.warc.gz", 0))
    assert find_place(reader, "urn:uuid:new") == Place("b.warc.gz", 70)
    assert find_place(reader, "urn:uuid:a.warc.gz-1") == Place("a.warc.gz", 10)
    assert find_place(reader, "http://never.test/") is None
    assert indexed_files(reader)["a.warc.gz"].records == 2
    assert {placed.capture_id for placed in placements(reader)} == {capture(0).capture_id, "urn:uuid:new"}


def test_the_payloads_of_lists_are_those_of_addresses_that_are_no_candidates(load: Load, warehouse: Path) -> None:
    load(whole_batch(0, 1))  # its page, address(0), is a candidate
    name, column = "www.pujiang.test", candidate(0).column_url

    def answer(number: int, url: str, digest: str, days: int = 0, **changes: Any) -> ArchivedRecord:
        made = ArchivedRecord(
            f"urn:uuid:{number}",
            number,
            10,
            "response",
            MORNING + timedelta(days=days),
            url,
            200,
            payload_digest=digest,
        )
        return replace(made, **changes)

    old = ArchivedFile("old.warc.gz", "run-1", name, 100, 4, MORNING, MORNING, ())
    new = ArchivedFile("new.warc.gz", "run-2", name, 100, 4, MORNING, MORNING + timedelta(days=200), ())
    index_files(
        warehouse,
        [
            (old, (answer(1, column, "sha1:LIST"), answer(2, column, "sha1:GONE"), answer(3, address(0), "sha1:PAGE"))),
            (
                new,
                (
                    answer(1, column, "sha1:LIST", 200, type="revisit"),
                    answer(2, column, "sha1:NEW", 200),
                    answer(3, column, "sha1:ERROR", 200, status=500),
                ),
            ),
        ],
    )
    assert read_list_payloads(warehouse, [name]) == {
        "sha1:LIST": Place("old.warc.gz", 1),
        "sha1:NEW": Place("new.warc.gz", 2),
    }
    assert read_list_payloads(warehouse, ["www.other.test"]) == {}
    assert read_list_payloads(warehouse.with_name("none.duckdb"), [name]) == {}


TOLD = {
    "captures": "SELECT * EXCLUDE (batch) FROM raw_captures ORDER BY capture_id",
    "candidates": "SELECT * FROM raw_candidates ORDER BY ALL",
    "reports": "SELECT * FROM core_reports ORDER BY document_id",
    "versions": "SELECT * EXCLUDE (loaded_at) FROM core_versions ORDER BY ALL",
    "pages": "SELECT * FROM core_pages ORDER BY url",
    "batches": "SELECT * EXCLUDE (loaded_at) FROM raw_batches ORDER BY batch",
}


def test_a_lost_warehouse_comes_back_from_the_kept_batches(
    load: Load, warehouse: Path, landing: Path, ask: Ask
) -> None:
    later = MORNING + timedelta(days=40)
    changed = capture(1, at=later, payload="edited")
    text = (TEXT[0], "全县办理行政复议案件121件。", *TEXT[2:])
    load(whole_batch(0, 3))
    second = Batch("run-2", SOURCE, 0, (candidate(1),), (), (changed,), (report(1, text=text, read_from=changed),))
    write_batch(landing, second, run_kind="backfill")
    load_pending(warehouse, landing)
    before = {name: ask(query) for name, query in TOLD.items()}
    assert len(before["versions"]) == 4

    warehouse.unlink()
    result = reload_kept(warehouse, landing)
    assert (result.batches, result.new_reports, result.new_versions) == (2, 3, 1)
    assert {name: ask(query) for name, query in TOLD.items()} == before
    runs = ask("SELECT run_id, kind, state, started_at, summary ->> 'rebuilt' FROM raw_runs ORDER BY run_id")
    assert [row[0] for row in runs] == ["run-1", "run-2"]
    assert runs[0][1] is None  # its batches do not say
    assert runs[1][1:] == ("backfill", "cancelled", later.replace(tzinfo=None), "true")

    again = reload_kept(warehouse, landing)
    assert (again.batches, again.captures) == (0, 0)
    assert {name: ask(query) for name, query in TOLD.items()} == before


def test_a_run_has_the_kind_that_any_of_its_kept_batches_states(warehouse: Path, landing: Path, ask: Ask) -> None:
    for sequence in range(3):
        write_batch(landing, whole_batch(sequence, 1), run_kind=None if sequence == 0 else "backfill")
    load_pending(warehouse, landing)
    second = next((landing / "loaded").glob("*@000001.*"))
    second.write_bytes(second.read_bytes()[:-40])
    reload_kept(warehouse, landing)
    assert ask("SELECT run_id, kind FROM raw_runs") == [("run-1", "backfill")]


def test_batches_older_than_what_a_new_warehouse_holds_make_no_duplicate(
    load: Load, warehouse: Path, landing: Path, ask: Ask
) -> None:
    """The warehouse was lost, a crawl began a new one, and only then somebody thought of the kept batches."""
    load(whole_batch(0, 3))
    warehouse.unlink()
    later = MORNING + timedelta(days=1)
    fresh = tuple(capture(n, at=later) for n in range(3))
    newer = Batch(
        "run-2",
        SOURCE,
        0,
        tuple(candidate(n) for n in range(3)),
        (),
        fresh,
        tuple(report(n, read_from=fresh[n]) for n in range(3)),
    )
    write_all(landing, newer)
    load_pending(warehouse, landing)
    reload_kept(warehouse, landing)
    assert ask("SELECT count(*), count(DISTINCT document_id) FROM core_reports") == [(3, 3)]
    assert ask("SELECT count(*) FROM core_versions") == [(3,)]
    assert ask("SELECT count(*), count(DISTINCT capture_id) FROM raw_captures") == [(6, 6)]


def test_a_rebuild_that_was_killed_is_gone_on_with_by_any_load(
    load: Load, warehouse: Path, landing: Path, ask: Ask
) -> None:
    load(whole_batch(0, 2))
    shutil.move(landing / "loaded" / next((landing / "loaded").glob("*.parquet")).name, landing)
    warehouse.unlink()
    assert load_pending(warehouse, landing).batches == 1
    assert reload_kept(warehouse, landing).batches == 0
    assert ask("SELECT count(*) FROM core_reports") == [(2,)]
