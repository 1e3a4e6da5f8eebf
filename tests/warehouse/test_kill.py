"""``kill -9`` at any moment of a load or a publication: nothing is lost, nothing is there twice, the file opens."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sample_batches import TEXT, read_later, whole_batch, write_all

from warehouse.database import attach
from warehouse.load import load_pending
from warehouse.readers import open_reader, publish

# The loader as a process of its own that kills itself when a named function of the program is about to run (or has
# run).
KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse import landing, load, readers, staging

def die(*arguments, **options):
    os.kill(os.getpid(), signal.SIGKILL)

def die_after(function):
    def call(*arguments, **options):
        function(*arguments, **options)
        die()
    return call

point, warehouse, folder, reader = sys.argv[1], *map(Path, sys.argv[2:])
if point == "before staging":
    load.stage = die
elif point == "after staging":
    load.stage = die_after(load.stage)
elif point == "after merging":
    load._mark = die
elif point == "after marking":
    load._mark = die_after(load._mark)
elif point == "after committing":
    load.set_aside = die
elif point == "after moving one file":
    load.set_aside = die_after(load.set_aside)
elif point == "while copying":
    readers.shutil.copyfile = lambda source, target: (Path(target).write_bytes(Path(source).read_bytes()[:100_000]),
    die())
elif point == "before the copy takes its place":
    readers.os.fsync = die
load.load_pending(warehouse, folder)
readers.publish(warehouse, reader)
print("survived")
"""
POINTS = (
    "before staging",
    "after staging",
    "after merging",
    "after marking",
    "after committing",
    "after moving one file",
    "while copying",
    "before the copy takes its place",
)


def facts(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """What the warehouse says, without when it was loaded."""
    connection = attach(path, read_only=True)
    try:
        return {
            name: connection.execute(sql).fetchall()
            for name, sql in {
                "batches": "SELECT batch, digest, reports, rejected FROM raw_batches ORDER BY ALL",
                "captures": "SELECT * EXCLUDE (batch) FROM raw_captures ORDER BY capture_id",
                "candidates": "SELECT * EXCLUDE (batch) FROM raw_candidates ORDER BY url",
                "listings": "SELECT * FROM raw_listings ORDER BY ALL",
                "pages": "SELECT * FROM core_pages ORDER BY url",
                "reports": "SELECT * EXCLUDE (batch) FROM core_reports ORDER BY document_id",
                "versions": "SELECT * EXCLUDE (loaded_at, batch) FROM core_versions ORDER BY document_id, version",
                "removals": "SELECT * FROM core_removals ORDER BY ALL",
                "changes": "SELECT * EXCLUDE (batch) FROM core_report_changes ORDER BY ALL",
            }.items()
        }
    finally:
        connection.close()


def batches() -> list[object]:
    return [whole_batch(0, 4), whole_batch(1, 4), read_later(0, 5, 0, text=(*TEXT[:3], "改了。")), read_later(9, 1, 0)]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, migrated: Path) -> dict[str, list[tuple[object, ...]]]:
    folder = tmp_path_factory.mktemp("undisturbed")
    warehouse = Path(shutil.copyfile(migrated, folder / "w.duckdb"))
    write_all(folder / "landing", *batches())  # type: ignore[arg-type]  # batches by construction
    load_pending(warehouse, folder / "landing")
    return facts(warehouse)


@pytest.mark.parametrize("point", POINTS)
def test_a_load_killed_and_repeated_ends_as_if_it_had_run_once(
    point: str, warehouse: Path, landing: Path, tmp_path: Path, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    reader = tmp_path / "reader.duckdb"
    write_all(landing, *batches())  # type: ignore[arg-type]  # batches by construction
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, point, warehouse, landing, reader], capture_output=True, text=True, check=False
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not reader.exists()
    load_pending(warehouse, landing)
    assert facts(warehouse) == undisturbed
    assert not list(landing.glob("*.parquet"))
    publish(warehouse, reader)
    connection = open_reader(reader)
    assert connection.execute("SELECT count(*) FROM core_reports").fetchall() == [(len(undisturbed["reports"]),)]
    connection.close()
    assert not [path for path in tmp_path.iterdir() if path.suffix == ".tmp" and str(os.getpid()) in path.name]


def test_a_load_killed_at_random_moments_ends_as_if_it_had_run_once(
    warehouse: Path, landing: Path, tmp_path: Path, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    write_all(landing, *batches())  # type: ignore[arg-type]  # batches by construction
    moments = random.Random(20261122)
    deaths = 0
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", KILLED, "nowhere", warehouse, landing, tmp_path / "reader.duckdb"],
            stdout=subprocess.DEVNULL,
        )
        time.sleep(moments.uniform(0.2, 1.2))
        process.kill()
        deaths += process.wait() == -signal.SIGKILL
    assert deaths > 0
    load_pending(warehouse, landing)
    assert facts(warehouse) == undisturbed


def test_the_copy_of_a_killed_publication_is_cleared_away(warehouse: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.duckdb"
    left_behind = tmp_path / ".reader.duckdb.1.tmp"
    left_behind.write_bytes(b"half")
    publish(warehouse, reader)
    assert not left_behind.exists()
