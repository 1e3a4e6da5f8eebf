"""Near copies, asked for one text: which trusted report of the reader copy it repeats."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pyarrow as pa

from scrapers.records import Signature
from warehouse.migrate import schema_version
from warehouse.readers import open_reader

_SIGNED_SINCE: Final = 4
"""Schema from which a warehouse holds signatures."""
_NEAREST: Final = """
SELECT o.url FROM near_copies('suspect', 'signatures') c JOIN signatures o ON o.document_id = c.copy_of
ORDER BY c.similarity DESC, o.published NULLS LAST, o.first_seen_at, o.document_id LIMIT 1
"""


def nearest_report(reader: Path, signature: Signature) -> str | None:
    """Address of the trusted report whose text is most similar, as ``merge/80_copies.sql`` links copies.

    ``None`` where none is a near copy, where no reader copy exists, and where the copy was published by a nianbao that
    kept no signatures.
    """
    if not reader.exists():
        return None
    connection = open_reader(reader)
    try:
        if schema_version(connection) < _SIGNED_SINCE:
            return None
        suspect = {
            "document_id": pa.array([""], pa.string()),
            "algorithm": pa.array([signature.algorithm], pa.string()),
            "minima": pa.array([signature.minima], pa.list_(pa.uint32())),
            "bands": pa.array([signature.bands], pa.list_(pa.int64())),
        }
        connection.register("suspect", pa.table(suspect))
        row = connection.execute(_NEAREST).fetchone()
        return None if row is None else str(row[0])
    finally:
        connection.close()
