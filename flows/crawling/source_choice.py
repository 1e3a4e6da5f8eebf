"""Which sources a run is for, as a person says it in Prefect's form."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class SourceChoice(BaseModel):
    """Left empty: every source of the registry that has a column."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[
        list[str],
        Field(title="Sources", description="Ids of sources, such as zhejiang/pujiang; empty for all of them."),
    ] = []
    province: Annotated[
        str | None, Field(title="Province", description="Only sources of this province folder, such as zhejiang.")
    ] = None

    @property
    def words(self) -> str:
        """What is asked for, in a few words."""
        return ", ".join(self.sources[:3]) + (" ..." if len(self.sources) > 3 else "") or self.province or "all sources"
