"""Quantities of texts that are held already: which texts other rules looked through, or none, and the new finds put in.

This room finds no quantities: the loader is handed them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import duckdb
import pyarrow as pa

from scrapers.records import Block, Quantities
from warehouse.batches.arrow_types import arrow_array, arrow_type
from warehouse.storage.transactions import transaction


@dataclass(frozen=True, slots=True)
class HeldVersion:
    """A version's text, and its blocks; no blocks where the text is not made of them."""

    document_id: str
    version: int
    text: str
    blocks: tuple[Block, ...]


def texts_to_look_through(connection: duckdb.DuckDBPyConnection, extractor: str, most: int) -> list[HeldVersion]:
    """Up to ``most`` versions whose quantities were found by other rules, or never.

    Never looked through are current versions of accepted reports from before quantities were kept. Old versions are
    looked through where they were before.
    """
    rows = connection.execute(_TO_LOOK_THROUGH, {"extractor": extractor, "most": most}).fetchall()
    return [
        HeldVersion(str(document), int(version), text, _blocks(text, blocks))
        for document, version, text, blocks in rows
    ]


def replace_quantities(connection: duckdb.DuckDBPyConnection, found: Sequence[tuple[HeldVersion, Quantities]]) -> None:
    """Put these quantities in the place of those that the versions had, in one transaction."""
    if not found:
        return
    connection.register(
        "quantities_found",
        pa.table(
            {
                "document_id": pa.array([held.document_id for held, _ in found], pa.string()),
                "version": pa.array([held.version for held, _ in found], pa.int32()),
                "quantities": arrow_array([quantities for _, quantities in found], arrow_type(Quantities)),
            }
        ),
    )
    try:
        with transaction(connection):
            for statement in _REPLACE:
                connection.execute(statement)
    finally:
        connection.unregister("quantities_found")


def _blocks(text: str, rows: Sequence[dict[str, object]]) -> tuple[Block, ...]:
    """The blocks with their text; none where a start is unknown: then the text is not its blocks, one a line."""
    blocks = []
    for row in rows:
        start, length = row["start"], row["length"]
        if not isinstance(start, int) or not isinstance(length, int):
            return ()
        blocks.append(Block(str(row["kind"]), text[start - 1 : start - 1 + length]))
    return tuple(blocks)


_TO_LOOK_THROUGH: Final = """
SELECT v.document_id, v."version", v."text", v.blocks
FROM core_versions v
WHERE (v.document_id, v."version") IN (
    SELECT (document_id, "version") FROM (
        SELECT document_id, "version" FROM core_quantity_extractions WHERE extractor <> $extractor
        UNION
        SELECT document_id, "version" FROM core_reports r
        ANTI JOIN core_quantity_extractions q USING (document_id, "version")
        WHERE r.state = 'accepted' AND r.text_length > 0
    ) ORDER BY ALL LIMIT $most)
"""
# A text without any quantity keeps a row with none, so that it is not taken for one that nobody looked through.
_REPLACE: Final = (
    "DELETE FROM core_quantity_extractions e USING quantities_found f WHERE e.document_id = f.document_id "
    'AND e."version" = f."version"',
    "DELETE FROM core_quantities q USING quantities_found f WHERE q.document_id = f.document_id "
    'AND q."version" = f."version"',
    'INSERT INTO core_quantity_extractions SELECT document_id, "version", quantities.extractor, '
    'len(quantities."found") FROM quantities_found',
    """INSERT INTO core_quantities
    SELECT document_id, "version", "position", part.number, part.unit, part.kind, part.printed, part.counted,
        part.approximate, part.clause, part."block" + 1, part."offset" + 1
    FROM (SELECT document_id, "version", generate_subscripts(quantities."found", 1) AS "position",
        unnest(quantities."found") AS part FROM quantities_found)""",
)
