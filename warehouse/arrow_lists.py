"""Arrow lists taken apart and put together again."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def with_items(lists: pa.ListArray, items: pa.Array) -> pa.ListArray:
    """Lists of the same lengths, null where ``lists`` are, of other items: one for each that ``lists.flatten()`` has."""
    lengths = pc.fill_null(pc.list_value_length(lists), 0)
    ends = pc.cumulative_sum(lengths).cast(pa.int32())
    offsets = pa.concat_arrays([pa.array([0], pa.int32()), ends])
    return pa.ListArray.from_arrays(offsets, items, mask=lists.is_null())
