"""The clients that analysts have, on the reader copy while loads go on: each sees a whole number of loads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import polars
import pytest

from tests.warehouse.sample_batches import whole_batch, write_all
from warehouse.load import load_pending
from warehouse.query import run_sql
from warehouse.readers import publish

PAGES = 4
"""Reports of each load: a count that is no multiple of it is a torn read."""
COUNTED = """SELECT (SELECT count(*) FROM core_reports) AS reports, (SELECT count(*) FROM core_versions) AS versions,
    (SELECT count(*) FROM raw_captures) AS captures, (SELECT count(*) FROM raw_batches) AS batches"""
CLI = shutil.which("duckdb", path=str(Path(sys.executable).parent)) or shutil.which("duckdb")
JDBC = os.environ.get("DUCKDB_JDBC", "")
"""Path of the driver's jar, where somebody has it: it cannot be had from PyPI."""


def python(reader: Path) -> tuple[int, ...]:
    with duckdb.connect(str(reader), read_only=True) as connection:
        (row,) = connection.execute(COUNTED).fetchall()
    return tuple(row)


def pandas(reader: Path) -> tuple[int, ...]:
    with duckdb.connect(str(reader), read_only=True) as connection:
        frame = connection.execute(COUNTED).df()
    return tuple(int(value) for value in frame.iloc[0])


def in_polars(reader: Path) -> tuple[int, ...]:
    with duckdb.connect(str(reader), read_only=True) as connection:
        frame = connection.execute(COUNTED).pl()
    assert isinstance(frame, polars.DataFrame)
    return frame.row(0)


def command_line(reader: Path) -> tuple[int, ...]:
    if CLI is None:
        pytest.skip("needs the duckdb command line (PyPI: duckdb-cli)")
    done = subprocess.run(
        [CLI, "-readonly", "-csv", "-noheader", str(reader), COUNTED], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return tuple(int(value) for value in done.stdout.strip().split(","))


def nianbao(reader: Path) -> tuple[int, ...]:
    return tuple(run_sql(reader, COUNTED).rows[0])


def java(reader: Path) -> tuple[int, ...]:
    if not JDBC or shutil.which("java") is None:
        pytest.skip("needs java and the DuckDB JDBC driver: set DUCKDB_JDBC to its jar")
    done = subprocess.run(
        ["java", "-cp", JDBC, str(Path(__file__).with_name("AskByJdbc.java")), str(reader), COUNTED],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return tuple(int(value) for value in done.stdout.split())


@contextmanager
def loading(folder: Path, loads: int) -> Iterator[threading.Event]:
    """Load and publish ``loads`` batches in the background; the event tells that they are all there."""
    done = threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            for number in range(1, loads):
                write_all(folder / "landing", whole_batch(number, PAGES, run_id=f"run-{number}"))
                load_pending(folder / "w.duckdb", folder / "landing")
                publish(folder / "w.duckdb", folder / "reader.duckdb")
        except BaseException as error:  # noqa: BLE001  # told to the test below
            failed.append(error)
        finally:
            done.set()

    write_all(folder / "landing", whole_batch(0, PAGES, run_id="run-0"))
    load_pending(folder / "w.duckdb", folder / "landing")
    publish(folder / "w.duckdb", folder / "reader.duckdb")
    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield done
    finally:
        thread.join()
        assert not failed, failed


@pytest.mark.slow
@pytest.mark.parametrize("ask", [python, pandas, in_polars, command_line, nianbao, java], ids=lambda ask: ask.__name__)
def test_a_client_sees_a_whole_number_of_loads_and_then_all_of_them(
    tmp_path: Path, ask: Callable[[Path], tuple[int, ...]]
) -> None:
    seen = []
    with loading(tmp_path, loads=6) as done:
        while not done.is_set():
            seen.append(ask(tmp_path / "reader.duckdb"))
    seen.append(ask(tmp_path / "reader.duckdb"))
    for reports, versions, captures, batches in seen:
        assert (reports, versions, captures) == (batches * PAGES,) * 3
    assert [row[3] for row in seen] == sorted(row[3] for row in seen), "an older copy came back"
    assert seen[-1][3] == 6
    assert len(seen) > 3, "hardly asked while loads went on"


def test_an_open_connection_keeps_the_copy_it_began_with(tmp_path: Path) -> None:
    with loading(tmp_path, loads=1):
        pass
    with duckdb.connect(str(tmp_path / "reader.duckdb"), read_only=True) as connection:
        write_all(tmp_path / "landing", whole_batch(1, PAGES, run_id="run-1"))
        load_pending(tmp_path / "w.duckdb", tmp_path / "landing")
        publish(tmp_path / "w.duckdb", tmp_path / "reader.duckdb")
        assert connection.execute(COUNTED).fetchall()[0][3] == 1
    assert python(tmp_path / "reader.duckdb")[3] == 2


def test_a_client_that_opens_for_writing_is_refused_at_once(tmp_path: Path) -> None:
    if CLI is None:
        pytest.skip("needs the duckdb command line (PyPI: duckdb-cli)")
    if os.geteuid() == 0:
        pytest.skip("the superuser may write any file, whatever its mode")
    with loading(tmp_path, loads=1):
        pass
    done = subprocess.run(
        [CLI, str(tmp_path / "reader.duckdb"), "DROP TABLE core_words"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
