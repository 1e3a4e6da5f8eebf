"""The registry of sources as a run sees it: checked against the platforms there are and the divisions there were."""

from __future__ import annotations

from flows.settings import Settings
from scrapers.platforms import parameters_by_platform
from scrapers.records import Source
from scrapers.sources.divisions import is_code
from scrapers.sources.registry import load_sources


def registry(settings: Settings) -> tuple[Source, ...]:
    """Every source of the registry in force. Raises ``SourceError`` with the problems of all files."""
    return load_sources(settings.sources_dir, platforms=parameters_by_platform(), is_code=is_code)
