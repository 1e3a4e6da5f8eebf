"""Loading beside a raw insert of the same texts: ``python -m tests.bench load [REPORTS]``.

The peers do the least that can be done: one table of two columns, texts compressed as the warehouse compresses them;
from memory, from a file of texts, and from the batch files that the loader has to read.
The loader merges batch files: every report with its capture, candidate, version, blocks, sections, removals and, in
the second half, its words. Every figure includes the checkpoint, after which the rows are in the file.
"""

from __future__ import annotations

import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from rich.console import Console
from rich.table import Table

from tests.bench.made_reports import Writer, made_batches, without_words, write_batches
from warehouse.batches.landing import LOADED, read_batch_file
from warehouse.database import attach, writing
from warehouse.load import load_pending

REPORTS: Final = 20_000


def main(reports: int = REPORTS) -> None:
    """Print reports a second of raw inserts, of the loader, and of the loader given the same batches again."""
    with TemporaryDirectory() as folder:
        path = Path(folder)
        write_batches(path / "with", made_batches(reports, Writer()))
        write_batches(path / "without", map(without_words, made_batches(reports, Writer())))
        texts = texts_of(path / "without")
        words = _words(path / "with")
        pq.write_table(texts, path / "texts.parquet", compression="zstd")
        insert = "INSERT INTO raw SELECT * FROM texts"
        raw = {
            "INSERT from Arrow, in one piece": _raw(path, texts.combine_chunks(), insert),
            "INSERT from Arrow, in many pieces": _raw(path, texts, insert),
            "INSERT SELECT read_parquet": _raw(
                path, texts, f"INSERT INTO raw FROM read_parquet('{path / 'texts.parquet'}')"
            ),
            "COPY FROM parquet": _raw(path, texts, f"COPY raw FROM '{path / 'texts.parquet'}'"),
            "batch files read, their texts inserted": _raw_from_batches(path, path / "without"),
        }
        fastest = min(raw.values())
        raw_words = _raw(
            path,
            texts,
            f"{insert}; INSERT INTO terms SELECT * FROM words ORDER BY token",
            words,
        )
        rows = [(f"raw: {name}", seconds, fastest) for name, seconds in raw.items()]
        for name, peer in (("without", fastest), ("with", raw_words)):
            warehouse, landing = path / f"{name}.duckdb", path / name
            with writing(warehouse, "bench"):
                pass  # made and migrated: that is paid once
            if name == "with":
                rows.append(("raw: texts, and words ordered by word", raw_words, raw_words))
            first = _timed(warehouse, landing)
            rows.append((f"nianbao: load, {name} words", first, peer))
            for file in (landing / LOADED).glob("*.parquet"):
                shutil.move(file, landing / file.name)
            again = _timed(warehouse, landing)
            rows.append((f"nianbao: the same again, {name} words ({again / first:.3f} of the first)", again, peer))
    table = Table("", "seconds", "reports/s", "x raw", title=f"{reports} reports of about 5,000 characters")
    for name, seconds, peer in rows:
        table.add_row(name, f"{seconds:.2f}", f"{reports / seconds:.0f}", f"{peer / seconds:.2f}")
    Console(width=120).print(table)


def _raw(folder: Path, texts: Any, statements: str, words: Any = None) -> float:
    """Seconds until the texts are in a new file, as fast as DuckDB can."""
    path = folder / "raw.duckdb"
    path.unlink(missing_ok=True)
    connection = attach(path, read_only=False)
    connection.execute("CREATE TABLE raw (document_id VARCHAR PRIMARY KEY, text VARCHAR USING COMPRESSION zstd)")
    connection.register("texts", texts)
    if words is not None:
        connection.execute("CREATE TABLE terms (document_id VARCHAR, token VARCHAR, n INTEGER)")
        connection.register("words", words)
    began = time.perf_counter()
    connection.execute(statements)
    connection.close()
    return time.perf_counter() - began


def _raw_from_batches(folder: Path, landing: Path) -> float:
    """Seconds until the texts of batch files are in a new file, and nothing else of them."""
    began = time.perf_counter()
    texts = texts_of(landing)
    return time.perf_counter() - began + _raw(folder, texts, "INSERT INTO raw SELECT * FROM texts")


def _timed(warehouse: Path, landing: Path) -> float:
    began = time.perf_counter()
    load_pending(warehouse, landing)
    return time.perf_counter() - began


def texts_of(landing: Path) -> Any:
    """``document_id`` and ``text`` of every report that waits in the landing folder, as an Arrow table in one piece a
    file."""
    with ThreadPoolExecutor() as pool:
        batches = list(pool.map(read_batch_file, sorted(landing.glob("*.parquet"))))
    columns = [batch.table["report"] for batch in batches]
    reports = [column.slice(0, len(column) - column.null_count) for column in columns]  # they come first
    return pa.table(
        {
            "document_id": pa.chunked_array([pc.struct_field(r, "document_id").combine_chunks() for r in reports]),
            "text": pa.chunked_array([pc.struct_field(r, ["draft", "text"]).combine_chunks() for r in reports]),
        }
    )


def _words(landing: Path) -> Any:
    parts = []
    for file in sorted(landing.glob("*.parquet")):
        reports = [report for report in read_batch_file(file).table["report"].to_pylist() if report is not None]
        parts.append(
            pa.table(
                {
                    "document_id": [r["document_id"] for r in reports for _ in r["words"]["tokens"]],
                    "token": [token for r in reports for token in r["words"]["tokens"]],
                    "n": pa.array([count for r in reports for count in r["words"]["counts"]], pa.int32()),
                }
            )
        )
    return pa.concat_tables(parts)
