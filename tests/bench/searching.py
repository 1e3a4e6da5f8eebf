"""Search over made-up reports beside DuckDB's FTS extension and a LIKE scan: ``python -m tests.bench search [N]``.

A report is 1,600 words (about 4,900 characters in 40 lines), drawn from a vocabulary of 60,000 by Zipf's law. Words,
texts and reports go into the tables that a load fills, 1,000 reports a transaction, words by the loader's own
statements. Each query asks for a common word (in half of the reports or in all) and a rarer one.

FTS is asked over a tenth of the reports, which is what it can bear (its index took 3.5 GB for 20,000 where it was
measured), and so is this search, when that many are there. Beside the time on the clock stands the processor's: on a
machine that has other work only that one can be compared.
"""

from __future__ import annotations

import importlib.util
import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from warehouse.database import attach, writing
from warehouse.postings import index_words, merge_postings
from warehouse.search import Filters, search_reports
from warehouse.storage.literals import quoted

REPORTS: Final = 100_000
VOCABULARY: Final = 60_000
WORDS: Final = 1_600
AT_ONCE: Final = 1_000
QUERIES: Final = 40
LOADS: Final = 8
"""Loads of ``A_LOAD`` reports that are timed: among them one that merges."""
A_LOAD: Final = 100


def main(reports: int = REPORTS) -> None:
    """Print p50 and p95 of ``nianbao search``'s query, of the macro, of FTS and of LIKE, and what a load costs."""
    console = Console(width=140)
    with TemporaryDirectory() as folder:
        path, other = Path(folder) / "nianbao.duckdb", Path(folder) / "fts.duckdb"
        maker = Maker()
        chance = random.Random(1)
        words = maker.vocabulary
        queries = [(words[chance.randrange(20, 200)], words[chance.randrange(100, 20_000)]) for _ in range(QUERIES)]
        growth = Table("reports", "s a load", "of them merging", "slowest s", "KiB a load", title=_GROWTH)
        few = max(reports // 10, AT_ONCE)
        started = time.perf_counter()
        extension = fts_extension()
        fts = Fts(other, extension) if extension else None
        with writing(path, "bench") as connection:
            maker.fill(connection, few, keep=fts.take if fts else None)
            growth.add_row(f"{maker.made:,}", *loads(maker, connection))
            connection.execute("CHECKPOINT")
        made = time.perf_counter() - started
        console.print(asked_table(path, queries, maker.made, fts))
        if fts:
            console.print(f"the FTS index took {fts.seconds:.0f} s and has to be made anew after each load")
        else:
            console.print("FTS was not measured: pip install duckdb-extension-fts==" + duckdb.__version__)
        started = time.perf_counter()
        with writing(path, "bench") as connection:
            maker.fill(connection, reports - maker.made)
            growth.add_row(f"{maker.made:,}", *loads(maker, connection))
            connection.execute("CHECKPOINT")
            sizes = used_bytes(connection)
        made += time.perf_counter() - started
        console.print(asked_table(path, queries, maker.made, None))
        console.print(growth)
        console.print(
            f"made in {made:.0f} s; file {sizes / 2**20:.0f} MiB with texts and words; "
            f"texts {maker.characters_bytes / 2**20:.0f} MiB as UTF-8"
        )


_GROWTH: Final = f"the index in a load of {A_LOAD} reports, mean of {LOADS} loads"


def asked_table(path: Path, queries: Sequence[tuple[str, str]], reports: int, fts: Fts | None) -> Table:
    """Each way to ask with its times."""
    connection = attach(path, read_only=True)
    like = "text LIKE, either word, how many"
    asked: dict[str, Callable[[tuple[str, str]], object]] = {
        "nianbao search: opens the file, ten snippets": lambda pair: search_reports(
            path, " ".join(pair), words=pair, filters=Filters()
        ),
        "FROM search('...'), ten snippets": lambda pair: connection.execute(
            "FROM search($1)", [" ".join(pair)]
        ).fetchall(),
        "the same, snippets := false": lambda pair: connection.execute(
            "FROM search($1, snippets := false)", [" ".join(pair)]
        ).fetchall(),
        like: lambda pair: connection.execute(
            "SELECT count(*) FROM report_texts WHERE contains(text, $1) OR contains(text, $2)", list(pair)
        ).fetchall(),
    }
    if fts:
        asked["FTS match_bm25, ten best, no snippets"] = fts.ask
    times = {name: timed(ask, queries[:10] if name == like else queries) for name, ask in asked.items()}
    connection.close()
    base = statistics.median(taken.clock for taken in times[like])
    table = Table("query", "p50 ms", "p95 ms", "CPU p50 ms", "CPU p95 ms", "x LIKE", title=f"{reports:,} reports")
    for name, taken in times.items():
        clock, cpu = [each.clock for each in taken], [each.cpu for each in taken]
        figures = [1000 * value for values in (clock, cpu) for value in (statistics.median(values), percentile(values))]
        table.add_row(name, *(f"{figure:.0f}" for figure in figures), f"{base / statistics.median(clock):.1f}")
    return table


def percentile(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds."""

    clock: float
    cpu: float


def timed(ask: Callable[[tuple[str, str]], object], queries: Sequence[tuple[str, str]]) -> list[Taken]:
    ask(queries[0])
    taken = []
    for query in queries:
        clock, cpu = time.perf_counter(), time.process_time()
        ask(query)
        taken.append(Taken(time.perf_counter() - clock, time.process_time() - cpu))
    return taken


def loads(maker: Maker, connection: duckdb.DuckDBPyConnection) -> tuple[str, str, str, str]:
    """What the index costs in loads of ``A_LOAD`` reports: seconds of one, of them merging, the slowest, KiB of one."""
    seconds: list[float] = []
    merging: list[float] = []
    grown = 0
    for _ in range(LOADS):
        maker.add(connection, A_LOAD, words=False)
        connection.execute("CHECKPOINT")
        before = used_bytes(connection)
        took = maker.index(connection)
        seconds.append(sum(took))
        merging.append(took[1])
        connection.execute("CHECKPOINT")
        grown += used_bytes(connection) - before
    return (
        f"{statistics.mean(seconds):.2f}",
        f"{statistics.mean(merging):.2f}",
        f"{max(seconds):.2f}",
        f"{grown / LOADS / 1024:.0f}",
    )


def used_bytes(connection: duckdb.DuckDBPyConnection) -> int:
    """Of the file, without blocks that are free."""
    ((size, used),) = connection.execute(
        "SELECT block_size, used_blocks FROM pragma_database_size() WHERE database_name = current_database()"
    ).fetchall()
    return int(size * used)


class Maker:
    """Makes reports up, the same ones each time."""

    def __init__(self) -> None:
        self._chance = np.random.default_rng(1)
        self.vocabulary = self._words()
        """The commonest first."""
        self._tokens = pa.array(self.vocabulary)
        ends = self._chance.integers(0, 40, VOCABULARY)
        self._pieces = [
            token + ("\n" if end == 0 else "，" if end < 20 else "")
            for token, end in zip(self.vocabulary, ends.tolist(), strict=True)
        ]
        self.made = 0
        self.characters_bytes = 0
        self._new = pa.table({})

    def _words(self) -> list[str]:
        """Different ones of two to four characters, out of 3,000."""
        words: dict[str, None] = {}
        while len(words) < VOCABULARY:
            length = int(self._chance.choice(3, p=(0.65, 0.2, 0.15))) + 2
            words["".join(chr(0x4E00 + int(code)) for code in self._chance.integers(0, 3000, length))] = None
        return list(words)

    def fill(
        self, connection: duckdb.DuckDBPyConnection, reports: int, keep: Callable[[pa.Table], None] | None = None
    ) -> None:
        for first in range(0, reports, AT_ONCE):
            drawn = self.add(connection, min(AT_ONCE, reports - first), words=True)
            if keep is not None:
                keep(drawn)

    def add(self, connection: duckdb.DuckDBPyConnection, reports: int, *, words: bool) -> pa.Table:
        """One transaction with so many reports; ``index`` adds their words where they are left out."""
        new = self._draw(reports)
        self._new = new
        connection.register("made", new)
        connection.execute("BEGIN")
        for statement in _INSERT:
            connection.execute(statement)
        if words:
            self._index(connection)
        connection.execute("COMMIT")
        connection.unregister("made")
        return new

    def index(self, connection: duckdb.DuckDBPyConnection) -> tuple[float, float]:
        """The words of the last reports added, in one transaction; seconds of it, and of merging after."""
        connection.register("made", self._new)
        connection.execute("BEGIN")
        took = self._index(connection)
        connection.execute("COMMIT")
        connection.unregister("made")
        return took

    def _index(self, connection: duckdb.DuckDBPyConnection) -> tuple[float, float]:
        began = time.perf_counter()
        first = pa.array([1] * self._new.num_rows, pa.int32())
        brought = index_words(connection, self._new.append_column("version", first))
        indexed = time.perf_counter()
        merge_postings(connection, brought)
        return indexed - began, time.perf_counter() - indexed

    def _draw(self, reports: int) -> pa.Table:
        shape = (reports, WORDS)
        ranks = (np.exp(self._chance.random(shape) * np.log(VOCABULARY)).astype(np.int64) - 1).clip(0, VOCABULARY - 1)
        texts = ["".join(map(self._pieces.__getitem__, row)) for row in ranks.tolist()]
        self.characters_bytes += sum(len(text.encode()) for text in texts)
        places = np.sort((ranks + np.arange(reports)[:, None] * VOCABULARY).ravel())
        first = np.flatnonzero(np.concatenate(([True], places[1:] != places[:-1])))
        counts = np.diff(np.append(first, len(places))).astype(np.int32)
        report, rank = places[first] // VOCABULARY, places[first] % VOCABULARY
        offsets = pa.array(np.searchsorted(report, np.arange(reports + 1)).astype(np.int32))
        numbers = range(self.made + 1, self.made + reports + 1)
        self.made += reports
        return pa.table(
            {
                "report_number": pa.array(numbers, pa.int32()),
                "document_id": [sha256(str(number).encode()).hexdigest()[:16] for number in numbers],
                "text": texts,
                "dictionary": ["bench"] * reports,
                "tokens": pa.ListArray.from_arrays(offsets, self._tokens.take(pa.array(rank))),
                "counts": pa.ListArray.from_arrays(offsets, pa.array(counts)),
            }
        )


_INSERT: Final = (
    """
INSERT INTO core_reports (document_id, report_number, url, state, publisher, division_code, "level", report_type,
    report_year, title, flags, "version", text_length, tables, attachments, section_roles, first_seen_at, last_read_at,
    batch)
SELECT document_id, report_number, 'http://www.example.test/art/2024/1/30/art_' || document_id || '.html', 'accepted',
    'publisher ' || hash(document_id) % 3000, (110000 + hash(document_id) % 500000)::VARCHAR, 'county', 'rule_of_law',
    2016 + hash(document_id) % 10, document_id, [], 1, length("text"), 0, 0, [], TIMESTAMP '2026-03-01',
    TIMESTAMP '2026-03-01', 'bench'
FROM made
""",
    """
INSERT INTO core_pages (url, source_id, fetches, last_fetched_at, last_outcome, failures, gone_checks)
SELECT url, 'bench', 1, first_seen_at, 'ok', 0, 0 FROM core_reports SEMI JOIN made USING (document_id)
""",
    """
INSERT INTO core_version_facts (document_id, "version", report_number, cause, captured_at, text_length, blocks,
    content_hash, loaded_at, batch)
SELECT document_id, 1, report_number, 'first', TIMESTAMP '2026-03-01', length("text"), [], 0, TIMESTAMP '2026-03-01',
    'bench'
FROM made
""",
    """
INSERT INTO core_texts
SELECT report_number, 1, place, CASE WHEN place = 1 THEN "text" END
FROM (SELECT report_number, "text", unnest(range(1, 25)) AS place FROM made)
""",
)


class Fts:
    """The extension's index over the same words, in a file of its own."""

    def __init__(self, path: Path, extension: Path) -> None:
        self._connection = duckdb.connect(str(path))
        self._connection.execute(f"LOAD {quoted(str(extension))}")
        self._connection.execute("CREATE TABLE reports (document_id VARCHAR PRIMARY KEY, words VARCHAR)")
        self.seconds = 0.0
        """Of making the index."""

    def take(self, made: pa.Table) -> None:
        self._connection.register("made", made)
        self._connection.execute(
            "INSERT INTO reports SELECT document_id, array_to_string(list_transform(list_zip(tokens, counts), "
            "lambda pair: repeat(pair[1] || ' ', pair[2])), '') FROM made"
        )
        self._connection.unregister("made")

    def build(self) -> None:
        began = time.perf_counter()
        self._connection.execute(
            "PRAGMA create_fts_index('reports', 'document_id', 'words', stemmer = 'none', stopwords = 'none', "
            "strip_accents = 0, lower = 0, ignore = '\\s+')"
        )
        self.seconds = time.perf_counter() - began

    def ask(self, pair: tuple[str, str]) -> object:
        if not self.seconds:
            self.build()
        return self._connection.execute(
            "SELECT document_id, score FROM (SELECT document_id, fts_main_reports.match_bm25(document_id, $1) AS score "
            "FROM reports) WHERE score IS NOT NULL ORDER BY score DESC, document_id LIMIT 10",
            [" ".join(pair)],
        ).fetchall()


def fts_extension() -> Path | None:
    """The extension's file in its wheel, where that is installed."""
    found = importlib.util.find_spec("duckdb_extension_fts")
    if found is None or not found.submodule_search_locations:
        return None
    folder = Path(found.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    file = folder / "fts.duckdb_extension"
    return file if file.exists() else None
