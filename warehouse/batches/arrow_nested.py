"""Arrow lists of other items, and structs with another field: neither copies what it keeps."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def with_items(lists: pa.ListArray, items: pa.Array) -> pa.ListArray:
    """Lists of the same lengths, null where ``lists`` are, of other items: one for each of ``lists.flatten()``."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(lengths).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, items, mask=lists.is_null())


def with_field(structs: pa.StructArray, name: str, values: pa.Array) -> pa.StructArray:
    """The same structs with other values, perhaps of another type, in one of their fields."""
    fields = [pa.field(name, values.type) if field.name == name else field for field in structs.type]
    columns = [values if field.name == name else structs.field(field.name) for field in fields]
    return pa.StructArray.from_arrays(columns, fields=fields, mask=structs.is_null())
