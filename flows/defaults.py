"""What a run takes where nothing else is said: the same for commands, forms and plain functions."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from scrapers.plan import RECHECK_AFTER as RECHECK_AFTER

LIST_AGAIN_AFTER: Final = timedelta(days=30)
"""A list that was read far enough back, and does not have a report, is asked for again by a backfill after so long."""
SLICE_YEARS: Final = 3
"""Report years in a slice of a backfill."""
BACKFILL_HOSTS: Final = 2
"""Hosts that a backfill asks at the same time: a quarter of what a crawl takes."""
