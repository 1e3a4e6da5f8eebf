"""The registry, its divisions, the check ledger, corrections and decisions, as the warehouse is told of them."""

from __future__ import annotations

from collections.abc import Sequence

from flows.settings import Settings
from flows.upkeep.amendments import amend, read_amendments
from scrapers.records import Source
from scrapers.sources import divisions
from warehouse.database import writing
from warehouse.ledgers.crawl_ledger import record_sources
from warehouse.ledgers.divisions import load_divisions
from warehouse.ledgers.source_checks import FILE_NAME, load_source_checks, read_checks
from warehouse.readers import refuse_lost


def load_registry(settings: Settings, registry: Sequence[Source]) -> None:
    """Make the warehouse's registry equal to ``registry``, the whole of it, and its divisions to our table; add what
    live checks have found, and apply what people corrected and decided.

    Raises ``SourceError`` for a ``corrections.toml`` that is wrong, and ``LostWarehouseError`` where a reader copy is
    all that is left of the warehouse; nothing is changed then.
    """
    refuse_lost(settings.warehouse_path, settings.reader_path)
    amendments = read_amendments(settings)
    with writing(settings.warehouse_path, "load the registry") as connection:
        record_sources(connection, registry)
        load_divisions(connection, divisions.load().divisions)
        load_source_checks(connection, read_checks(settings.data_dir / FILE_NAME).checks)
        amend(connection, amendments)
