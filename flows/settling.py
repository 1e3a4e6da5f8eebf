"""What follows a load before it is published: learned chrome, what is derived from texts, the archive's index."""

from __future__ import annotations

from flows.archive_index import update_index
from flows.derived import derive_missing
from flows.learning import learn_after
from flows.settings import Settings
from warehouse.compaction import compact_if_due


def settle(settings: Settings) -> None:
    """Bring everything that is made from batches and WARC files up to date, and the warehouse into shape."""
    learn_after(settings.warehouse_path)
    derive_missing(settings.warehouse_path)
    update_index(settings)
    compact_if_due(settings.warehouse_path)
