"""The reader copy: always there, always whole, whatever the loader does."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.database import attach, writing
from warehouse.errors import ChecksFailedError, LostWarehouseError, NoReaderError
from warehouse.load import load_pending
from warehouse.query import run_sql
from warehouse.readers import PublicationPace, open_reader, publish, refuse_lost
from warehouse.rebuild import reload_kept

READING = """
import json, sys, time
from pathlib import Path
from warehouse.readers import open_reader

reader, stop = Path(sys.argv[1]), Path(sys.argv[2])
seen, queries = [], 0
print("reading", flush=True)
while True:
    last = stop.exists()
    time.sleep(0.02)
    connection = open_reader(reader)
    counts = connection.execute(
        "SELECT (SELECT count(*) FROM reports), (SELECT sum(reports) FROM raw_batches), "
        "(SELECT count(*) FROM report_texts WHERE text LIKE '%行政复议%'), (SELECT count(*) FROM raw_captures)"
    ).fetchone()
    connection.close()
    queries += 1
    if not seen or seen[-1] != list(counts):
        seen.append(list(counts))
    if last:
        break
print(json.dumps({"seen": [[int(n or 0) for n in counts] for counts in seen], "queries": queries}))
"""


def test_a_warehouse_begun_anew_is_not_put_over_the_copy_of_the_one_that_was_lost(
    warehouse: Path, migrated: Path, landing: Path, tmp_path: Path
) -> None:
    reader = tmp_path / "reader.duckdb"
    write_all(landing, whole_batch(0, 3))
    load_pending(warehouse, landing)
    publish(warehouse, reader)
    warehouse.unlink()
    with pytest.raises(LostWarehouseError, match=r"is gone, and .* was made from it\. `nianbao archive rebuild`"):
        refuse_lost(warehouse, reader)
    shutil.copyfile(migrated, warehouse)
    with pytest.raises(LostWarehouseError, match=r"holds nothing of what it holds\. `nianbao archive rebuild`"):
        publish(warehouse, reader)
    assert run_sql(reader, "SELECT count(*) FROM reports").rows == ((3,),)
    reload_kept(warehouse, landing)
    publish(warehouse, reader)
    assert run_sql(reader, "SELECT count(*) FROM reports").rows == ((3,),)


def test_a_reader_in_another_process_sees_whole_loads_only_and_never_fails(
    warehouse: Path, landing: Path, tmp_path: Path
) -> None:
    reader, stop = tmp_path / "reader.duckdb", tmp_path / "stop"
    size, loads = 5, 30
    publish(warehouse, reader)
    with subprocess.Popen(
        [sys.executable, "-c", READING, reader, stop], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "reading\n"
            for number in range(loads):
                write_all(landing, whole_batch(number, size))
                load_pending(warehouse, landing)
                publish(warehouse, reader)
            stop.touch()
            out, errors = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 0, errors
    answer = json.loads(out)
    assert answer["queries"] > loads
    totals = [counts[0] for counts in answer["seen"]]
    assert all(len(set(counts)) == 1 for counts in answer["seen"]), "a query saw part of a load"
    assert all(total % size == 0 for total in totals)
    assert totals == sorted(totals)
    assert totals[-1] == size * loads
    assert len(totals) > 5, "the reader should have seen many of the copies"


def test_an_open_query_keeps_the_copy_it_began_with(warehouse: Path, landing: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.duckdb"
    publish(warehouse, reader)
    before = open_reader(reader)
    write_all(landing, whole_batch(0, 3))
    load_pending(warehouse, landing)
    publish(warehouse, reader)
    after = open_reader(reader)
    assert before.execute("SELECT count(*) FROM reports").fetchall() == [(0,)]
    assert after.execute("SELECT count(*) FROM reports").fetchall() == [(3,)]
    before.close()
    after.close()


def test_a_query_runs_while_the_writer_has_the_warehouse_open(
    load: Callable[..., Any], warehouse: Path, tmp_path: Path
) -> None:
    load(whole_batch(0, 3))
    reader = tmp_path / "reader.duckdb"
    publish(warehouse, reader)
    with writing(warehouse, "a long load") as connection:
        connection.execute("BEGIN")
        connection.execute("DELETE FROM core_reports")
        assert run_sql(reader, "SELECT count(*) FROM reports").rows == ((3,),)
        connection.execute("ROLLBACK")


def test_any_duckdb_client_can_open_the_copy(load: Callable[..., Any], warehouse: Path, tmp_path: Path) -> None:
    load(whole_batch(0, 2))
    publish(warehouse, tmp_path / "for analysts.duckdb")
    connection = duckdb.connect(str(tmp_path / "for analysts.duckdb"), read_only=True)
    assert connection.execute("SELECT count(*) FROM report_texts").fetchall() == [(2,)]
    assert connection.execute("SELECT count(*) FROM coverage_on(DATE '2026-06-01')").fetchall() == [(0,)]
    connection.close()


def test_the_copy_cannot_be_written_through(warehouse: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.duckdb"
    publish(warehouse, reader)
    assert reader.stat().st_mode & 0o222 == 0
    connection = open_reader(reader)
    with pytest.raises(Exception, match="read-only"):
        connection.execute("CREATE TABLE mine (a INTEGER)")
    connection.close()


def test_without_a_copy_the_error_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(NoReaderError, match="nianbao crawl"):
        open_reader(tmp_path / "reader.duckdb")
    with pytest.raises(NoReaderError, match="nianbao crawl"):
        publish(tmp_path / "none.duckdb", tmp_path / "reader.duckdb")
    assert list(tmp_path.iterdir()) == []


def test_a_failing_check_keeps_the_copy_as_it_was(load: Callable[..., Any], warehouse: Path, tmp_path: Path) -> None:
    load(whole_batch(0, 2))
    reader = tmp_path / "reader.duckdb"
    publish(warehouse, reader)
    before = reader.stat().st_ino, reader.stat().st_mtime_ns, reader.read_bytes()
    with writing(warehouse, "damage") as connection:
        connection.execute("DELETE FROM core_version_facts WHERE document_id = 'doc-1'")
    with pytest.raises(ChecksFailedError, match=r"left as it was.*report_without_current_version"):
        publish(warehouse, reader)
    assert (reader.stat().st_ino, reader.stat().st_mtime_ns, reader.read_bytes()) == before
    assert {path.name for path in tmp_path.iterdir()} == {
        "landing",
        "nianbao.duckdb",
        "nianbao.duckdb.lock",
        "reader.duckdb",
    }


def test_publishing_leaves_no_write_ahead_log(load: Callable[..., Any], warehouse: Path, tmp_path: Path) -> None:
    load(whole_batch(0, 2))
    published = publish(warehouse, tmp_path / "reader.duckdb")
    assert published.size == (tmp_path / "reader.duckdb").stat().st_size
    copy = attach(tmp_path / "reader.duckdb", read_only=True)
    assert copy.execute("SELECT count(*) FROM core_reports").fetchall() == [(2,)]
    copy.close()
    assert not list(tmp_path.glob("*.wal"))


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_load_is_published_at_once_and_copies_take_a_tenth_of_the_time() -> None:
    clock = Clock()
    pace = PublicationPace(0.1, clock)
    assert pace.seconds_to_wait() is None
    pace.loaded()
    assert pace.seconds_to_wait() == 0
    with pace.publishing():
        clock.now += 3
    assert pace.seconds_to_wait() is None
    pace.loaded()
    assert pace.seconds_to_wait() == pytest.approx(27)
    clock.now += 27
    assert pace.seconds_to_wait() == pytest.approx(0)


def test_what_a_failing_check_kept_back_is_published_later() -> None:
    clock = Clock()
    pace = PublicationPace(0.1, clock)
    pace.loaded()

    def refused() -> None:
        with pace.publishing():
            clock.now += 1
            raise ChecksFailedError("rows that must not be there")

    with pytest.raises(ChecksFailedError):
        refused()
    assert pace.seconds_to_wait() == pytest.approx(9)
