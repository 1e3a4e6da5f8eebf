"""Bytes on disk: ``python -m tests.bench size [ROUNDS]``.

The warehouse of 20,000 reports of about 5,000 characters beside a Parquet file of their texts alone, both zstd; then
30 rounds in each of which a tenth of the reports comes with another text, and the file beside one that was loaded with
the same batches at once.
"""

from __future__ import annotations

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from tests.bench.loading import texts_of
from tests.bench.made_reports import Writer, made_batches, write_batches
from warehouse.batches.landing import LOADED
from warehouse.compaction import compact, compaction_is_due
from warehouse.database import attach
from warehouse.load import load_pending

REPORTS: Final = 20_000
ROUNDS: Final = 30
_NAMES: Final = "SELECT table_name FROM duckdb_tables() WHERE database_name = current_database()"
_BLOCKS: Final = """
SELECT count(DISTINCT block) * 0.25 FROM (
    SELECT unnest(list_append(additional_block_ids, block_id)) AS block FROM pragma_storage_info(?)
) WHERE block >= 0
"""
"""MiB: blocks are of 256 KiB, and small columns of one table share them."""


def main(rounds: int = ROUNDS) -> None:
    """Print bytes a byte of text, where they are, and how the file grows as reports are replaced."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        writer = Writer()
        warehouse, landing = path / "w.duckdb", path / "landing"
        write_batches(landing, made_batches(REPORTS, writer, run="round-00"))
        texts = texts_of(landing)
        pq.write_table(texts, path / "texts.parquet", compression="zstd")
        utf8 = sum(len(text.encode()) for text in texts["text"].to_pylist())
        load_pending(warehouse, landing)
        sizes = [
            ("texts, UTF-8", utf8),
            ("texts alone, Parquet with zstd", (path / "texts.parquet").stat().st_size),
            ("warehouse as loaded", warehouse.stat().st_size),
            ("warehouse compacted", compact(warehouse).after),
        ]
        table = Table("", "MiB", "x texts", title=f"{REPORTS} reports of about 5,000 characters")
        for name, size in sizes:
            table.add_row(name, f"{size / 2**20:.1f}", f"{size / utf8:.2f}")
        for name, mib in _by_table(warehouse):
            table.add_row(f"  {name}", f"{mib:.1f}", f"{mib * 2**20 / utf8:.2f}")
        console = Console(width=120)
        console.print(table)
        _rounds(path, writer, rounds, console)


def _rounds(path: Path, writer: Writer, rounds: int, console: Console) -> None:
    warehouse, landing = path / "w.duckdb", path / "landing"
    largest, compactions, share = 0, 0, REPORTS // 10
    morning = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(1, rounds + 1):
        first = (number - 1) * share % REPORTS
        batches = made_batches(
            share, writer, first=first, run=f"round-{number:02}", at=morning + timedelta(days=number)
        )
        write_batches(landing, batches)
        load_pending(warehouse, landing)
        if compaction_is_due(warehouse):
            compact(warehouse)
            compactions += 1
        largest = max(largest, warehouse.stat().st_size)
    for file in (landing / LOADED).glob("*.parquet"):
        shutil.move(file, landing / file.name)
    load_pending(path / "fresh.duckdb", landing)
    grown, fresh = warehouse.stat().st_size, (path / "fresh.duckdb").stat().st_size
    best = compact(path / "fresh.duckdb").after
    table = Table("", "MiB", "x fresh", title=f"{rounds} rounds of new texts for a tenth of the reports")
    for name, size in (("loaded at once", fresh), ("loaded at once, compacted", best), ("largest on the way", largest)):
        table.add_row(name, f"{size / 2**20:.1f}", f"{size / fresh:.2f}")
    table.add_row(f"after the rounds ({compactions} compactions)", f"{grown / 2**20:.1f}", f"{grown / fresh:.2f}")
    after = compact(warehouse).after
    table.add_row("after the rounds, compacted once more", f"{after / 2**20:.1f}", f"{after / fresh:.2f}")
    console.print(table)


def _by_table(warehouse: Path) -> list[tuple[str, float]]:
    connection = attach(warehouse, read_only=True)
    try:
        names = [name for (name,) in connection.execute(_NAMES).fetchall()]
        sized = [(name, float(connection.execute(_BLOCKS, [name]).fetchall()[0][0])) for name in names]
    finally:
        connection.close()
    return sorted(sized, key=lambda pair: -pair[1])[:6]
