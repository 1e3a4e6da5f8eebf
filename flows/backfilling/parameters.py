"""What can be asked of a backfill: one model for the command line, the form of the UI and the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from flows.backfilling.plan import Scope
from flows.defaults import BACKFILL_HOSTS, LIST_AGAIN_AFTER, SLICE_YEARS
from flows.settings import Settings
from scrapers.records import Level, ReportType, Source
from scrapers.report_years import parse_years, spelt
from scrapers.sources.registry import select_sources


class BackfillParameters(BaseModel):
    """Which years of which publishers to fill in. Only what the warehouse lacks is asked for."""

    model_config = ConfigDict(extra="forbid")

    years: Annotated[
        str,
        Field(title="Report years", description="Report years, such as 2016-2023 or 2018,2020-2022."),
    ]
    sources: Annotated[
        list[str],
        Field(title="Sources", description="Ids of sources, such as zhejiang/pujiang; empty for all of them."),
    ] = []
    province: Annotated[
        str | None, Field(title="Province", description="Only sources of this province folder, such as zhejiang.")
    ] = None
    division: Annotated[
        str | None,
        Field(title="Division", description="Only sources in this division: a code or its beginning, such as 3307."),
    ] = None
    level: Annotated[Level | None, Field(title="Level", description="Only publishers of this level.")] = None
    report_type: Annotated[
        ReportType | None, Field(title="Report type", description="Only reports of this type; empty for both.")
    ] = None
    list_again_days: Annotated[
        int,
        Field(
            ge=0,
            title="List again after (days)",
            description="A list that was read far enough back and lacks a report is asked for again after so long.",
        ),
    ] = LIST_AGAIN_AFTER.days
    slice_years: Annotated[
        int, Field(ge=1, le=30, title="Years in a slice", description="A slice is so many years of one host's sources.")
    ] = SLICE_YEARS
    workers: Annotated[
        int, Field(ge=1, le=64, title="Hosts at a time", description="Hosts that are asked at the same time.")
    ] = BACKFILL_HOSTS
    max_requests: Annotated[
        int | None,
        Field(
            ge=1, title="Most requests", description="Requests after which the run ends; the next goes on from there."
        ),
    ] = None

    @field_validator("years")
    @classmethod
    def _are_years(cls, value: str) -> str:
        return spelt(parse_years(value))

    @property
    def scope(self) -> Scope:
        """Which reports, in what slices."""
        return Scope(
            years=parse_years(self.years),
            report_types=frozenset({self.report_type} if self.report_type else ()),
            list_again_after=timedelta(days=self.list_again_days),
            slice_years=self.slice_years,
        )

    def chosen(self, registry: Sequence[Source]) -> tuple[Source, ...]:
        """The sources asked for. Raises ``UnknownSourceError``."""
        return select_sources(
            registry, ids=self.sources, province=self.province, division=self.division, level=self.level
        )

    def bounded(self, settings: Settings) -> Settings:
        """``settings`` with this run's bound on requests, where it is the lower one."""
        if self.max_requests is None:
            return settings
        lower = min(self.max_requests, settings.max_requests or self.max_requests)
        return settings.model_copy(update={"max_requests": lower})

    @property
    def words(self) -> str:
        """What is asked for, in a few words: ``2016-2023 zhejiang``."""
        ids = ", ".join(self.sources[:3]) + (" ..." if len(self.sources) > 3 else "")
        narrowed = [self.province, self.division, self.level, self.report_type]
        return " ".join([self.years, *(str(one) for one in (ids, *narrowed) if one)])
