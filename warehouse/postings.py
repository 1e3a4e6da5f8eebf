"""The inverted index kept in few pieces: each load adds a run of postings, and small runs are merged into larger ones.

A word is looked up in every run, so runs must stay few; a merge costs what it merges, so large ones must be rare. Runs
are sorted into tiers, each eight times the one below; eight of a tier become one of the next (the tiers of a
log-structured merge tree: O'Neil et al. 1996). A posting is so written again once a tier: of 100 million of them, after
loads of 100,000, about three times.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Final

import duckdb

_SCRIPT: Final = Path(__file__).parent / "merge" / "72_words.sql"
RUNS: Final = 8
"""Of one tier that are merged, and how much larger each tier is than the one below."""
BLOCK: Final = 128
"""Texts of one word in one row, about. DuckDB opens the lists of 2,048 rows to read one of them."""
_AT_ONCE: Final = 8_000_000
"""Postings merged by one statement; bounds its memory to some hundred MB."""


def index_words(connection: duckdb.DuckDBPyConnection) -> None:
    """Put the words of the temporary view ``new_words`` into the index, in the caller's transaction, as a load does.

    Its columns are document_id, version, dictionary, tokens and counts; the versions' older words are replaced.
    """
    connection.execute(_SCRIPT.read_text(encoding="utf-8"))
    connection.execute("DROP TABLE temp.numbered_words; DROP TABLE temp.new_run; DROP VIEW temp.new_words")


def merge_postings(connection: duckdb.DuckDBPyConnection, *, everything: bool = False) -> int:
    """Merge the runs of each tier that has ``RUNS`` of them, and leave out what is of no text any more.

    Returns how many runs went into another. One look where there is nothing to do. The caller has a transaction open:
    postings are in two runs on the way. With ``everything`` all runs become one, and words that no text has are
    forgotten.
    """
    merged = 0
    while runs := _due(connection, everything):
        _merge(connection, runs)
        merged += len(runs)
        if everything:
            connection.execute(_FORGET)
            break
    return merged


def _due(connection: duckdb.DuckDBPyConnection, everything: bool) -> list[int]:
    sql = "SELECT list(run ORDER BY run) FROM core_posting_runs" if everything else _FULL_TIER
    row = connection.execute(sql).fetchone()
    return list(row[0]) if row and row[0] else []


def _merge(connection: duckdb.DuckDBPyConnection, runs: list[int]) -> None:
    parameters = {"runs": runs}
    ((target,),) = connection.execute("SELECT max(run) + 1 FROM core_posting_runs").fetchall()
    ((bounds,),) = connection.execute(_BOUNDS, parameters | {"at_once": _AT_ONCE}).fetchall()
    for first, after in pairwise([*(bounds or []), None]):
        connection.execute(_JOIN, parameters | {"target": target, "first": first, "after": after, "block": BLOCK})
    # The run is written down also where nothing of it lives: it remembers the last number that was given.
    connection.execute(_WRITE_DOWN, parameters | {"target": target})
    connection.execute("DELETE FROM core_postings WHERE run IN (SELECT unnest($runs::INTEGER[]))", parameters)
    connection.execute("DELETE FROM core_posting_runs WHERE run IN (SELECT unnest($runs::INTEGER[]))", parameters)


_FULL_TIER: Final = f"""
SELECT list(run ORDER BY run) FROM core_posting_runs
GROUP BY floor(log(greatest(postings, 1)) / log({RUNS})) HAVING count(*) >= {RUNS}
ORDER BY min(postings) LIMIT 1
"""  # noqa: S608  # a number of this module
# Where each slice of about that many postings begins, by word.
_BOUNDS: Final = """
SELECT list(first ORDER BY first) FROM (
    SELECT min(token_id) AS first FROM (
        SELECT token_id, sum(sum(len(words_ids))) OVER (ORDER BY token_id) // $at_once AS slice
        FROM core_postings WHERE run IN (SELECT unnest($runs::INTEGER[])) GROUP BY token_id)
    GROUP BY slice)
"""
# A row holds the texts of a word from a range of numbers, wide enough for a block of them if they lay evenly.
_JOIN: Final = """
INSERT INTO core_postings
WITH chosen AS (
    FROM core_postings
    WHERE run IN (SELECT unnest($runs::INTEGER[])) AND token_id >= $first AND ($after IS NULL OR token_id < $after)
),
widths AS (
    SELECT token_id, 1 + $block * (SELECT max(last_words_id) - min(first_words_id) FROM core_posting_runs
            WHERE run IN (SELECT unnest($runs::INTEGER[]))) // sum(len(words_ids)) AS width
    FROM chosen GROUP BY token_id
)
SELECT token_id, $target::INTEGER, list(words_id), list("count")
FROM (
    SELECT token_id, width, unnest(words_ids) AS words_id, unnest(counts) AS "count"
    FROM chosen JOIN widths USING (token_id)
) SEMI JOIN core_words USING (words_id)
GROUP BY token_id, words_id // width ORDER BY token_id, min(words_id)
"""
_WRITE_DOWN: Final = """
INSERT INTO core_posting_runs
SELECT $target, (SELECT coalesce(sum(len(words_ids)), 0) FROM core_postings WHERE run = $target),
    min(first_words_id), max(last_words_id)
FROM core_posting_runs WHERE run IN (SELECT unnest($runs::INTEGER[]))
"""
_FORGET: Final = "DELETE FROM core_vocabulary v WHERE NOT EXISTS (FROM core_postings p WHERE p.token_id = v.token_id)"
