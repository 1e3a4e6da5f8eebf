"""The benchmarks can be started: what they import is there, and a name that none has is said to be none."""

from __future__ import annotations

import subprocess
import sys


def test_every_benchmark_is_listed_where_an_unknown_one_is_asked_for() -> None:
    asked = subprocess.run(
        [sys.executable, "-m", "tests.bench", "nothing"], capture_output=True, text=True, check=False
    )
    assert asked.returncode == 2, asked.stderr
    assert "there are archive, crawl, fetch, files, load, orchestration, read, readers, reprocess" in asked.stderr
