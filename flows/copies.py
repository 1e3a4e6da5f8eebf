"""The true page behind a copy, as the warehouse knows it: what judging one page asks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from scrapers.records import Signature
from warehouse.copies import nearest_report


def mirror_finder(reader: Path) -> Callable[[Signature], str | None]:
    """A function from the signature of a text to the address of the trusted report it is a near copy of.

    It opens the reader copy when it is asked, and only quarantined pages ask; where there is no copy it gives ``None``.
    """
    return partial(nearest_report, reader)
