"""A warehouse that was lost, made anew from the batches that the landing folder keeps."""

from __future__ import annotations

import json
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from warehouse.batches.landing import LOADED, batch_of, files_of, pending, run_kind_of
from warehouse.database import writing
from warehouse.errors import NothingKeptError, UnreadableBatchError
from warehouse.load import LoadResult, load_pending


def reload_kept(warehouse: Path, landing: Path) -> LoadResult:
    """Load every kept batch that this warehouse has not seen, in the order in which they were written.

    The files go back to the landing folder first, so a call that is killed is gone on with by any load. Of a run only
    what its batches tell is known, such as its kind: it is recorded as ``cancelled``, from its first capture to its
    last, with ``rebuilt`` in its summary. Raises :class:`~warehouse.errors.NothingKeptError` where neither a batch nor
    a warehouse is left, so that nobody takes an empty one for it, and as ``load.load_pending`` does.
    """
    kept = landing / LOADED
    if not warehouse.exists() and not pending(landing) and not any(kept.glob("*.parquet")):
        raise NothingKeptError(
            f"{warehouse} is gone and no batch is kept in {kept}, so there is nothing to make it from: put one of the "
            "two back from a copy. Nothing was changed; a reader copy that is there still answers"
        )
    with writing(warehouse, "rebuild") as connection:
        held = {str(name) for (name,) in connection.execute("SELECT batch FROM raw_batches").fetchall()}
        for path in sorted(kept.glob("*.parquet")):
            if batch_of(path) not in held:
                path.replace(landing / path.name)
    result = load_pending(warehouse, landing)
    with writing(warehouse, "rebuild") as connection:
        for run_id, batches in connection.execute(_LOST_RUNS).fetchall():
            kind = next(filter(None, map(partial(_run_kind, kept), batches)), None)
            connection.execute(_RUN, {"run_id": run_id, "kind": kind, "summary": json.dumps({"rebuilt": True})})
    return result


def _run_kind(kept: Path, batch: str) -> str | None:
    """As a kept batch states it; ``None`` where it does not, or was lost or damaged since it was loaded."""
    for path in files_of(kept, batch):
        with suppress(UnreadableBatchError):
            return run_kind_of(path)
    return None


_LOST_RUNS: Final = """
SELECT run_id, list(batch ORDER BY batch) FROM raw_batches ANTI JOIN raw_runs USING (run_id) GROUP BY run_id
"""
_RUN: Final = """
INSERT INTO raw_runs (run_id, kind, started_at, finished_at, state, summary)
SELECT $run_id, $kind, coalesce(min(c.fetched_at), min(b.loaded_at)), coalesce(max(c.fetched_at), max(b.loaded_at)),
    'cancelled', $summary
FROM raw_batches b LEFT JOIN raw_captures c ON c.batch = b.batch WHERE b.run_id = $run_id
"""
