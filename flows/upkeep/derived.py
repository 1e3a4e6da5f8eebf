"""What is derived from the texts of trusted reports and came with no batch: of pages that a person has accepted, of
batches from before it was kept, by rules that are older than these."""

from __future__ import annotations

from pathlib import Path

from flows.upkeep.quantities import find_quantities_anew
from flows.upkeep.words import recut_words


def derive_missing(warehouse: Path) -> None:
    """Words and quantities for every text that has none, or older ones; one look where there are none of these."""
    recut_words(warehouse)
    find_quantities_anew(warehouse)
