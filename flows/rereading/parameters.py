"""What can be asked of a reprocess: one model for the command line, the form of the UI and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.rereading.reprocess_run import ReprocessScope
from scrapers.records import Source
from scrapers.report_years import parse_years, spelt
from scrapers.sources.registry import select_sources


class ReprocessParameters(BaseModel):
    """Which archived pages to read anew, by today's code. Left empty: all of them."""

    model_config = ConfigDict(extra="forbid")

    since: Annotated[
        date | None, Field(title="Fetched since", description="Only answers that came on this day (UTC) or later.")
    ] = None
    sources: Annotated[
        list[str],
        Field(title="Sources", description="Ids of sources, such as zhejiang/pujiang; empty for all of them."),
    ] = []
    years: Annotated[
        str | None, Field(title="Report years", description="Only reports of these years, such as 2016-2023.")
    ] = None
    compare: Annotated[
        bool,
        Field(title="Compare only", description="Load nothing: report what would be read otherwise than it is held."),
    ] = False
    sample: Annotated[
        int, Field(ge=0, le=1000, title="Sample", description="Pages shown with the difference of their texts.")
    ] = 10
    processes: Annotated[
        int, Field(ge=1, le=256, title="Processes", description="Processes of this machine that read.")
    ] = 2
    dask: Annotated[
        str | None,
        Field(
            title="Dask scheduler",
            description="Address such as tcp://10.0.0.5:8786: its workers read, in place of processes of this machine; "
            "they need the same archive, landing and registry folders. 'local': a cluster of processes here.",
        ),
    ] = None

    @field_validator("years")
    @classmethod
    def _are_years(cls, value: str | None) -> str | None:
        return spelt(parse_years(value)) if value else None

    def scope(self, registry: Sequence[Source]) -> ReprocessScope:
        """Which pages. Raises ``UnknownSourceError``."""
        chosen = select_sources(registry, ids=self.sources) if self.sources else ()
        return ReprocessScope(
            None if self.since is None else datetime.combine(self.since, time.min, UTC),
            tuple(source.id for source in chosen),
            parse_years(self.years) if self.years else frozenset(),
        )

    @property
    def words(self) -> str:
        """What is asked for, in a few words."""
        ids = ", ".join(self.sources[:3]) + (" ..." if len(self.sources) > 3 else "")
        since = f"since {self.since}" if self.since else ""
        told = " ".join(part for part in (self.years or "", ids, since) if part) or "everything"
        return f"{told} (compare only)" if self.compare else told
