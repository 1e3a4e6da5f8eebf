"""From batch files to typed, checked rows in temporary tables: what the merge statements read.

A row that breaks a rule is set aside with the reasons; the rest of its batch loads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import itemgetter
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from scrapers.records import Edition, Level, Outcome, PageKind, ReportType, State
from warehouse.batches.arrow_nested import with_field
from warehouse.batches.landing import SCHEMA, BatchFile
from warehouse.batches.numbered_words import register_words, unregister_words
from warehouse.storage.instants import kept
from warehouse.storage.literals import quoted


@dataclass(frozen=True, slots=True)
class Rule:
    """What a row must satisfy. ``holds`` is SQL over the row's fields; ``NULL`` counts as broken."""

    reason: str
    holds: str


def _one_of(field: str, words: type[StrEnum], *, absent: bool = False) -> Rule:
    allowed = ", ".join(quoted(word.value) for word in words)
    missing = f"{field} IS NULL OR " if absent else ""
    return Rule(f"{field} is none of {', '.join(word.value for word in words)}", f"{missing}{field} IN ({allowed})")


def _given(*fields: str) -> tuple[Rule, ...]:
    return tuple(Rule(f"{field} is missing", f"{field} IS NOT NULL AND {field} <> ''") for field in fields)


def _present(*fields: str) -> tuple[Rule, ...]:
    return tuple(Rule(f"{field} is missing", f"{field} IS NOT NULL") for field in fields)


RULES: Final[dict[str, tuple[Rule, ...]]] = {
    "candidate": (
        *_given("source_id", "column_url", "url"),
        *_present("pinned"),
        _one_of("state", State),
        _one_of("report_type", ReportType, absent=True),
    ),
    "listing": (
        *_given("source_id", "column_url"),
        *_present("listed_at", "listing.rows", "listing.pages_read", "listing.stopped_early"),
        _one_of("listing.outcome", Outcome),
    ),
    "capture": (
        *_given("capture_id", "url", "final_url"),
        *_present("fetched_at", "attempts"),
        _one_of("outcome", Outcome),
    ),
    "report": (
        *_given("document_id", "url"),
        *_present("draft.text", "draft.blocks", "draft.tables", "draft.attachments", "draft.removed", "draft.values"),
        *_present("draft.flags", "flags", "sections", "figures"),
        _one_of("state", State),
        _one_of("level", Level, absent=True),
        _one_of("report_type", ReportType, absent=True),
        _one_of("edition", Edition, absent=True),
        _one_of("draft.kind", PageKind),
        Rule("division_code is not six digits", "division_code IS NULL OR regexp_full_match(division_code, '\\d{6}')"),
        Rule(
            "parent_division_code is not six digits",
            "parent_division_code IS NULL OR regexp_full_match(parent_division_code, '\\d{6}')",
        ),
        Rule("report_year is not between 1949 and 2100", "report_year IS NULL OR report_year BETWEEN 1949 AND 2100"),
        # White space as Python's re has it: RE2's \s knows ASCII only.
        Rule(
            "a text without its digest",
            "text_digest IS NOT NULL OR NOT regexp_matches(draft.text, '[^\\s\\p{Z}\\x{85}\\x{1C}-\\x{1F}]')",
        ),
        Rule(
            "a section outside of the blocks",
            'len(list_filter(sections, lambda s: s.start < 0 OR s.start >= s."end"'
            ' OR s."end" > len(draft.blocks))) = 0',
        ),
        Rule(
            "blocks that do not end with the text",
            "len(draft.blocks) = 0 OR draft.blocks[-1].start IS NULL"
            ' OR draft.blocks[-1].start + draft.blocks[-1]."length" = length(draft."text") + 1',
        ),
        Rule(
            "a level of a heading that is none",
            'len(list_filter(draft.blocks, lambda b: b."level" < 0 OR b."level" > 99)) = 0',
        ),
        Rule(
            "words that are not counted, or cut by an unknown dictionary",
            'words IS NULL OR (words.tokens IS NOT DISTINCT FROM words.counts AND words."dictionary" IS NOT NULL)',
        ),
        Rule(
            "a signature that is not one",
            "signature IS NULL OR (signature.algorithm <> '' AND len(signature.minima) > 0 AND len(signature.bands) > 0"
            " AND len(list_filter(signature.minima, lambda m: m < 0 OR m >= 4294967296)) = 0)",
        ),
        Rule(
            "a block of a table that is not there",
            "len(list_filter(draft.blocks, lambda b: b.table_position < 1"
            " OR b.table_position > len(draft.tables))) = 0",
        ),
    ),
}

_TABLES: Final = {
    "candidate": "staged_candidates",
    "listing": "staged_listings",
    "capture": "staged_captures",
    "report": "staged_reports",
}
_TEXTS: Final = "landed_texts"
_ORIGIN: Final = pa.schema(
    [("batch", pa.string()), ("row", pa.int32()), ("batch_source", pa.string()), ("arrival", pa.int64())]
)
# A text is long: what is asked of it is found while it lies in the file, so that no statement has to carry it along.
# Instants are kept as TIMESTAMP in UTC: readers without a time zone library (and JDBC clients) show them as they are.
_SELECTED: Final = {
    "candidate": "* EXCLUDE (batch_source) REPLACE (coalesce(seen_at AT TIME ZONE 'UTC', $loaded_at) AS seen_at)",
    "listing": "* EXCLUDE (batch_source) REPLACE (listed_at AT TIME ZONE 'UTC' AS listed_at)",
    "capture": "* REPLACE (fetched_at AT TIME ZONE 'UTC' AS fetched_at) RENAME (batch_source AS source_id)",
    "report": "* EXCLUDE (batch_source) REPLACE ("
    'coalesce(source_id, batch_source) AS source_id, struct_update(draft, "text" := NULL) AS draft), '
    'length(draft."text")::INTEGER AS text_length, '
    'hash(draft, sections, figures, flags, signature.algorithm, words."dictionary", quantities.extractor) '
    "AS content_hash",
}


