"""Blocks of a text as places in it: a batch file holds every text once.

``Draft.text`` is its blocks, one a line, so a block's text is where it starts and how long it is.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from scrapers.records import Block, Draft, Report
from warehouse.batches.arrow_nested import with_field, with_items
from warehouse.batches.arrow_types import arrow_type

_KEPT: Final = [field for field in arrow_type(Block) if field.name not in ("text", "table")]
PLACED_BLOCK: Final = pa.struct([*_KEPT, ("table_position", pa.int64()), ("start", pa.int64()), ("length", pa.int64())])
"""``Block`` with ``start`` and ``length`` (characters, the first is 1) for its text, and its table counted from 1.
``start`` is ``NULL`` where the text is not its blocks, one a line."""
_DRAFT: Final = pa.struct(
    [(f.name, pa.list_(PLACED_BLOCK) if f.name == "blocks" else f.type) for f in arrow_type(Draft)]
)
PLACED_REPORT: Final = pa.struct([(f.name, _DRAFT if f.name == "draft" else f.type) for f in arrow_type(Report)])
"""``Report`` as a batch file holds it."""


def with_placed_blocks(reports: pa.StructArray) -> pa.StructArray:
    """``reports`` (of ``arrow_type(Report)``, some of them null) as ``PLACED_REPORT``."""
    drafts = reports.field("draft")
    placed = _placed(drafts.field("blocks"), drafts.field("text"))
    return with_field(reports, "draft", with_field(drafts, "blocks", placed))


def _placed(blocks: pa.ListArray, texts: pa.StringArray) -> pa.ListArray:
    of_block = pc.list_parent_indices(blocks)  # of each block, which list it is in
    items = blocks.flatten()
    lines = with_items(blocks, items.field("text"))
    makes_text = pc.fill_null(pc.equal(pc.binary_join(lines, "\n"), texts), False)
    lengths = pc.utf8_length(items.field("text")).cast(pa.int64())
    with_line_ends = pc.add(pc.fill_null(lengths, 0), 1)
    begins = pc.subtract(pc.cumulative_sum(with_line_ends), with_line_ends)  # in all texts put together
    text_begins = begins.take(pc.index_in(of_block, value_set=of_block))
    columns = [
        *(items.field(field.name) for field in _KEPT),
        pc.add(items.field("table"), 1),
        pc.if_else(makes_text.take(of_block), pc.add(pc.subtract(begins, text_begins), 1), None),
        lengths,
    ]
    return with_items(blocks, pa.StructArray.from_arrays(columns, fields=list(PLACED_BLOCK)))
