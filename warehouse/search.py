"""Full-text search: the macro ``search`` with words cut by the caller, words that no report has, and their nearest.

This room cuts no words: the loader is handed them, and whoever asks hands over the words of the query, cut alike.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from scrapers.records import Words
from warehouse.errors import NoReaderError, QueryError
from warehouse.postings import index_words, merge_postings
from warehouse.query import Answer, run_sql
from warehouse.storage.transactions import transaction

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
    plain: str | None = None,
    filters: Filters,
    most: int = 10,
    snippets: bool = True,
    marks: tuple[str, str] = MARKS,
) -> Answer:
    """The best ``most`` of the trusted reports for ``words``, by BM25, with a snippet each.

    A report needs one of the words and every phrase that stands in quotes in ``query``, or as ``plain``, the query in
    Simplified characters, spells it. Columns are those of the
    macro ``search``. A phrase reads the texts of all reports that pass the filters. Raises ``NoReaderError`` where no
    copy has been published, or one by an older nianbao.
    """
    return _ask(
        reader,
        'FROM search($query, words := $words::VARCHAR[], plain := $plain, "year" := $year, division := $division, '
        '"type" := $type, "level" := $level, publisher := $publisher, most := $most, snippets := $snippets, '
        "opening := $opening, closing := $closing)",
        {
            "query": query,
            "words": list(words),
            "plain": plain,
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


def missing_words(reader: Path, words: Sequence[str]) -> tuple[str, ...]:
    """Those of ``words`` that no trusted report has, in their order."""
    known = {row[0] for row in _ask(reader, _HELD, {"words": list(words)}).rows}
    return tuple(word for word in words if word not in known)


def nearest_words(reader: Path, word: str, *, most: int = 3) -> tuple[str, ...]:
    """Words of reports that ``word`` may have been meant to be, the nearest first, the commonest of equally near ones.

    Near is a third of its characters changed at most, one in a word of two or three. Reads the whole vocabulary.
    """
    found = _ask(reader, _NEAREST, {"word": word, "most": most})
    return tuple(str(row[0]) for row in found.rows)


def dictionaries(reader: Path) -> Mapping[str, int]:
    """How many trusted reports each version of the dictionary has cut."""
    found = _ask(
        reader,
        "SELECT w.dictionary, count(*) FROM core_words w JOIN core_reports r "
        'ON r.report_number = w.report_number AND r."version" = w."version" '
        "WHERE r.state = 'accepted' GROUP BY ALL ORDER BY ALL",
        {},
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
    table = pa.table(
        {
            "document_id": [document for document, _, _ in cut],
            "version": pa.array([version for _, version, _ in cut], pa.int32()),
            "dictionary": [words.dictionary for _, _, words in cut],
            "tokens": pa.array([list(words.tokens) for _, _, words in cut], pa.list_(pa.string())),
            "counts": pa.array([list(words.counts) for _, _, words in cut], pa.list_(pa.int32())),
        }
    )
    with transaction(connection):
        merge_postings(connection, index_words(connection, table))


def _ask(reader: Path, sql: str, parameters: Mapping[str, Any]) -> Answer:
    try:
        return run_sql(reader, sql, parameters=parameters)
    except QueryError as error:
        # A copy from before an upgrade has another index, or none, until the next run publishes.
        if not re.search(
            r"no table or view (search|core_vocabulary)|report_number|Macro search\(\) does not", str(error)
        ):
            raise
        raise NoReaderError(
            f"{reader} was published by an older nianbao. Run: nianbao crawl (it publishes at its end)"
        ) from error


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
_HELD: Final = """
SELECT DISTINCT p.token
FROM (
    SELECT token, unnest(words_ids) AS words_id FROM core_vocabulary JOIN core_postings USING (token_id)
    WHERE token IN (SELECT unnest($words::VARCHAR[]))
) p
JOIN core_words w USING (words_id)
JOIN core_reports r ON r.report_number = w.report_number AND r."version" = w."version"
WHERE r.state = 'accepted'
"""
# damerau_levenshtein counts bytes, of which a Chinese character has three, so characters in common are counted first.
_NEAREST: Final = """
WITH near AS MATERIALIZED (
    SELECT token_id, token FROM core_vocabulary
    WHERE length(token) > 1 AND token <> $word AND abs(length(token) - length($word)) <= 1
        AND len(list_intersect(string_split(token, ''), string_split($word, '')))
            >= length($word) - greatest(length($word) // 3, 1)
        -- One character of two in common is chance, unless it is the first.
        AND (length($word) > 2 OR token[1] = $word[1])
)
SELECT token FROM near JOIN core_postings USING (token_id) GROUP BY token
ORDER BY damerau_levenshtein(token, $word), sum(len(words_ids)) DESC, token LIMIT $most
"""
