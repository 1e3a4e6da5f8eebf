"""The inverted index kept in few pieces: each load adds a run of postings, and small runs are merged into larger ones.

A word is looked up in every run, so runs must stay few; a merge costs what it merges, so large ones must be rare. Runs
are sorted into tiers, each eight times the one below; eight of a tier become one of the next (the tiers of a
log-structured merge tree: O'Neil et al. 1996). A posting is so written again once a tier: of 100 million of them, after
loads of 100,000, about three times.

No load waits for a large merge: each does a share of it, from the first words to the last. Between loads a posting is
in one run, of those that are merged or the one that they become, so questions need not know of merges.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from warehouse.batches.numbered_words import register_words, unregister_words

_SCRIPT: Final = Path(__file__).parent / "merge" / "72_words.sql"
RUNS: Final = 8
"""Of one tier that are merged, and how much larger each tier is than the one below."""
BLOCK: Final = 128
"""Texts of one word in one row, about. DuckDB opens the lists of 2,048 rows to read one of them."""
_AT_ONCE: Final = 8_000_000
"""Postings merged by one statement; bounds its memory to some hundred MB."""
_A_LOAD: Final = 500_000
"""Postings that one load merges, where there are as many to merge: half a second's work."""
_SHARE: Final = 4
"""Postings that a large load merges for each that it brings: as many as merges come to in the long run."""


def index_words(connection: duckdb.DuckDBPyConnection, words: pa.Table) -> int:
    """Put ``words`` into the index, in the caller's transaction, as a load does; returns how many postings came of it.

    A row is a version: ``document_id``, ``version``, ``dictionary``, ``tokens`` and ``counts``. What the versions had
    before is replaced.
    """
    words = words.append_column("arrival", pa.array(range(words.num_rows), pa.int64())).combine_chunks()
    arrivals, tokens, counts = (words[name].chunks for name in ("arrival", "tokens", "counts"))
    connection.register("cut_versions", words.select(["arrival", "document_id", "version", "dictionary"]))
    register_words(connection, arrivals, tokens, counts)
    try:
        connection.execute("CREATE OR REPLACE TEMP VIEW new_words AS FROM cut_versions")
        connection.execute(_SCRIPT.read_text(encoding="utf-8"))
        brought = postings_brought(connection)
        connection.execute("DROP TABLE temp.numbered_words; DROP TABLE temp.new_run; DROP VIEW temp.new_words")
    finally:
        unregister_words(connection)
        connection.unregister("cut_versions")
    return brought


def postings_brought(connection: duckdb.DuckDBPyConnection) -> int:
    """How many postings the script of words has just made, in the same transaction."""
    ((brought,),) = connection.execute("SELECT coalesce(sum(postings), 0)::BIGINT FROM numbered_words").fetchall()
    return int(brought)


def merge_postings(connection: duckdb.DuckDBPyConnection, brought: int = 0, *, everything: bool = False) -> int:
    """Merge the runs of each tier that has ``RUNS`` of them, and leave out what is of no text any more: half a
    million postings, or some for each that was ``brought``; the next calls go on where that was not all.

    Returns how many runs are gone. One look where there is nothing to do. The caller has a transaction open: postings
    are in two runs on the way. With ``everything`` all runs become one, and words that no text has are forgotten.
    """
    left = max(_A_LOAD, _SHARE * brought)
    gone = 0
    if everything:
        _begin(connection, _runs(connection, _ALL))
    while everything or left > 0:
        while not everything and (due := _runs(connection, _FULL_TIER)):
            _begin(connection, due)
        # The smallest first: those of the loads to come wait for no large one.
        merge = connection.execute(_SMALLEST).fetchone()
        if merge is None:
            break
        target, runs = merge
        moved, ended = _go_on(connection, target, runs, _AT_ONCE if everything else min(left, _AT_ONCE))
        left -= moved
        gone += ended
    if everything:
        connection.execute(_FORGET)
    return gone


def _runs(connection: duckdb.DuckDBPyConnection, sql: str) -> list[int]:
    row = connection.execute(sql).fetchone()
    return list(row[0]) if row and row[0] else []


