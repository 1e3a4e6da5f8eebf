"""What came of a run, as its ``with`` block leaves it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from scrapers.collect import Tally
from scrapers.web.recovery import Recovery
from warehouse.load import LoadResult


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What a run did; ``tallies`` in registry order."""

    run_id: str
    started_at: datetime
    seconds: float
    tallies: tuple[Tally, ...]
    loads: tuple[LoadResult, ...]
    """What the loader did, in order: first what an earlier run had left."""
    recovered: tuple[Recovery, ...] = ()
    """Archive files that a killed run had left open, and what was cut off their ends."""

    @property
    def new(self) -> int:
        """Reports that were not held before."""
        return sum(tally.new for tally in self.tallies)

    @property
    def failed(self) -> int:
        """Pages that gave no answer that could be read."""
        return sum(tally.failed for tally in self.tallies)

    @property
    def problems(self) -> tuple[str, ...]:
        """What a person should look at: damage in the archive, batches that could not be loaded, every source's."""
        damaged = [f"{file.warc_file}: {file.damage}" for file in self.recovered if file.damage]
        refused = [f"{batch.path}: {batch.reason}" for load in self.loads for batch in load.rejected_batches]
        return (*damaged, *refused, *(problem for tally in self.tallies for problem in tally.problems))
