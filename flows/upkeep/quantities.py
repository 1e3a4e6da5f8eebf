"""Quantities between the reading and the warehouse: texts looked through anew when the rules change."""

from __future__ import annotations

from pathlib import Path

from scrapers.reading.quantities import EXTRACTOR_VERSION, quantities
from warehouse.database import writing
from warehouse.ledgers.quantities import replace_quantities, texts_to_look_through

LOOKED_THROUGH_AT_ONCE = 500
"""Texts looked through and written in one transaction: what a killed run has to do again."""


def find_quantities_anew(warehouse: Path) -> int:
    """Look through the texts that other rules looked through, or none; returns how many."""
    done = 0
    with writing(warehouse, "find quantities") as connection:
        while texts := texts_to_look_through(connection, EXTRACTOR_VERSION, LOOKED_THROUGH_AT_ONCE):
            replace_quantities(connection, [(held, quantities(held.text, held.blocks)) for held in texts])
            done += len(texts)
    return done
