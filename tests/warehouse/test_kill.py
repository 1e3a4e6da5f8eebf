"""``kill -9`` at any moment of a load or a publication: nothing is lost, nothing is there twice, the file opens."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.warehouse.sample_batches import TEXT, read_later, whole_batch, write_all
from warehouse import migrate
from warehouse.database import attach
from warehouse.load import load_pending
from warehouse.readers import open_reader, publish

# The loader as a process of its own that kills itself when a named function of the program is about to run (or has
# run).
KILLED = """
import os, signal, sys
from pathlib import Path
from warehouse.batches import landing
from warehouse import load
from warehouse import readers
from warehouse.storage import snapshot
from warehouse.batches import staging

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
    snapshot.shutil.copyfile = lambda source, target: (Path(target).write_bytes(Path(source).read_bytes()[:100_000]),
    die())
elif point == "before the copy takes its place":
    snapshot.os.fsync = die
load.load_pending(warehouse, folder)
readers.publish(warehouse, reader)
print("survived")
"""
# All that writes, one after the other; says where it is.
WORKING = """
import sys
from pathlib import Path
from warehouse.compaction import compact
from warehouse.database import writing
from warehouse.load import load_pending
from warehouse.readers import publish

warehouse, landing, reader = map(Path, sys.argv[1:])
print("ready", flush=True)
with writing(warehouse, "migrate"):
    pass
print("migrated", flush=True)
publish(warehouse, reader)
print("published", flush=True)
load_pending(warehouse, landing)
print("loaded", flush=True)
publish(warehouse, reader)
print("published again", flush=True)
compact(warehouse)
publish(warehouse, reader)
"""
STEPS = ("ready", "migrated", "published", "loaded", "published again")
"""Said before, in this order: migrate, publish, load, publish, compact."""
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


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse of an earlier schema, with a row in it, so that whoever opens it first has to migrate."""
    path = tmp_path_factory.mktemp("older") / "w.duckdb"
    connection = attach(path, read_only=False)
    present = migrate.migrations()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "migrations", lambda: present[:3])
        patch.setattr(migrate, "view_scripts", lambda: ())
        patch.setattr(migrate, "apply_comments", lambda connection: None)
        migrate.migrate(connection)
    connection.execute("INSERT INTO raw_runs VALUES ('run-0', 'crawl', NULL, now()::TIMESTAMP, NULL, 'running', NULL)")
    connection.close()
    return path


@pytest.mark.slow
def test_killed_at_fifty_random_moments_nothing_is_lost_or_there_twice(
    older: Path, tmp_path: Path, undisturbed: dict[str, list[tuple[object, ...]]]
) -> None:
    moments = random.Random(20261122)
    deaths = Counter[str]()
    for number in range(50):
        folder = tmp_path / str(number)
        folder.mkdir()
        warehouse, landing, reader = folder / "w.duckdb", folder / "landing", folder / "reader.duckdb"
        shutil.copyfile(older, warehouse)
        write_all(landing, *batches())  # type: ignore[arg-type]  # batches by construction
        with subprocess.Popen(
            [sys.executable, "-c", WORKING, warehouse, landing, reader], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            step = STEPS[number % len(STEPS)]
            while process.stdout.readline() != f"{step}\n":
                assert process.poll() is None, "it ended before it had begun"
            time.sleep(moments.uniform(0, 0.4))
            process.kill()
        deaths[step] += process.returncode == -signal.SIGKILL
        if reader.exists():
            connection = open_reader(reader)
            ((seen, marked),) = connection.execute(
                "SELECT (SELECT count(*) FROM core_versions), (SELECT coalesce(sum(reports), 0) FROM raw_batches)"
            ).fetchall()
            connection.close()
            assert (seen, marked) in ((0, 0), (len(undisturbed["versions"]), len(undisturbed["versions"])))
        load_pending(warehouse, landing)
        assert facts(warehouse) == undisturbed
        connection = attach(warehouse, read_only=True)
        assert connection.execute("SELECT run_id FROM raw_runs").fetchall() == [("run-0",)]
        connection.close()
        publish(warehouse, reader)
        shutil.rmtree(folder)
    assert all(deaths[step] for step in STEPS), f"steps that nobody was killed in: {deaths}"


def test_the_copy_of_a_killed_publication_is_cleared_away(warehouse: Path, tmp_path: Path) -> None:
    reader = tmp_path / "reader.duckdb"
    left_behind = tmp_path / ".reader.duckdb.1.tmp"
    left_behind.write_bytes(b"half")
    publish(warehouse, reader)
    assert not left_behind.exists()
