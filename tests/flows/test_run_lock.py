"""A run is alive as long as its process is, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.crawling.crawl_run import CrawlRun
from flows.runs.run_lock import forget, is_alive, left_by_the_dead, run_lock
from flows.settings import Settings
from scrapers.web.archive import Archive, ArchiveFull
from warehouse.database import attach

HOLDING = """
import sys, time
from pathlib import Path
from flows.runs.run_lock import run_lock
with run_lock(Path(sys.argv[1]), "run-1"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_run_is_alive_inside_its_block_only(tmp_path: Path) -> None:
    with run_lock(tmp_path, "run-1"):
        assert is_alive(tmp_path, "run-1")
        assert not is_alive(tmp_path, "run-2")
    assert not is_alive(tmp_path, "run-1")
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_is_not_alive_although_its_file_is_there(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert is_alive(tmp_path, "run-1")
        assert left_by_the_dead(tmp_path) == ()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert not is_alive(tmp_path, "run-1")
    assert left_by_the_dead(tmp_path) == ("run-1",)
    forget(tmp_path, "run-1")
    assert list(tmp_path.iterdir()) == []


def test_a_run_whose_archive_cannot_be_closed_has_failed_and_was_not_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: Archive) -> None:
        raise ArchiveFull("no space is left")

    monkeypatch.setattr(Archive, "close", full)
    settings = Settings(data_dir=tmp_path)
    with pytest.raises(ArchiveFull), CrawlRun(settings, (), ()) as run:
        pass
    connection = attach(settings.warehouse_path, read_only=True)
    try:
        (ended,) = connection.execute(
            "SELECT state, summary ->> 'error', summary ->> 'killed' FROM raw_runs"
        ).fetchall()
    finally:
        connection.close()
    assert ended == ("failed", "ArchiveFull('no space is left')", None)
    assert not is_alive(settings.state_dir / "runs", run.run_id)
