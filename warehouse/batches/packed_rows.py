"""Rows of a batch as one value: an Arrow stream in a Parquet file of one column and one row.

Parquet keeps each of some 180 columns apart, with pages, headers and compression of its own. For fifty rows, most of
whose values are empty, to read that takes five times as long as to read the texts in it. As one value they are
compressed together, and Parquet has what it is good for around them: what is stated of the batch, and a checksum.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa

_COLUMN: Final = "rows"


def packed(rows: Any) -> Any:
    """``rows`` (a table, without its metadata) as a table of one value, with the metadata of ``rows``."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema.remove_metadata()) as stream:
        stream.write_table(rows)
    schema = pa.schema([pa.field(_COLUMN, pa.binary(), nullable=False)], metadata=rows.schema.metadata)
    return pa.table([pa.array([sink.getvalue().to_pybytes()], pa.binary())], schema=schema)


def unpacked(table: Any) -> Any:
    """The rows that ``packed`` made a value of; not validated. Raises ``pa.ArrowException`` or ``OSError`` where it did
    not."""
    if table.column_names != [_COLUMN] or table.num_rows != 1 or table[_COLUMN].type != pa.binary():
        raise pa.ArrowInvalid(f"not one value {_COLUMN}")
    value = table[_COLUMN][0]
    if not value.is_valid:
        raise pa.ArrowInvalid(f"no {_COLUMN}")
    return pa.ipc.open_stream(value.as_buffer()).read_all()
