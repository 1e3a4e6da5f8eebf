"""Full-text search: the macro ``search`` with words cut by the caller, words that no report has, and their nearest.

This room cuts no words: the loader is handed them, and whoever asks hands over the words of the query, cut alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa

from scrapers.records import Words
from warehouse.errors import NoReaderError, QueryError
from warehouse.query import Answer, run_sql

MARKS: Final = ("【", "】")
"""What stands around a hit in a snippet."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a report must be besides matching; ``None`` asks nothing."""

    year: int | None = None
    """Report year."""
    division: str | None = None
    """Beginning of a division code (``33``: Zhejiang); for a zone, of the division it lies in."""
    report_type: str | None = None
    level: str | None = None
    publisher: str | None = None
    """Part of the publisher's name."""


def search_reports(
    reader: Path,
    query: str,
    *,
    words: Sequence[str],
    filters: Filters,
    most: int = 10,
    snippets: bool = True,
    marks: tuple[str, str] = MARKS,
) -> Answer:
    """The best ``most`` of the trusted reports for ``words``, by BM25, with a snippet each.

    A report needs one of the words and every phrase that stands in quotes in ``query``. Columns are those of the
    macro ``search``. Snippets and phrases cost most of the time: texts are compressed 2,048 together. Raises
    ``NoReaderError`` where no copy has been published, or one of before there was a search.
    """
    try:
        return run_sql(
            reader,
            'FROM search($query, words := $words::VARCHAR[], "year" := $year, division := $division, '
            '"type" := $type, "level" := $level, publisher := $publisher, most := $most, snippets := $snippets, '
            "opening := $opening, closing := $closing)",
            parameters={
                "query": query,
                "words": list(words),
                "year": filters.year,
                "division": filters.division,
                "type": filters.report_type,
                "level": filters.level,
                "publisher": filters.publisher,
                "most": most,
                "snippets": snippets,
                "opening": marks[0],
                "closing": marks[1],
            },
        )
    except QueryError as error:
        if "no table or view search" not in str(error):
            raise
        raise NoReaderError(
            f"{reader} was published before there was a search. Run: nianbao crawl (it publishes at its end)"
        ) from error


def missing_words(reader: Path, words: Sequence[str]) -> tuple[str, ...]:
    """Those of ``words`` that no trusted report has, in their order."""
    held = run_sql(
        reader,
        'SELECT DISTINCT token FROM core_terms t JOIN core_reports r USING (document_id, "version") '
        "WHERE r.state = 'accepted' AND token IN (SELECT unnest($words::VARCHAR[]))",
        parameters={"words": list(words)},
    )
    known = {row[0] for row in held.rows}
    return tuple(word for word in words if word not in known)


def nearest_words(reader: Path, word: str, *, most: int = 3) -> tuple[str, ...]:
    """Words of trusted reports that ``word`` may have been meant to be, the nearest first.

    Near is a third of its characters changed at most, one in a word of two or three. Reads every word of the warehouse.
    """
    found = run_sql(reader, _NEAREST, parameters={"word": word, "most": most})
    return tuple(str(row[0]) for row in found.rows)


def dictionaries(reader: Path) -> Mapping[str, int]:
    """How many trusted reports each version of the dictionary has cut."""
    found = run_sql(
        reader,
        'SELECT w.dictionary, count(*) FROM core_words w JOIN core_reports r USING (document_id, "version") '
        "WHERE r.state = 'accepted' GROUP BY ALL ORDER BY ALL",
    )
    return {str(dictionary): int(count) for dictionary, count in found.rows}


def texts_to_cut(connection: duckdb.DuckDBPyConnection, dictionary: str, most: int) -> list[tuple[str, int, str]]:
    """Document, version and text of up to ``most`` versions whose words were cut by another dictionary, or never.

    Never cut are current versions of accepted reports from before words were kept. Old versions are cut where they
    have words.
    """
    rows = connection.execute(_TO_CUT, {"dictionary": dictionary, "most": most}).fetchall()
    return [(str(document), int(version), str(text)) for document, version, text in rows]


def replace_words(connection: duckdb.DuckDBPyConnection, cut: Sequence[tuple[str, int, Words]]) -> None:
    """Put these words in the place of those that the versions had, in one transaction."""
    if not cut:
        return
    connection.register(
        "cut_words",
        pa.table(
            {
                "document_id": [document for document, _, _ in cut],
                "version": pa.array([version for _, version, _ in cut], pa.int32()),
                "dictionary": [words.dictionary for _, _, words in cut],
                "total": pa.array([sum(words.counts) for _, _, words in cut], pa.int32()),
                "tokens": pa.array([list(words.tokens) for _, _, words in cut], pa.list_(pa.string())),
                "counts": pa.array([list(words.counts) for _, _, words in cut], pa.list_(pa.int32())),
            }
        ),
    )
    connection.execute("BEGIN")
    try:
        for statement in _REPLACE:
            connection.execute(statement)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    finally:
        connection.unregister("cut_words")


_TO_CUT: Final = """
SELECT v.document_id, v."version", v."text"
FROM core_versions v
WHERE (v.document_id, v."version") IN (
    SELECT (document_id, "version") FROM (
        SELECT document_id, "version" FROM core_words WHERE dictionary <> $dictionary
        UNION
        SELECT document_id, "version" FROM core_reports r ANTI JOIN core_words w USING (document_id, "version")
        WHERE r.state = 'accepted' AND r.text_length > 0
    ) ORDER BY ALL LIMIT $most)
"""
# The row of core_words is updated, not replaced: DuckDB refuses to delete and insert the same key in one transaction.
# A text without any word keeps a row with none, so that it is not taken for one that was never cut.
_REPLACE: Final = (
    "UPDATE core_words SET dictionary = c.dictionary, total = c.total FROM cut_words c "
    'WHERE core_words.document_id = c.document_id AND core_words."version" = c."version"',
    'INSERT INTO core_words SELECT document_id, "version", dictionary, total FROM cut_words '
    'ANTI JOIN core_words USING (document_id, "version")',
    'DELETE FROM core_terms t USING cut_words c WHERE t.document_id = c.document_id AND t."version" = c."version"',
    'INSERT INTO core_terms SELECT * FROM (SELECT document_id, "version", unnest(tokens) AS token, '
    'unnest(counts) AS "count" FROM cut_words) ORDER BY token, document_id, "version"',
)
# damerau_levenshtein counts bytes, of which a Chinese character has three, so characters in common are counted first.
_NEAREST: Final = """
SELECT token FROM (SELECT token, count(*) AS reports FROM core_terms GROUP BY token)
WHERE length(token) > 1 AND token <> $word AND abs(length(token) - length($word)) <= 1
    AND len(list_intersect(string_split(token, ''), string_split($word, '')))
        >= length($word) - greatest(length($word) // 3, 1)
    -- One character of two in common is chance, unless it is the first.
    AND (length($word) > 2 OR token[1] = $word[1])
ORDER BY damerau_levenshtein(token, $word), reports DESC, token LIMIT $most
"""