def stage(connection: duckdb.DuckDBPyConnection, batches: Sequence[BatchFile], loaded_at: datetime) -> None:
    """Fill ``staged_candidates`` ... ``staged_reports`` and ``faulty_rows`` (temporary tables) from ``batches``.

    Every staged row has its ``batch``, its ``row`` there, the batch's ``source_id`` where the record has none, and
    ``arrival``: its place among all rows staged, older batches first. Of a report's text its ``text_length`` is staged,
    and of its words their number; the texts as they lie in the files are ``landed_texts``, the words ``landed_words``
    and ``landed_tokens``: known to SQL until ``unstage``. ``content_hash`` is of all that was read, the text too.
    """
    moment = kept(loaded_at)
    connection.execute(
        "CREATE TEMP TABLE faulty_rows (batch VARCHAR, row INTEGER, kind VARCHAR, reason VARCHAR, record JSON)"
    )
    landed = _by_kind(batches)
    for kind, table in _TABLES.items():
        connection.register("landed", landed[kind])
        try:
            connection.execute(_staging(kind, table), {"loaded_at": moment})
            # The names put into these statements are this module's own words (_TABLES); rows never are.
            (faulty,) = connection.execute(f"SELECT count(*) FROM {table} WHERE fault <> ''").fetchall()[0]  # noqa: S608
            if faulty:
                connection.execute(
                    f"INSERT INTO faulty_rows "  # noqa: S608
                    f"SELECT s.batch, s.row, '{kind}', s.fault, coalesce(to_json(l.record), 'null') "
                    f"FROM {table} s JOIN landed l USING (arrival) WHERE s.fault <> ''"
                )
                connection.execute(f"DELETE FROM {table} WHERE fault <> ''")  # noqa: S608
        finally:
            connection.unregister("landed")
    connection.execute(
        "DELETE FROM staged_captures WHERE arrival NOT IN "
        "(SELECT min(arrival) FROM staged_captures GROUP BY capture_id)"
    )
    reports = landed["report"]
    texts = pc.struct_field(reports["record"], ["draft", "text"])
    connection.register(_TEXTS, pa.table({"arrival": reports["arrival"], "text": texts}))
    words = [record.field("words") for record in reports["record"].chunks]
    tokens, counts = ([word.field(name) for word in words] for name in ("tokens", "counts"))
    register_words(connection, reports["arrival"].chunks, tokens, counts)


def unstage(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget what ``stage`` made known beside its tables, where it did."""
    connection.unregister(_TEXTS)
    unregister_words(connection)


def _by_kind(batches: Sequence[BatchFile]) -> dict[str, pa.Table]:
    """The rows of each kind: ``record``, as ``staged``, where it comes from, and its arrival."""
    pieces: dict[str, list[pa.Table]] = {kind: [] for kind in _TABLES}
    arrived = 0
    for batch in batches:
        rows = batch.table.num_rows
        table = (
            batch.table.append_column("batch", pa.array([batch.name] * rows, type=pa.string()))
            .append_column("batch_source", pa.array([batch.source_id] * rows, type=pa.string()))
            .append_column("arrival", pa.array(range(arrived, arrived + rows), type=pa.int64()))
        )
        arrived += rows
        # A batch has all its rows of a kind one after the other.
        for kind, run in groupby(enumerate(batch.table["kind"].to_pylist()), key=itemgetter(1)):
            places = [place for place, _ in run]
            named = table.select([*_ORIGIN.names, kind]).rename_columns([*_ORIGIN.names, "record"])
            pieces[kind].append(_rows(named, places[0], len(places)))
    return {kind: _put_together(kind, tables) for kind, tables in pieces.items()}


def _put_together(kind: str, pieces: Sequence[pa.Table]) -> pa.Table:
    empty = _ORIGIN.append(pa.field("record", SCHEMA.field(kind).type)).empty_table()
    table = pa.concat_tables([empty, *pieces])
    staged = table["record"]
    if kind == "report":
        staged = pa.chunked_array([_with_words_counted(records) for records in staged.chunks])
    return table.append_column("staged", staged)


def _with_words_counted(reports: pa.StructArray) -> pa.StructArray:
    words = reports.field("words")
    for name in ("tokens", "counts"):
        words = with_field(words, name, pc.list_value_length(words.field(name)))
    return with_field(reports, "words", words)


def _rows(table: pa.Table, first: int, count: int) -> pa.Table:
    """Rows of a table, as DuckDB 1.5.5 reads them right: of a struct that begins inside an Arrow array it takes the
    structs within for null. Those at the beginning are the reports, so that hardly anything is copied.
    """
    return table.slice(0, count) if first == 0 else table.take(pa.array(range(first, first + count)))


def _staging(kind: str, table: str) -> str:
    faults = ", ".join(
        f"CASE WHEN NOT coalesce({rule.holds}, false) THEN {quoted(rule.reason)} END" for rule in RULES[kind]
    )
    return (
        f"CREATE TEMP TABLE {table} AS "  # noqa: S608
        f"SELECT {_SELECTED[kind]}, $loaded_at AS loaded_at, concat_ws('; ', {faults}) AS fault "
        f"FROM (SELECT batch, row, batch_source, arrival, unnest(staged) FROM landed)"
    )
