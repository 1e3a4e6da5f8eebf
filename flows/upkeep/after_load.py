"""What follows a load before it is published: learned chrome, what is derived from texts, the archive's index."""

from __future__ import annotations

from flows.settings import Settings
from flows.upkeep.archive_index import update_index
from flows.upkeep.derived import derive_missing
from flows.upkeep.learned_chrome import learn_after
from warehouse.compaction import compact_if_due


def bring_up_to_date(settings: Settings) -> None:
    """Bring everything that is made from batches and WARC files up to date, and the warehouse into shape."""
    learn_after(settings.warehouse_path)
    derive_missing(settings.warehouse_path)
    update_index(settings)
    compact_if_due(settings.warehouse_path)
