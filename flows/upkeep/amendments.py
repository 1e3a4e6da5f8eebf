"""What people corrected and decided, from its files into the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.settings import Settings
from scrapers.records import Correction
from scrapers.sources.corrections import find_corrections
from warehouse.database import writing
from warehouse.ledgers.amendments import apply_amendments, load_corrections
from warehouse.ledgers.decisions import FILE_NAME, DecisionLedger, load_decisions, read_decisions


@dataclass(frozen=True, slots=True)
class Amendments:
    """Corrections, those that count first, and decisions."""

    corrections: tuple[Correction, ...]
    decisions: DecisionLedger


def decisions_path(settings: Settings) -> Path:
    """Where the decision ledger lies."""
    return settings.data_dir / FILE_NAME


def read_amendments(settings: Settings) -> Amendments:
    """The files of the data folder, and the registry's behind them. Raises ``SourceError`` for a wrong correction."""
    return Amendments(
        find_corrections((settings.data_dir, settings.sources_dir)), read_decisions(decisions_path(settings))
    )


def amend(connection: duckdb.DuckDBPyConnection, amendments: Amendments) -> int:
    """Tell the warehouse of ``amendments`` and apply them to what it holds; how many documents changed.

    ``connection`` is one of ``database.writing``.
    """
    load_decisions(connection, amendments.decisions.decisions)
    load_corrections(connection, amendments.corrections)
    return apply_amendments(connection)


def amend_warehouse(settings: Settings, amendments: Amendments) -> int:
    """The same with a connection of its own."""
    with writing(settings.warehouse_path, "apply corrections and decisions") as connection:
        return amend(connection, amendments)
