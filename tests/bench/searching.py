"""Search over made-up reports beside a LIKE scan of the same texts: ``python -m tests.bench search [REPORTS]``.

Words are drawn from a vocabulary of 60,000 by Zipf's law, 1,600 a report, and loaded in batches of 500 as the loader
does. Each query asks for a common and a rarer word.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
from rich.console import Console
from rich.table import Table

from warehouse.database import attach, writing
from warehouse.search import Filters, search_reports

REPORTS: Final = 20_000
VOCABULARY: Final = 60_000
WORDS: Final = 1_600
BATCH: Final = 500
QUERIES: Final = 40


def main(reports: int = REPORTS) -> None:
    """Print p50 and p95 in ms of ``nianbao search``'s query, of the macro, and of LIKE, and the size of the index."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "nianbao.duckdb"
        started = time.perf_counter()
        with writing(path, "bench") as connection:
            words = make_reports(connection, reports)
            connection.execute("CHECKPOINT")
        made = time.perf_counter() - started
        chance = random.Random(1)
        queries = [(words[chance.randrange(20, 200)], words[chance.randrange(100, 20_000)]) for _ in range(QUERIES)]
        connection = attach(path, read_only=True)
        asked: dict[str, Callable[[Sequence[str]], object]] = {
            "nianbao search (opens the file each time)": lambda pair: search_reports(
                path, " ".join(pair), words=pair, filters=Filters()
            ),
            "the same without snippets": lambda pair: search_reports(
                path, " ".join(pair), words=pair, filters=Filters(), snippets=False
            ),
            "FROM search('...') on an open connection": lambda pair: connection.execute(
                "FROM search($1)", [" ".join(pair)]
            ).fetchall(),
            "text LIKE, either word, all that match": lambda pair: connection.execute(
                "SELECT count(*) FROM report_texts WHERE contains(text, $1) OR contains(text, $2)", list(pair)
            ).fetchall(),
        }
        times = {name: _times(ask, queries) for name, ask in asked.items()}
        connection.close()
        size = path.stat().st_size / 2**20
    like = statistics.median(times["text LIKE, either word, all that match"])
    table = Table("query", "p50 ms", "p95 ms", "x LIKE", title=f"{reports} reports, {QUERIES} queries of two words")
    for name, taken in times.items():
        p50 = statistics.median(taken)
        p95 = statistics.quantiles(taken, n=20)[-1]
        table.add_row(name, f"{1000 * p50:.0f}", f"{1000 * p95:.0f}", f"{like / p50:.1f}")
    console = Console(width=120)
    console.print(table)
    console.print(f"made in {made:.0f} s; {size:.0f} MiB with texts and words")


def make_reports(connection: duckdb.DuckDBPyConnection, reports: int) -> list[str]:
    """Fill an empty warehouse with ``reports`` made-up trusted reports; returns the vocabulary, the commonest first."""
    connection.execute("SELECT setseed(0.5)")
    connection.execute(
        "CREATE TEMP TABLE vocabulary AS SELECT rank, "
        "(SELECT string_agg(chr((19968 + hash(rank * 10 + j) % 3000)::INTEGER), '')"
        f" FROM range(2 + (hash(rank) % 3)::BIGINT) t(j)) AS token FROM range(1, {VOCABULARY + 1}) v(rank)"
    )
    for first in range(0, reports, BATCH):
        last = min(first + BATCH, reports)
        connection.execute(
            "CREATE OR REPLACE TEMP TABLE drawn AS SELECT document_id, token, count(*)::INTEGER AS n FROM ("
            f"SELECT 'doc-' || d AS document_id, floor(exp(random() * ln({VOCABULARY})))::BIGINT AS rank "
            f"FROM range({first}, {last}) t(d), range({WORDS})"
            ") JOIN vocabulary USING (rank) GROUP BY ALL"
        )
        connection.execute("BEGIN")
        connection.execute("INSERT INTO core_terms SELECT document_id, 1, token, n FROM drawn ORDER BY token")
        connection.execute(
            "INSERT INTO core_words SELECT document_id, 1, 'bench', sum(n) FROM drawn GROUP BY document_id"
        )
        connection.execute(_VERSIONS)
        connection.execute(_REPORTS)
        connection.execute("COMMIT")
    return [str(token) for (token,) in connection.execute("SELECT token FROM vocabulary ORDER BY rank").fetchall()]


def _times(ask: Callable[[Sequence[str]], object], queries: Sequence[Sequence[str]]) -> list[float]:
    ask(queries[0])
    taken = []
    for query in queries:
        started = time.perf_counter()
        ask(query)
        taken.append(time.perf_counter() - started)
    return taken


_VERSIONS: Final = """
INSERT INTO core_versions (document_id, "version", cause, captured_at, "text", text_length, blocks, content_hash,
    loaded_at, batch)
SELECT document_id, 1, 'first', TIMESTAMP '2026-03-01', "text", length("text"), [], 0, TIMESTAMP '2026-03-01', 'bench'
FROM (SELECT document_id, string_agg(repeat(token, n) || CASE WHEN hash(token) % 20 = 0 THEN chr(10) ELSE '，' END, ''
    ORDER BY hash(token, document_id)) AS "text" FROM drawn GROUP BY document_id)
"""
_REPORTS: Final = """
INSERT INTO core_reports (document_id, url, state, publisher, division_code, "level", report_type, report_year, title,
    flags, "version", text_length, tables, attachments, section_roles, first_seen_at, last_read_at, batch)
SELECT document_id, 'http://www.example.test/' || document_id, 'accepted', 'p' || hash(document_id) % 3000,
    (110000 + hash(document_id) % 500000)::VARCHAR, 'county', 'rule_of_law', 2016 + hash(document_id) % 10, document_id,
    [], 1, text_length, 0, 0, [], TIMESTAMP '2026-03-01', TIMESTAMP '2026-03-01', 'bench'
FROM core_versions SEMI JOIN drawn USING (document_id)
"""
