"""What to do where the warehouse or its reader copy is not there, so that every command says the same."""

from __future__ import annotations

from flows.runs.run_lock import any_alive
from flows.settings import Settings
from scrapers.web.capture_index import warc_files
from warehouse.errors import NoReaderError, WarehouseError
from warehouse.readers import keeps_batches, require_warehouse


def why_no_copy(settings: Settings) -> str | None:
    """Why there is no reader copy, and what to type; ``None`` where there is one, or where it comes from a store."""
    if settings.reader_path.exists() or settings.hands_over:
        return None
    try:
        require_warehouse(settings.warehouse_path, settings.reader_path, settings.landing_dir)
    except WarehouseError as error:
        return str(error)
    if any_alive(settings.state_dir / "runs"):
        return f"there is no reader copy at {settings.reader_path} yet; a run that goes on publishes it soon"
    return (
        f"the reader copy {settings.reader_path} is not there, but the warehouse is: `nianbao archive rebuild` "
        "publishes it"
    )


def nothing_to_rebuild(settings: Settings) -> str | None:
    """What to do where no warehouse can be made anew from kept batches; ``None`` where one can, or is there."""
    warehouse, reader = settings.warehouse_path, settings.reader_path
    if warehouse.exists() or keeps_batches(settings.landing_dir):
        return None
    if reader.exists():
        return (
            f"{warehouse} is gone and no batch is kept, so the reader copy is all that is left: copy {reader} to "
            f"{warehouse} first, then nianbao archive rebuild (docs/operating.md, 'back up and restore')"
        )
    if any(warc_files(settings.archive_dir)):
        return (
            f"{warehouse} and its reader copy are gone and no batch is kept, so there is nothing to make it from: put "
            "one of them back from a copy. Else nianbao crawl begins anew; the archive stays as it is"
        )
    try:
        require_warehouse(warehouse, reader, settings.landing_dir)
    except NoReaderError as error:
        return str(error)
    return None