def _begin(connection: duckdb.DuckDBPyConnection, runs: list[int]) -> None:
    """Write down that ``runs`` become a new one. It stays where nothing in it lives: it remembers the last number that
    was given."""
    if runs:
        connection.execute(_TARGET, {"runs": runs})
        connection.execute(_INTO, {"runs": runs})


def _go_on(connection: duckdb.DuckDBPyConnection, target: int, runs: list[int], at_most: int) -> tuple[int, int]:
    """Move the first words of ``runs`` to ``target``: at least one, and about as many as have ``at_most`` postings.

    Returns how many postings those were, and how many runs are gone.
    """
    ((first, after, moved),) = connection.execute(_SLICE, {"runs": runs, "at_most": at_most}).fetchall()
    if first is not None:
        slice_of = {"runs": runs, "first": first, "after": after}
        connection.execute(_JOIN, slice_of | {"target": target, "block": BLOCK})
        connection.execute(_COUNT, {"target": target, "first": first, "after": after})
        connection.execute(_TAKE_AWAY, slice_of)
        connection.execute(_DELETE, slice_of)
    if after is not None:
        return moved, 0
    connection.execute("DELETE FROM core_posting_runs WHERE into_run = $target", {"target": target})
    return moved, len(runs)


_ALL: Final = "SELECT list(run ORDER BY run) FROM core_posting_runs"
_FULL_TIER: Final = f"""
SELECT list(run ORDER BY run) FROM core_posting_runs
WHERE into_run IS NULL AND run NOT IN (SELECT into_run FROM core_posting_runs WHERE into_run IS NOT NULL)
GROUP BY floor(log(greatest(postings, 1)) / log({RUNS})) HAVING count(*) >= {RUNS}
ORDER BY min(postings) LIMIT 1
"""  # noqa: S608  # a number of this module
_TARGET: Final = """
INSERT INTO core_posting_runs
SELECT (SELECT max(run) + 1 FROM core_posting_runs), 0, min(first_words_id), max(last_words_id), NULL
FROM core_posting_runs WHERE run IN (SELECT unnest($runs::INTEGER[]))
"""
_INTO: Final = """
UPDATE core_posting_runs SET into_run = (SELECT max(run) FROM core_posting_runs)
WHERE run IN (SELECT unnest($runs::INTEGER[]))
"""
_SMALLEST: Final = """
SELECT into_run, list(run ORDER BY run) FROM core_posting_runs WHERE into_run IS NOT NULL
GROUP BY into_run ORDER BY sum(postings), into_run LIMIT 1
"""
# The first word, the first that stays, and the postings between the two.
_SLICE: Final = """
SELECT min(token_id), min(token_id) FILTER (before > 0 AND before + postings > $at_most),
    coalesce(sum(postings) FILTER (before = 0 OR before + postings <= $at_most), 0)
FROM (
    SELECT token_id, sum(len(words_ids)) AS postings,
        coalesce(sum(sum(len(words_ids))) OVER (
            ORDER BY token_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM core_postings WHERE run IN (SELECT unnest($runs::INTEGER[])) GROUP BY token_id)
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
_COUNT: Final = """
UPDATE core_posting_runs SET postings = postings + (
    SELECT coalesce(sum(len(words_ids)), 0) FROM core_postings
    WHERE run = $target AND token_id >= $first AND ($after IS NULL OR token_id < $after))
WHERE run = $target
"""
_TAKE_AWAY: Final = """
UPDATE core_posting_runs SET postings = postings - moved
FROM (
    SELECT run AS from_run, sum(len(words_ids)) AS moved FROM core_postings
    WHERE run IN (SELECT unnest($runs::INTEGER[])) AND token_id >= $first AND ($after IS NULL OR token_id < $after)
    GROUP BY run)
WHERE run = from_run
"""
_DELETE: Final = """
DELETE FROM core_postings
WHERE run IN (SELECT unnest($runs::INTEGER[])) AND token_id >= $first AND ($after IS NULL OR token_id < $after)
"""
_FORGET: Final = "DELETE FROM core_vocabulary v WHERE NOT EXISTS (FROM core_postings p WHERE p.token_id = v.token_id)"
