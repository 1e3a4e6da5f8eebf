"""A registry of the whole country's counties is read before every command."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from scrapers.sources import REGISTRY
from scrapers.sources.registry import load_sources

THREE_THOUSAND = 3000
_SECOND = 1.0


def test_three_thousand_sources_load_in_a_second(tmp_path: Path) -> None:
    """The shipped files over and over. CPU time: the machine of a test has other things to do."""
    shipped = [path.read_bytes() for path in sorted(REGISTRY.glob("*/*.toml"))]
    for number in range(THREE_THOUSAND):
        folder = tmp_path / f"province{number % 31}"
        folder.mkdir(exist_ok=True)
        (folder / f"publisher{number}.toml").write_bytes(shipped[number % len(shipped)])
    needed = []
    for _ in range(3):
        started = time.process_time()
        assert len(load_sources(tmp_path)) == THREE_THOUSAND
        needed.append(time.process_time() - started)
        if _covered() or needed[-1] < _SECOND:
            break  # coverage traces every line: `make check` runs this file once more without it
    assert _covered() or min(needed) < _SECOND, needed


def _covered() -> bool:
    coverage = sys.modules.get("coverage")
    return coverage is not None and coverage.Coverage.current() is not None
