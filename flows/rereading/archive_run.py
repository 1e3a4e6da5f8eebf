"""The two ends of a run over the archive, whatever it reads there: what must be loaded before, and what follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flows.runs.endings import ending
from flows.settings import Settings
from flows.shared_store.handing_over import refuse_on_crawler
from flows.upkeep.derived import derive_missing
from flows.upkeep.registry import load_registry
from scrapers.records import Source
from warehouse.compaction import compact_if_due
from warehouse.ledgers.crawl_ledger import finish_run
from warehouse.load import LoadResult, load_pending
from warehouse.readers import publish, refuse_lost


def make_ready(settings: Settings, what: str) -> None:
    """Refuse to ``what`` on a machine that only crawls, and make the folders that are written to."""
    refuse_on_crawler(settings, what)
    for folder in (settings.landing_dir, settings.state_dir, settings.warehouse_path.parent):
        folder.mkdir(parents=True, exist_ok=True)


def load_first(settings: Settings, registry: Sequence[Source]) -> LoadResult:
    """Load what has landed and the registry, so that the run begins with all that is known."""
    refuse_lost(settings.warehouse_path, settings.reader_path)
    loaded = load_pending(settings.warehouse_path, settings.landing_dir)
    load_registry(settings, registry)
    return loaded


def end_run(
    settings: Settings,
    run_id: str,
    error: BaseException | None,
    *,
    load: Callable[[], None],
    said: Callable[[], Mapping[str, object]],
) -> None:
    """Load the rest, record how the run ended, and publish. ``error`` is what it was left by; ``said`` what the ledger
    keeps of it besides. Raises what loading, deriving and publishing raise, after the ending is recorded."""
    try:
        load()
        if error is None:
            derive_missing(settings.warehouse_path)
            compact_if_due(settings.warehouse_path)
    except Exception as late:
        error = error or late
        raise
    finally:
        finish_run(
            settings.warehouse_path,
            run_id,
            ending(error),
            {"error": None if error is None else repr(error), **said()},
        )
    publish(settings.warehouse_path, settings.reader_path)
