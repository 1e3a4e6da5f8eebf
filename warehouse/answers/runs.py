"""The last runs, as a question to the reader copy: the view ``runs`` with what each summary counts as columns."""

from __future__ import annotations

from pathlib import Path

from warehouse.query import Answer, run_sql

_RUNS = """
SELECT run_id, kind, state, started_at, finished_at, took,
    (summary ->> 'listed')::BIGINT AS listed, (summary ->> 'new')::BIGINT AS new,
    (summary ->> 'changed')::BIGINT AS changed, (summary ->> 'unchanged')::BIGINT AS unchanged,
    (summary ->> 'rejected')::BIGINT AS rejected, (summary ->> 'quarantined')::BIGINT AS quarantined,
    (summary ->> 'failed')::BIGINT AS failed, (summary ->> 'postponed')::BIGINT AS postponed,
    batches, captures,
    CASE WHEN (summary ->> 'killed') = 'true' THEN 'killed' ELSE summary ->> 'error' END AS error,
    parameters
FROM runs WHERE ($kind::VARCHAR IS NULL OR kind = $kind) ORDER BY started_at DESC, run_id DESC
"""


def run_table(reader: Path, *, kind: str | None = None, limit: int | None = None) -> Answer:
    """One row a run, the newest first; a count is NULL where the run did not come to count it.

    Raises ``NoReaderError`` where no copy has been published.
    """
    return run_sql(reader, _RUNS, parameters={"kind": kind}, limit=limit)
