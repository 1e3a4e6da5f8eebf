"""What can be asked of a recognition: one model for the command line, the form of the UI and the API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from flows.recognising.recognition_run import RecognitionScope
from scrapers.records import Source
from scrapers.sources.registry import select_sources


class RecogniseParameters(BaseModel):
    """Which scans to recognise. Left empty: those that hold the text of a report, 500 pages of them."""

    model_config = ConfigDict(extra="forbid")

    sources: Annotated[
        list[str],
        Field(title="Sources", description="Ids of sources, such as zhejiang/pujiang; empty for all of them."),
    ] = []
    limit: Annotated[
        int,
        Field(
            ge=1,
            le=100_000,
            title="Pages",
            description="Pages after which no further file is begun; 7 to 12 seconds each. The next run goes on.",
        ),
    ] = 500
    annexes: Annotated[
        bool,
        Field(title="Annexes too", description="Also scans beside a report whose text is held."),
    ] = False
    again: Annotated[
        bool,
        Field(title="Again", description="Also files that were recognised before, or tried in vain."),
    ] = False

    def scope(self, registry: Sequence[Source]) -> RecognitionScope:
        """Which scans. Raises ``UnknownSourceError``."""
        chosen = select_sources(registry, ids=self.sources) if self.sources else ()
        return RecognitionScope(tuple(source.id for source in chosen), self.limit, self.annexes, self.again)

    @property
    def words(self) -> str:
        """What is asked for, in a few words."""
        ids = ", ".join(self.sources[:3]) + (" ..." if len(self.sources) > 3 else "")
        return f"{ids or 'all sources'}, {self.limit} pages" + (", again" if self.again else "")
